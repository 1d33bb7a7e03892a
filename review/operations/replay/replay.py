"""Replay recorded cases as real instances: real tasks, leases, verdicts, entries.

Note [What a replay does and does not do]
Every case becomes an instance of the deployed definition. Where it waits for a person,
a simulated person of the right queue claims the task and hands in what the log says,
each in its own transaction, with the log's time beside the true one. What the model
does by itself it does by itself; the log is only asked whether it happened. Where the
two part, the instance is canceled as deviating with the reason: nothing is forced.
Cases go in groups, so that looking where they stand costs a few statements for all.
"""

import datetime as dt
import itertools
import multiprocessing
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import connection, connections

from review.core.evidence.xes import Trace
from review.core.replaying import (
    Act,
    Case,
    Deviation,
    LogMap,
    Passed,
    reconstruct,
)
from review.core.states import Decision, Outcome
from review.models import Person
from review.operations.clocks import clocks
from review.operations.people import people
from review.operations.replay.casting import REPLAY, Cast, hire
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState, StepState
from workflows.operations import external, instances
from workflows.operations.errors import Refused

GROUP: Final = 100
PAUSE_SECONDS: Final = 0.2
PATIENCE: Final = 600
"""Pauses in which nothing of a group moved, before what is left counts as stuck."""

_TASKS: Final = """
    SELECT instance_id, id, step_id, node_id, payload_digest, warn_at
    FROM review_task
    WHERE instance_id = ANY(%s) AND state IN ('OPEN', 'CLAIMED', 'WAITING')
"""
_STEPS: Final = """
    SELECT instance_id, id, node_id, state FROM workflows_step
    WHERE instance_id = ANY(%s) AND (node_id = ANY(%s) OR state = 'INCIDENT')
    ORDER BY audit_seq
"""
_STATES: Final = (
    "SELECT id, state, end_node_id FROM workflows_instance WHERE id = ANY(%s)"
)
_PASSED: Final = """
    SELECT s.instance_id, s.id, s.node_id, t.outcome FROM workflows_step s
    LEFT JOIN review_task t ON t.step_id = s.id
    WHERE s.instance_id = ANY(%s) AND s.state = 'COMPLETED' ORDER BY s.audit_seq
"""
_TOTALS: Final = """
    SELECT sum(audit_seq)::bigint,
      (SELECT count(*) FROM workflows_step
       WHERE instance_id = ANY(%(ids)s) AND state = 'COMPLETED')
    FROM workflows_instance WHERE id = ANY(%(ids)s)
"""


@dataclass(slots=True)
class Report:
    """What a replay led to; `deviations` and `stuck_reasons` count sentences."""

    instances: int = 0
    conforming: int = 0
    deviations: Counter[str] = field(default_factory=Counter)
    stuck_reasons: Counter[str] = field(default_factory=Counter)
    verdicts: int = 0
    inferred: int = 0
    steps: int = 0
    audit_entries: int = 0
    events: int = 0

    def add(self, other: "Report") -> None:
        """Take another report's counts."""
        self.instances += other.instances
        self.conforming += other.conforming
        self.deviations += other.deviations
        self.stuck_reasons += other.stuck_reasons
        self.verdicts += other.verdicts
        self.inferred += other.inferred
        self.steps += other.steps
        self.audit_entries += other.audit_entries
        self.events += other.events


