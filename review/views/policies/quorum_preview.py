"""What a preview of quorum rules says in words. No queries."""

from typing import Any, Final

from review.core.policies.previewing import ENOUGH, HOURS_A_DAY
from review.core.policies.quorum_preview import QuorumPreview
from review.views.policies.policy_preview import (
    format_minutes,
    format_people,
    format_signed,
)

MOST_MOVES: Final = 20
MOST_GAPS: Final = 3


def describe_quorums(found: QuorumPreview) -> dict[str, Any]:
    """Return the preview as its template shows it."""
    return {
        "weeks": found.weeks,
        "total": f"{found.total:,}",
        "is_empty": not found.seen,
        "said": _summary(found),
        "people": _people(found),
        "sample": _sample(found),
        "gaps": _gaps(found),
        "moves": [
            {
                "from": move.before,
                "to": move.after,
                "persons": f"+{move.more}" if move.more > 0 else _minus(move.more),
                "count": _scaled(found, count),
                "share": f"{100 * count / found.seen:.0f} %",
            }
            for move, count in list(found.moves.items())[:MOST_MOVES]
        ],
    }


def _summary(found: QuorumPreview) -> str:
    if not found.seen:
        return ""
    if not found.moved:
        return "Every item would be decided by as many persons as it is now."
    said = [
        f"{_items(found, count)} {'takes' if count == 1 else 'take'} {what} persons"
        for count, what in ((found.more, "more"), (found.fewer, "fewer"))
        if count
    ]
    same = found.moved - found.more - found.fewer
    if same:
        said.append(f"{_items(found, same)} as many in another way")
    people = (
        "people needed per day: not enough data"
        if found.people_before is None or found.people_after is None
        else "people needed per day"
        f" {format_signed(found.people_after - found.people_before)}"
    )
    return f"{', '.join(said)}; {people}."


def _people(found: QuorumPreview) -> str:
    if (
        found.pace is None
        or found.pace.minutes is None
        or found.people_before is None
        or found.people_after is None
    ):
        return (
            f"Fewer than {ENOUGH} judgements were timed in these weeks, too few to say"
            " how many people it takes."
        )
    return (
        f"It takes {format_people(found.people_before)} people a working day now,"
        f" {format_people(found.people_after)} then: a judgement takes"
        f" {format_minutes(found.pace.minutes)} (median, from claim to verdict), a case"
        " as many as must approve it, and a person works"
        f" {HOURS_A_DAY} hours a day on cases."
    )


def _gaps(found: QuorumPreview) -> dict[str, Any] | None:
    """Return what today's reviewers could not approve; None where they could all."""
    count = sum(found.gaps.values())
    if not count:
        return None
    now = (
        f" Of these weeks' items they could not approve {_scaled(found, found.gaps_before)}"
        " as it is."
        if found.gaps_before
        else ""
    )
    return {
        "said": f"Today's reviewers could not approve {_items(found, count)}.{now}",
        "why": [
            f"{_scaled(found, n)}: {why}"
            for why, n in list(found.gaps.items())[:MOST_GAPS]
        ],
    }


def _sample(found: QuorumPreview) -> str:
    if not found.seen or found.seen >= found.total:
        return ""
    share = 100 * found.seen / found.total
    return (
        f"{found.seen:,} of {found.total:,} tasks were replayed ({share:.0f} %, spread"
        " evenly); counts are scaled up to all of them."
    )


def _items(found: QuorumPreview, count: int) -> str:
    return f"{_scaled(found, count)} {'item' if count == 1 else 'items'}"


def _scaled(found: QuorumPreview, count: int) -> str:
    return f"{round(count * found.scale):,}"


def _minus(number: int) -> str:
    return f"\N{MINUS SIGN}{-number}" if number else "\N{PLUS-MINUS SIGN}0"
