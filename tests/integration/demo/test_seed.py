"""The demonstration is made once, by the operations everybody uses."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_django import Settings

from review.core.states import PolicyKind
from review.demo import rulebook
from review.demo.cast import PARTS, PASSWORD
from review.models import (
    Absence,
    AlertRule,
    BreakGlass,
    Delegation,
    InformationRequest,
    InstanceClock,
    Note,
    Notification,
    Person,
    Policy,
    ProposedChange,
    SavedView,
    Task,
    TaskContent,
    Verdict,
)
from review.operations.policies import policies
from workflows.models import AuditEntry, Instance, Step

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(tmp_path: Path, settings: Settings) -> str:
    """Seed a few cases; return what the command prints."""
    settings.DATA_DIR = tmp_path
    out = StringIO()
    call_command("seed_demo", cases=24, stdout=out)
    return out.getvalue()


def test_demonstration_shows_processes_and_people_and_is_made_once(said: str) -> None:
    keys = set(Instance.objects.values_list("definition__key", flat=True))
    assert keys == {
        "travel-declaration",
        "loan-approval",
        "invoice-extraction",
        "trip-booking",
        "expense-claim",
    }
    check_log_ins(said)
    check_four_eyes()
    check_trips()
    check_expenses()
    check_desks()
    check_staff()

    before = AuditEntry.objects.count()
    call_command("seed_demo", stdout=StringIO())
    assert AuditEntry.objects.count() == before
    # Whoever tries the demonstration can be the second person.
    rule, change = AlertRule.objects.get(), ProposedChange.objects.get(state="PROPOSED")
    assert (rule.name, change.title) == (
        rulebook.ALERT,
        "New alert “Credit takes long”",
    )
    assert Policy.objects.get(kind=PolicyKind.OBJECTIVES.value).state == "IN_FORCE"
    waits = {one.kind: one for one in Policy.objects.filter(state="PROPOSED")}
    assert sorted(waits) == ["CALENDAR", "GRID", "LADDER"]
    waiting = waits[PolicyKind.GRID.value]
    assert waiting.queue is not None
    assert waiting.queue.key == "invoices"
    policies.approve(
        policy_id=waiting.id, person=Person.objects.get(name="Olga Okafor")
    )


def check_log_ins(said: str) -> None:
    """Every log-in that is printed works."""
    for part in PARTS:
        if part.username:
            assert part.username in said
            assert authenticate(username=part.username, password=PASSWORD)


def check_four_eyes() -> None:
    """Nobody judged his own, and no second review was the first again."""
    for verdict in Verdict.objects.select_related("task__queue", "task__instance"):
        own = verdict.task.instance.initiator == f"person:{verdict.person_id}"
        # Only one's own declarations may be corrected by oneself.
        assert own is (verdict.task.queue.key == "employees")
    pairs = Verdict.objects.values_list("task_id", "round", "person_id")
    assert len(pairs) == len(set(pairs))


def check_trips() -> None:
    """Trips show every turn of their process, and run a clock of their own."""
    trips = Instance.objects.filter(definition__key="trip-booking")
    assert set(trips.values_list("state", flat=True)) == {
        "ACTIVE",
        "CANCELED",
        "COMPLETED",
    }
    waits = Step.objects.filter(instance__in=trips, ended_at=None)
    assert {"await", "check", "rail", "look_at_change"} <= set(
        waits.values_list("node_id", flat=True)
    )
    canceled = trips.get(state="CANCELED")
    undone = Step.objects.filter(instance=canceled, data__has_key="undoes")
    # Last done, first undone; which of the two was done last is the workers' chance.
    assert {step.node_id for step in undone} == {"hotel", "flight"}
    assert InstanceClock.objects.filter(instance__in=trips, state="RUNNING").exists()


def check_expenses() -> None:
    """One with the authority approved, or two others together; one alone is not enough."""
    found = {
        task.business_key: task for task in Task.objects.filter(queue__key="expenses")
    }
    states = {key: found[key].state for key in sorted(found)}
    assert states == {
        "EXP-501": "DECIDED",
        "EXP-502": "DECIDED",
        **dict.fromkeys(("EXP-503", "EXP-504", "EXP-505", "EXP-506"), "OPEN"),
    }
    ruled = {key: found[key].content.clock["clock_policy"]["row"] for key in found
             if "clock_policy" in found[key].content.clock}  # fmt: skip
    assert ruled == {"EXP-502": 1, "EXP-505": 1}
    proof = found["EXP-501"].content.proof or {}
    assert [vote["authority"] for vote in proof["votes"]] == [1000, 1000]
    assert Verdict.objects.get(task=found["EXP-503"]).decision == "APPROVE"


def check_desks() -> None:
    """Work is held, parked, handed over and ruled by policies."""
    states = set(Task.objects.values_list("state", flat=True))
    assert states >= {"OPEN", "CLAIMED", "WAITING", "DECIDED"}
    kinds = {"HELP", "HAND_OVER", "COMMENT"}
    assert set(Note.objects.values_list("kind", flat=True)) == kinds
    assert InformationRequest.objects.get(answered_at=None).asked_of == "the applicant"
    credit = TaskContent.objects.filter(task__queue__key="credit")
    ruled = [one.policy.get("quorum_policy") for one in credit]
    assert {one["plan"] for one in ruled if one} <= {"dual"}
    assert any(content.routing.get("excluded") for content in credit)
    invoices = TaskContent.objects.filter(task__queue__key="invoices")
    assert all(content.policy["grid"]["version"] == 1 for content in invoices)


def check_staff() -> None:
    """Somebody is away and somebody will be; one stands in; notices are half read."""
    people = {person.name: person for person in Person.objects.all()}
    assert Task.objects.filter(assigned_to=people["Alice Archer"]).exists()
    away = Absence.objects.get(person=people["Ines Ibarra"])
    assert away.rebalanced_at is not None
    assert not Task.objects.filter(assigned_to=away.person).exists()
    assert Absence.objects.get(person=people["Bob Brandt"]).rebalanced_at is None
    assert Delegation.objects.get().taker == people["Alice Archer"]
    assert BreakGlass.objects.get().reviewed_at is None
    assert SavedView.objects.get().is_team
    told = Notification.objects.filter(person=people["Alice Archer"])
    assert told.filter(read_at=None).exists()
    assert told.exclude(read_at=None).exists()