@dataclass(slots=True)
class Running:
    """A case with its instance. `settled` steps are accounted for in the log."""

    case: Case
    instance_id: UUID
    initiator: Person
    start_variables: Mapping[str, object]
    settled: set[int] = field(default_factory=set)
    inferred: set[int] = field(default_factory=set)
    deviation: str = ""
    stuck: str = ""
    over: bool = False

    @property
    def now_at(self) -> dt.datetime:
        """Return the business time of what happened last."""
        events = self.case.trace.events
        return events[max(0, min(self.case.position, len(events)) - 1)].at


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open task as the person at it sees it."""

    task_id: int
    step_id: int
    node: str
    shown: str
    warn_at: dt.datetime | None = None


@dataclass(slots=True)
class Sight:
    """Where the instances of a group stand."""

    tasks: dict[UUID, Waiting] = field(default_factory=dict)
    done: dict[UUID, list[tuple[int, str]]] = field(default_factory=dict)
    due: dict[UUID, str] = field(default_factory=dict)
    incidents: set[UUID] = field(default_factory=set)
    ended: dict[UUID, tuple[InstanceState, str]] = field(default_factory=dict)


def replay(
    *,
    traces: Iterable[Trace],
    definition_id: int,
    log_map: LogMap,
    processes: int = 1,
) -> Report:
    """Replay all traces, in groups, on `processes` processes; return the counts."""
    cast = hire(definition_id=definition_id)
    work = partial(
        replay_group, definition_id=definition_id, log_map=log_map, cast=cast
    )
    report = Report()
    if processes == 1:
        for group in _groups(traces):
            report.add(work(group))
        return report
    # Each process opens connections of its own: one that two share breaks both.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with context.Pool(processes, initializer=_keep, initargs=(work,)) as pool:
        for part in pool.imap_unordered(_do, _groups(traces)):
            report.add(part)
    return report


_kept: list[Callable[[Sequence[Trace]], Report]] = []


def _keep(work: Callable[[Sequence[Trace]], Report]) -> None:
    """Keep the work in a new process: it came by the fork, for it cannot be sent."""
    _kept[:] = [work]


def _do(group: Sequence[Trace]) -> Report:
    return _kept[0](group)


def replay_group(
    traces: Sequence[Trace], *, definition_id: int, log_map: LogMap, cast: Cast
) -> Report:
    """Replay some traces side by side until every one of them is over."""
    report = Report(instances=len(traces), events=sum(len(t.events) for t in traces))
    running = _begin(
        traces, definition_id=definition_id, log_map=log_map, cast=cast, report=report
    )
    nodes = [*log_map.automatic, *log_map.silent]
    patience = PATIENCE
    while active := [one for one in running if not one.over]:
        sight = _look([one.instance_id for one in active], nodes=nodes)
        for one in active:
            _settle(one, sight, log_map)
        moved = [_move(one, sight, cast=cast, report=report) for one in active]
        worked = _work_off([one for one in active if not one.over], sight)
        if any(moved) or worked:
            patience = PATIENCE
            continue
        # Another worker of this database may hold them just now; nobody waits for ever.
        patience -= 1
        time.sleep(PAUSE_SECONDS)
        if patience <= 0:
            for one in active:
                one.stuck, one.over = "The instance does not go on.", True
    _count(running, log_map=log_map, report=report)
    return report


def _groups(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    iterator = iter(traces)
    while group := list(itertools.islice(iterator, GROUP)):
        yield group


def _begin(
    traces: Sequence[Trace],
    *,
    definition_id: int,
    log_map: LogMap,
    cast: Cast,
    report: Report,
) -> list[Running]:
    """Start the instances of all traces that the model can begin, in one transaction."""
    begun: list[tuple[Case, Person]] = []
    for trace in traces:
        case = Case(trace=trace, log_map=log_map)
        refusal = case.begin()
        if refusal is not None:
            report.deviations[refusal.reason] += 1
            continue
        number = zlib.crc32(trace.name.encode()) % len(cast.initiators)
        begun.append((case, cast.initiators[number]))
    ids = instances.start_and_advance(
        definition_id=definition_id,
        starts=[
            instances.Start(
                variables=case.variables,
                initiator=people.actor_of(initiator),
                business_key=log_map.business_key(case.trace),
                occurred_at=case.trace.events[0].at,
            )
            for case, initiator in begun
        ],
    )
    return [
        Running(
            case=case,
            instance_id=instance_id,
            initiator=initiator,
            start_variables=dict(case.variables),
        )
        for (case, initiator), instance_id in zip(begun, ids, strict=True)
    ]


def _look(ids: list[UUID], *, nodes: list[str]) -> Sight:
    sight = Sight()
    with connection.cursor() as cursor:
        # Tasks last: what an instance waits for is then never older than its steps.
        cursor.execute(_STATES, [ids])
        for instance_id, state, end_node in cursor.fetchall():
            if InstanceState(state) in FINAL_INSTANCE_STATES:
                sight.ended[instance_id] = (InstanceState(state), end_node)
        cursor.execute(_STEPS, [ids, nodes])
        for instance_id, step_id, node, state in cursor.fetchall():
            match StepState(state):
                case StepState.COMPLETED:
                    sight.done.setdefault(instance_id, []).append((step_id, node))
                case StepState.INCIDENT:
                    sight.incidents.add(instance_id)
                case StepState.READY:
                    sight.due[instance_id] = node
                case _:
                    pass
        cursor.execute(_TASKS, [ids])
        for instance_id, *waiting in cursor.fetchall():
            sight.tasks[instance_id] = Waiting(*waiting)
    return sight


def _settle(one: Running, sight: Sight, log_map: LogMap) -> None:
    """Ask the log for what the instance has done by itself since the last look."""
    done = sight.done.get(one.instance_id, [])
    fresh = [(step, node) for step, node in done if step not in one.settled]
    nodes = [node for _, node in fresh]
    for index, (step_id, node) in enumerate(fresh):
        one.settled.add(step_id)
        if node in log_map.silent and log_map.silent[node][1] in nodes[index:]:
            continue
        _note(one, one.case.account(node))
        if one.over:
            return
    if one.instance_id in sight.incidents:
        one.stuck, one.over = "A step became an incident.", True


def _move(one: Running, sight: Sight, *, cast: Cast, report: Report) -> bool:
    """Let a case take its next step; return whether there was one to take."""
    if one.over:
        return True
    if one.instance_id in sight.ended:
        state, end_node = sight.ended[one.instance_id]
        if state is InstanceState.COMPLETED:
            _note(one, one.case.finish(end_node=end_node))
        else:
            one.deviation = f"The instance ended as {state.value}."
        one.over = True
        return True
    if (waiting := sight.tasks.get(one.instance_id)) is not None:
        _answer(one, waiting, cast=cast, report=report)
        return True
    if (node := sight.due.get(one.instance_id)) is not None:
        _note(one, one.case.expects(node))
    return one.over


def _answer(one: Running, waiting: Waiting, *, cast: Cast, report: Report) -> None:
    """Let a person do at a task what the log says."""
    act = one.case.decide(waiting.node)
    if isinstance(act, Deviation):
        _note(one, act)
        return
    queue = ""
    if waiting.warn_at is not None and waiting.warn_at <= one.now_at:
        # What its clock reached by then; a breach may have moved it to another queue.
        queue = clocks.catch_up(task_id=waiting.task_id, at=one.now_at)
    person = cast.pick(
        waiting.node, case=one.case.trace.name, initiator=one.initiator, queue=queue
    )
    _judge(one, waiting, act, person=person, report=report)


def _judge(
    one: Running, waiting: Waiting, act: Act, *, person: Person, report: Report
) -> None:
    """Claim and decide, in two transactions, as a person does."""
    at = one.now_at
    try:
        lease = claims.claim(task_id=waiting.task_id, person=person, occurred_at=at)
        verdicts.submit(
            task_id=waiting.task_id,
            person=person,
            token=lease.token,
            payload_digest=waiting.shown,
            decision=act.decision,
            rationale=_RATIONALES[act.decision],
            edits=act.edits,
            occurred_at=at,
        )
    except Refused as error:
        one.stuck, one.over = f"Refused: {error.message}", True
        return
    report.verdicts += 1
    if act.inferred:
        report.inferred += 1
        one.inferred.add(waiting.step_id)


_RATIONALES: Final = {
    Decision.APPROVE: "",
    Decision.REJECT: "Rejected in the replayed log.",
    Decision.EDIT_AND_APPROVE: "Corrected and handed in again in the replayed log.",
}


def _note(one: Running, deviation: Deviation | None) -> None:
    """End a case that leaves the model; an instance that has ended stays as it is."""
    if deviation is None:
        return
    one.deviation, one.over = deviation.reason, True
    try:
        instances.cancel(
            instance_id=one.instance_id,
            actor=REPLAY,
            reason=f"Deviates from the replayed log. {deviation.reason}",
        )
    except Refused:
        return


def _work_off(running: Sequence[Running], sight: Sight) -> int:
    """Do the outside work that the log says was done, at its times; return how much."""
    due = {
        one.instance_id: event.at
        for one in running
        if one.instance_id in sight.due and (event := one.case.upcoming) is not None
    }
    if not due:
        return 0
    works = external.claim(worker="replay", limit=len(due), among=sorted(due))
    answers = external.run_all(works, threads=1)
    external.finish(answers, worker="replay", occurred_at=due)
    return len(works)


def _count(running: Sequence[Running], *, log_map: LogMap, report: Report) -> None:
    """Compare each stored path with the log, and add up what was written."""
    paths = _read_paths(running)
    for one in running:
        wanted = [event.activity for event in one.case.trace.events]
        told = reconstruct(
            paths[one.instance_id], log_map=log_map, variables=one.start_variables
        )
        if one.stuck:
            report.stuck_reasons[one.stuck] += 1
        elif one.deviation:
            report.deviations[one.deviation] += 1
        elif told != wanted:
            report.deviations["The stored path is not the log's."] += 1
        else:
            report.conforming += 1
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"ids": [one.instance_id for one in running]})
        entries, steps = cursor.fetchone()
    report.audit_entries += entries or 0
    report.steps += steps


def _read_paths(running: Sequence[Running]) -> dict[UUID, list[Passed]]:
    inferred = {step for one in running for step in one.inferred}
    paths: dict[UUID, list[Passed]] = {one.instance_id: [] for one in running}
    with connection.cursor() as cursor:
        cursor.execute(_PASSED, [list(paths)])
        rows: list[Any] = cursor.fetchall()
    for instance_id, step_id, node, outcome in rows:
        paths[instance_id].append(
            Passed(
                node=node,
                outcome=Outcome(outcome) if outcome else None,
                inferred=step_id in inferred,
            )
        )
    return paths
