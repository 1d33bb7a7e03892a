"""Policies of queues: who may change them, what is in force, what tasks keep of it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from review.core.policies.lane_preview import LaneName
from review.core.states import Decision, PolicyKind, PolicyState, Role
from review.core.tasks.rules import read_rules
from review.models import Person, Policy, Queue, Task, TaskContent
from review.operations import queues
from review.operations.people import people
from review.operations.policies import policies
from review.operations.policies.grids import load_grid
from review.operations.policies.lane_previews import preview_routing
from review.operations.policies.policies import BadBody
from review.operations.policies.policies_in_force import get_in_force
from review.operations.policies.previews import preview_grid
from tests.factories.policies import set_policy
from tests.factories.processes import TESTER
from tests.factories.tasks import (
    AT_ONCE,
    Desk,
    judge,
    make_desk,
    make_person,
    open_task,
)
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden
from workflows.store import database_now

REVIEW_ALL: dict[str, Any] = {"rows": [{"control": "review"}]}
AUTO_95: dict[str, Any] = {
    "rows": [
        {"impact": ">= 10000", "control": "dual", "reveal": "verdict first"},
        {"confidence": ">= 0.95", "control": "auto"},
        {"control": "review", "reveal": "assist"},
    ]
}


@pytest.fixture
def queue(db: None) -> Queue:
    return queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)


def propose(queue: Queue, body: object, person: Person | None, **more: Any) -> Policy:
    return policies.propose(
        queue_id=queue.id,
        kind=PolicyKind.GRID,
        body=body,
        reason="The figures of the spring say so.",
        person=person,
        **more,
    )


def in_force(queue: Queue) -> int | None:
    found = get_in_force([queue.id]).get(queue.id)
    return found.version if found else None


def test_change_takes_a_second_natural_person(queue: Queue) -> None:
    olga = make_person("Olga", Role.PROCESS_OWNER)
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    alice = make_person("Alice", Role.REVIEWER, queue=queue)
    first = propose(queue, REVIEW_ALL, carol)
    assert (first.state, in_force(queue)) == ("IN_FORCE", 1)

    second = propose(queue, AUTO_95, carol)
    assert (second.state, in_force(queue)) == ("PROPOSED", 1)
    with pytest.raises(Forbidden, match="proposed this yourself"):
        policies.approve(policy_id=second.id, person=carol)
    with pytest.raises(Forbidden, match="process owner or a manager"):
        policies.approve(policy_id=second.id, person=alice)
    with pytest.raises(Forbidden, match="process owner or a manager"):
        propose(queue, AUTO_95, alice)
    with pytest.raises(Conflict, match="Version 2 is proposed"):
        propose(queue, {"rows": [{"control": "dual"}]}, olga)

    policies.approve(policy_id=second.id, person=olga)
    assert in_force(queue) == 2
    first.refresh_from_db()
    assert first.state == PolicyState.SUPERSEDED.value
    with pytest.raises(Conflict, match="settled already"):
        policies.approve(policy_id=second.id, person=olga)
    with pytest.raises(Conflict, match="version 2 unchanged"):
        propose(queue, AUTO_95, olga)
    entries = AuditEntry.objects.filter(kind__startswith="policy.").order_by("seq")
    assert [entry.kind for entry in entries] == [
        "policy.proposed",
        "policy.came_into_force",
        "policy.proposed",
        "policy.approved",
        "policy.came_into_force",
    ]
    assert second.digest in entries[3].entry


def test_proposal_is_declined_or_withdrawn_with_a_reason(queue: Queue) -> None:
    olga = make_person("Olga", Role.PROCESS_OWNER)
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    propose(queue, REVIEW_ALL, carol)
    second = propose(queue, AUTO_95, carol)
    with pytest.raises(Forbidden, match="decline it instead"):
        policies.withdraw(policy_id=second.id, person=olga, reason="Not now.")
    policies.decline(policy_id=second.id, person=olga, reason="Too early.")
    third = propose(queue, AUTO_95, carol)
    policies.withdraw(policy_id=third.id, person=carol, reason="I was wrong.")
    states = Policy.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["IN_FORCE", "DECLINED", "WITHDRAWN"]
    assert in_force(queue) == 1


def test_author_who_lost_the_right_cannot_be_approved(queue: Queue) -> None:
    olga = make_person("Olga", Role.PROCESS_OWNER)
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    propose(queue, REVIEW_ALL, None)
    second = propose(queue, AUTO_95, carol)
    people.revoke_role(person=carol, role=Role.MANAGER, queue=queue, actor=TESTER)
    with pytest.raises(Forbidden, match="Carol may not change"):
        policies.approve(policy_id=second.id, person=olga)


def test_first_version_that_automates_takes_a_second_person(queue: Queue) -> None:
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    olga = make_person("Olga", Role.PROCESS_OWNER)
    with pytest.raises(Forbidden, match="lets cases pass without people"):
        propose(queue, AUTO_95, None)
    first = propose(queue, AUTO_95, carol)
    assert (first.version, first.state, in_force(queue)) == (1, "PROPOSED", None)
    with pytest.raises(Forbidden, match="proposed this yourself"):
        policies.approve(policy_id=first.id, person=carol)
    now = database_now()
    with pytest.raises(DatabaseError, match="automation_by_two"), transaction.atomic():
        Policy.objects.filter(id=first.id).update(
            state="IN_FORCE", settled_at=now, effective_at=now
        )
    policies.approve(policy_id=first.id, person=olga)
    assert in_force(queue) == 1


def test_approved_version_waits_for_its_moment(queue: Queue) -> None:
    olga = make_person("Olga", Role.PROCESS_OWNER)
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    propose(queue, REVIEW_ALL, None)
    later = database_now() + dt.timedelta(days=2)
    second = propose(queue, AUTO_95, carol, effective_at=later)
    policies.approve(policy_id=second.id, person=olga)
    second.refresh_from_db()
    assert (second.state, in_force(queue)) == ("APPROVED", 1)
    policies.bring_into_force()
    assert in_force(queue) == 1

    Policy.objects.filter(id=second.id).update(
        effective_at=F("effective_at") - dt.timedelta(days=3)
    )
    assert in_force(queue) == 2  # from its moment on, swept or not
    policies.bring_into_force()
    policies.bring_into_force()
    states = Policy.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["SUPERSEDED", "IN_FORCE"]


def test_database_refuses_what_the_operations_would_never_write(queue: Queue) -> None:
    carol = make_person("Carol", Role.MANAGER, queue=queue)
    propose(queue, REVIEW_ALL, None)
    second = propose(queue, AUTO_95, carol)
    now = database_now()
    settled = {"settled_at": now, "effective_at": now}
    for change in (
        {"state": "IN_FORCE", "settled_by": carol},  # alone
        {"state": "IN_FORCE", "settled_by": None},
        {"state": "APPROVED", "settled_by": carol},
    ):
        with pytest.raises(DatabaseError, match="two_persons"), transaction.atomic():
            Policy.objects.filter(id=second.id).update(**change, **settled)
    for state in ("IN_FORCE", "PROPOSED", "APPROVED"):
        others = {"settled_by": None if state == "PROPOSED" else carol, "author": None}
        if state == "PROPOSED":
            others["settled_at"] = None
        one = Policy(
            queue=queue, kind="GRID", version=3, body={}, digest="", reason="",
            proposed_at=now, **{**settled, **others}, state=state,
        )  # fmt: skip
        if state == "APPROVED":
            one.save()  # beside one in force there may be one that waits for its time
            one.pk, one.version = None, 4
        with pytest.raises(DatabaseError, match=f"one_{state.lower()}|one_proposed"):
            _save(one)


def _save(policy: Policy) -> None:
    with transaction.atomic():
        policy.save()


def test_faulty_body_is_refused_with_the_place(queue: Queue) -> None:
    body = {"rows": [{"confidence": ">=", "control": "auto"}, {"control": "maybe"}]}
    with pytest.raises(BadBody) as caught:
        propose(queue, body, None)
    assert [fault.place for fault in caught.value.faults] == [
        ("rows", 0, "confidence"),
        ("rows", 1, "control"),
    ]
    assert not Policy.objects.exists()


def make_ruled_desk(body: object = AUTO_95) -> tuple[Desk, Policy]:
    desk = make_desk()
    return desk, set_policy(desk.queue, body)


@pytest.mark.django_db
def test_grid_in_force_rules_on_tasks_and_is_pinned() -> None:
    desk, policy = make_ruled_desk()
    cases: list[tuple[dict[str, Any], str, str, int]] = [
        ({"confidence": Decimal("0.99")}, "AUTO", "ON_REQUEST", 2),
        ({"confidence": Decimal("0.5")}, "REVIEW", "ASSIST", 3),
        ({"amount": 20_000, "confidence": 1}, "DUAL", "VERDICT_FIRST", 1),
        # Promise 14: a confidence that cannot be read never lets a case pass.
        ({"confidence": "0.99"}, "REVIEW", "ASSIST", 3),
        ({"confidence": None}, "REVIEW", "ASSIST", 3),
    ]
    for variables, control, reveal, matched in cases:
        task = open_task(desk, **variables)
        content = TaskContent.objects.get(task=task)
        assert (task.control, task.reveal) == (control, reveal), variables
        pinned = {"id": policy.id, "version": 1, "digest": policy.digest}
        assert content.policy["grid"] == content.why["grid_policy"] == pinned
        assert content.why["explanation"]["tables"][-1]["matched"][0] == matched
    task = open_task(desk, amount=None)
    assert (task.control, task.state) == ("DUAL", "OPEN")


@pytest.mark.django_db
def test_grid_of_the_step_itself_comes_before_the_queues() -> None:
    desk = make_desk(grid="grid")
    propose(desk.queue, {"rows": [{"control": "block"}]}, None)
    task = open_task(desk, confidence=Decimal("0.5"))
    assert task.control == "REVIEW"
    assert "grid" not in TaskContent.objects.get(task=task).policy
    standing = get_in_force([desk.queue.id])[desk.queue.id]
    found = preview_grid(queue=desk.queue, proposed=load_grid(standing.id), weeks=2)
    assert (found.seen, found.total, found.aside) == (0, 0, 1)


@pytest.mark.django_db
def test_grid_reads_further_inputs_of_the_case() -> None:
    body = {
        "inputs": [{"expression": "order.country", "type": "string"}],
        "rows": [
            {"tests": ['not("NL", "BE")'], "control": "dual"},
            {"confidence": ">= 0.9", "control": "auto"},
            {"control": "review"},
        ],
    }
    desk, policy = make_ruled_desk(body)
    sure: dict[str, Any] = {"confidence": Decimal("0.95")}
    assert open_task(desk, **sure, order={"country": "NL"}).control == "AUTO"
    assert open_task(desk, **sure, order={"country": "FR"}).control == "DUAL"
    found = preview_grid(queue=desk.queue, proposed=load_grid(policy.id), weeks=2)
    assert (found.seen, found.moved) == (2, 0)


@pytest.mark.django_db
def test_preview_counts_moves_and_what_people_overturned() -> None:
    desk, _ = make_ruled_desk(REVIEW_ALL)
    for number in range(4):
        task = open_task(desk, confidence=Decimal("0.97"), amount=100)
        judge(task, desk.alice, Decision.REJECT if number == 0 else Decision.APPROVE)
    open_task(desk, confidence=Decimal("0.2"))
    open_task(desk, confidence=Decimal("0.99"), amount=50_000)
    proposed = propose(
        desk.queue, AUTO_95, make_person("Carol", Role.MANAGER, queue=desk.queue)
    )
    found = preview_grid(queue=desk.queue, proposed=load_grid(proposed.id), weeks=4)
    moves = {(a.value, b.value): one for (a, b), one in found.moves.items()}
    assert {pair: one.count for pair, one in moves.items()} == {
        ("REVIEW", "AUTO"): 4,
        ("REVIEW", "REVIEW"): 1,
        ("REVIEW", "DUAL"): 1,
    }
    assert (moves["REVIEW", "AUTO"].judged, moves["REVIEW", "AUTO"].overturned) == (
        4,
        1,
    )
    assert moves["REVIEW", "AUTO"].error is None  # four are not enough to say
    Task.objects.update(opened_at=F("opened_at") - dt.timedelta(weeks=5))
    old = preview_grid(queue=desk.queue, proposed=load_grid(proposed.id), weeks=4)
    assert (old.seen, old.total) == (0, 0)


@pytest.mark.django_db
def test_routing_rules_come_into_force_at_their_moment_and_are_replayed_before() -> (
    None
):
    desk = make_desk(region="=region")
    olga = make_person("Olga", Role.PROCESS_OWNER)
    carol = make_person("Carol", Role.MANAGER, queue=desk.queue)
    name: dict[str, Any] = {"queue_id": desk.queue.id, "kind": PolicyKind.ROUTING}
    first = {"rules": [{"when": "amount > 1000", "class": "A"}]}
    law = {"when": "amount > 1000", "skill": "law", "level": 2}
    policies.propose(**name, body=first, reason="The first.", person=None)
    open_task(desk, region="north", amount=5000)
    judge(open_task(desk, region="south", amount=5), desk.alice)
    later = database_now() + dt.timedelta(days=2)
    second = policies.propose(
        **name,
        body={"rules": [law]},
        reason="Lawyers look at large ones.",
        person=carol,
        effective_at=later,
    )
    found = preview_routing(queue=desk.queue, proposed=read_rules(second.body), weeks=2)
    north, lawyers = LaneName("desk", "north"), LaneName("desk", "north", "law", 2)
    assert found.moves == {(north, lawyers): 1}
    assert (found.seen, found.total, found.classes) == (2, 2, 1)
    takers = {one.lane: one.takers for one in found.lanes}
    assert takers == {north: 4, lawyers: 0, LaneName("desk", "south"): 4}

    policies.approve(policy_id=second.id, person=olga)
    assert open_task(desk, region="north", amount=5000).lane.skill == ""
    Policy.objects.filter(id=second.id).update(
        effective_at=F("effective_at") - dt.timedelta(days=3)
    )
    # From its moment on, swept or not: what opens now goes by it, and pins it.
    for _ in range(2):
        task = open_task(desk, region="north", amount=5000)
        assert (task.lane.skill, task.lane.level) == ("law", 2)
        assert TaskContent.objects.get(task=task).routing["rules"] == "2"
        policies.bring_into_force()
    second.refresh_from_db()
    assert second.state == "IN_FORCE"
