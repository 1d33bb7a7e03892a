"""Clocks of a replayed log against the same figures counted in plain Python."""

import gzip
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from review.demo import cast
from review.models import Task
from review.operations.replay import casting
from tests.benchmarks.clock_figures import compare
from tests.unit.replay.logs import (
    ADMINISTRATION,
    BUDGET_OWNER,
    PAID,
    PRE_APPROVER,
    SUBMITTED,
    event,
)

PATHS = (
    [SUBMITTED, ADMINISTRATION, *PAID],
    [SUBMITTED, ADMINISTRATION, BUDGET_OWNER, *PAID],
    [SUBMITTED, PRE_APPROVER, *PAID],
)
HOURS = (1, 7, 19, 45, 71, 160)
"""Between two events: within a day, over nights, weekends, holidays and both changes."""


def write_log(path: Path, *, cases: int) -> None:
    """Write cases that begin on other days all over the year, each at its own pace."""
    traces = ""
    for number in range(cases):
        activities = PATHS[number % len(PATHS)]
        begin = number * 211
        events = "".join(
            event(activity, begin + place * HOURS[(number + place) % len(HOURS)])
            for place, activity in enumerate(activities)
        )
        traces += (
            f'<trace><string key="concept:name" value="declaration {number}"/>'
            f"{events}</trace>\n"
        )
    head = '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
    path.write_bytes(gzip.compress(f"{head}{traces}</log>".encode()))


@pytest.mark.django_db
def test_figures_of_clocks_are_those_counted_by_hand(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casting, "INITIATORS", 3)
    monkeypatch.setattr(casting, "PER_QUEUE", 3)
    settings.DATA_DIR = tmp_path
    cast.set_stage()
    write_log(tmp_path / "log.xes.gz", cases=36)
    out = io.StringIO()
    words = ["--definition", "travel-declaration", "--json", "--processes", "1"]
    call_command("replay_log", str(tmp_path / "log.xes.gz"), *words, stdout=out)
    told = json.loads(out.getvalue())
    assert told["stuck"] == 0
    figures = compare()
    assert figures["differences"] == 0, figures["first"]
    assert figures["clocks"] > 70
    assert figures["with a calendar"] == figures["clocks"]
    assert 0 < figures["breaches"] < figures["clocks"]
    moved = Task.objects.filter(escalations__gt=0)
    assert figures["escalated"] == moved.count() > 0
    assert set(moved.values_list("queue__key", flat=True)) == {"supervisors"}
