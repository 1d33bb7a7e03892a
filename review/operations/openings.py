"""Human steps become tasks: the grid rules, clocks start, rows are written set-based.

Registered as the engine's human kind. What a person does with a task is in tasks.py
and verdicts.py.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.db import connection

from review import live
from review.core.clocks import Clock, ClockError, start_clock
from review.core.desks import Assessment, Desk, assess, is_own_work, read_desk
from review.core.shown import digest_shown
from review.core.states import Control, DecidedBy, Outcome, TaskState
from review.operations import calendars
from review.operations.calendars import NamedCalendar
from review.operations.clocks import KIND as CLOCK_KIND
from review.operations.clocks import timer_ref
from workflows.audit import Draft
from workflows.core.actors import ENGINE
from workflows.core.calendars import CalendarError
from workflows.core.canonical import digest, dumps
from workflows.core.engine.evaluations import read_evaluations
from workflows.handlers import HumanOpened, HumanRequest
from workflows.operations import definitions, timers
from workflows.store import execute

_QUEUES: Final = """
    SELECT q.key, q.id, e.key, c.id, c.version
    FROM review_queue q
    LEFT JOIN review_queue e ON e.id = q.escalate_to_id
    LEFT JOIN review_calendar c ON c.id = q.calendar_id
    WHERE q.key = ANY(%s)
"""
_IDS: Final = """
    SELECT nextval(pg_get_serial_sequence('review_task', 'id'))
    FROM generate_series(1, %s)
"""
# The initiator may never judge: the first entry of `excluded`.
_INSERT_TASKS: Final = """
    INSERT INTO review_task
        (id, instance_id, step_id, queue_id, definition_id, definition_key, node_id,
         title, business_key, initiator, state, control, stage, round, priority_class,
         payload_digest, confidence, impact, excluded, lease_token, opened_at,
         recorded_at, warn_at, due_at, escalations, decided_at, outcome, decided_by,
         audit_seq)
    SELECT v.id, v.instance_id, v.step_id, q.id, v.definition_id, v.definition_key,
           v.node_id, v.title, v.business_key, v.initiator, v.state, v.control, 'FIRST',
           1, v.priority_class, v.payload_digest, v.confidence, v.impact,
           CASE WHEN v.initiator ~ '^person:[0-9]+$'
                THEN ARRAY[substr(v.initiator, 8)::bigint]
                ELSE ARRAY[]::bigint[] END,
           0, v.opened_at, v.recorded_at, v.warn_at, v.due_at, 0, v.decided_at,
           v.outcome, v.decided_by, v.audit_seq
    FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::text[], %s::bigint[],
                %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[],
                %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
                %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::int[])
      AS v(id, instance_id, step_id, queue, definition_id, definition_key, node_id,
           title, business_key, initiator, state, control, priority_class,
           payload_digest, confidence, impact, opened_at, recorded_at, warn_at, due_at,
           decided_at, outcome, decided_by, audit_seq)
    JOIN review_queue q ON q.key = v.queue
"""
_INSERT_CONTENTS: Final = """
    INSERT INTO review_taskcontent (task_id, payload, proposal, why, policy, clock)
    SELECT * FROM unnest(%s::bigint[], %s::jsonb[], %s::jsonb[], %s::jsonb[],
                         %s::jsonb[], %s::jsonb[])
"""
# A queue that a definition names and nobody made: work must not get lost over it.
_INSERT_QUEUES: Final = """
    INSERT INTO review_queue (key, name, description, policy_text, lease_seconds)
    SELECT key, key, '', '', 600 FROM unnest(%s::text[]) AS v(key)
    ON CONFLICT DO NOTHING
"""
_CANCEL: Final = """
    UPDATE review_task t
    SET state = 'CANCELED', canceled_at = v.at, audit_seq = v.audit_seq,
        claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL
    FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[])
      AS v(step_id, audit_seq, at), review_queue q
    WHERE t.step_id = v.step_id AND t.state IN ('OPEN', 'CLAIMED')
      AND q.id = t.queue_id
    RETURNING t.id, q.key, t.audit_seq
"""
_AT_ONCE: Final = {Control.AUTO: Outcome.APPROVED, Control.BLOCK: Outcome.BLOCKED}
_ENTRY: Final = {Control.AUTO: "task.auto_decided", Control.BLOCK: "task.blocked"}


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What opening a task must know of its queue; a queue nobody made has none."""

    key: str
    exists: bool = False
    escalate_to: str = ""
    calendar: NamedCalendar = calendars.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTask(HumanOpened):
    """An opened task with all that its rows will hold."""

    task_id: int
    request: HumanRequest
    queue: QueueFacts
    assessment: Assessment
    clock: Clock | None
    payload_digest: str
    opened_at: dt.datetime
    why: Mapping[str, object]
    policy: Mapping[str, object]
    clock_terms: Mapping[str, object]


