"""Human steps become tasks: the grid rules, clocks start, rows are written set-based.

Registered as the engine's human kind. What a person does with a task is in tasks.py
and verdicts.py.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from django.db import connection

from review import live
from review.core.states import Control, Outcome
from review.core.tasks.desks import Assessment, Desk, assess, read_desk
from review.core.verdicts.quorum import list_excluded
from review.core.verdicts.shown import digest_shown_text
from review.evidence import personal
from review.operations.clocks import clock_starts, clock_terms
from review.operations.clocks.clock_terms import Terms, find_terms
from review.operations.policies.grids import Standing, find_for_desks
from review.operations.policies.quorum_policies import settle_quorum
from review.operations.stops import stops
from review.operations.tasks import routing
from review.operations.tasks.routing import Arrival, Routed
from review.operations.tasks.task_rows import (
    AT_ONCE,
    OpenedTask,
    QueueFacts,
    find_initiator,
    find_queues,
    write_tasks,
)
from review.operations.verdicts import settling
from workflows.audit import Draft
from workflows.core.actors import ENGINE
from workflows.core.canonical import digest, dumps
from workflows.core.commitments import commit_at, salts_of
from workflows.core.engine.evaluations import fit_explanation, read_evaluations
from workflows.kinds import HumanOpened, HumanRequest
from workflows.operations import definitions

_IDS: Final = """
    SELECT nextval(pg_get_serial_sequence('review_task', 'id'))
    FROM generate_series(1, %s)
"""
_CANCEL: Final = """
    UPDATE review_task t
    SET state = 'CANCELED', canceled_at = v.at, audit_seq = v.audit_seq,
        claimed_by_id = NULL, claimed_at = NULL, lease_until = NULL, is_ahead = false,
        assigned_to_id = NULL, assigned_at = NULL, assigned_until = NULL, seated = '{}',
        parked_at = NULL, parking = NULL, parked_for_id = NULL, release_at = NULL
    FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[])
      AS v(step_id, audit_seq, at), review_queue q
    WHERE t.step_id = v.step_id AND t.state IN ('OPEN', 'CLAIMED', 'WAITING', 'SETTLING')
      AND q.id = t.queue_id
    RETURNING t.id, q.key, t.audit_seq
