"""The kinds of nothing: why a reviewer gets no task, and what to do about it. Pure."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from review.views.formats import format_moment


@dataclasses.dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of an empty list; `facts` are its reasons, one line each."""

    title: str
    text: str
    icon: str
    action_url: str = ""
    action_label: str = ""
    facts: tuple[str, ...] = ()


def hidden_by_filters(live: str, *, url: str) -> Empty:
    """Say that filters hide everything; `live` is how many there are, as text."""
    return Empty(
        "The filters hide every task",
        f"{live} in this queue, and none of them fits what you asked for.",
        "funnel",
        url,
        "Clear the filters",
    )


def explain_empty(
    facts: Any,
    *,
    is_reviewer: bool,
    zone: dt.tzinfo,
    now: dt.datetime,
    work_url: str = "",
) -> Empty:
    """Say which nothing this is: nothing left, all held (until when), or not for you.

    `facts` are those of `nothing.explain_none`.
    """
    if not is_reviewer:
        return Empty(
            "You are no reviewer here",
            "You may look at this queue, but its tasks go to its reviewers.",
            "eye",
        )
    if not facts.live:
        return Empty(
            "Nothing left",
            "Every task has been decided. New ones appear here by themselves.",
            "check-circle",
        )
    reasons = tuple(_list_reasons(facts, zone=zone, now=now))
    if facts.yours:
        return _yours(facts, reasons, work_url=work_url)
    if facts.held:
        return _all_held(facts, reasons, zone=zone, now=now)
    return _not_for_you(facts, reasons)


def _yours(facts: Any, reasons: tuple[str, ...], *, work_url: str) -> Empty:
    one = facts.yours == 1
    return Empty(
        f"Nothing more that you may take beside the {'one' if one else facts.yours}"
        " you hold",
        f"Decide {'it' if one else 'them'}, or give {'it' if one else 'one'} back.",
        "stack",
        work_url,
        "What I hold",
        facts=reasons,
    )


def _all_held(
    facts: Any, reasons: tuple[str, ...], *, zone: dt.tzinfo, now: dt.datetime
) -> Empty:
    free_at = format_moment(facts.first_free_at, zone=zone, now=now)
    one = facts.held == 1
    whose = "The one task" if one else f"All {facts.held:,} tasks"
    return Empty(
        f"{whose} left {'is' if one else 'are'} held by somebody",
        f"The first lease ends at {free_at} unless it is extended."
        " This page shows it as soon as one comes free.",
        "hourglass-split",
        facts=reasons if len(reasons) > 1 else (),
    )


def _not_for_you(facts: Any, reasons: tuple[str, ...]) -> Empty:
    count = facts.live
    one = count == 1
    return Empty(
        f"{count:,} {'task waits' if one else 'tasks wait'}, but not for you",
        "Somebody else must take these; you can go on with another queue.",
        "lock",
        facts=reasons,
    )


def _list_reasons(facts: Any, *, zone: dt.tzinfo, now: dt.datetime) -> Iterator[str]:
    if facts.held:
        free_at = format_moment(facts.first_free_at, zone=zone, now=now)
        yield f"{facts.held:,} held by somebody, the first until {free_at}"
    if facts.started:
        yield f"{facts.started:,} of cases that you started (four eyes)"
    if facts.barred:
        yield (
            f"{facts.barred:,} that you, or who counts as one with you, judged or"
            " started (four eyes), or that a conflict of interest keeps from you"
        )
    if facts.lacking:
        yield f"{facts.lacking:,} asking for a region or skill you lack: {facts.asked}"
    if facts.pushed:
        until = (
            f" until {format_moment(facts.pushed_until, zone=zone, now=now)}"
            if facts.pushed_until
            else ""
        )
        yield f"{facts.pushed:,} given to somebody else{until}"
    if facts.parked:
        yield f"{facts.parked:,} waiting for information or help"
    if facts.skipped:
        yield f"{facts.skipped:,} that you skipped for now"
