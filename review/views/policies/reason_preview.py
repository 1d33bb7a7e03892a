"""What a preview of reason codes says in words. No queries."""

from collections.abc import Sequence
from typing import Any

from review.core.policies.previewing import ENOUGH
from review.core.policies.reason_policy import name_decision
from review.core.policies.reason_preview import ReasonFigures, ReasonPreview
from review.views.formats import NONE, Pill


def describe_reasons(found: ReasonPreview) -> dict[str, Any]:
    """Return the preview as its template shows it."""
    return {
        "weeks": found.weeks,
        "said": _summary(found),
        "lost": _lost(found.lost),
        "merged": [_merged(found, one) for one in found.merged],
        "unused": _unused(found.unused),
        "rows": [_row(found, one) for one in found.figures],
        "enough": ENOUGH,
    }


def _summary(found: ReasonPreview) -> str:
    if not found.total and not found.without:
        return "No verdict of these weeks had a reason, so there is nothing to compare."
    without = (
        f"; {found.without:,} rejections and edits had words only"
        if found.without
        else ""
    )
    return f"Reasons were given {found.total:,} times{without}."


def _lost(lost: Sequence[ReasonFigures]) -> list[str]:
    return [
        f"{one.code} goes away; it was given {_times(one.given.times)}"
        f"{', and no other code is named instead' if one.given.times else ''}."
        for one in lost
    ]


def _merged(found: ReasonPreview, one: ReasonFigures) -> str:
    into = next((o for o in found.figures if o.code == one.becomes), None)
    then = found.count_then(into) if into else one.given.times
    return (
        f"{one.code} ({one.given.times:,}) becomes {one.becomes}:"
        f" {_times(then)} together."
    )


def _unused(unused: Sequence[ReasonFigures]) -> str:
    if not unused:
        return ""
    names = ", ".join(one.code for one in unused)
    return f"Never given in these weeks, and still offered: {names}."


def _row(found: ReasonPreview, one: ReasonFigures) -> dict[str, Any]:
    now, then = one.given.times, found.count_then(one)
    return {
        "code": one.code,
        "label": one.label,
        "was": one.was,
        "decision": name_decision(one.decision),
        "count": f"{now:,}" if now else NONE,
        "then": f"{then:,}" if one.is_offered and then else NONE,
        "is_moved": now != then,
        "overturned": _overturned(one),
        "state": _state(one),
    }


def _state(one: ReasonFigures) -> Pill | None:
    if one.is_lost:
        return Pill("merged", "hold") if one.becomes else Pill("goes away", "bad")
    if one.is_new:
        return Pill("new", "good")
    return None if one.is_offered else Pill("retired")


def _overturned(one: ReasonFigures) -> str:
    given = one.given
    if not given.judged:
        return NONE
    said = f"{given.overturned:,} of {given.judged:,}"
    error = one.error
    if error is None:
        return said
    return f"{said} ({100 * error.low:.0f} to {100 * error.high:.0f} %)"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")
