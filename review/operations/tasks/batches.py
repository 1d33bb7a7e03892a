"""Decide alike tasks with one form: draw a sample, see that it was opened, hand in.

Each task is claimed and judged in a transaction of its own, by the operations that one
task takes: what is refused for one stops none of the others, and each has its entries.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import transaction

from review.core.states import (
    Control,
    Decision,
    Reveal,
    Signature,
    Stage,
    TaskState,
)
from review.core.tasks.batches import (
    MOST,
    Candidate,
    count_sample,
    find_odd,
    find_refusal,
    find_unready,
    read_kind,
)
from review.core.tasks.leases import is_free
from review.core.verdicts.quorum import read_plan
from review.models import Batch, Person, Queue, Task
from review.operations.people.people import actor_of
from review.operations.tasks import claims
from review.operations.tasks.locking import lock_task
from review.operations.tasks.telling import record
from review.operations.verdicts import verdicts
from review.permissions import check_can_review, get_rights
from workflows.operations.errors import Conflict, Invalid, NotFound, Refused
from workflows.store import database_now

BATCHED: Final = (Decision.APPROVE, Decision.REJECT)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one task of many, and a sentence."""

    task: int
    label: str
    is_done: bool
    sentence: str


def make_batch(
    *, queue: Queue, person: Person, task_ids: Sequence[int], decision: Decision
) -> Batch:
    """Put alike tasks of a queue together and draw the sample to be opened.

    Raises Forbidden (no reviewer) and Invalid (not alike, too many, not of this
    queue, a decision that batches do not make).
    """
    if decision not in BATCHED:
        raise Invalid("Together tasks are approved or rejected; edit them one by one.")
    if len(set(task_ids)) > MOST:
        raise Invalid(f"A batch is {MOST} tasks at most; choose fewer.")
    check_can_review(get_rights(person.id), queue_id=queue.id)
    with transaction.atomic():
        now = database_now()
        tasks = _read_tasks(queue, task_ids)
        if len(tasks) != len(set(task_ids)):
            raise Invalid("Some of these tasks are not in this queue any more.")
        candidates = [
            _candidate(task, queue=queue, person=person, now=now) for task in tasks
        ]
        if refusal := find_refusal(candidates):
            raise Invalid(refusal, code="not-alike")
        drawn = secrets.SystemRandom().sample(
            [task.id for task in tasks], count_sample(len(tasks))
        )
        return Batch.objects.create(
            person=person,
            queue=queue,
            decision=decision.value,
            items=[
                {
                    "task": task.id,
                    "label": task.business_key or f"#{task.id}",
                    "title": task.title,
                    "digest": task.payload_digest,
                }
                for task in tasks
            ],
            alike=candidates[0].kind.to_json(),
            sample=drawn,
            made_at=now,
        )


def list_odd(
    *, queue: Queue, person: Person, task_ids: Sequence[int], decision: Decision
) -> dict[int, str]:
    """Return why tasks of a selection are not of the largest batch it holds, by task."""
    now = database_now()
    candidates = [
        _candidate(task, queue=queue, person=person, now=now)
        for task in _read_tasks(queue, task_ids)
    ]
    return find_odd(candidates, decision)


@transaction.atomic
def open_item(*, batch_id: int, person: Person, task_id: int) -> None:
    """Record that a task of the batch was opened. Raises NotFound and Conflict."""
    batch = get_batch(batch_id, person=person, is_locked=True)
    if batch.handed_in_at is not None:
        raise Conflict("This batch is handed in already.")
    if task_id not in {item["task"] for item in batch.items}:
        raise NotFound("This task is not in the batch.")
    if task_id in batch.opened:
        return
    task = lock_task(task_id)
    seq = record(
        task,
        "task.opened_in_batch",
        actor_of(person),
        {"batch": batch.id, "is_sample": task_id in batch.sample},
    )
    Task.objects.filter(id=task_id).update(audit_seq=seq)
    Batch.objects.filter(id=batch.id).update(opened=[*batch.opened, task_id])


