"""The tasks behind a figure: in pages, and as a file."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.figures.figures import BY_KEY, Figure
from review.dashboards import figure_rows, metrics
from review.dashboards.covering import cover_titles
from review.dashboards.figure_rows import AfterRow, Span
from review.models import Person
from review.operations.evidence import auditing
from review.views.access import screen, viewer_required
from review.views.csv_files import answer_csv
from review.views.formats import (
    OUTCOME_PILLS,
    format_duration,
    format_moment,
    sla_pill,
    state_pill,
)
from review.views.numbers import read_number
from review.views.overview.asking import Asked, read_asked
from review.views.overview.panel import say_value
from review.views.overview.panels import describe_scope
from review.views.pages import render_page
from review.views.paging import cut, mark_moment, read_after
from review.views.tables import Column, Row, Table, link, make_cells, muted, pill
from review.views.tasks.empty import Empty
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now

COLUMNS = (
    Column("case", "Case", is_fixed=True),
    Column("title", "Task", is_wide=True),
    Column("queue", "Queue"),
    Column("class", "Class", short="Class"),
    Column("opened", "Opened", short="Opened"),
    Column("took", "Open for", short="Open for"),
    Column("sla", "SLA"),
    Column("state", "State"),
    Column("held", "Held by"),
)
HEADS = [
    "case", "task", "queue", "process", "step", "class", "control", "state", "outcome",
    "opened_at", "first_claimed_at", "due_at", "breached_at", "ended_at", "round",
    "escalations",
]  # fmt: skip


@require_GET
@screen(permissions.check_can_see_dashboard)
def rows(request: HttpRequest, figure: str) -> HttpResponse:
    """List the tasks that a figure is of, the newest first."""
    found, asked = _find(figure), _read(request)
    after = read_after(request.GET.get("after", ""))
    last = read_number(after.id) if after else None
    if after is not None and last is None:
        raise Invalid("The page in this address cannot be read; start from the list.")
    listed = figure_rows.list_rows(
        figure,
        asked.scope,
        _span(asked),
        after=AfterRow(after.at, last) if after and last is not None else None,
    )
    shown, pages = cut(
        request,
        listed,
        limit=figure_rows.PAGE,
        parameter="after",
        mark=lambda row: mark_moment(row.placed_at, row.id),
    )
    read = metrics.read_figure(
        figure, scope=asked.scope, period=asked.period, now=asked.now
    )
    words = figure_rows.kind_of(figure).words
    context = {
        "page_title": found.title,
        "figure": found,
        "value": say_value(read.value, found.unit),
        "scope_label": describe_scope(asked),
        "period_label": "now" if found.is_now else asked.label,
        "words": words,
        "csv_url": f"{reverse('figure-rows-file', args=[figure])}?{asked.query}",
        "dashboard_url": f"{reverse('dashboard')}?{asked.query}",
        "table": Table(
            label=f"{found.title}: tasks",
            columns=COLUMNS,
            rows=tuple(
                _row(row, asked)
                for row in cover_titles(viewer_required(request).rights, shown)
            ),
            empty=None if shown else _empty(words, asked),
        ),
        "pages": pages,
    }
    return render_page(request, "review/figures/figure_rows.html", context)


@require_GET
@screen(permissions.check_can_see_dashboard)
def rows_file(request: HttpRequest, figure: str) -> StreamingHttpResponse:
    """Give all tasks that a figure is of as CSV, without what they are about.

    That an auditor took them along is an entry.
    """
    found, asked = _find(figure), _read(request)
    viewer = viewer_required(request)
    if viewer.rights.audit is not None:
        auditing.record_list_export(
            person=Person.objects.get(pk=viewer.person_id),
            what=f"tasks of {found.title}",
            facets=asked.words,
        )
    return answer_csv(request, f"{figure}.csv", _write(figure, asked))


def _write(figure: str, asked: Asked) -> Iterator[list[str]]:
    yield HEADS
    for chunk in figure_rows.walk_rows(figure, asked.scope, _span(asked)):
        for row in chunk:
            yield [
                row.business_key,
                str(row.id),
                row.queue,
                row.definition_key,
                row.node_id,
                row.priority_class,
                row.control,
                row.state,
                row.outcome or "",
                *(_iso(at) for at in (
                    row.opened_at, row.first_claimed_at, row.due_at, row.breached_at,
                    row.ended_at,
                )),
                str(row.round),
                str(row.escalations),
            ]  # fmt: skip


def _iso(at: dt.datetime | None) -> str:
    return at.isoformat() if at else ""


def _find(figure: str) -> Figure:
    found = BY_KEY.get(figure)
    if found is None:
        raise NotFound(f"There is no figure {figure!r}; the definitions name them all.")
    return found


def _read(request: HttpRequest) -> Asked:
    return read_asked(request, viewer_required(request), now=database_now())


def _span(asked: Asked) -> Span:
    return Span.of(asked.period, now=asked.now, zone=asked.zone)


def _row(row: Any, asked: Asked) -> Row:
    case = row.business_key or f"#{row.id}"
    end = row.ended_at or asked.now
    standing = (
        sla_pill(due_at=row.due_at, warn_at=None, now=end, zone=asked.zone)
        if row.ended_at is None
        else None
    )
    late = row.breached_at is not None
    return Row(
        anchor=f"row-{row.id}",
        cells=make_cells(
            COLUMNS,
            {
                "case": link(reverse("task-detail", args=[row.id]), case),
                "title": row.title,
                "queue": row.queue_name,
                "class": row.priority_class,
                "opened": format_moment(row.opened_at, zone=asked.zone, now=asked.now),
                "took": format_duration(end - row.opened_at),
                "sla": pill(standing)
                if standing
                else muted("late" if late else "in time"),
                "state": pill(
                    OUTCOME_PILLS.get(row.outcome or "") or state_pill(row.state)
                ),
                "held": row.held_by or "",
            },
        ),
        label=case,
    )


def _empty(words: str, asked: Asked) -> Empty:
    return Empty(
        "No task here",
        f"No task of {describe_scope(asked)} is {words}.",
        "check-circle",
        f"{reverse('dashboard')}?{asked.query}",
        "Back to the dashboard",
    )
