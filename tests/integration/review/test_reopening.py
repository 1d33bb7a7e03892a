"""Decided tasks that go back to their node, and those that cannot."""

from typing import Any

import pytest
from pytest_django import Settings

from review.core.states import Role
from review.models import Task, Verdict
from review.operations import queues
from review.operations.people import people
from review.operations.verdicts import reopening
from tests.factories.processes import TESTER, chain, package, process
from tests.factories.said import read_detail
from tests.factories.tasks import AT_ONCE, Desk, judge, make_person, open_task
from workflows.models import AuditEntry, Step
from workflows.operations import definitions, instances
from workflows.operations.errors import Conflict, Forbidden, Invalid

TWO_STEPS = process(
    '<startEvent id="start"/>'
    '<userTask id="review" name="Review" cs:queue="desk" cs:title=\'"Review"\'/>'
    '<userTask id="check" name="Check" cs:queue="desk" cs:title=\'"Check"\'/>'
    '<endEvent id="end"/>' + chain("start", "review", "check", "end")
)


@pytest.fixture
def two_steps(db: None) -> Desk:
    """A desk whose cases are reviewed, then checked."""
    queue = queues.define_queue(key="desk", name="Desk", actor=TESTER, rules=AT_ONCE)
    deployed = definitions.deploy(files=package(TWO_STEPS), actor=TESTER)
    staff = {
        name: make_person(name.title(), Role.REVIEWER, queue=queue)
        for name in ("alice", "bob")
    }
    return Desk(queue=queue, definition_id=deployed.definition_id, staff=staff)


def decided(desk: Desk) -> Task:
    task = open_task(desk)
    judge(task, desk.alice)
    task.refresh_from_db()
    return task


def test_manager_reopens_while_the_case_lives(two_steps: Desk) -> None:
    task = decided(two_steps)
    manager = make_person("Carla", Role.MANAGER, queue=two_steps.queue)
    new_id = reopening.reopen(
        task_id=task.id, person=manager, reason="The payslip was another's."
    )
    again = Task.objects.get(id=new_id)
    assert (again.node_id, again.state) == ("review", "OPEN")
    assert again.content.routing["reopens"]["task"] == task.id
    task.refresh_from_db()
    assert (task.state, Verdict.objects.filter(task=task).count()) == ("DECIDED", 1)
    checks = Task.objects.filter(instance_id=task.instance_id, node_id="check")
    assert [one.state for one in checks] == ["CANCELED"]
    entry = AuditEntry.objects.get(chain=task.instance_id, kind="task.reopened")
    assert read_detail(entry)["reason"] == "The payslip was another's."
    # It goes its whole way again.
    judge(again, two_steps.alice)
    last = checks.get(state="OPEN")
    judge(last, two_steps.bob)
    assert not Step.objects.filter(state="WAITING").exists()


def test_reopening_takes_a_role_a_reason_and_a_running_case(
    two_steps: Desk, settings: Settings
) -> None:
    task = decided(two_steps)
    owner = make_person("Olga", Role.PROCESS_OWNER)
    other = make_person("Otto")
    elsewhere = queues.define_queue(key="other", name="Other", actor=TESTER)
    people.grant_role(person=other, role=Role.MANAGER, queue=elsewhere, actor=TESTER)
    for person in (two_steps.alice, other):
        with pytest.raises(Forbidden, match="may not reopen"):
            reopening.reopen(task_id=task.id, person=person, reason="Wrong.")
    with pytest.raises(Invalid, match="reason"):
        reopening.reopen(task_id=task.id, person=owner, reason=" ")
    check = Task.objects.get(instance_id=task.instance_id, node_id="check")
    with pytest.raises(Conflict, match="only a decided one"):
        reopening.reopen(task_id=check.id, person=owner, reason="Wrong.")
    settings.DUAL_CONTROL = frozenset({"move"})
    with pytest.raises(Conflict, match="second person"):
        reopening.reopen(task_id=task.id, person=owner, reason="Wrong.")
    settings.DUAL_CONTROL = frozenset()
    at: dict[str, Any] = {
        "instance_id": task.instance_id,
        "actor": TESTER,
        "reason": "Inquiry.",
    }
    instances.suspend(**at)
    with pytest.raises(Conflict, match="is suspended"):
        reopening.reopen(task_id=task.id, person=owner, reason="Wrong.")
    instances.resume(**at)
    judge(check, two_steps.bob)
    with pytest.raises(Conflict, match="is completed"):
        reopening.reopen(task_id=task.id, person=owner, reason="Wrong.")