class ReviewDesk:
    """The human kind that the engine asks; see workflows.handlers.HumanKind."""

    def open_many(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        """Rule on each request: who must look at it, in which queue, by when."""
        desks = [_desk(request) for request in requests]
        queues = _find_queues({desk.queue for desk in desks})
        named = calendars.find_calendars({d.calendar for d in desks if d.calendar})
        ids = _take_ids(len(requests))
        return [
            _open(
                request,
                desk,
                queue=queues[desk.queue],
                calendar=named.get(desk.calendar) or queues[desk.queue].calendar,
                task_id=task_id,
                now=now,
            )
            for request, desk, task_id in zip(requests, desks, ids, strict=True)
        ]

    def write_opened(
        self,
        *,
        opened: Sequence[HumanOpened],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        """Write the tasks with their content and timers in one statement each."""
        tasks = [one for one in opened if isinstance(one, OpenedTask)]
        if not tasks:
            return
        missing = sorted({one.queue.key for one in tasks if not one.queue.exists})
        if missing:
            execute(_INSERT_QUEUES, [missing])
        seqs = [audit_seqs[one.step_id] for one in tasks]
        execute(
            _INSERT_TASKS,
            zip(
                *(
                    _task_row(one, seq, now=now)
                    for one, seq in zip(tasks, seqs, strict=True)
                ),
                strict=True,
            ),
        )
        execute(
            _INSERT_CONTENTS, zip(*(_content_row(one) for one in tasks), strict=True)
        )
        timers.arm_many([
            (
                one.request.instance_id,
                one.step_id,
                CLOCK_KIND,
                timer_ref(one.task_id),
                "{}",
                one.clock.warn_at,
                seq,
            )
            for one, seq in zip(tasks, seqs, strict=True)
            # A replayed past runs no clock of today: its verdict settles it.
            if one.output is None and one.clock and not one.request.occurred_at
        ])
        live.publish(
            live.DASHBOARD, *{live.queue_topic(one.queue.key) for one in tasks}
        )

    def cancel_many(
        self,
        *,
        step_ids: Sequence[int],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        """Withdraw the open tasks of these steps and stop their clocks."""
        seqs = [audit_seqs[step_id] for step_id in step_ids]
        with connection.cursor() as cursor:
            cursor.execute(_CANCEL, [list(step_ids), seqs, [now] * len(seqs)])
            canceled = cursor.fetchall()
        topics = {live.DASHBOARD}
        for task_id, queue, seq in canceled:
            timers.cancel_for_ref(
                kind=CLOCK_KIND, ref=timer_ref(task_id), audit_seq=seq
            )
            topics |= {live.queue_topic(queue), live.task_topic(task_id)}
        live.publish(*topics)


def _desk(request: HumanRequest) -> Desk:
    return _read_desk(request.definition_id, request.process_id, request.node.id)


@lru_cache(maxsize=2048)
def _read_desk(definition_id: int, process_id: str, node_id: str) -> Desk:
    # Deployed definitions never change, so neither does what was read from them.
    process = definitions.compiled(definition_id).processes[process_id]
    return read_desk(process.nodes[node_id])


def _find_queues(keys: set[str]) -> dict[str, QueueFacts]:
    found = {key: QueueFacts(key=key) for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(_QUEUES, [sorted(keys)])
        for key, _, escalate_to, calendar_id, version in cursor.fetchall():
            found[key] = QueueFacts(
                key=key,
                exists=True,
                escalate_to=escalate_to or "",
                calendar=calendars.get_calendar(calendar_id, version),
            )
    return found


def _take_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [count])
        return [row[0] for row in cursor.fetchall()]


def _open(
    request: HumanRequest,
    desk: Desk,
    *,
    queue: QueueFacts,
    calendar: NamedCalendar,
    task_id: int,
    now: dt.datetime,
) -> OpenedTask:
    package = definitions.compiled(request.definition_id)
    assessment = assess(
        desk, variables=request.variables, decide=package.decisions.get(desk.grid)
    )
    policy_version = f"{request.definition_key} {request.definition_version}"
    opened_at = request.occurred_at or now
    clock, clock_terms = _start_clock(desk, calendar, opened_at=opened_at)
    shown = digest_shown(
        payload=request.variables,
        proposal=assessment.proposal,
        policy_version=policy_version,
    )
    outcome = _AT_ONCE.get(assessment.ruling.control)
    why = _explain(desk, assessment, policy_version=policy_version)
    detail = {
        "task": task_id,
        "queue": queue.key,
        "shown": shown,
        "class": assessment.priority.value,
        "why": why,
        **({"outcome": outcome.value} if outcome else {}),
        **({"clock": clock_terms} if clock and not outcome else {}),
    }
    return OpenedTask(
        step_id=request.step_id,
        output=_output(task_id, outcome, at=opened_at) if outcome else None,
        drafts=[
            Draft(
                kind=_ENTRY.get(assessment.ruling.control, "task.opened"),
                actor=ENGINE,
                detail=detail,
                step_id=request.step_id,
                occurred_at=request.occurred_at,
            )
        ],
        evaluations=read_evaluations(request.step_id, assessment.explanation),
        task_id=task_id,
        request=request,
        queue=queue,
        assessment=assessment,
        clock=None if outcome else clock,
        payload_digest=shown,
        opened_at=opened_at,
        why=why,
        policy=_policy(desk, assessment, queue=queue, version=policy_version),
        clock_terms=clock_terms,
    )


def _policy(
    desk: Desk, assessment: Assessment, *, queue: QueueFacts, version: str
) -> dict[str, object]:
    """Return what is in force for the task from now on, whatever changes later."""
    return {
        "version": version,
        "form": desk.form,
        "escalate_to": desk.escalate_to or queue.escalate_to,
        "reject_ends": desk.reject_ends,
        "proposal": _digest_proposal(assessment.proposal),
    }


def _digest_proposal(proposal: object) -> str:
    return "" if proposal is None else digest(proposal)


def _explain(
    desk: Desk, assessment: Assessment, *, policy_version: str
) -> dict[str, object]:
    """Return why the case came here, as the task shows it and the entry keeps it."""
    why: dict[str, object] = {
        "control": assessment.ruling.control.value,
        "policy": policy_version,
        "reasons": list(assessment.ruling.reasons),
    }
    if desk.grid:
        why["grid"] = desk.grid
        why["answer"] = assessment.answer
        why["confidence"] = assessment.confidence.value
        why["impact"] = assessment.impact.value
    if assessment.explanation is not None:
        why["explanation"] = assessment.explanation
    if assessment.problems:
        why["problems"] = list(assessment.problems)
    return why


def _start_clock(
    desk: Desk, calendar: NamedCalendar, *, opened_at: dt.datetime
) -> tuple[Clock | None, dict[str, object]]:
    """Start the step's clock; words that cannot be read leave the task without one."""
    if not desk.sla:
        return None, {}
    terms: dict[str, object] = {"sla": desk.sla, "warn": desk.warn}
    if calendar.key:
        terms["calendar"] = f"{calendar.key} v{calendar.version}"
    try:
        clock = start_clock(
            started_at=opened_at,
            sla=desk.sla,
            warn=desk.warn,
            calendar=calendar.hours,
        )
    except (ClockError, CalendarError) as error:
        return None, {**terms, "problem": str(error)}
    terms["started_at"] = opened_at.isoformat()
    terms["warn_at"] = clock.warn_at.isoformat()
    terms["due_at"] = clock.due_at.isoformat()
    return clock, terms


def _output(task_id: int, outcome: Outcome, *, at: dt.datetime) -> dict[str, object]:
    return {
        "outcome": outcome.value,
        "by": "auto",
        "reason_code": "",
        "rationale": "",
        "task": task_id,
        "decided_at": at.isoformat(),
    }


def _task_row(one: OpenedTask, seq: int, *, now: dt.datetime) -> tuple[object, ...]:
    request, assessment = one.request, one.assessment
    outcome = _AT_ONCE.get(assessment.ruling.control)
    return (
        one.task_id,
        request.instance_id,
        one.step_id,
        one.queue.key,
        request.definition_id,
        request.definition_key,
        request.node.id,
        assessment.title,
        request.business_key,
        # One's own work (correcting one's own case) is no review of oneself.
        "" if is_own_work(request.node) else request.initiator,
        (TaskState.DECIDED if outcome else TaskState.OPEN).value,
        assessment.ruling.control.value,
        assessment.priority.value,
        one.payload_digest,
        assessment.confidence.value,
        assessment.impact.value,
        one.opened_at,
        now,
        one.clock.warn_at if one.clock else None,
        one.clock.due_at if one.clock else None,
        one.opened_at if outcome else None,
        outcome.value if outcome else None,
        DecidedBy.AUTO.value if outcome else None,
        seq,
    )


def _content_row(one: OpenedTask) -> tuple[object, ...]:
    proposal: Any = one.assessment.proposal
    return (
        one.task_id,
        dumps(one.request.variables),
        None if proposal is None else dumps(proposal),
        dumps(one.why),
        dumps(one.policy),
        dumps(one.clock_terms),
    )
