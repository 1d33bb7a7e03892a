"""The event logs of replayed cases: the same cases and activities as in the log given."""

from __future__ import annotations

import gzip
import itertools
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from django.core.management import call_command
from pytest_django import Settings

from review.core.evidence.selections import Selection
from review.core.evidence.xes import read_traces
from review.core.replaying import Passed, reconstruct
from review.core.states import Outcome
from review.demo.travel_log import TRAVEL_LOG
from review.evidence import files
from review.models import Task
from review.operations.evidence import building, bundles
from review.operations.replay import casting
from tests.factories.processes import TESTER
from tests.integration.evidence.logs import read_ocel, read_xes
from tests.integration.evidence.world import faults_of
from tests.unit.replay.logs import (
    ADMINISTRATION,
    BUDGET_OWNER,
    FINAL,
    NOT_ADMINISTRATION,
    PAID,
    PRE_APPROVER,
    RETURNED,
    SAVED,
    SUBMITTED,
    TAKEN_BACK,
    log,
)
from workflows.models import AuditEntry, Instance, Step

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

DATA: Final = Path(__file__).resolve().parents[4] / "shared" / "data"
REAL: Final = DATA / "bpic2020_domestic_declarations.xes.gz"
CASES: Final = 60
"""How many real cases are replayed; all 10,500 take minutes."""
OURS: Final = (
    [SUBMITTED, ADMINISTRATION, *PAID],
    [SUBMITTED, ADMINISTRATION, BUDGET_OWNER, *PAID],
    [SUBMITTED, PRE_APPROVER, *PAID],
    [SUBMITTED, NOT_ADMINISTRATION, TAKEN_BACK, SUBMITTED, ADMINISTRATION, *PAID],
    [SUBMITTED, FINAL, RETURNED, SUBMITTED, *PAID],
    [SAVED, SUBMITTED, ADMINISTRATION, *PAID],
)


@pytest.fixture(autouse=True)
def few_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casting, "INITIATORS", 3)
    monkeypatch.setattr(casting, "PER_QUEUE", 2)


def export_replayed(path: Path, folder: Path) -> Path:
    """Replay a log, export all its cases that conform, return the unpacked bundle."""
    words = ("--definition", "travel-declaration", "--processes", "1", "--json")
    call_command("replay_log", str(path), *words, "--limit", str(CASES))
    done = Instance.objects.filter(state="COMPLETED").order_by("id")
    cases = tuple(done.values_list("id", flat=True))
    selection = Selection(kind="sample", title="Replayed", cases=cases)
    bundle_id = bundles.order_bundle(selection=selection, doer=TESTER)
    assert building.build_now(bundle_id)
    (file,) = bundles.folder_of(bundle_id).glob("*.zip")
    assert faults_of(file) == []
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder / f"evidence-{bundle_id}"


def tell_again(events: Sequence[dict[str, str]], case: Instance) -> list[str]:
    """Return the activities of an exported trace in the words of the log replayed."""
    inferred = Counter(
        Task.objects.filter(
            instance=case, outcome="REJECTED", verdicts__occurred_at=None
        ).values_list("step_id", flat=True)
    )
    passed = [
        Passed(
            one["cs:node"],
            Outcome(one["cs:outcome"]) if "cs:outcome" in one else None,
            inferred=int(one["cs:step"]) in inferred,
        )
        for one in events
    ]
    return reconstruct(passed, log_map=TRAVEL_LOG, variables=case.variables)


Paths = dict[str, Counter[tuple[str, ...]]]
"""By a case's key the paths that cases of this key took."""


def read_given(path: Path, *, names: set[str]) -> Paths:
    data = gzip.decompress(path.read_bytes())
    found: Paths = {name: Counter() for name in names}
    for one in itertools.islice(read_traces([data]), CASES):
        name = TRAVEL_LOG.business_key(one)
        if name in names:
            found[name][tuple(event.activity for event in one.events)] += 1
    return found


@pytest.mark.parametrize("source", ["ours", "real"])
def test_exported_log_has_the_cases_and_activities_of_the_replayed_one(
    source: str, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path
    if source == "real" and not REAL.exists():
        pytest.skip(f"There is no {REAL.name} beside the repository.")
    path = tmp_path / "log.xes.gz"
    given_log = REAL.read_bytes() if source == "real" else gzip.compress(log(*OURS))
    path.write_bytes(given_log)
    folder = export_replayed(path, tmp_path)
    traces = read_xes(folder / files.XES)
    cases = {str(one.id): one for one in Instance.objects.all()}
    told: Paths = {}
    for one, events in traces:
        path_taken = tuple(tell_again(events, cases[one["cs:case"]]))
        told.setdefault(one["concept:name"], Counter())[path_taken] += 1
    done = Instance.objects.filter(state="COMPLETED")
    assert set(told) == set(done.values_list("business_key", flat=True))
    assert len(traces) >= (len(OURS) if source == "ours" else CASES // 2)
    assert told == read_given(path, names=set(told))
    _check_counts(folder, traces)


def _check_counts(
    folder: Path, traces: Sequence[tuple[object, Sequence[object]]]
) -> None:
    """Compare both event logs with what the database counts."""
    ids = Instance.objects.filter(state="COMPLETED").values("id")
    steps = Step.objects.filter(instance__in=ids, state="COMPLETED")
    activities = steps.exclude(kind__endswith="Gateway").count()
    assert sum(len(events) for _, events in traces) == activities
    ocel = read_ocel(folder / files.OCEL)
    entries = AuditEntry.objects.filter(chain__in=ids)
    assert len(ocel["events"]) == entries.count()
    kinds = Counter(one["type"] for one in ocel["events"])
    assert kinds == Counter(entries.values_list("kind", flat=True))
    objects = Counter(one["type"] for one in ocel["objects"])
    assert objects["case"] == len(ids)
    assert objects["task"] == Task.objects.filter(instance__in=ids).count()
