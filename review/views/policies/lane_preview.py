"""What a preview of routing rules says in words. No queries."""

from collections.abc import Iterable
from typing import Any, Final

from review.core.policies.lane_preview import LaneFigures, LaneName, LanePreview
from review.core.policies.previewing import ENOUGH, HOURS_A_DAY
from review.views.formats import NONE
from review.views.policies.policy_preview import format_minutes

MOST_ROWS: Final = 40
"""Moves and lanes that are shown; the biggest come first."""


MOST_SAID: Final = 3


def describe_lanes(found: LanePreview, *, queue: str) -> dict[str, Any]:
    """Return the preview as its template shows it; `queue` is whose rules these are."""
    moves = list(found.moves.items())
    lanes = sorted(found.lanes, key=lambda one: (-one.after, -one.before, one.lane))
    unserved = [one for one in lanes if one.is_unserved]
    return {
        "weeks": found.weeks,
        "total": f"{found.total:,}",
        "is_empty": not found.seen,
        "sample": _sample(found),
        "said": _summary(found),
        "unserved": _unserved(found, unserved, queue=queue),
        "people": _people(found),
        "moves": [
            {
                "from": name_lane(before, queue=queue),
                "to": name_lane(after, queue=queue),
                "count": _scaled(found, count),
            }
            for (before, after), count in moves[:MOST_ROWS]
        ],
        "lanes": [_lane(found, one, queue=queue) for one in lanes[:MOST_ROWS]],
        "more": _more(len(moves), "move") + _more(len(lanes), "lane"),
        "problems": [
            f"In {_scaled(found, count)} cases: {said}"
            for said, count in list(found.problems.items())[:3]
        ],
    }


def name_lane(lane: LaneName, *, queue: str) -> str:
    """Return a lane in words; the queue whose rules these are goes without saying."""
    words = [lane.queue] if lane.queue != queue else []
    words += [lane.region] if lane.region else []
    words += [f"{lane.skill} {lane.level}"] if lane.skill else []
    return ", ".join(words) or "default lane"


def _summary(found: LanePreview) -> str:
    if not found.seen:
        return ""
    classes = (
        f" {_items(found, found.classes)} get another class." if found.classes else ""
    )
    if not found.moved:
        return f"This moves no item to another lane.{classes}"
    share = 100 * found.moved / found.seen
    return (
        f"This moves {_items(found, found.moved)} ({share:.0f} %) to another lane."
        f"{classes}"
    )


def _items(found: LanePreview, count: int) -> str:
    return f"{_scaled(found, count)} {'item' if count == 1 else 'items'}"


def _unserved(
    found: LanePreview, lanes: Iterable[LaneFigures], *, queue: str
) -> list[str]:
    said = [
        f"Nobody can take {name_lane(one.lane, queue=queue)}:"
        f" {_items(found, one.after)} would wait there."
        for one in lanes
    ]
    more = len(said) - MOST_SAID
    return said[:MOST_SAID] + (
        [f"Nor {more} more {'lane' if more == 1 else 'lanes'}."] if more > 0 else []
    )


def _people(found: LanePreview) -> str:
    if found.pace is None or found.pace.minutes is None:
        return (
            f"Fewer than {ENOUGH} judgements were timed in these weeks, too few to say"
            " how many people each lane takes."
        )
    return (
        f"A judgement takes {format_minutes(found.pace.minutes)} (median, from claim to"
        f" verdict), and a person works {HOURS_A_DAY} hours a day on cases."
    )


def _sample(found: LanePreview) -> str:
    if not found.seen or found.seen >= found.total:
        return ""
    share = 100 * found.seen / found.total
    return (
        f"{found.seen:,} of {found.total:,} tasks were replayed ({share:.0f} %, spread"
        " evenly); counts are scaled up to all of them."
    )


def _lane(found: LanePreview, one: LaneFigures, *, queue: str) -> dict[str, Any]:
    return {
        "name": name_lane(one.lane, queue=queue),
        "before": _scaled(found, one.before),
        "after": _scaled(found, one.after),
        "is_moved": one.before != one.after,
        "people_before": _number(one.people_before),
        "people_after": _number(one.people_after),
        "takers": {0: "nobody", 1: "1 person"}.get(one.takers, f"{one.takers} people"),
        "is_unserved": one.is_unserved,
    }


def _more(count: int, what: str) -> str:
    if count <= MOST_ROWS:
        return ""
    return f"{count - MOST_ROWS:,} smaller {what}s are not shown. "


def _scaled(found: LanePreview, count: int) -> str:
    return f"{round(count * found.scale):,}"


def _number(value: float | None) -> str:
    if value is None:
        return NONE
    return "< 0.1" if 0 < value < 0.05 else f"{value:,.1f}"
