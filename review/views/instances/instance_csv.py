"""The list of instances as a file, with the values that its process is searched by."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import engine
from review.dashboards.instance_search import read_values
from review.operations.evidence import auditing
from review.views.access import screen, viewer_required
from review.views.csv_files import answer_csv
from review.views.instances.instance_lists import Question, read_question
from review.views.tasks.tasks import person_of

MOST: Final = 50_000
"""Rows of one file; the last line says where more would follow."""
BATCH: Final = 1_000

_HEAD: Final = (
    "case", "instance", "process", "version", "state", "incident", "where", "started",
    "ended", "end",
)  # fmt: skip


@require_GET
@screen(permissions.check_can_see_instances)
def instance_csv(request: HttpRequest) -> HttpResponseBase:
    """Give the instances that the filters find, newest first, as CSV."""
    viewer = viewer_required(request)
    asked = read_question(request, viewer)
    if viewer.rights.audit is not None:
        auditing.record_list_export(
            person=person_of(request),
            what="list of instances",
            facets=request.GET.dict(),
        )
    return answer_csv(request, "instances.csv", _lines(asked))


def _lines(asked: Question) -> Iterator[list[str]]:
    names = [one.name for one in asked.declared]
    yield [*_HEAD, *names]
    after: engine.After | None = None
    for _ in range(MOST // BATCH):
        rows = engine.list_instances(
            filters=asked.filters, wheres=asked.wheres, after=after, limit=BATCH
        )
        shown = rows[:BATCH]
        values = read_values([row.id for row in shown]) if names else {}
        for row in shown:
            kept = values.get(row.id, {})
            yield [*_cells(row), *(kept.get(name, "") for name in names)]
        if len(rows) <= BATCH:
            return
        after = engine.After(at=shown[-1].started_at, id=str(shown[-1].id))
    yield [f"more than {MOST:,} rows fit; narrow the search"]


def _cells(row: Any) -> list[str]:
    return [
        row.business_key,
        str(row.id),
        row.definition_key,
        row.definition_version,
        row.state,
        "yes" if row.has_incident else "no",
        ", ".join(name for name in row.at_steps if name),
        _moment(row.started_at),
        _moment(row.ended_at),
        row.end_node_id,
    ]


def _moment(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds") if at else ""
