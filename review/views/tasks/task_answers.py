"""Answer at a task's page: show it, also where an act on the task was refused."""

import functools
from typing import cast

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from review.dashboards.case import Case, read_case
from review.dashboards.frame import Viewer
from review.forms.verdicts import VerdictForm
from review.views.access import Rest, View, viewer_required
from review.views.pages import render_page
from review.views.tasks import taking
from review.views.tasks.task_page import build_page
from workflows.operations.errors import NotFound, Refused

# Beside the site's policy: no text becomes markup or script on the pages that show
# what others wrote, not even by mistake of our own scripts.
TRUSTED_TYPES = {
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["htmx"],
}


def show_task(
    request: HttpRequest,
    case: Case,
    viewer: Viewer,
    *,
    verdict_form: VerdictForm | None = None,
    shows_earlier: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Render a task's page for its viewer."""
    context = build_page(
        case, viewer, verdict_form=verdict_form, shows_earlier=shows_earlier
    )
    return render_page(request, "review/tasks/task_detail.html", context, status=status)


def wants_json(request: HttpRequest) -> bool:
    """Tell whether a script asks, which shows the answer itself."""
    return request.headers.get("Accept", "").startswith("application/json")


def stays_at_task(view: View[Rest]) -> View[Rest]:
    """Answer a refused act on a task with the task's page as it stands now, and why.

    The answer keeps the refusal's status. Who may not see the task gets the refusal.
    """

    @functools.wraps(view)
    def kept(
        request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFound:
            raise
        except Refused as refusal:
            if wants_json(request):
                raise
            viewer = viewer_required(request)
            case = read_case(int(str(kwargs["task_id"])), viewer)
            is_full = refusal.code == taking.FULL
            messages.error(
                request,
                taking.point_at_held(viewer, refusal.message)
                if is_full
                else refusal.message,
            )
            return show_task(request, case, viewer, status=refusal.status)

    return cast("View[Rest]", csp_update(TRUSTED_TYPES)(kept))
