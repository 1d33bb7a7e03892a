"""One panel of the dashboard: as a part of the page, as a page of its own, as a file."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import figure_choices
from review.views.access import is_fragment, screen, viewer_required
from review.views.csv_files import answer_csv
from review.views.overview import (
    panels_flow,
    panels_now,
    panels_quality,
    panels_staff,
)
from review.views.overview.asking import Asked, read_asked
from review.views.overview.panel import Content, Sheet
from review.views.pages import render_page
from workflows.operations.errors import NotFound
from workflows.store import database_now


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """A panel: its title, who builds it, which figure's tasks are its rows."""

    title: str
    build: Callable[[Asked], Content]
    figure: str = ""
    is_wide: bool = False


PANELS: Final[Mapping[str, Spec]] = {
    "forecast": Spec(
        "Expected breaches today", panels_now.build_forecast, "expected_breaches"
    ),
    "burn": Spec("The month's allowance", panels_now.build_burn, "burn"),
    "aging": Spec(
        "Age of work in progress", panels_now.build_aging, "wip", is_wide=True
    ),
    "flow": Spec("Arrivals and closings", panels_flow.build_flow, "arrivals"),
    "cumulative": Spec("Cumulative flow", panels_flow.build_cumulative, "wip"),
    "scatter": Spec(
        "Cycle times", panels_flow.build_scatter, "cycle_p85", is_wide=True
    ),
    "weekly-cycle": Spec(
        "Cycle time, weekly p85", panels_flow.build_xmr_cycle, "cycle_p85"
    ),
    "weekly-overturn": Spec(
        "Overturned, weekly", panels_flow.build_xmr_overturn, "overturn_rate"
    ),
    "split": Spec("Where the time goes", panels_quality.build_split, "throughput"),
    "staffing": Spec("Staffing", panels_staff.build_staffing),
    "staffing-hours": Spec("Staffing, hour by hour", panels_staff.build_hours),
    "quality": Spec(
        "Quality beside speed",
        panels_quality.build_quality,
        "first_pass_yield",
        is_wide=True,
    ),
}
"""In the order of the page."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """A panel's place on the page before its figures are there."""

    id: str
    title: str
    url: str
    is_wide: bool


@require_GET
@screen(permissions.check_can_see_dashboard)
def panel(request: HttpRequest, name: str) -> HttpResponse:
    """Give one panel: to htmx alone, to everybody else as a page."""
    spec = _find(name)
    asked = read_asked(request, viewer_required(request), now=database_now())
    context = {"panel": build_panel(name, spec, asked)}
    if is_fragment(request):
        return render(request, "components/charts/panel.html", context)
    more = {
        "page_title": spec.title,
        "scope_label": describe_scope(asked),
        "period_label": asked.label,
        "dashboard_url": f"{reverse('dashboard')}?{asked.query}",
    }
    return render_page(request, "review/figures/figure_panel.html", {**context, **more})


@require_GET
@screen(permissions.check_can_see_dashboard)
def panel_file(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Give a panel's table as CSV: bare numbers, seconds and shares, ISO moments."""
    asked = read_asked(request, viewer_required(request), now=database_now())
    content = _find(name).build(asked)
    return answer_csv(request, f"{name}.csv", _lines(content.sheet))


def list_frames(asked: Asked) -> list[Frame]:
    """Return the places of all panels, in order."""
    return [
        Frame(name, spec.title, _url(name, asked), spec.is_wide)
        for name, spec in PANELS.items()
    ]


def build_panel(name: str, spec: Spec, asked: Asked) -> dict[str, object]:
    """Return a panel with its figures and addresses."""
    content = spec.build(asked)
    return {
        "id": name,
        "title": spec.title,
        "is_wide": spec.is_wide,
        "url": _url(name, asked),
        "csv_url": f"{reverse('figure-panel-file', args=[name])}?{asked.query}",
        "rows_url": asked.rows_url(spec.figure) if spec.figure else "",
        "reading": content.reading,
        "how": content.how,
        "drawing": content.drawing,
        "table": content.sheet,
        "facts": content.facts,
        "delta": content.delta,
        "empty": content.empty,
    }


def describe_scope(asked: Asked) -> str:
    """Say whose figures these are: "Credit desk, class A"."""
    scope = asked.scope
    queue, definition = figure_choices.find_names(
        queue=scope.queue or "", definition=scope.definition or ""
    )
    if scope.allowed is not None and scope.queue not in scope.allowed:
        queue = scope.queue or ""  # not the viewer's to know
    parts = [
        queue,
        f"class {scope.task_class}" if scope.task_class else "",
        definition,
        scope.step or "",
        f"team {scope.team}" if scope.team else "",
    ]
    return ", ".join(part for part in parts if part) or "All queues"


def _find(name: str) -> Spec:
    spec = PANELS.get(name)
    if spec is None:
        raise NotFound(
            f"There is no panel {name!r}; the dashboard shows all there are."
        )
    return spec


def _url(name: str, asked: Asked) -> str:
    return f"{reverse('figure-panel', args=[name])}?{asked.query}"


def _lines(sheet: Sheet) -> Iterator[list[str]]:
    yield [
        f"{head.label} ({head.unit})" if head.unit else head.label
        for head in sheet.heads
    ]
    for row in sheet.rows:
        yield [row.value or row.label, *(cell.value for cell in row.cells)]
