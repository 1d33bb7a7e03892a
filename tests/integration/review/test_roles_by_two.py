"""Roles that decide over policies or evidence: proposed, approved, never alone."""

import datetime as dt

import pytest

from review.core.evidence.scopes import AuditScope
from review.core.states import Role
from review.models import Person, ProposedChange, RoleGrant
from review.operations.people import granting, people
from review.operations.people.roles import BY_TWO, propose_role
from review.operations.policies import proposed_changes
from tests.factories.processes import TESTER
from tests.factories.tasks import make_person
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid
from workflows.store import database_now

pytestmark = pytest.mark.django_db


def propose(by: Person, person: Person, role: Role) -> ProposedChange:
    return propose_role(by=by, person=person, role=role, reason="There is need.")


def holds(person: Person, role: Role) -> bool:
    held = RoleGrant.objects.filter(person=person, role=role.value, revoked_at=None)
    return held.exists()


def test_a_role_over_policies_or_evidence_takes_two_and_never_its_own_holder() -> None:
    erin, anna = (make_person(name, Role.ADMINISTRATOR) for name in ("Erin", "Anna"))
    olga = make_person("Olga", Role.PROCESS_OWNER)
    mona, bob = make_person("Mona", Role.MANAGER), make_person("Bob")
    for role in BY_TWO:
        with pytest.raises(Forbidden, match="another person approves"):
            granting.grant_role(by=erin, person=bob, role=role)
    with pytest.raises(Invalid):
        propose(erin, bob, Role.REVIEWER)
    for someone in (mona, olga, bob):
        with pytest.raises(Forbidden):
            propose(someone, bob, Role.PROCESS_OWNER)
    with pytest.raises(Forbidden, match="himself"):
        propose(erin, erin, Role.PROCESS_OWNER)
    change = propose(erin, bob, Role.PROCESS_OWNER)
    assert not holds(bob, Role.PROCESS_OWNER)
    for someone in (erin, mona, bob):
        with pytest.raises(Forbidden):
            proposed_changes.approve(change_id=change.id, person=someone)
    proposed_changes.approve(change_id=change.id, person=olga)
    assert holds(bob, Role.PROCESS_OWNER)
    with pytest.raises(Conflict, match="already"):
        propose(erin, bob, Role.PROCESS_OWNER)
    with pytest.raises(Conflict, match="auditor"):
        propose(erin, bob, Role.AUDITOR)
    # Who proposed must still be allowed to, and what fits is asked again.
    nils = make_person("Nils")
    late = propose(anna, nils, Role.AUDITOR)
    people.grant_role(person=nils, role=Role.REVIEWER, actor=TESTER)
    with pytest.raises(Conflict, match="auditor"):
        proposed_changes.approve(change_id=late.id, person=erin)
    people.revoke_role(person=nils, role=Role.REVIEWER, actor=TESTER)
    granting.revoke_role(by=erin, person=anna, role=Role.ADMINISTRATOR)
    with pytest.raises(Forbidden):
        proposed_changes.approve(change_id=late.id, person=erin)
    assert not holds(nils, Role.AUDITOR)
    kinds = AuditEntry.objects.filter(kind__startswith="role.change").order_by("id")
    assert [one.kind for one in kinds] == [
        "role.change_proposed", "role.change_approved", "role.change_proposed",
    ]  # fmt: skip


def test_taking_a_role_away_is_one_act_audited_and_never_the_last() -> None:
    erin, anna = (make_person(name, Role.ADMINISTRATOR) for name in ("Erin", "Anna"))
    olga, otto = (make_person(name, Role.PROCESS_OWNER) for name in ("Olga", "Otto"))
    dana, nils = (make_person(name, Role.AUDITOR) for name in ("Dana", "Nils"))
    for person, role in (
        (otto, Role.PROCESS_OWNER),
        (nils, Role.AUDITOR),
        (anna, Role.ADMINISTRATOR),
    ):
        granting.revoke_role(by=erin, person=person, role=role)
        entry = AuditEntry.objects.filter(kind="role.revoked").order_by("-id")[0]
        assert entry.actor == f"person:{erin.id}"
        assert f'"person":{person.id}' in entry.entry
        assert f'"role":"{role.value}"' in entry.entry
    with pytest.raises(Conflict, match="Olga is the last process owner, and without"):
        granting.revoke_role(by=erin, person=olga, role=Role.PROCESS_OWNER)
    with pytest.raises(Conflict, match="Dana is the last auditor without limits"):
        granting.revoke_role(by=erin, person=dana, role=Role.AUDITOR)
    assert holds(olga, Role.PROCESS_OWNER)
    assert holds(dana, Role.AUDITOR)
    # One who is gone, whose role has ended or is limited, is nobody to fall back on.
    people.grant_role(person=otto, role=Role.PROCESS_OWNER, actor=TESTER)
    people.disable_person(person=otto, actor=TESTER, reason="He left.")
    with pytest.raises(Conflict, match="last process owner"):
        granting.revoke_role(by=erin, person=olga, role=Role.PROCESS_OWNER)
    people.grant_role(
        person=nils,
        role=Role.AUDITOR,
        actor=TESTER,
        scope=AuditScope(ends_at=database_now() + dt.timedelta(days=9)),
    )
    with pytest.raises(Conflict, match="without limits"):
        granting.revoke_role(by=erin, person=dana, role=Role.AUDITOR)
    granting.revoke_role(by=erin, person=nils, role=Role.AUDITOR)
    # Two persons stay who can give roles: she alone could never give one.
    people.grant_role(person=erin, role=Role.PROCESS_OWNER, actor=TESTER)
    with pytest.raises(Conflict, match="One person alone would be left"):
        granting.revoke_role(by=erin, person=olga, role=Role.PROCESS_OWNER)
    # What nobody holds is refused as before, and an operator is not bound.
    with pytest.raises(Conflict, match="does not hold"):
        granting.revoke_role(by=erin, person=olga, role=Role.AUDITOR)
    people.revoke_role(person=dana, role=Role.AUDITOR, actor=TESTER)
