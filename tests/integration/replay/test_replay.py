"""Small logs against the demonstration's travel declaration: instances, tasks, ends."""

import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from review.models import Person, Task, Verdict
from review.operations.replay import casting
from review.operations.replay import replay as replay_operations
from review.operations.replay.casting import REPLAY
from tests.factories.said import read_detail
from tests.unit.replay.logs import (
    ADMINISTRATION,
    BUDGET_OWNER,
    FINAL,
    HANDLED,
    NOT_ADMINISTRATION,
    PAID,
    PRE_APPROVER,
    REQUEST,
    RETURNED,
    SAVED,
    START,
    SUBMITTED,
    TAKEN_BACK,
    log,
)
from workflows.models import AuditEntry, Instance
from workflows.operations import external

CONFORMING = [
    [SUBMITTED, ADMINISTRATION, *PAID],
    [SUBMITTED, ADMINISTRATION, BUDGET_OWNER, *PAID],
    [SUBMITTED, PRE_APPROVER, *PAID],
    [SUBMITTED, *PAID],
    [SUBMITTED, NOT_ADMINISTRATION, TAKEN_BACK, SUBMITTED, ADMINISTRATION, *PAID],
    [SUBMITTED, NOT_ADMINISTRATION, SUBMITTED, PRE_APPROVER, *PAID],
    [SUBMITTED, NOT_ADMINISTRATION, TAKEN_BACK],
    [SUBMITTED, FINAL, RETURNED, SUBMITTED, *PAID],
    [SUBMITTED, FINAL, RETURNED],
    [SAVED],
    [SAVED, SUBMITTED, ADMINISTRATION, *PAID],
]
DEVIATING = [
    [SUBMITTED, TAKEN_BACK],
    [SUBMITTED, FINAL, HANDLED],
    [SUBMITTED, FINAL, REQUEST, RETURNED],
    [SUBMITTED, *PAID, TAKEN_BACK],
    [SUBMITTED],
    [ADMINISTRATION, *PAID],
    [SUBMITTED, "Something else"],
]


