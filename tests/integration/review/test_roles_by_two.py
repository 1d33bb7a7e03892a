"""Roles that decide over policies or evidence: proposed, approved, never alone."""

import pytest

from review.core.states import Role
from review.models import Person, ProposedChange, RoleGrant
from review.operations import granting, people, proposed_changes
from review.operations.roles import BY_TWO, propose_role
from tests.factories.processes import TESTER
from tests.factories.tasks import make_person
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid

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
