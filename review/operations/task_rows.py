"""Write the rows of opened tasks, many at a time. What opens, and why: openings.py."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from review.core.clocks import Clock
from review.core.desks import Assessment, is_own_work
from review.core.quorum import list_excluded
from review.core.routing import DEFAULT_AGING, Place, rank
from review.core.states import Control, DecidedBy, Outcome, Stage, TaskState
from review.operations import calendars
from review.operations.calendars import NamedCalendar
from review.operations.lanes import find_lanes
from workflows import audit
from workflows.core.actors import ENGINE
from workflows.core.canonical import dumps
from workflows.kinds import HumanOpened, HumanRequest
from workflows.store import copy_in

AT_ONCE: Final = {Control.AUTO: Outcome.APPROVED, Control.BLOCK: Outcome.BLOCKED}
"""What the grid decides without people."""

_LARGEST_IMPACT: Final = Decimal(10) ** 24
_QUEUES: Final = """
    SELECT q.key, q.id, e.key, c.id, c.version, q.aging_seconds
    FROM review_queue q
    LEFT JOIN review_queue e ON e.id = q.escalate_to_id
    LEFT JOIN review_calendar c ON c.id = q.calendar_id
    WHERE q.key = ANY(%s)
"""
_INSERT_QUEUES: Final = """
    INSERT INTO review_queue (key, name, description, policy_text, lease_seconds)
    SELECT key, key, '', '', 600 FROM unnest(%s::text[]) AS v(key)
    ON CONFLICT DO NOTHING RETURNING key
"""
_COPY_TASKS: Final = """
    COPY review_task
        (id, instance_id, step_id, queue_id, definition_id, definition_key, node_id,
         title, business_key, initiator, state, control, stage, round, priority_class,
         payload_digest, confidence, impact, excluded, lease_token, opened_at,
         recorded_at, warn_at, due_at, escalations, decided_at, outcome, decided_by,
         lane_id, serve_at, audit_seq)
    FROM STDIN
"""
_COPY_CONTENTS: Final = """
    COPY review_taskcontent (task_id, payload, proposal, why, policy, clock)
    FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What opening a task must know of its queue; one that nobody made has no id."""

    key: str
    id: int | None = None
    escalate_to: str = ""
    calendar: NamedCalendar = calendars.ALWAYS
    aging_seconds: int = DEFAULT_AGING


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTask(HumanOpened):
    """An opened task with all that its rows will hold; `payload` is JSON text."""

    task_id: int
    request: HumanRequest
    queue: QueueFacts
    assessment: Assessment
    clock: Clock | None
    payload: str
    payload_digest: str
    opened_at: dt.datetime
    why: Mapping[str, object]
    policy: Mapping[str, object]
    clock_terms: Mapping[str, object]


def find_queues(keys: Sequence[str]) -> dict[str, QueueFacts]:
    """Return the facts of queues by key, also of those that nobody made."""
    found = {key: QueueFacts(key=key) for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(_QUEUES, [list(keys)])
        for key, number, escalate_to, calendar_id, version, aging in cursor:
            found[key] = QueueFacts(
                key=key,
                id=number,
                escalate_to=escalate_to or "",
                calendar=calendars.get_calendar(calendar_id, version),
                aging_seconds=aging,
            )
    return found


def write_tasks(
    opened: Sequence[OpenedTask], *, seqs: Sequence[int], now: dt.datetime
) -> None:
    """Write tasks and their contents; `seqs` are their entries' places, in order."""
    ids = _list_queue_ids(opened, now=now)
    lanes = find_lanes([Place(number) for number in ids.values()])
    copy_in(
        _COPY_TASKS,
        (
            _task_row(
                one,
                queue_id=ids[one.queue.key],
                lane_id=lanes[Place(ids[one.queue.key])],
                seq=seq,
                now=now,
            )
            for one, seq in zip(opened, seqs, strict=True)
        ),
    )
    copy_in(_COPY_CONTENTS, (_content_row(one) for one in opened))


def _list_queue_ids(
    opened: Sequence[OpenedTask], *, now: dt.datetime
) -> dict[str, int]:
    """Return the ids of all queues; what a definition names and nobody made is made.

    Work must not get lost over a missing queue; managers see the new one.
    """
    ids = {one.queue.key: one.queue.id for one in opened}
    missing = sorted(key for key, number in ids.items() if number is None)
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT_QUEUES, [missing])
            made = [row[0] for row in cursor.fetchall()]
        if made:
            _record_made(made, now=now)
        ids |= {key: facts.id for key, facts in find_queues(missing).items()}
    return {key: number for key, number in ids.items() if number is not None}


def _record_made(keys: Sequence[str], *, now: dt.datetime) -> None:
    drafts = [
        audit.Draft(
            kind="queue.created",
            actor=ENGINE,
            detail={"queue": key, "because": "a definition names it"},
        )
        for key in keys
    ]
    audit.record_installation(drafts=drafts, now=now)


def _task_row(
    one: OpenedTask, *, queue_id: int, lane_id: int, seq: int, now: dt.datetime
) -> tuple[object, ...]:
    request, assessment, clock = one.request, one.assessment, one.clock
    outcome = AT_ONCE.get(assessment.ruling.control)
    # One's own work (correcting one's own case) is no review of oneself.
    initiator = "" if is_own_work(request.node) else request.initiator
    return (
        one.task_id,
        request.instance_id,
        one.step_id,
        queue_id,
        request.definition_id,
        request.definition_key,
        request.node.id,
        assessment.title,
        request.business_key,
        initiator,
        (TaskState.DECIDED if outcome else TaskState.OPEN).value,
        assessment.ruling.control.value,
        Stage.FIRST.value,
        1,
        assessment.priority.value,
        one.payload_digest,
        assessment.confidence.value,
        _fitting(assessment.impact.value),
        list_excluded(initiator=initiator, judgements=(), current_round=1),
        0,
        one.opened_at,
        now,
        clock.warn_at if clock else None,
        clock.due_at if clock else None,
        0,
        one.opened_at if outcome else None,
        outcome.value if outcome else None,
        DecidedBy.AUTO.value if outcome else None,
        lane_id,
        rank(
            priority=assessment.priority,
            opened_at=one.opened_at,
            aging=dt.timedelta(seconds=one.queue.aging_seconds),
        ),
        seq,
    )


def _fitting(impact: Decimal | None) -> Decimal | None:
    """Leave out of the list's column what it cannot hold; `why` has it whole."""
    return None if impact is None or impact >= _LARGEST_IMPACT else impact


def _content_row(one: OpenedTask) -> tuple[object, ...]:
    proposal: Any = one.assessment.proposal
    return (
        one.task_id,
        one.payload,
        None if proposal is None else dumps(proposal),
        dumps(one.why),
        dumps(one.policy),
        dumps(one.clock_terms),
    )
