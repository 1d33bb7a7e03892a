"""The four kinds of nothing: why a reviewer gets no task. Pure."""

import dataclasses
import datetime as dt
from typing import Any

from review.views.formats import format_moment


@dataclasses.dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of an empty list."""

    title: str
    text: str
    icon: str
    action_url: str = ""
    action_label: str = ""


def explain_empty(
    facts: Any, *, is_reviewer: bool, zone: dt.tzinfo, now: dt.datetime
) -> Empty:
    """Say why: nothing left, all held (until when), not for you, or no role here.

    `facts` has `held`, `barred` and `first_free_at` of the live tasks in question.
    """
    if not is_reviewer:
        return Empty(
            "You are no reviewer here",
            "You may look at this queue, but its tasks go to its reviewers.",
            "eye",
        )
    if facts.held:
        free_at = format_moment(facts.first_free_at, zone=zone, now=now)
        one = facts.held == 1
        return Empty(
            f"{'The one task' if one else f'All {facts.held:,} tasks'} left"
            f" {'is' if one else 'are'} held by somebody",
            f"The first lease ends at {free_at} unless it is extended.",
            "hourglass-split",
        )
    if facts.barred:
        one = facts.barred == 1
        return Empty(
            f"{facts.barred:,} {'task waits' if one else 'tasks wait'}, but not for you",
            "Four eyes: you started or already judged these cases, so somebody else"
            " must judge them.",
            "lock",
        )
    return Empty(
        "Nothing left",
        "Every task has been decided. New ones appear here by themselves.",
        "check-circle",
    )
