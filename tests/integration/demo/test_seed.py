"""The demonstration is made once, by the operations everybody uses."""

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from pytest_django import Settings

from review.demo.cast import PARTS, PASSWORD
from review.models import Task, Verdict
from workflows.models import AuditEntry, Instance, Step

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(tmp_path: Path, settings: Settings) -> str:
    """Seed a few cases; return what the command prints."""
    settings.DATA_DIR = tmp_path
    out = StringIO()
    call_command("seed_demo", cases=24, stdout=out)
    return out.getvalue()


def test_cases_of_all_packages_are_in_every_stage(said: str) -> None:
    keys = set(Instance.objects.values_list("definition__key", flat=True))
    assert keys == {
        "travel-declaration",
        "loan-approval",
        "invoice-extraction",
        "trip-booking",
    }
    assert set(Task.objects.values_list("state", flat=True)) >= {"OPEN", "DECIDED"}
    assert Verdict.objects.exists()


def test_every_log_in_that_is_printed_works(said: str) -> None:
    for part in PARTS:
        if part.username:
            assert part.username in said
            assert authenticate(username=part.username, password=PASSWORD)


def test_second_seeding_changes_nothing(said: str) -> None:
    before = AuditEntry.objects.count()
    call_command("seed_demo", stdout=StringIO())
    assert AuditEntry.objects.count() == before


def test_nobody_judged_his_own_and_no_second_review_was_the_first_again(
    said: str,
) -> None:
    for verdict in Verdict.objects.select_related("task__queue", "task__instance"):
        own = verdict.task.instance.initiator == f"person:{verdict.person_id}"
        # Only one's own declarations may be corrected by oneself.
        assert own is (verdict.task.queue.key == "employees")
    pairs = Verdict.objects.values_list("task_id", "round", "person_id")
    assert len(pairs) == len(set(pairs))


def test_trips_show_every_turn_of_their_process(said: str) -> None:
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
