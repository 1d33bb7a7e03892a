"""An instance's steps as rows: where they stand, which turn, inside of what."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.urls import reverse

from review.dashboards.sql import read_json
from review.views.formats import (
    format_duration,
    format_label,
    format_moment,
    format_value,
    state_pill,
)

MARKS: Final = {
    "READY": "active",
    "RUNNING": "active",
    "WAITING": "active",
    "INCIDENT": "incident",
    "COMPLETED": "done",
}
DEEPEST: Final = 3
"""Steps further inside are not moved further to the right."""

_VALUE_CHARACTERS: Final = 60
_LIVE: Final = frozenset({"active", "incident"})


def build_step_rows(
    steps: Sequence[Any], *, now: dt.datetime, zone: dt.tzinfo
) -> list[dict[str, object]]:
    """Return one row for each step, in their order.

    `turn` says which iteration it is and over what, or that it takes something back;
    `depth` how many steps it lies inside of. What the picture counts at a node stands
    at the first of its live steps.
    """
    inside = {step.id: step.scope_id for step in steps}
    kept = {step.id: read_json(step.data) for step in steps}
    counts = Counter(
        step.node_id
        for step in steps
        if MARKS.get(step.state, "") in _LIVE and "loop" not in kept[step.id]
    )
    rows = []
    for step in steps:
        mark = MARKS.get(step.state, "")
        count = counts.pop(step.node_id, 0) if mark in _LIVE else 0
        row = _row(step, mark=mark, now=now, zone=zone)
        row["count"] = str(count) if count else ""
        row["turn"] = _turn(kept[step.id])
        row["depth"] = min(_depth(step.id, inside), DEEPEST)
        rows.append(row)
    return rows


def _row(
    step: Any, *, mark: str, now: dt.datetime, zone: dt.tzinfo
) -> dict[str, object]:
    return {
        "name": step.name or step.node_id,
        "node_id": step.node_id,
        "mark": mark,
        "state": state_pill(step.state),
        "kind": format_label(step.kind),
        "attempt": f"attempt {step.attempt}" if step.attempt > 1 else "",
        "started": format_moment(step.started_at, zone=zone, now=now),
        "lasted": format_duration((step.ended_at or now) - step.started_at),
        "error": step.error,
        "task_url": reverse("task-detail", args=[step.task_id]) if step.task_id else "",
    }


def _turn(data: Mapping[str, Any]) -> str:
    if "undoes" in data:
        return "takes back"
    loop = data.get("loop")
    if loop is not None:
        done, total = loop.get("done", 0), loop.get("n")
        return f"{done} of {total} done" if total is not None else f"{done} rounds"
    if "index" not in data:
        return ""
    own = {
        name: value
        for name, value in data.get("vars", {}).items()
        if name != "loopCounter" and not isinstance(value, dict | list)
    }
    words = [f"turn {data['index'] + 1}"]
    words += [
        f"{name}: {format_value(value)}"[:_VALUE_CHARACTERS]
        for name, value in sorted(own.items())[:1]
    ]
    return " · ".join(words)


def _depth(step_id: int, inside: Mapping[int, int | None]) -> int:
    depth, scope_id = 0, inside[step_id]
    while scope_id is not None:
        depth, scope_id = depth + 1, inside.get(scope_id)
    return depth
