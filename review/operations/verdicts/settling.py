"""Hold a vote's effects while its author can take it back, then let them happen.

Note [A vote that settles]
The vote is written at once and stays as written. The task is SETTLING until the timer
armed with it fires: under the same locks the votes are counted again, and the outcome
completes the step, or the task is open to the next person. Until then its author can
undo it by a second row; both stay. Nobody else can claim the task meanwhile. An
instance suspended in between keeps its vote held until it is resumed; one canceled
takes the task with it. The clock stops at the vote: what is released is counted with
the moment it was handed in.

A crash before the commit of any of the three leaves what was there before it: the
lease (hold), the armed timer (release), the vote (undo).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from review.core.states import Decision, Outcome, Stage, TaskState
from review.core.tasks.leases import Lease
from review.core.verdicts.quorum import Tally
from review.core.verdicts.undoing import Vote, find_undo_until
from review.models import Person, Task, Verdict
from review.operations.tasks import drafts, seats
from review.operations.tasks.edits import Change, no_change, reread_change
from review.operations.tasks.locking import (
    Earlier,
    LockedTask,
    lock_task_for,
    read_locked,
)
from review.operations.tasks.telling import publish
from review.operations.verdicts import effects, taking_back
from review.operations.verdicts.effects import Ballot
from review.operations.verdicts.recording import (
    Sight,
    Wish,
    insert_verdict,
    submitted_draft,
)
from review.permissions import check_can_review
from workflows import audit, failpoints
from workflows.core.actors import SWEEPER
from workflows.core.actors import person as person_actor
from workflows.core.canonical import dumps
from workflows.core.states import InstanceState
from workflows.driver import pipeline, run
from workflows.kinds import TimerRow
from workflows.operations import timers
from workflows.operations.errors import Conflict, Forbidden, NotFound

KIND: Final = "review.release"

_SETTLE: Final = """
    UPDATE review_task
    SET state = 'SETTLING', claimed_by_id = NULL, claimed_at = NULL,
        lease_until = NULL, is_ahead = false, release_at = %s, audit_seq = %s
    WHERE id = %s
"""
_ARM: Final = """
    INSERT INTO workflows_timer (instance_id, step_id, node_id, kind, ref, data, state,
        due_at, attempt, audit_seq)
    VALUES (%s, %s, '', %s, %s, %s::jsonb, 'ARMED', %s, 0, %s)
"""
_NO_RELEASE: Final = """
    UPDATE workflows_timer t SET state = 'CANCELED', audit_seq = v.audit_seq
    FROM unnest(%s::text[], %s::int[]) AS v(ref, audit_seq)
    WHERE t.ref = v.ref AND t.kind = %s AND t.state = 'ARMED'
"""
_NO_ANSWER: Final = """
    UPDATE review_informationrequest r
    SET withdrawn_at = %s, audit_seq = v.audit_seq
    FROM unnest(%s::bigint[], %s::int[]) AS v(task_id, audit_seq)
    WHERE r.task_id = v.task_id AND r.answered_at IS NULL AND r.withdrawn_at IS NULL
