"""Acts that take two persons: who, when, once, and what the log says of it."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from pytest_django import Settings

from review.core.interventions import Act
from review.core.states import Role
from review.models import Intervention, Person
from review.operations.instances import acts, approvals
from review.operations.instances.acts import Wish
from review.operations.people import people as persons
from tests.factories.processes import TESTER
from tests.integration.interventions.conftest import (
    WHY,
    Office,
    make_office,
    step_at,
)
from tests.integration.review.racing import refusals, track
from workflows.models import AuditEntry, Instance, Step
from workflows.operations import instances, interventions
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound, Stale

pytestmark = pytest.mark.usefixtures("dual")


def propose(
    office: Office, instance_id: UUID, act: Act = Act.CANCEL, **arguments: Any
) -> int:
    asked = Wish(act=act, instance_id=instance_id, reason=WHY, arguments=arguments)
    made = approvals.do_or_propose(person=office.olga, wish=asked)
    assert made is not None
    return made


def kinds(instance_id: UUID) -> list[str]:
    found = AuditEntry.objects.filter(
        chain=instance_id, kind__startswith="intervention."
    )
    return list(found.order_by("seq").values_list("kind", flat=True))


def state_of(proposal: int) -> str:
    return Intervention.objects.get(pk=proposal).state


def test_it_is_done_when_another_person_approves(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(
        office, instance_id, Act.MOVE, step=step_at(instance_id, "a"), to=["b"]
    )
    assert step_at(instance_id, "a")
    approvals.approve(intervention_id=proposal, person=office.oskar)
    assert step_at(instance_id, "b")
    row = Intervention.objects.get()
    assert (row.state, row.proposed_by, row.settled_by) == (
        "DONE",
        office.olga,
        office.oskar,
    )
    assert kinds(instance_id) == [
        "intervention.proposed",
        "intervention.approved",
        "intervention.done",
    ]


def test_proposing_leaves_no_trace_of_the_act(office: Office) -> None:
    (instance_id,) = office.start(amount=1)
    before = interventions.get_standing(instance_id)
    propose(office, instance_id, Act.EDIT, set={"amount": "a secret"})
    assert interventions.get_standing(instance_id) == before
    assert Instance.objects.get().variables == {"amount": 1}
    entry = AuditEntry.objects.get(kind="intervention.proposed")
    assert "a secret" not in entry.entry
    assert set(json.loads(entry.entry)["detail"]["set"]) == {"amount"}


def test_what_cannot_be_done_is_not_proposed(office: Office) -> None:
    (instance_id,) = office.start()
    with pytest.raises(Conflict, match="no node 'nowhere'"):
        propose(
            office,
            instance_id,
            Act.MOVE,
            step=step_at(instance_id, "a"),
            to=["nowhere"],
        )
    assert not Intervention.objects.exists()
    assert kinds(instance_id) == []


def test_whoever_proposed_never_approves(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    with pytest.raises(Forbidden, match="second person must approve"):
        approvals.approve(intervention_id=proposal, person=office.olga)
    assert Instance.objects.get().state == "ACTIVE"


def test_a_second_account_makes_no_second_person(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    persons.add_account(
        person=office.olga, username="olga2", password="a-long-password", actor=TESTER
    )
    other = persons.get_person(username="olga2")
    with pytest.raises(Forbidden, match="another account of yours"):
        approvals.approve(intervention_id=proposal, person=other)
    assert state_of(proposal) == "PROPOSED"


def test_the_database_itself_refuses_one_person(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    with (
        pytest.raises(DatabaseError, match="done_by_another_person"),
        transaction.atomic(),
    ):
        Intervention.objects.filter(pk=proposal).update(
            state="DONE", settled_by=office.olga, settled_at="2026-01-05T09:00Z"
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_the_database_refuses_a_settlement_without_its_entry(people: object) -> None:
    office = make_office()
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    with pytest.raises(DatabaseError, match="no audit entry"), transaction.atomic():
        Intervention.objects.filter(pk=proposal).update(
            state="DECLINED", settled_by=office.erin, settled_at="2026-01-05T09:00Z"
        )


def test_an_instance_that_moved_on_must_be_proposed_for_anew(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    instances.suspend(instance_id=instance_id, actor=TESTER, reason=WHY)
    with pytest.raises(Stale, match="moved on"):
        approvals.approve(intervention_id=proposal, person=office.oskar)
    assert state_of(proposal) == "LAPSED"
    assert kinds(instance_id)[-1] == "intervention.lapsed"
    assert Instance.objects.get().state == "SUSPENDED"
    approvals.approve(intervention_id=propose(office, instance_id), person=office.oskar)
    assert Instance.objects.get().state == "CANCELED"


def test_other_proposals_do_not_count_as_moving_on(office: Office) -> None:
    (instance_id,) = office.start()
    first = propose(office, instance_id)
    second = propose(office, instance_id, Act.SUSPEND)
    approvals.decline(intervention_id=second, person=office.oskar, reason=WHY)
    approvals.approve(intervention_id=first, person=office.oskar)
    assert Instance.objects.get().state == "CANCELED"


def test_time_runs_out(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    past = Intervention.objects.get().proposed_at - dt.timedelta(seconds=1)
    _backdate(proposal, past)
    with pytest.raises(Stale, match="time to approve this is over"):
        approvals.approve(intervention_id=proposal, person=office.oskar)
    assert state_of(proposal) == "LAPSED"


def test_the_same_act_is_proposed_once_until_it_is_settled(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    with pytest.raises(Conflict, match="proposed already"):
        propose(office, instance_id)
    past = Intervention.objects.get().proposed_at - dt.timedelta(seconds=1)
    _backdate(proposal, past)
    assert propose(office, instance_id) != proposal
    assert state_of(proposal) == "LAPSED"


def test_declining_and_withdrawing_need_a_reason_and_the_right_person(
    office: Office,
) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id)
    for settle in (approvals.decline, approvals.withdraw):
        with pytest.raises(Invalid, match="reason"):
            settle(intervention_id=proposal, person=office.oskar, reason=" ")
    with pytest.raises(Forbidden, match="withdraw it"):
        approvals.decline(intervention_id=proposal, person=office.olga, reason=WHY)
    with pytest.raises(Forbidden, match="decline it"):
        approvals.withdraw(intervention_id=proposal, person=office.erin, reason=WHY)
    with pytest.raises(Forbidden, match="roles"):
        approvals.decline(intervention_id=proposal, person=office.alice, reason=WHY)
    approvals.withdraw(intervention_id=proposal, person=office.olga, reason=WHY)
    assert state_of(proposal) == "WITHDRAWN"
    for settle in (approvals.decline, approvals.withdraw):
        with pytest.raises(Conflict, match="settled already"):
            settle(intervention_id=proposal, person=office.oskar, reason=WHY)
    with pytest.raises(Conflict, match="settled already"):
        approvals.approve(intervention_id=proposal, person=office.oskar)
    with pytest.raises(NotFound):
        approvals.approve(intervention_id=0, person=office.oskar)


def test_both_must_hold_the_right_when_it_is_done(office: Office) -> None:
    (instance_id,) = office.start()
    proposal = propose(office, instance_id, Act.SUSPEND)
    with pytest.raises(Forbidden, match="Alice may not"):
        approvals.approve(intervention_id=proposal, person=office.alice)
    persons.revoke_role(person=office.olga, role=Role.PROCESS_OWNER, actor=TESTER)
    with pytest.raises(Forbidden, match="Olga may not"):
        approvals.approve(intervention_id=proposal, person=office.oskar)
    assert Instance.objects.get().state == "ACTIVE"


def test_only_the_words_of_the_setting_take_two(
    office: Office, settings: Settings
) -> None:
    settings.DUAL_CONTROL = frozenset({"move"})
    (instance_id,) = office.start()
    asked = Wish(act=Act.SUSPEND, instance_id=instance_id, reason=WHY)
    assert approvals.do_or_propose(person=office.olga, wish=asked) is None
    assert Instance.objects.get().state == "SUSPENDED"
    assert not acts.is_controlled(Act.CANCEL)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestAtOnce:
    def test_two_approvers_do_it_once(self, people: object) -> None:
        office = make_office()
        cases = office.start(12)
        with track(3) as lanes:
            for instance_id in cases:
                step = step_at(instance_id, "a")
                proposal = propose(office, instance_id, Act.SKIP, step=step)

                def approve(person: Person, proposal: int = proposal) -> None:
                    approvals.approve(intervention_id=proposal, person=person)

                answers = lanes.race(
                    lambda: approve(office.oskar),
                    lambda: approve(office.erin),
                    lambda: approve(office.olga),
                )
                said = {type(one) for one in refusals(answers)}
                assert answers[2] in refusals(answers)
                assert len(refusals(answers)) == 2
                assert said <= {Conflict, Forbidden}
                assert Step.objects.get(pk=step).state == "SKIPPED"
                assert kinds(instance_id).count("intervention.done") == 1
                assert Step.objects.filter(instance_id=instance_id).count() == 3

    def test_approving_and_declining_settle_once(self, people: object) -> None:
        office = make_office()
        cases = office.start(10)
        with track(2) as lanes:
            for instance_id in cases:
                proposal = propose(office, instance_id)

                def approve(proposal: int = proposal) -> None:
                    approvals.approve(intervention_id=proposal, person=office.oskar)

                def decline(proposal: int = proposal) -> None:
                    approvals.decline(
                        intervention_id=proposal, person=office.erin, reason=WHY
                    )

                answers = lanes.race(approve, decline)
                assert len(refusals(answers)) == 1
                done = state_of(proposal) == "DONE"
                canceled = Instance.objects.get(pk=instance_id).state == "CANCELED"
                assert done is canceled

    def test_the_same_proposal_twice_at_once_is_one(self, people: object) -> None:
        office = make_office()
        (instance_id,) = office.start()
        asked = Wish(act=Act.SUSPEND, instance_id=instance_id, reason=WHY)
        with track(2) as lanes:
            answers = lanes.race(
                lambda: approvals.propose(person=office.olga, wish=asked),
                lambda: approvals.propose(person=office.oskar, wish=asked),
            )
        assert len(refusals(answers)) == 1
        assert Intervention.objects.count() == 1


def _backdate(proposal: int, moment: dt.datetime) -> None:
    """Let a proposal's time be over, which only the passing of hours can do."""
    Intervention.objects.filter(pk=proposal).update(expires_at=moment)