"""
_ENTRY: Final = {Control.AUTO: "task.auto_decided", Control.BLOCK: "task.blocked"}


class ReviewDesk:
    """The human kind that the engine asks; see workflows.kinds.HumanKind."""

    def open_many(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        """Rule on each request: who must look at it, in which queue, by when."""
        desks = [_desk(request) for request in requests]
        queues = find_queues(sorted({desk.queue for desk in desks}))
        grids = find_for_desks([
            None if desk.grid else queues[desk.queue].id for desk in desks
        ])
        ids = _take_ids(len(requests))
        ruled = _rule_and_route(requests, desks, queues=queues, grids=grids, now=now)
        terms = _find_terms(requests, desks, ruled)
        return [
            _open(
                request,
                desk,
                assessment=replace(assessment, priority=way.priority),
                grid=grid,
                routed=way,
                terms=term,
                task_id=task_id,
                stop=ruled.stopped.get(request.step_id),
                now=now,
            )
            for request, desk, assessment, grid, way, term, task_id in zip(
                requests,
                desks,
                ruled.assessments,
                grids,
                ruled.routed,
                terms,
                ids,
                strict=True,
            )
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
        seqs = [audit_seqs[one.step_id] for one in tasks]
        write_tasks(tasks, seqs=seqs, now=now)
        stops.write_reviewed(tasks, seqs=audit_seqs, now=now)
        routing.tell_assigned(tasks)
        clock_starts.write_starts(tasks, seqs=seqs)
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
        rows = [(task, seq) for task, _, seq in canceled]
        clock_starts.withdraw(rows, now=now)
        settling.withdraw(rows, now=now)
        for task_id, queue, _ in canceled:
            topics |= {live.queue_topic(queue), live.task_topic(task_id)}
        live.publish(*topics)


def _desk(request: HumanRequest) -> Desk:
    return _read_desk(request.definition_id, request.process_id, request.node.id)


@lru_cache(maxsize=2048)
def _read_desk(definition_id: int, process_id: str, node_id: str) -> Desk:
    # Deployed definitions never change, so neither does what was read from them.
    process = definitions.compiled(definition_id).processes[process_id]
    return read_desk(process.nodes[node_id])


def _take_ids(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [count])
        return [row[0] for row in cursor.fetchall()]


def _find_terms(
    requests: Sequence[HumanRequest], desks: Sequence[Desk], ruled: "_Ruled"
) -> list[Terms]:
    """Return the words each clock starts by; the queue a case was routed to counts."""
    return find_terms([
        clock_terms.Ask(
            desk=desk,
            queue=way.queue,
            process=request.definition_key,
            step=request.node.id,
            priority=way.priority,
            variables=request.variables,
            assessment=assessment,
        )
        for request, desk, assessment, way in zip(
            requests, desks, ruled.assessments, ruled.routed, strict=True
        )
    ])


def _assess(request: HumanRequest, desk: Desk, grid: Standing | None) -> Assessment:
    package = definitions.compiled(request.definition_id)
    own = package.decisions.get(desk.grid) if desk.grid else None
    return assess(
        desk, variables=request.variables, decide=own or (grid.grid if grid else None)
    )


class _Ruled(NamedTuple):
    """Who must look at each case, where it goes, and by step which stop said so."""

    assessments: list[Assessment]
    routed: list[Routed]
    stopped: dict[int, int]


def _rule_and_route(
    requests: Sequence[HumanRequest],
    desks: Sequence[Desk],
    *,
    queues: Mapping[str, QueueFacts],
    grids: Sequence[Standing | None],
    now: dt.datetime,
) -> _Ruled:
    """Ask the grids, and the stops, and route; the grid's queue and the goal's count."""

    def route(places: Sequence[int]) -> list[Routed]:
        arrivals = [
            _arrive(requests[n], desks[n], assessments[n], queue=queues[desks[n].queue])
            for n in places
        ]
        return routing.route_many(arrivals, now=now)

    everywhere = range(len(requests))
    own = [frozenset({desk.queue}) for desk in desks]
    assessments, stopped = stops.divert_many(
        [stops.Asked(requests[n], own[n], grids[n]) for n in everywhere],
        [_assess(requests[n], desks[n], grids[n]) for n in everywhere],
    )
    routed = route(everywhere)
    moved = [n for n in everywhere if routed[n].queue.key != desks[n].queue]
    if moved:
        # The queue that a rule sent the case to may be stopped as well.
        both = [own[n] | {routed[n].queue.key} for n in moved]
        again, more = stops.divert_many(
            [
                stops.Asked(requests[n], names, grids[n])
                for n, names in zip(moved, both, strict=True)
            ],
            [assessments[n] for n in moved],
        )
        for n, assessment in zip(moved, again, strict=True):
            assessments[n] = assessment
        late = [n for n in moved if requests[n].step_id in more]
        for n, way in zip(late, route(late) if late else (), strict=True):
            routed[n] = way
        stopped |= more
    return _Ruled(assessments, routed, stopped)


def _arrive(
    request: HumanRequest, desk: Desk, assessment: Assessment, *, queue: QueueFacts
) -> Arrival:
    package = definitions.compiled(request.definition_id)
    settled = assessment.ruling.control in AT_ONCE
    return Arrival(
        instance_id=request.instance_id,
        business_key=request.business_key,
        desk=desk,
        queue=queue,
        variables=request.variables,
        priority=assessment.priority,
        decide=package.decisions.get(desk.routing) if desk.routing else None,
        barred=list_excluded(
            initiator=find_initiator(request), judgements=(), current_round=1
        ),
        waits=not settled and request.occurred_at is None,
    )


def _open(
    request: HumanRequest,
    desk: Desk,
    *,
    assessment: Assessment,
    grid: Standing | None,
    routed: Routed,
    terms: Terms,
    task_id: int,
    stop: int | None,
    now: dt.datetime,
) -> OpenedTask:
    queue = routed.queue
    policy_version = f"{request.definition_key} {request.definition_version}"
    opened_at = request.occurred_at or now
    begun = clock_starts.begin(terms, opened_at=opened_at)
    # The instance's variables go on changing; this is the moment that is shown.
    payload = dumps(request.variables)
    shown = digest_shown_text(
        payload=_committed(request) if request.personal else payload,
        proposal=assessment.proposal,
        policy_version=policy_version,
    )
    outcome = AT_ONCE.get(assessment.ruling.control)
    quorum = settle_quorum(request, desk, assessment, queue=queue)
    why = {
        **_explain(desk, assessment, grid, policy_version=policy_version, stop=stop),
        **quorum.pins,
        **({} if outcome else terms.explain(assessment.problems)),
    }
    detail = _tell_opened(
        task_id, assessment, why, routed=routed, shown=shown, begun=begun
    )
    return OpenedTask(
        step_id=request.step_id,
        output=_output(task_id, outcome, at=opened_at) if outcome else None,
        drafts=[_draft(request, assessment, detail)],
        evaluations=read_evaluations(request.step_id, assessment.explanation),
        task_id=task_id,
        request=request,
        queue=queue,
        assessment=assessment,
        clock=None if outcome else begun.clock,
        payload=payload,
        payload_digest=shown,
        opened_at=opened_at,
        why=why,
        policy={
            **_policy(desk, assessment, queue=queue, version=policy_version),
            **quorum.to_json(),
            **routing.pin(routed),
            **personal.pin(request.personal),
            **({"grid": grid.to_json()} if grid else {}),
        },
        clock_terms=begun.terms,
        pinned=begun.pinned,
        destination=routed.destination,
    )


def _tell_opened(
    task_id: int,
    assessment: Assessment,
    why: Mapping[str, object],
    *,
    routed: Routed,
    shown: str,
    begun: clock_starts.Begun,
) -> dict[str, object]:
    """Return what the task's first entry says."""
    outcome = AT_ONCE.get(assessment.ruling.control)
    record = routed.destination.record
    return {
        "task": task_id,
        "queue": routed.queue.key,
        "shown": shown,
        "class": assessment.priority.value,
        "why": why,
        **({"routing": record} if record else {}),
        **({"outcome": outcome.value} if outcome else {}),
        **({"clock": begun.terms} if begun.clock and not outcome else {}),
    }


