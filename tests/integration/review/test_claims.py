"""Claiming, releasing, extending, escalating and reassigning."""

import datetime as dt
from functools import partial

import pytest

from review.core.states import Role
from review.models import Task
from review.operations import queues
from review.operations.people import people
from review.operations.tasks import claims, tasks
from tests.factories.processes import TESTER
from tests.factories.said import read_detail
from tests.factories.tasks import (
    AT_ONCE,
    Desk,
    judge,
    lapse,
    make_desk,
    make_person,
    open_task,
    task_at,
)
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound, Stale


def last_entry(task: Task) -> AuditEntry:
    return AuditEntry.objects.filter(chain=task.instance_id).latest("seq")


def test_claim_is_a_lease_with_a_token_and_an_end(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    task.refresh_from_db()
    assert (task.state, task.claimed_by, task.lease_token) == (
        "CLAIMED",
        desk.alice,
        lease.token,
    )
    assert task.claimed_at is not None
    assert lease.until - task.claimed_at == dt.timedelta(seconds=600)
    assert last_entry(task).kind == "task.claimed"


def test_claiming_what_one_holds_gives_the_same_lease(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    entries = AuditEntry.objects.count()
    assert claims.claim(task_id=task.id, person=desk.alice) == lease
    assert AuditEntry.objects.count() == entries


def test_held_task_is_refused_with_the_holders_name(desk: Desk) -> None:
    task = task_at("CLAIMED", desk)
    with pytest.raises(Conflict, match="Alice holds this task until"):
        claims.claim(task_id=task.id, person=desk.bob)


def test_lapsed_lease_is_free_without_a_sweep(desk: Desk) -> None:
    task = open_task(desk)
    old = claims.claim(task_id=task.id, person=desk.alice)
    lapse(task)
    new = claims.claim(task_id=task.id, person=desk.bob)
    assert new.token == old.token + 1
    assert '"lapsed_from":"Alice"' in last_entry(task).entry


def test_unknown_task_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no task 999999"):
        claims.claim(task_id=999999, person=desk.alice)


def test_only_reviewers_of_the_queue_claim(desk: Desk) -> None:
    task = open_task(desk)
    for role in (Role.ADMINISTRATOR, Role.MANAGER, Role.PROCESS_OWNER, Role.AUDITOR):
        person = make_person(role.value.title(), role)
        with pytest.raises(Forbidden, match="not a reviewer of this queue"):
            claims.claim(task_id=task.id, person=person)
    elsewhere = queues.define_queue(
        key="elsewhere", name="Elsewhere", actor=TESTER, rules=AT_ONCE
    )
    stranger = make_person("Stranger", Role.REVIEWER, queue=elsewhere)
    with pytest.raises(Forbidden):
        claims.claim(task_id=task.id, person=stranger)


def test_revoked_role_ends_at_once(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    people.revoke_role(
        person=desk.alice, role=Role.REVIEWER, queue=desk.queue, actor=TESTER
    )
    with pytest.raises(Forbidden, match="not a reviewer"):
        judge(task, desk.alice, lease=lease)


def test_disabled_person_is_refused(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    people.disable_person(person=desk.alice, actor=TESTER, reason="Left the house.")
    with pytest.raises(Forbidden, match="account of Alice is closed"):
        judge(task, desk.alice, lease=lease)


def test_next_is_by_class_then_first_come(db: None) -> None:
    desk = make_desk(priority='if urgent then "A" else "B"')
    late = open_task(desk, name="late", urgent=False)
    urgent = open_task(desk, name="urgent", urgent=True)
    later = open_task(desk, name="later", urgent=False)
    order = []
    for _ in range(3):
        lease = claims.claim_next(queue_keys=["desk"], person=desk.alice)
        assert lease is not None
        order.append(lease.task_id)
    assert order == [urgent.id, late.id, later.id]
    assert claims.claim_next(queue_keys=["desk"], person=desk.alice) is None


def test_next_takes_over_a_lapsed_lease(desk: Desk) -> None:
    older, newer = open_task(desk), open_task(desk)
    claims.claim(task_id=older.id, person=desk.alice)
    lapse(older)
    first = claims.claim_next(queue_keys=["desk"], person=desk.bob)
    second = claims.claim_next(queue_keys=["desk"], person=desk.bob)
    assert first is not None
    assert second is not None
    assert (first.task_id, second.task_id) == (older.id, newer.id)


def test_next_passes_over_what_one_has_judged(dual_desk: Desk) -> None:
    task = task_at("SECOND", dual_desk)
    assert claims.claim_next(queue_keys=["desk"], person=dual_desk.alice) is None
    lease = claims.claim_next(queue_keys=["desk"], person=dual_desk.bob)
    assert lease is not None
    assert lease.task_id == task.id


def test_next_passes_over_queues_one_does_not_review(desk: Desk) -> None:
    open_task(desk)
    nobody = make_person("Nobody")
    assert claims.claim_next(queue_keys=["desk", "unknown"], person=nobody) is None


def test_release_gives_back_with_its_reason(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    claims.release(
        task_id=task.id, person=desk.alice, token=lease.token, reason="Lunch."
    )
    task.refresh_from_db()
    assert (task.state, task.claimed_by) == ("OPEN", None)
    assert "Lunch." not in last_entry(task).entry
    assert read_detail(last_entry(task))["reason"] == "Lunch."
    with pytest.raises(Stale, match="Nobody holds"):
        claims.release(task_id=task.id, person=desk.alice, token=lease.token)


def test_extension_counts_from_now_and_leaves_no_entry(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    entries = AuditEntry.objects.count()
    longer = claims.extend(task_id=task.id, person=desk.alice, token=lease.token)
    assert longer.until > lease.until
    assert AuditEntry.objects.count() == entries


def test_extension_needs_the_lease(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    with pytest.raises(Stale, match="Alice holds"):
        claims.extend(task_id=task.id, person=desk.bob, token=lease.token)
    lapse(task)
    with pytest.raises(Stale, match="lapsed"):
        claims.extend(task_id=task.id, person=desk.alice, token=lease.token)


def test_escalation_moves_the_task_where_the_queue_says(desk: Desk) -> None:
    senior = queues.define_queue(
        key="senior", name="Senior", actor=TESTER, rules=AT_ONCE
    )
    queues.define_queue(
        key="desk", name="Desk", escalate_to=senior, actor=TESTER, rules=AT_ONCE
    )
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    with pytest.raises(Invalid, match="Say why"):
        tasks.escalate(
            task_id=task.id, person=desk.alice, token=lease.token, reason=" "
        )
    target = tasks.escalate(
        task_id=task.id, person=desk.alice, token=lease.token, reason="Too large."
    )
    task.refresh_from_db()
    assert (target, task.queue, task.state, task.escalations) == (
        "senior",
        senior,
        "OPEN",
        1,
    )
    with pytest.raises(Forbidden):
        claims.claim(task_id=task.id, person=desk.alice)


def test_escalation_needs_somewhere_else_to_go(desk: Desk) -> None:
    task = open_task(desk)
    lease = claims.claim(task_id=task.id, person=desk.alice)
    escalate = partial(
        tasks.escalate, task_id=task.id, person=desk.alice, token=lease.token
    )
    with pytest.raises(Invalid, match="escalates to no other"):
        escalate(reason="Unsure.")
    with pytest.raises(NotFound, match="no queue 'nowhere'"):
        escalate(reason="Unsure.", to_queue="nowhere")
    with pytest.raises(Invalid, match="in the queue desk already"):
        escalate(reason="Unsure.", to_queue="desk")


def test_manager_gives_a_held_task_to_somebody_else(desk: Desk) -> None:
    manager = make_person("Mona", Role.MANAGER)
    task = open_task(desk)
    old = claims.claim(task_id=task.id, person=desk.alice)
    lease = tasks.reassign(
        task_id=task.id, manager=manager, to_person=desk.bob, reason="Alice is ill."
    )
    assert lease is not None
    assert last_entry(task).actor == f"person:{manager.id}"
    with pytest.raises(Stale, match="Bob holds"):
        judge(task, desk.alice, lease=old)
    judge(task, desk.bob, lease=lease)


def test_manager_frees_a_held_task(desk: Desk) -> None:
    manager = make_person("Mona", Role.MANAGER, queue=desk.queue)
    task = task_at("CLAIMED", desk)
    tasks.reassign(
        task_id=task.id, manager=manager, to_person=None, reason="Alice is ill."
    )
    claims.claim(task_id=task.id, person=desk.bob)


def test_reassigning_keeps_four_eyes(dual_desk: Desk) -> None:
    manager = make_person("Mona", Role.MANAGER)
    task = task_at("SECOND", dual_desk)
    reassign = partial(tasks.reassign, task_id=task.id, reason="Hurry.")
    with pytest.raises(Forbidden, match="already judged"):
        reassign(manager=manager, to_person=dual_desk.alice)
    with pytest.raises(Forbidden, match="not a manager"):
        reassign(manager=dual_desk.bob, to_person=dual_desk.bob)
    with pytest.raises(Forbidden, match="not a reviewer"):
        reassign(manager=manager, to_person=manager)