def hand_in(
    *,
    batch_id: int,
    person: Person,
    typed: str,
    reason_code: str = "",
    rationale: str = "",
) -> list[Result]:
    """Judge every task of a batch; return what became of each.

    Raises NotFound, Invalid (the sample is not opened, the number is not typed) and
    Conflict for a batch handed in before. A crash on the way leaves the rest unjudged,
    and the batch handed in: a new one takes them.
    """
    with transaction.atomic():
        batch = get_batch(batch_id, person=person, is_locked=True)
        if batch.handed_in_at is not None:
            raise Conflict("This batch is handed in already.")
        unready = find_unready(
            sample=batch.sample,
            opened=batch.opened,
            size=len(batch.items),
            typed=typed,
        )
        if unready:
            raise Invalid(unready, code="batch-not-ready")
        Batch.objects.filter(id=batch.id).update(handed_in_at=database_now())
    results = list(
        _judge_each(batch, person, reason_code=reason_code, rationale=rationale)
    )
    Batch.objects.filter(id=batch.id).update(results=[asdict(one) for one in results])
    return results


def get_batch(batch_id: int, *, person: Person, is_locked: bool = False) -> Batch:
    """Return a person's own batch. Raises NotFound."""
    found = Batch.objects.filter(id=batch_id, person=person)
    batch = (found.select_for_update() if is_locked else found).first()
    if batch is None:
        raise NotFound(f"You have no batch {batch_id}.")
    return batch


def _judge_each(
    batch: Batch, person: Person, *, reason_code: str, rationale: str
) -> Iterator[Result]:
    for item in batch.items:
        try:
            _judge(batch, item, person, reason_code=reason_code, rationale=rationale)
        except Refused as refusal:
            yield Result(
                item["task"], item["label"], is_done=False, sentence=refusal.message
            )
        else:
            said = "Approved." if batch.decision == "APPROVE" else "Rejected."
            yield Result(item["task"], item["label"], is_done=True, sentence=said)


@transaction.atomic
def _judge(
    batch: Batch,
    item: dict[str, Any],
    person: Person,
    *,
    reason_code: str,
    rationale: str,
) -> None:
    """Claim and judge one task as it was when the batch was made, or not at all."""
    task_id = item["task"]
    lease = claims.claim(task_id=task_id, person=person)
    task = lock_task(task_id)
    seq = record(
        task,
        "task.judged_in_batch",
        actor_of(person),
        {
            "batch": batch.id,
            "of": len(batch.items),
            "sample": list(batch.sample),
            "alike": batch.alike,
        },
    )
    Task.objects.filter(id=task_id).update(audit_seq=seq)
    verdicts.submit(
        task_id=task_id,
        person=person,
        token=lease.token,
        payload_digest=item["digest"],
        decision=Decision(batch.decision),
        reason_code=reason_code,
        rationale=rationale,
    )


def _read_tasks(queue: Queue, task_ids: Sequence[int]) -> list[Task]:
    return list(
        Task.objects
        .filter(id__in=set(task_ids), queue=queue)
        .select_related("content")
        .order_by("serve_at", "id")
    )


def _candidate(task: Task, *, queue: Queue, person: Person, now: Any) -> Candidate:
    state = TaskState(task.state)
    policy = task.content.policy
    is_own = task.claimed_by_id == person.id
    pushed = task.assigned_to_id not in {None, person.id}
    return Candidate(
        id=task.id,
        label=task.business_key or f"#{task.id}",
        state=state,
        is_free=(is_own or is_free(state=state, lease_until=task.lease_until, now=now))
        and not pushed,
        control=Control(task.control),
        stage=Stage(task.stage),
        seats=task.seats,
        needed=read_plan(policy.get("quorum"), control=Control(task.control)).needed,
        reveal=Reveal(task.reveal),
        signature=Signature(queue.signature),
        is_excluded=person.id in task.excluded,
        kind=read_kind(
            definition=task.definition_key,
            node=task.node_id,
            why=task.content.why,
            policy=policy,
            proposal=task.content.proposal,
        ),
    )