"""
_UNDO: Final = """
    INSERT INTO review_verdictundo
        (verdict_id, instance_id, person_id, undone_at, audit_seq)
    VALUES (%s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A vote whose effects are held, as it was written."""

    person_id: int
    person_name: str
    decision: Decision
    reason_code: str
    rationale: str
    edits: Any
    round: int
    result_digest: str
    submitted_at: dt.datetime
    token: int
    payload_digest: str


def find_window(task: LockedTask, wish: Wish) -> dt.datetime | None:
    """Return until when a vote handed in now can be taken back, None where it cannot.

    A replayed vote cannot, nor a machine's.
    """
    if not task.undo_seconds or wish.occurred_at is not None or wish.person.simulated:
        return None
    return task.now + dt.timedelta(seconds=task.undo_seconds)


def closes(task: LockedTask, standing: Tally, change: Change) -> bool:
    """Tell whether a vote holds its whole task: alone always, side by side at the end.

    An outcome, a dispute and an edit are the end for the others; see
    Note [Undo, alone and side by side].
    """
    return (
        task.seats == 1
        or standing.outcome is not None
        or standing.stage is Stage.ADJUDICATION
        or change.round != task.round
    )


def hold(
    task: LockedTask,
    wish: Wish,
    sight: Sight,
    change: Change,
    *,
    outcome: Outcome | None,
) -> dt.datetime:
    """Write a vote and hold its effects; return until when. Raises Conflict.

    `outcome` is what the vote makes of the task if it is not taken back.
    """
    if outcome and task.instance_state is not InstanceState.ACTIVE:
        raise Conflict(f"The instance is {task.instance_state.value.lower()}.")
    until = task.now + dt.timedelta(seconds=task.undo_seconds)
    draft = submitted_draft(task, wish, sight, change, held_until=until.isoformat())
    seq = audit.record(instance_id=task.instance_id, drafts=[draft], now=task.now)
    verdict = insert_verdict(
        task,
        wish,
        sight,
        change,
        state=TaskState.SETTLING,
        outcome=outcome,
        audit_seq=seq,
    )
    with pipeline():
        run(*verdict)
        run(_SETTLE, [until, seq, task.id])
        for sql, parameters in seats.rise(task, person_id=wish.person.id):
            run(sql, parameters)
        run(
            _ARM,
            [
                task.instance_id,
                task.step_id,
                KIND,
                timer_ref(task.id),
                dumps({"verdict": sight.verdict_id}),
                until,
                seq,
            ],
        )
        run(*drafts.drop_statement(task_id=task.id, person_id=wish.person.id))
    failpoints.reach("verdict.held")
    publish(task, task.queue_key)
    return until


def timer_ref(task_id: int) -> str:
    """Return the ref of the timer that releases a task."""
    return f"release:{task_id}"


def release(timer: TimerRow, *, now: dt.datetime) -> None:
    """Let the effects of a vote happen; nothing where it was undone or withdrawn.

    The engine holds the instance's row and has marked the timer as fired. Raises
    Conflict when the instance takes nothing now; the timer is then tried again.
    """
    task = read_locked(int(timer.ref.partition(":")[2]))
    verdict_id = int(timer.data["verdict"])
    if task.state is not TaskState.SETTLING or find_held(task) != verdict_id:
        return
    held = _read_held(verdict_id)
    change = _change_of(task, held)
    standing = effects.count(task, task.judgements, current_round=held.round)
    ballot = Ballot(
        actor=person_actor(person_id=held.person_id, name=held.person_name),
        reason_code=held.reason_code,
        rationale=held.rationale,
        change=change,
        at=held.submitted_at,
        occurred_at=None,
    )
    first = audit.Draft(
        kind="verdict.released",
        actor=SWEEPER,
        detail={"task": task.id, "verdict": verdict_id, "round": held.round},
        step_id=task.step_id,
    )
    effects.take_effect(
        task, ballot, standing, judgements=task.judgements, first=[first]
    )
    failpoints.reach("settle.uncommitted")


@transaction.atomic
def undo(*, verdict_id: int, person: Person) -> Lease | None:
    """Take one's own vote back before its effects happen; the task is held again.

    What was handed in is the draft again. None where the person does not hold the task:
    the others' votes decide it without this one, it waits, or all seats are taken.
    Raises NotFound; Forbidden (not the author, no reviewer any more); Conflict (too
    late, taken back already).
    """
    found = Verdict.objects.filter(id=verdict_id).values_list("task_id", flat=True)
    task_id = found.first()
    if task_id is None:
        raise NotFound(f"There is no verdict {verdict_id}.")
    task, rights, _ = lock_task_for(task_id, person.id)
    held = _read_held(verdict_id)
    if held.person_id != person.id:
        raise Forbidden(
            "Only who handed a verdict in can take it back.", code="not-the-author"
        )
    _check_undoable(task, verdict_id)
    check_can_review(rights, queue_id=task.queue_id)
    detail: dict[str, object] = {"verdict": verdict_id, "undone_token": held.token}
    if task.seats > 1:
        lease = taking_back.leave_the_rest(
            task, person, verdict_id=verdict_id, closing=find_held(task), detail=detail
        )
    else:
        lease = taking_back.hold_again(task, person, detail=detail)
    seq = task.audit_seq + 1  # the entry that says so
    with connection.cursor() as cursor:
        cursor.execute(_UNDO, [verdict_id, task.instance_id, person.id, task.now, seq])
    if not Task.objects.filter(id=task.id, state=TaskState.SETTLING.value).exists():
        timers.cancel_for_ref(kind=KIND, ref=timer_ref(task.id), audit_seq=seq)
    drafts.keep(
        task_id=task.id,
        person_id=person.id,
        payload_digest=held.payload_digest,
        fields=_fields_of(held),
    )
    return lease


def withdraw(rows: Sequence[tuple[int, int]], *, now: dt.datetime) -> None:
    """Let canceled tasks wait for nothing: no release, no answer.

    Rows are (task id, place of an entry of this transaction).
    """
    if not rows:
        return
    ids, seqs = (list(column) for column in zip(*rows, strict=True))
    run(_NO_RELEASE, [[timer_ref(number) for number in ids], seqs, KIND])
    run(_NO_ANSWER, [now, ids, seqs])


def find_held(task: LockedTask) -> int | None:
    """Return the verdict whose effects a settling task holds, else None."""
    if task.state is not TaskState.SETTLING:
        return None
    counted = [verdict.id for verdict in task.verdicts if verdict.counts]
    return counted[-1] if counted else None


def find_until(task: LockedTask, verdict: Earlier) -> dt.datetime | None:
    """Return until when a verdict of a locked task can be taken back, or None."""
    vote = Vote(
        decision=verdict.judgement.decision,
        round=verdict.judgement.round,
        submitted_at=verdict.submitted_at,
        was_held=verdict.answer_state is TaskState.SETTLING,
        is_undone=verdict.is_undone,
    )
    return find_undo_until(
        vote,
        state=task.state,
        stage=task.stage,
        current_round=task.round,
        seats=task.seats,
        undo_seconds=task.undo_seconds,
        holds_task_until=task.release_at if find_held(task) == verdict.id else None,
    )


def _check_undoable(task: LockedTask, verdict_id: int) -> None:
    verdict = next(one for one in task.verdicts if one.id == verdict_id)
    if verdict.is_undone:
        raise Conflict(
            "You took this verdict back already; go on with the newer claim.",
            code="already-undone",
        )
    until = find_until(task, verdict)
    if until is None or until <= task.now:
        raise Conflict(
            "It is too late to take this verdict back: it has taken effect. A manager"
            " of the queue can reopen the task with a reason.",
            code="undo-too-late",
        )


def _read_held(verdict_id: int) -> Held:
    verdict = Verdict.objects.get(id=verdict_id)
    return Held(
        person_id=verdict.person_id,
        person_name=verdict.person_name,
        decision=Decision(verdict.decision),
        reason_code=verdict.reason_code,
        rationale=verdict.rationale,
        edits=verdict.edits,
        round=verdict.round,
        result_digest=verdict.result_digest,
        submitted_at=verdict.submitted_at,
        token=verdict.lease_token,
        payload_digest=verdict.payload_digest,
    )


def _change_of(task: LockedTask, held: Held) -> Change:
    """Return what a held vote changes, applied to the payload that it was made from."""
    if held.edits is None:
        return no_change(task)
    return reread_change(task, held.edits, result_digest=held.result_digest)


def _fields_of(held: Held) -> Mapping[str, str]:
    """Return a verdict as the fields of the form it came from."""
    fields = {
        "decision": held.decision.value,
        "reason_code": held.reason_code,
        "rationale": held.rationale,
    }
    for step in held.edits or ():
        if step["op"] != "test":
            fields[f"edit-{step['path']}"] = _text_of(step["value"])
    return {name: text for name, text in fields.items() if text}


def _text_of(value: object) -> str:
    """Return a value as a field shows it (see forms/corrections.py)."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value)
