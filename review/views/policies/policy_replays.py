"""Replay past work through a proposed policy and give its page the answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from review.core.figures.objectives import read_objectives
from review.core.policies.clock_policy import read_levels
from review.core.policies.grid_table import Grid, read_grid
from review.core.policies.ladder_policy import write_words
from review.core.policies.quorum_policy import read_quorum_rules
from review.core.policies.reason_policy import read_reasons
from review.core.states import PolicyKind
from review.core.tasks.rules import read_rules
from review.models import Queue
from review.operations.policies.calendar_previews import preview_hours
from review.operations.policies.clock_previews import preview_levels, preview_words
from review.operations.policies.lane_previews import preview_routing
from review.operations.policies.policies import find_standing_body
from review.operations.policies.policy_subjects import Subject
from review.operations.policies.previews import preview_grid
from review.operations.policies.quorum_previews import preview_quorum
from review.operations.policies.reason_previews import preview_reason_codes
from review.views.clocks.clock_preview import describe_clocks, describe_ladder
from review.views.figures.objective_bars import preview_objectives
from review.views.policies.calendar_preview import describe_calendar
from review.views.policies.lane_preview import describe_lanes
from review.views.policies.policy_preview import describe_preview
from review.views.policies.quorum_preview import describe_quorums
from review.views.policies.reason_preview import describe_reasons

Replay = Callable[[Subject, Mapping[str, Any], int], dict[str, Any]]


def replay(
    subject: Subject, kind: PolicyKind, body: Mapping[str, Any], *, weeks: int
) -> dict[str, Any]:
    """Return `preview` and the template that shows it; the body is sound."""
    return REPLAYS[kind](subject, body, weeks)


def _replay_grid(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    grid = read_grid(body)[0]
    assert grid is not None  # checked before
    found = preview_grid(queue=_queue(subject), proposed=Grid(grid), weeks=weeks)
    return {
        "preview": describe_preview(found),
        "preview_template": "review/policies/_policy_preview.html",
    }


def _replay_routing(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    queue = _queue(subject)
    lanes = preview_routing(queue=queue, proposed=read_rules(body), weeks=weeks)
    return {
        "preview": describe_lanes(lanes, queue=queue.key),
        "preview_template": "review/policies/_policy_lanes.html",
        "preview_layout": "stack",  # lanes take the whole width
    }


def _replay_objectives(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    return preview_objectives(_queue(subject), read_objectives(body), weeks=weeks)


def _replay_quorum(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    rules = read_quorum_rules(body)
    found = preview_quorum(queue=_queue(subject), proposed=rules, weeks=weeks)
    return {
        "preview": describe_quorums(found),
        "preview_template": "review/policies/_policy_quorum.html",
    }


def _replay_reasons(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    before = find_standing_body(subject, PolicyKind.REASONS) or {"rows": ()}
    found = preview_reason_codes(
        queue=_queue(subject),
        before=read_reasons(before),
        proposed=read_reasons(body),
        weeks=weeks,
    )
    return {
        "preview": describe_reasons(found),
        "preview_template": "review/policies/_policy_reasons.html",
        "preview_layout": "stack",
    }


def _replay_clocks(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    levels = read_levels(body)
    found = preview_levels(queue=_queue(subject), proposed=levels, weeks=weeks)
    return {
        "preview": describe_clocks(found, levels=levels),
        "preview_template": "review/policies/_policy_clocks.html",
        "preview_layout": "stack",
    }


def _replay_ladder(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    words = write_words(body)
    found = preview_words(queue=_queue(subject), proposed=words, weeks=weeks)
    return {
        "preview": describe_ladder(found),
        "preview_template": "review/policies/_policy_ladder.html",
        "preview_layout": "stack",
    }


def _replay_calendar(
    subject: Subject, body: Mapping[str, Any], weeks: int
) -> dict[str, Any]:
    before = find_standing_body(subject, PolicyKind.CALENDAR)
    assert subject.calendar is not None  # this kind rules calendars
    assert before is not None  # a calendar always stands
    found = preview_hours(
        calendar=subject.calendar, before=before, proposed=body, weeks=weeks
    )
    return {
        "preview": describe_calendar(found),
        "preview_template": "review/policies/_policy_calendar.html",
    }


def _queue(subject: Subject) -> Queue:
    assert subject.queue is not None  # these kinds rule queues
    return subject.queue


REPLAYS: Final[Mapping[PolicyKind, Replay]] = {
    PolicyKind.GRID: _replay_grid,
    PolicyKind.ROUTING: _replay_routing,
    PolicyKind.OBJECTIVES: _replay_objectives,
    PolicyKind.QUORUM: _replay_quorum,
    PolicyKind.REASONS: _replay_reasons,
    PolicyKind.CLOCKS: _replay_clocks,
    PolicyKind.LADDER: _replay_ladder,
    PolicyKind.CALENDAR: _replay_calendar,
}
"""How each kind that is offered is replayed."""
