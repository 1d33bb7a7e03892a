"""People, accounts, roles, preferences, queues and calendars; each change is entered."""

import datetime as dt
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from review.core.states import Decision, Role
from review.models import Person, Preference, ReasonCode, RoleGrant, User
from review.operations import queues
from review.operations.people import people
from review.permissions import (
    can_audit,
    can_manage,
    can_resolve_incidents,
    can_review,
    can_see_queue,
    check_can_administer,
    get_rights,
)
from tests.factories.processes import TESTER
from tests.factories.tasks import PASSWORD, make_person
from workflows import audit
from workflows.models import AuditEntry
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db


def entered() -> list[str]:
    entries = AuditEntry.objects.filter(chain=audit.INSTALLATION).order_by("seq")
    return list(entries.values_list("kind", flat=True))


def test_person_with_an_account_can_sign_in() -> None:
    person = people.create_person(
        name=" Ada Byron ", actor=TESTER, username="ada", password=PASSWORD
    )
    user = User.objects.get_by_natural_key("ada")
    assert (user.person, person.name) == (person, "Ada Byron")
    assert user.check_password(PASSWORD)
    assert people.get_person(username="ada") == person
    assert people.actor_of(person).ref == f"person:{person.id}"
    assert entered() == ["person.created"]


def test_second_account_is_the_same_person() -> None:
    person = make_person("Ada")
    people.add_account(person=person, username="ada-2", password=PASSWORD, actor=TESTER)
    assert people.get_person(username="ada-2") == person


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [(" ", PASSWORD, "needs a name"), ("Ada", "short", "too short")],
)
def test_unusable_people_are_refused(name: str, password: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        people.create_person(name=name, actor=TESTER, username="ada", password=password)
    assert not Person.objects.exists()
    assert entered() == []


def test_taken_username_is_refused() -> None:
    given: dict[str, Any] = {"actor": TESTER, "username": "ada", "password": PASSWORD}
    people.create_person(name="Ada", **given)
    with pytest.raises(Conflict, match="'ada' is taken"):
        people.create_person(name="Bea", **given)
    with pytest.raises(NotFound, match="no account 'eve'"):
        people.get_person(username="eve")


def test_roles_are_for_a_queue_or_everywhere() -> None:
    desk = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    other = queues.define_queue(key="other", name="Other", actor=TESTER)
    person = make_person("Ada", Role.REVIEWER, Role.MANAGER, queue=desk)
    rights = get_rights(person.id)
    assert can_review(rights, queue_id=desk.id)
    assert can_manage(rights, queue_id=desk.id)
    assert not can_review(rights, queue_id=other.id)
    assert not can_see_queue(rights, queue_id=other.id)
    assert rights.list_queue_ids(Role.REVIEWER) == [desk.id]
    everywhere = make_person("Bea", Role.REVIEWER)
    found = get_rights(everywhere.id)
    assert can_review(found, queue_id=other.id)
    assert found.list_queue_ids(Role.REVIEWER) is None


def test_administrator_reviews_and_audits_nothing() -> None:
    desk = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    rights = get_rights(make_person("Eve", Role.ADMINISTRATOR).id)
    assert not can_review(rights, queue_id=desk.id)
    assert not can_audit(rights)
    assert can_resolve_incidents(rights)
    check_can_administer(rights)


def test_refusal_names_the_roles_it_takes() -> None:
    rights = get_rights(make_person("Ada").id)
    with pytest.raises(Forbidden, match="one of these roles: administrator"):
        check_can_administer(rights)


@pytest.mark.parametrize(
    ("first", "second"),
    [(Role.AUDITOR, Role.REVIEWER), (Role.ADMINISTRATOR, Role.AUDITOR)],
)
def test_auditor_holds_no_other_role(first: Role, second: Role) -> None:
    person = make_person("Ada", first)
    with pytest.raises(Conflict, match="auditor and hold another role"):
        people.grant_role(person=person, role=second, actor=TESTER)


def test_auditors_role_is_for_no_queue() -> None:
    desk = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    with pytest.raises(Invalid, match="not for a queue"):
        people.grant_role(
            person=make_person("Ada"), role=Role.AUDITOR, queue=desk, actor=TESTER
        )


def test_granting_twice_changes_nothing() -> None:
    person = make_person("Ada", Role.MANAGER)
    before = entered()
    people.grant_role(person=person, role=Role.MANAGER, actor=TESTER)
    assert entered() == before
    assert RoleGrant.objects.filter(person=person).count() == 1


def test_revoking_ends_the_role_and_the_mirror_of_it() -> None:
    person = people.create_person(
        name="Eve", actor=TESTER, username="eve", password=PASSWORD
    )
    people.grant_role(person=person, role=Role.ADMINISTRATOR, actor=TESTER)
    user = User.objects.get(username="eve")
    assert user.is_superuser
    assert user.is_staff
    assert user.has_perm("any")
    assert user.has_module_perms("any")
    people.revoke_role(person=person, role=Role.ADMINISTRATOR, actor=TESTER)
    assert not User.objects.get(username="eve").is_superuser
    with pytest.raises(Conflict, match="does not hold"):
        people.revoke_role(person=person, role=Role.ADMINISTRATOR, actor=TESTER)
    people.grant_role(person=person, role=Role.ADMINISTRATOR, actor=TESTER)
    assert entered()[-3:] == ["role.granted", "role.revoked", "role.granted"]


def test_disabled_person_has_no_rights_and_no_open_account() -> None:
    person = people.create_person(
        name="Ada", actor=TESTER, username="ada", password=PASSWORD
    )
    people.disable_person(person=person, actor=TESTER, reason="Left.")
    assert not User.objects.get(username="ada").is_active
    with pytest.raises(Forbidden, match="account of Ada is closed"):
        get_rights(person.id)
    with pytest.raises(Conflict, match="disabled already"):
        people.disable_person(person=person, actor=TESTER, reason="Left.")
    with pytest.raises(NotFound, match="no person 999"):
        get_rights(999)


def test_preferences_are_checked_and_kept() -> None:
    person = make_person("Ada")
    good: dict[str, Any] = {
        "zone": "Europe/Berlin",
        "theme": "dark",
        "density": "compact",
    }
    people.change_preferences(
        person=person, **good, single_keys=False, keys={"approve": "Shift+Y"}
    )
    kept = Preference.objects.get(person=person)
    assert (kept.zone, kept.single_keys, kept.keys) == (
        "Europe/Berlin",
        False,
        {"approve": "Shift+Y"},
    )
    for name, sentence in (
        ("zone", "no time zone"),
        ("theme", "none of auto"),
        ("density", "none of compact"),
    ):
        with pytest.raises(Invalid, match=sentence):
            people.change_preferences(
                person=person, **{**good, name: "x"}, single_keys=True, keys={}
            )


def test_queues_and_reasons_are_defined_and_changed() -> None:
    desk = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    again = queues.define_queue(
        key="desk", name="Front desk", lease_seconds=60, actor=TESTER
    )
    assert (again.id, again.name, again.lease_seconds) == (desk.id, "Front desk", 60)
    for _ in range(2):
        queues.define_reason_code(
            code="late", label="Too late", decision=Decision.REJECT, actor=TESTER
        )
    assert ReasonCode.objects.count() == 1
    words = ("define_reason", "late")
    given = ("--label=Late", "--policy=Rule 1.", "--text=[Days] late.", "--needs-words")
    call_command(*words, *given, stdout=io.StringIO())
    reason = ReasonCode.objects.get()
    assert (reason.policy_text, reason.rationale_text) == ("Rule 1.", "[Days] late.")
    assert reason.needs_rationale
    call_command(*words, "--retire", stdout=io.StringIO())
    long = f"--text={'x' * 2001}"
    for wrong in (("--retire",), ("--queue=nowhere",), (), ("--label=x", long)):
        with pytest.raises(CommandError):
            call_command(*words, *wrong, stdout=io.StringIO())
    assert ReasonCode.objects.get().retired_at is not None
    assert entered() == [
        "queue.created",
        "queue.changed",
        "reason_code.created",
        "reason_code.changed",
        "reason_code.changed",
        "reason_code.retired",
    ]


def test_unusable_queues_and_calendars_are_refused() -> None:
    desk = queues.define_queue(key="desk", name="Desk", actor=TESTER)
    with pytest.raises(Invalid, match="20 seconds to a day"):
        queues.define_queue(key="x", name="X", lease_seconds=5, actor=TESTER)
    with pytest.raises(Invalid, match="cannot escalate to itself"):
        queues.define_queue(key="desk", name="D", escalate_to=desk, actor=TESTER)
    with pytest.raises(Invalid, match="no time zone 'Mars'"):
        queues.define_calendar(
            key="c",
            name="C",
            zone="Mars",
            hours={"0": [["09:00", "10:00"]]},
            actor=TESTER,
        )


def test_calendar_that_stands_is_for_two_persons_to_change() -> None:
    given: dict[str, Any] = {"key": "c", "name": "C", "zone": "UTC", "actor": TESTER}
    hours = {"0": [["09:00", "10:00"]]}
    calendar = queues.define_calendar(
        hours=hours, days_off={dt.date(2026, 1, 5): "Founders' day"}, **given
    )
    assert (calendar.version, calendar.holidays.count()) == (1, 1)
    with pytest.raises(Conflict, match="two persons change it: propose it at /cal"):
        queues.define_calendar(hours=hours, **given)