@pytest.fixture(autouse=True)
def few_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred simulated persons are for whole logs; here a few do."""
    monkeypatch.setattr(casting, "INITIATORS", 3)
    monkeypatch.setattr(casting, "PER_QUEUE", 2)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return tmp_path


def replay(folder: Path, *cases: list[str], processes: int = 1) -> dict[str, Any]:
    """Write a log, replay it by the command and return what it tells."""
    path = folder / "log.xes.gz"
    path.write_bytes(gzip.compress(log(*cases)))
    out = io.StringIO()
    call_command(
        "replay_log",
        str(path),
        "--definition",
        "travel-declaration",
        "--json",
        "--processes",
        str(processes),
        stdout=out,
    )
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


@pytest.mark.django_db
def test_cases_that_the_model_allows_conform(data_dir: Path) -> None:
    told = replay(data_dir, *CONFORMING)
    assert (told["instances"], told["conforming"]) == (11, 11), told["reasons"]
    assert (told["deviating"], told["stuck"]) == (0, 0)
    assert told["chains_verified"] is True
    assert told["inferred_withdrawals"] == 4
    ends = Counter(Instance.objects.values_list("end_node_id", flat=True))
    assert ends == {"paid": 8, "withdrawn": 2, "discarded": 1}
    assert (
        told["audit_entries"]
        == AuditEntry.objects.filter(chain__in=Instance.objects.values("id")).count()
    )


@pytest.mark.django_db
def test_cases_that_leave_the_model_end_as_deviating_and_are_never_forced(
    data_dir: Path,
) -> None:
    told = replay(data_dir, *DEVIATING)
    assert (told["conforming"], told["deviating"], told["stuck"]) == (0, 7, 0)
    assert sum(told["reasons"].values()) == 7
    assert told["chains_verified"] is True
    states = Counter(Instance.objects.values_list("state", flat=True))
    # One log goes on after a good end; one does not even begin as the model does.
    assert states == {"CANCELED": 5, "COMPLETED": 1}
    assert not Task.objects.filter(state__in=["OPEN", "CLAIMED"]).exists()
    for entry in AuditEntry.objects.filter(kind="instance.canceled"):
        assert entry.actor == REPLAY.ref
        assert "Deviates from the replayed log" in read_detail(entry)["reason"]


@pytest.mark.django_db
def test_verdicts_are_real_and_carry_the_logs_times(data_dir: Path) -> None:
    told = replay(data_dir, [SUBMITTED, ADMINISTRATION, *PAID])
    assert told["verdicts"] == 2
    instance = Instance.objects.get()
    assert instance.occurred_at == START
    by_kind = {
        entry.kind: entry for entry in AuditEntry.objects.filter(chain=instance.id)
    }
    assert by_kind["instance.started"].occurred_at == START
    submitted = Verdict.objects.order_by("id")
    assert [verdict.occurred_at for verdict in submitted] == [
        START.replace(hour=10),
        START.replace(hour=11),
    ]
    claims = AuditEntry.objects.filter(chain=instance.id, kind="task.claimed")
    assert claims.count() == 2
    completed = by_kind["instance.completed"]
    assert completed.occurred_at == START.replace(hour=13)
    assert completed.at.year > START.year or completed.at > START
    deciders = set(submitted.values_list("person_id", flat=True))
    assert instance.initiator not in {f"person:{person}" for person in deciders}
    assert Person.objects.filter(id__in=deciders, simulated=True).count() == 2


@pytest.mark.django_db
def test_who_hands_in_again_is_the_initiator(data_dir: Path) -> None:
    replay(data_dir, [SUBMITTED, NOT_ADMINISTRATION, SUBMITTED, ADMINISTRATION, *PAID])
    instance = Instance.objects.get()
    corrected = Verdict.objects.get(task__node_id="correct")
    assert instance.initiator == f"person:{corrected.person_id}"


@pytest.mark.django_db
def test_new_round_is_handed_in_by_an_edit(data_dir: Path) -> None:
    replay(data_dir, [SUBMITTED, NOT_ADMINISTRATION, SUBMITTED, PRE_APPROVER, *PAID])
    verdict = Verdict.objects.get(task__node_id="correct")
    assert verdict.decision == "EDIT_AND_APPROVE"
    assert Instance.objects.get().variables["first_check"] == "PRE_APPROVER"


@pytest.mark.django_db
def test_second_replay_uses_the_same_persons_and_definition(data_dir: Path) -> None:
    replay(data_dir, [SAVED])
    persons = Person.objects.count()
    replay(data_dir, [SAVED])
    assert Person.objects.count() == persons
    assert Instance.objects.values("definition").distinct().count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_processes_replay_all_of_it_once(data_dir: Path) -> None:
    told = replay(data_dir, *(CONFORMING * 10), *DEVIATING, processes=2)
    assert told["instances"] == 11 * 10 + 7
    assert told["conforming"] == 11 * 10
    assert (told["deviating"], told["stuck"]) == (7, 0)
    assert told["chains_verified"] is True


@pytest.mark.django_db
def test_instance_that_does_not_go_on_is_told_as_stuck(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody does the payment: the replay must say so and come to an end."""
    monkeypatch.setattr(replay_operations, "PATIENCE", 2)
    monkeypatch.setattr(replay_operations, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(external, "claim", lambda **_: [])
    out = io.StringIO()
    path = data_dir / "log.xes"
    path.write_bytes(log([SUBMITTED, *PAID], [SAVED]))
    with pytest.raises(SystemExit):
        call_command(
            "replay_log",
            str(path),
            "--definition",
            "travel-declaration",
            "--json",
            "--processes",
            "1",
            stdout=out,
        )
    told = json.loads(out.getvalue())
    assert (told["conforming"], told["stuck"]) == (1, 1)
    assert told["stuck_reasons"] == {"The instance does not go on.": 1}


@pytest.mark.django_db
def test_limit_and_bad_files_are_told(data_dir: Path) -> None:
    path = data_dir / "log.xes"
    path.write_bytes(log([SAVED], [SAVED]))
    options = ["--definition", "travel-declaration", "--processes", "1"]
    out = io.StringIO()
    call_command("replay_log", str(path), *options, "--limit", "1", stdout=out)
    assert out.getvalue().startswith("instances: 1\nconforming: 1\n")
    path.write_bytes(b"<html/>")
    with pytest.raises(CommandError, match="root is <html>"):
        call_command("replay_log", str(path), *options)
    with pytest.raises(CommandError, match="No such file"):
        call_command("replay_log", str(data_dir / "no.xes"), *options)
    with pytest.raises(CommandError, match="at least 1"):
        call_command("replay_log", str(path), *options, "--limit", "0")
    path.write_bytes(gzip.compress(log([SAVED]))[:-20])
    with pytest.raises(CommandError, match=r"log\.xes"):
        call_command("replay_log", str(path), *options)