def _committed(request: HumanRequest) -> str:
    """Return what is shown as its digest is taken: commitments for personal values."""
    salts = salts_of(request.secret)
    return dumps(commit_at(request.variables, request.personal, salts)[0])


def _draft(
    request: HumanRequest, assessment: Assessment, detail: Mapping[str, object]
) -> Draft:
    return Draft(
        kind=_ENTRY.get(assessment.ruling.control, "task.opened"),
        actor=ENGINE,
        detail=detail,
        step_id=request.step_id,
        occurred_at=request.occurred_at,
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
    desk: Desk,
    assessment: Assessment,
    grid: Standing | None,
    *,
    policy_version: str,
    stop: int | None,
) -> dict[str, object]:
    """Return why the case came here, as the task shows it and the entry keeps it."""
    why: dict[str, object] = {
        "control": assessment.ruling.control.value,
        "policy": policy_version,
        "reasons": list(assessment.ruling.reasons),
    }
    if stop is not None:
        why["stop"] = stop
    if grid:
        why["grid_policy"] = grid.to_json()
    if desk.grid or grid:
        why["grid"] = grid.label if grid else desk.grid
        why["answer"] = assessment.answer
        why["reveal"] = assessment.ruling.reveal.value
        why["confidence"] = assessment.confidence.value
        why["impact"] = assessment.impact.value
    if isinstance(assessment.explanation, dict):
        why["explanation"] = fit_explanation(assessment.explanation)
    if assessment.problems:
        why["problems"] = list(assessment.problems)
    return why


def _output(task_id: int, outcome: Outcome, *, at: dt.datetime) -> dict[str, object]:
    return {
        "outcome": outcome.value,
        "by": "auto",
        "reason_code": "",
        "rationale": "",
        "task": task_id,
        "decided_at": at.isoformat(),
    }
