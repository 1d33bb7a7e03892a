"""Acts by people: each does what it says, by whom it may, with its entry."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from review.core.interventions import Act
from review.operations.instances import acts, approvals
from review.operations.instances.acts import Wish
from review.permissions import get_rights
from tests.factories.said import read_detail
from tests.integration.interventions.conftest import WHY, Office, step_at
from workflows.core.actors import COMMAND_LINE
from workflows.models import AuditEntry, Incident, Instance, Step
from workflows.operations import interventions
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    Stale,
)


def wish(act: Act, instance_id: UUID, **options: Any) -> Wish:
    return Wish(act=act, instance_id=instance_id, reason=WHY, **options)


def last_entry(instance_id: UUID, kind: str) -> AuditEntry:
    return AuditEntry.objects.filter(chain=instance_id, kind=kind).latest("seq")


def test_suspend_resume_and_cancel(office: Office) -> None:
    (instance_id,) = office.start()
    for act, state, kind in (
        (Act.SUSPEND, "SUSPENDED", "instance.suspended"),
        (Act.RESUME, "ACTIVE", "instance.resumed"),
        (Act.CANCEL, "CANCELED", "instance.canceled"),
    ):
        acts.do_now(person=office.olga, wish=wish(act, instance_id))
        assert Instance.objects.get().state == state
        entry = last_entry(instance_id, kind)
        assert entry.actor == f"person:{office.olga.pk}"
        assert read_detail(entry)["reason"] == WHY


def test_skip_move_and_edit(office: Office) -> None:
    (instance_id,) = office.start(amount=1)
    step = step_at(instance_id, "a")
    given = {"step": step, "variables": {"seen": True}}
    acts.do_now(person=office.erin, wish=wish(Act.SKIP, instance_id, arguments=given))
    given = {"step": step_at(instance_id, "b"), "to": ["a"]}
    acts.do_now(person=office.erin, wish=wish(Act.MOVE, instance_id, arguments=given))
    given = {"set": {"amount": 2}, "remove": ["seen"]}
    acts.do_now(person=office.erin, wish=wish(Act.EDIT, instance_id, arguments=given))
    assert step_at(instance_id, "a") > step
    assert Instance.objects.get().variables == {"amount": 2}


@pytest.mark.parametrize(
    ("act", "arguments", "resolution"),
    [
        (Act.RETRY, {}, "RETRIED"),
        (Act.MEND, {"variables": {"amount": 5}}, "INPUT_EDITED"),
        (Act.SETTLE, {"output": {"booked": True}}, "BY_HAND"),
    ],
)
def test_acts_on_incidents(
    office: Office, act: Act, arguments: dict[str, Any], resolution: str
) -> None:
    (instance_id,) = office.start(key="broken", amount=-1)
    given = {"incident": Incident.objects.get().pk, **arguments}
    acts.do_now(person=office.olga, wish=wish(act, instance_id, arguments=given))
    assert Incident.objects.earliest("pk").resolution == resolution


def test_an_incident_of_another_instance_is_not_found(office: Office) -> None:
    office.start(key="broken", amount=-1)
    (other,) = office.start()
    given = {"incident": Incident.objects.get().pk}
    with pytest.raises(NotFound):
        acts.do_now(person=office.olga, wish=wish(Act.RETRY, other, arguments=given))


@pytest.mark.parametrize("act", Act)
def test_a_reviewer_may_none_of_it(office: Office, act: Act) -> None:
    (instance_id,) = office.start()
    for ask in (acts.do_now, approvals.do_or_propose):
        with pytest.raises(Forbidden, match="it takes one of these roles"):
            ask(person=office.alice, wish=wish(act, instance_id))
    assert acts.list_allowed(get_rights(office.alice.pk)) == frozenset()


def test_what_moved_since_it_was_seen_is_refused(office: Office) -> None:
    (instance_id,) = office.start()
    seen = interventions.get_standing(instance_id)
    acts.do_now(person=office.olga, wish=wish(Act.SUSPEND, instance_id, seen=seen))
    with pytest.raises(Stale):
        acts.do_now(person=office.olga, wish=wish(Act.CANCEL, instance_id, seen=seen))
    assert Instance.objects.get().state == "SUSPENDED"


@pytest.mark.parametrize("act", [Act.SUSPEND, Act.CANCEL, Act.SKIP, Act.MOVE, Act.EDIT])
def test_ended_and_unknown_instances_are_refused(office: Office, act: Act) -> None:
    (instance_id,) = office.start()
    given = {"step": step_at(instance_id, "a"), "to": ["b"], "set": {"x": 1}}
    acts.do_now(person=office.olga, wish=wish(Act.CANCEL, instance_id))
    for who, refusal in ((instance_id, Conflict), (uuid4(), NotFound)):
        asked = wish(act, who, arguments=given)
        with pytest.raises(refusal):
            acts.do_now(person=office.olga, wish=asked)
        with pytest.raises(refusal):
            approvals.propose(person=office.olga, wish=asked)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4001])
def test_every_act_needs_a_reason_that_fits(office: Office, reason: str) -> None:
    (instance_id,) = office.start()
    asked = Wish(act=Act.SUSPEND, instance_id=instance_id, reason=reason)
    refusals: list[Refused] = []
    for ask in (
        lambda: acts.do_now(person=office.olga, wish=asked),
        lambda: acts.do_as_system(actor=COMMAND_LINE, wish=asked),
        lambda: approvals.propose(person=office.olga, wish=asked),
    ):
        with pytest.raises(Invalid) as caught:
            ask()
        refusals.append(caught.value)
    assert len(refusals) == 3


@pytest.mark.usefixtures("dual")
def test_under_two_persons_control_nobody_does_it_alone(office: Office) -> None:
    (instance_id,) = office.start()
    asked = wish(Act.SUSPEND, instance_id)
    with pytest.raises(Forbidden, match="second person"):
        acts.do_now(person=office.olga, wish=asked)
    with pytest.raises(Forbidden, match="COUNTERSIGN_DUAL_CONTROL"):
        acts.do_as_system(actor=COMMAND_LINE, wish=asked)
    assert Instance.objects.get().state == "ACTIVE"
    assert Step.objects.filter(state="CANCELED").count() == 0
