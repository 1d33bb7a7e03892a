"""Who held a task when, as its entries tell it. No storage."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from review.core.clocks.durations import Happening, Turn

_TAKES: Final = frozenset({
    "task.claimed",
    "task.begun",
    "task.resumed",
    "task.reassigned",
    "task.handed_over",
    "verdict.undone",
})
_ACTS: Final = frozenset({
    "task.released",
    "task.parked",
    "task.skipped",
    "task.abstained",
    "task.handed_over",
    "verdict.submitted",
    "verdict.held",
})
_LOSES: Final = frozenset({
    "task.lapsed",
    "task.seat_lapsed",
    "task.reassigned",
    "task.rebalanced",
    "task.escalated",
    "task.decided_by_clock",
})
TURNS: Final = _TAKES | _ACTS | _LOSES
"""The kinds of entries that say who has a task."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a task's step: its kind, who acted, when it happened, its detail."""

    kind: str
    actor: str
    at: dt.datetime
    detail: Mapping[str, Any]


def list_happenings(
    entries: Iterable[Told], *, task_id: int, is_alone: bool
) -> list[Happening]:
    """Return the turns of a task's holds from its entries, oldest first.

    `is_alone` says that one person has the task at a time. Entries that name another
    task of the step are left out.
    """
    found: list[Happening] = []
    for one in entries:
        detail = one.detail
        if one.kind not in TURNS or detail.get("task", task_id) != task_id:
            continue
        alone = "" if is_alone else one.actor
        if one.kind in _ACTS:
            found.append(Happening(Turn.ACTED, one.at, alone))
        if one.kind in _LOSES or "lapsed_from" in detail:
            found.append(Happening(Turn.LOST, one.at, ""))
        taker = (
            f"person:{detail['to_person']}" if detail.get("to_person") else one.actor
        )
        if one.kind in _TAKES and (detail.get("token") or detail.get("to_person")):
            found.append(Happening(Turn.TAKEN, one.at, taker))
    return found
