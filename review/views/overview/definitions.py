"""How every figure is computed, on one page."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.figures.figures import FIGURES
from review.views.access import screen
from review.views.pages import render_page

UNITS = {"count": "a number", "seconds": "a duration", "share": "a share"}
BETTER = {"low": "lower is better", "high": "higher is better", "": ""}


@require_GET
@screen(permissions.check_can_see_dashboard)
def figure_list(request: HttpRequest) -> HttpResponse:
    """List the figures with how each is computed and where its tasks are."""
    context = {
        "page_title": "How figures are computed",
        "figures": [
            {
                "key": figure.key,
                "title": figure.title,
                "how": figure.how,
                "kind": ", ".join(
                    word
                    for word in (
                        UNITS[figure.unit],
                        "of this moment" if figure.is_now else "of a period",
                        BETTER[figure.better],
                    )
                    if word
                ),
                "url": reverse("figure-rows", args=[figure.key]),
            }
            for figure in FIGURES
        ],
    }
    return render_page(request, "review/figures/figure_list.html", context)
