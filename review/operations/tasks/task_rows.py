"""Write the rows of opened tasks, many at a time. What opens, and why: openings.py."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from review.core.clocks.clocks import Clock
from review.core.states import (
    Assignment,
    Control,
    DecidedBy,
    Outcome,
    PolicyKind,
    Stage,
    TaskState,
)
from review.core.tasks.desks import Assessment, is_own_work
from review.core.tasks.routing import DEFAULT_AGING, Place, rank
from review.core.verdicts.quorum import read_plan
from review.operations.clocks import calendars
from review.operations.clocks.calendars import NamedCalendar
from review.operations.policies.policies_in_force import InForce
from review.operations.tasks.lanes import find_lanes
from workflows import audit
from workflows.core.actors import ENGINE
from workflows.core.canonical import dumps
from workflows.kinds import HumanOpened, HumanRequest
from workflows.store import copy_in

AT_ONCE: Final = {Control.AUTO: Outcome.APPROVED, Control.BLOCK: Outcome.BLOCKED}
"""What the grid decides without people."""

_LARGEST_IMPACT: Final = Decimal(10) ** 24
_QUEUES: Final = """
    SELECT q.key, q.id, e.key, c.id, c.version, q.aging_seconds, q.assignment,
           q.assign_seconds, q.is_sticky, q.wip_limit, q.ladder, r.held
    FROM review_queue q
    LEFT JOIN review_queue e ON e.id = q.escalate_to_id
    LEFT JOIN review_calendar c ON c.id = q.calendar_id
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(p.kind, jsonb_build_array(p.id, p.version, p.digest))::text
            AS held
        FROM (
            SELECT DISTINCT ON (kind) kind, id, version, digest FROM review_policy
            WHERE queue_id = q.id
              AND (state = 'IN_FORCE'
                   OR (state = 'APPROVED' AND effective_at <= statement_timestamp()))
            ORDER BY kind, state) p) r ON true
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
         lane_id, serve_at, reveal, seats, assigned_to_id, assigned_at,
         assigned_until, audit_seq)
    FROM STDIN
"""
_COPY_CONTENTS: Final = """
    COPY review_taskcontent (task_id, payload, proposal, why, policy, clock, routing)
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
    assignment: Assignment = Assignment.PULL
    assign_seconds: int = 0
    is_sticky: bool = False
    wip_limit: int | None = None
    ladder: str = ""
    in_force: Mapping[PolicyKind, InForce] = field(default_factory=dict)
    """The policies in force for what opens now, by their kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a task goes inside its queue, who may not take it, who was given it.

    `record` is what the task keeps of how that came about.
    """

    region: str = ""
    skill: str = ""
    level: int = 0
    excluded: Sequence[int] = ()
    assigned_to: int | None = None
    assigned_until: dt.datetime | None = None
    record: Mapping[str, object] = field(default_factory=dict)

    def in_queue(self, queue_id: int) -> Place:
        """Return the lane's place in a queue."""
        return Place(queue_id, self.region, self.skill, self.level)


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
    pinned: Mapping[str, object]
    destination: Destination


def find_queues(keys: Sequence[str]) -> dict[str, QueueFacts]:
    """Return the facts of queues by key, also of those that nobody made."""
    found = {key: QueueFacts(key=key) for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(_QUEUES, [list(keys)])
        for row in cursor:
            found[row[0]] = QueueFacts(
                key=row[0],
                id=row[1],
                escalate_to=row[2] or "",
                calendar=calendars.get_calendar(row[3], row[4]),
                aging_seconds=row[5],
                assignment=Assignment(row[6]),
                assign_seconds=row[7],
                is_sticky=row[8],
                wip_limit=row[9],
                ladder=row[10],
                in_force={
                    PolicyKind(kind): InForce(*held)
                    for kind, held in json.loads(row[11] or "{}").items()
                },
            )
    return found


def write_tasks(
    opened: Sequence[OpenedTask], *, seqs: Sequence[int], now: dt.datetime
) -> None:
    """Write tasks and their contents; `seqs` are their entries' places, in order."""
    ids = _list_queue_ids(opened, now=now)
    places = [one.destination.in_queue(ids[one.queue.key]) for one in opened]
    lanes = find_lanes(places)
    copy_in(
        _COPY_TASKS,
        (
            _task_row(
                one,
                queue_id=place.queue_id,
                lane_id=lanes[place],
                seq=seq,
                now=now,
            )
            for one, place, seq in zip(opened, places, seqs, strict=True)
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
        find_initiator(request),
        (TaskState.DECIDED if outcome else TaskState.OPEN).value,
        assessment.ruling.control.value,
        Stage.FIRST.value,
        1,
        assessment.priority.value,
        one.payload_digest,
        assessment.confidence.value,
        _fitting(assessment.impact.value),
        list(one.destination.excluded),
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
        assessment.ruling.reveal.value,
        _count_seats(one),
        one.destination.assigned_to,
        now if one.destination.assigned_to else None,
        one.destination.assigned_until,
        seq,
    )


def find_initiator(request: HumanRequest) -> str:
    """Return who may not judge the case for having started it, "" for nobody.

    One's own work (correcting one's own case) is no review of oneself.
    """
    return "" if is_own_work(request.node) else request.initiator


def _count_seats(one: OpenedTask) -> int:
    quorum: Any = one.policy.get("quorum")
    return read_plan(quorum, control=one.assessment.ruling.control).seats


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
        dumps(one.destination.record),
    )
