"""What pages of a queue or a process tell of stops, and where their buttons lead."""

from typing import Any

from django.urls import reverse

from review import permissions
from review.core.stops import StopKind, Target
from review.dashboards import stops as shown
from review.dashboards.frame import Viewer
from review.forms.stops import write_target
from review.models import Policy, Queue
from review.operations.stops.stops import find_handlers
from review.views.formats import format_moment
from review.views.stops.stop_choices import ALONE
from workflows.store import database_now


def stop_url(target: Target) -> str:
    """Return where a target is stopped."""
    return f"{reverse('stop-new')}?{write_target(target)}"


def cell_url(queue: str, *, grid: int | None = None, row: int | None = None) -> str:
    """Return where a queue's grid, or one row of a version of it, is stopped."""
    return stop_url(Target(kind=StopKind.CELL, queue=queue, grid=grid, row=row))


def process_url(key: str, version: str = "") -> str:
    """Return where a process, or one version of it, is stopped."""
    return stop_url(Target(kind=StopKind.DEFINITION, name=key, version=version))


def queue_banners(viewer: Viewer, queue: str) -> list[dict[str, Any]]:
    """Return the stops that a page of a queue tells of: its own, and models'."""
    return _build(viewer, shown.list_covering(queue=queue))


def process_banners(
    viewer: Viewer, *, key: str, version: str, definition_id: int
) -> list[dict[str, Any]]:
    """Return the stops that a page of a process tells of: its own, and its models'."""
    handlers = find_handlers(definition_id)
    rows = shown.list_covering(definition=key, version=version, handlers=handlers)
    return _build(viewer, rows)


def offer_stops(viewer: Viewer, queue: Queue, grid: Policy | None) -> dict[str, Any]:
    """Return where a queue's grid, and each row that decides alone, is stopped."""
    if not permissions.can_oversee(viewer.rights, queue_id=queue.id):
        return {"stop_url": "", "stop_rows": []}
    rows = grid.body["rows"] if grid else []
    return {
        "stop_url": cell_url(queue.key),
        "stop_rows": [
            {
                "number": number,
                "control": row["control"],
                "label": f"row {number} of the grid of {queue.name}",
                "url": cell_url(queue.key, grid=grid.id if grid else None, row=number),
            }
            for number, row in enumerate(rows, start=1)
            if row["control"] in ALONE
        ],
    }


def _build(viewer: Viewer, rows: list[Any]) -> list[dict[str, Any]]:
    if not rows:
        return []
    zone, now = viewer.look.tzinfo, database_now()
    return [
        {
            "id": row.id,
            "url": reverse("stop-detail", args=[row.id]),
            "what": shown.target_of(row).describe(),
            "until": format_moment(row.ends_at, zone=zone, now=now),
            "by": row.placed_by,
        }
        for row in rows
    ]
