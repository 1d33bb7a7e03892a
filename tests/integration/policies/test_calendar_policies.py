"""Calendars under a policy: a version in force is one of the calendar's own."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import F

from review.core.states import PolicyKind, Role
from review.models import Calendar, CalendarVersion, Policy
from review.operations import queues
from review.operations.policies import calendar_previews, policies
from review.operations.policies.policies import BadBody
from review.operations.policies.policy_subjects import Subject
from tests.factories.processes import TESTER
from tests.factories.tasks import AT_ONCE, make_desk, make_person, open_task
from workflows.models import AuditEntry
from workflows.operations.errors import Forbidden
from workflows.store import database_now

pytestmark = pytest.mark.django_db
KIND = PolicyKind.CALENDAR
ALL_DAY = dict.fromkeys(
    ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"
)


def make_calendar() -> Calendar:
    hours = {str(day): [["00:00", "24:00"]] for day in range(7)}
    return queues.define_calendar(
        key="office", name="Office", zone="UTC", hours=hours, actor=TESTER
    )


def test_change_of_a_calendar_takes_two_and_becomes_its_next_version() -> None:
    calendar = make_calendar()
    desk = make_desk(sla="PT8H", calendar="office")
    old = open_task(desk)
    olga = make_person("Olga", Role.PROCESS_OWNER)
    peter = make_person("Peter", Role.MANAGER)
    carol = make_person("Carla", Role.MANAGER, queue=desk.queue)
    date = database_now().date() + dt.timedelta(days=3)
    body: dict[str, Any] = {
        "zone": "UTC",
        **ALL_DAY,
        "country": "DE",
        "rows": [{"date": date.isoformat(), "name": "Move"}],
    }
    name: dict[str, Any] = {"calendar_id": calendar.id, "kind": KIND}
    with pytest.raises(Forbidden, match="calendars: it takes a process owner or a man"):
        policies.propose(**name, body=body, reason="We move.", person=carol)
    with pytest.raises(Forbidden, match="The calendar stands already"):
        policies.propose(**name, body=body, reason="We move.", person=None)
    with pytest.raises(BadBody, match="No holidays are known"):
        policies.propose(
            **name, body={**body, "country": "ZZ"}, reason="We move.", person=peter
        )
    check_preview(calendar, body)
    proposed = policies.propose(
        **name,
        body=body,
        reason="We move.",
        person=peter,
        effective_at=database_now() + dt.timedelta(days=2),
    )
    with pytest.raises(Forbidden, match="proposed this yourself"):
        policies.approve(policy_id=proposed.id, person=peter)
    policies.approve(policy_id=proposed.id, person=olga)
    calendar.refresh_from_db()
    # What stood is the first version, and made none of the calendar's own.
    states = Policy.objects.order_by("version").values_list("state", flat=True)
    assert (calendar.version, list(states)) == (1, ["IN_FORCE", "APPROVED"])
    Policy.objects.filter(id=proposed.id).update(
        effective_at=F("effective_at") - dt.timedelta(days=3)
    )
    policies.bring_into_force()
    calendar.refresh_from_db()
    assert (calendar.version, calendar.country) == (2, "DE")
    assert calendar.holidays.get().date == date
    assert date in CalendarVersion.objects.get(calendar=calendar, version=2).days_off
    new = open_task(desk)
    assert (old.content.clock["calendar"], new.content.clock["calendar"]) == (
        "office v1",
        "office v2",
    )
    changed = AuditEntry.objects.get(kind="calendar.changed").entry
    assert f'"by_policy":{{"id":{proposed.id},"version":2}}' in changed


def check_preview(calendar: Calendar, body: dict[str, Any]) -> None:
    """The one clock is replayed by a week without its end."""
    found = calendar_previews.preview_hours(
        calendar=calendar,
        before=policies.find_before(Subject(calendar=calendar), KIND) or {},
        proposed={**body, **dict.fromkeys(("sat", "sun"), "")},
        weeks=2,
    )
    assert (found.seen, found.total, found.earlier) == (1, 1, 0)
    assert found.hours_after == dt.timedelta(hours=120)


def test_version_is_of_one_queue_or_one_calendar_and_one_counts() -> None:
    calendar = make_calendar()
    queue = queues.define_queue(key="desk", name="D", actor=TESTER, rules=AT_ONCE)
    now = database_now()

    def add(version: int, **given: Any) -> None:
        with transaction.atomic():
            Policy.objects.create(
                version=version,
                body={},
                digest="",
                reason="r",
                proposed_at=now,
                state="PROPOSED",
                **given,
            )

    for wrong in (
        {"kind": "CALENDAR", "queue": queue},
        {"kind": "GRID", "calendar": calendar},
        {"kind": "CALENDAR", "calendar": calendar, "queue": queue},
        {"kind": "GRID"},
    ):
        with pytest.raises(IntegrityError, match="of_a_queue_or_a_calendar"):
            add(1, **wrong)
    add(1, kind="CALENDAR", calendar=calendar)
    with pytest.raises(IntegrityError, match="one_proposed"):
        add(2, kind="CALENDAR", calendar=calendar)
    with pytest.raises(IntegrityError, match="version_once"):
        add(1, kind="CALENDAR", calendar=calendar)


def test_operator_makes_a_calendar_and_proposes_its_change(tmp_path: Any) -> None:
    file = tmp_path / "office.json"
    body = {"zone": "Europe/Berlin", "mon": "9-17", "rows": [{"date": "2026-12-24"}]}
    file.write_text(json.dumps(body))
    given = ["--calendar", "office", "--kind", "calendar", "--file", str(file)]
    with pytest.raises(CommandError, match="to make it give its --name too"):
        call_command("set_policy", *given)
    call_command("set_policy", *given, "--name", "Office")
    calendar = Calendar.objects.get()
    assert (calendar.version, calendar.hours) == (1, {"0": [["09:00", "17:00"]]})
    with pytest.raises(CommandError, match="two persons change it"):
        call_command("set_policy", *given, "--name", "Office")
    file.write_text(json.dumps({**body, "tue": "9-17"}))
    with pytest.raises(CommandError, match="name who proposes it"):
        call_command("set_policy", *given)
    # As it stands it is its first version, which needs nobody else.
    file.write_text(json.dumps(body))
    call_command("set_policy", *given)
    assert Policy.objects.get().state == "IN_FORCE"
