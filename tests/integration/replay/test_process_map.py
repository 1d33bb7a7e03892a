"""The map mined from replayed cases against the same counted straight from the log."""

import datetime as dt
import gzip
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from pytest_django import Settings

from review.core.figures.mining import END, START, mine, project
from review.dashboards.process_map import Question, read_times, read_variants
from review.dashboards.processes import find_process, read_passed
from review.operations.replay import casting
from tests.integration.replay.test_clock_figures import write_log
from tests.unit.replay.logs import (
    ADMINISTRATION,
    BUDGET_OWNER,
    FINAL,
    HANDLED,
    PRE_APPROVER,
    REQUEST,
    SUBMITTED,
)
from workflows.store import database_now

NODES = {
    ADMINISTRATION: "administration",
    BUDGET_OWNER: "budget_owner",
    PRE_APPROVER: "pre_approver",
    FINAL: "supervisor",
    REQUEST: "request_payment",
    HANDLED: "pay",
}
Counted = tuple[Counter[tuple[str, str]], dict[tuple[str, str], float]]


def count_plainly(path: Path) -> Counted:
    """Count pairs and the median seconds between, with nothing of ours."""
    times: Counter[tuple[str, str]] = Counter()
    seconds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    root = ElementTree.fromstring(gzip.decompress(path.read_bytes()))  # noqa: S314
    for trace in (one for one in root if one.tag.endswith("trace")):
        told = [
            {part.get("key"): part.get("value", "") for part in event}
            for event in trace
            if event.tag.endswith("event")
        ]
        steps = [
            (event["concept:name"], dt.datetime.fromisoformat(event["time:timestamp"]))
            for event in told
        ]
        assert steps[0][0] == SUBMITTED
        named = [(START, steps[0][1]), *((NODES[name], at) for name, at in steps[1:])]
        named += [("paid", named[-1][1]), (END, named[-1][1])]
        for (a, at), (b, then) in pairwise(named):
            times[a, b] += 1
            if b != END:
                seconds[a, b].append((then - at).total_seconds())
    return times, {pair: median(found) for pair, found in seconds.items()}


@pytest.mark.django_db
def test_map_of_replayed_cases_is_that_of_the_log(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casting, "INITIATORS", 3)
    monkeypatch.setattr(casting, "PER_QUEUE", 3)
    settings.DATA_DIR = tmp_path
    log = tmp_path / "log.xes.gz"
    write_log(log, cases=12)
    words = ["--definition", "travel-declaration", "--processes", "1"]
    call_command("replay_log", str(log), *words, verbosity=0)
    times, seconds = count_plainly(log)
    found = find_process("travel-declaration")
    assert found is not None
    asked = Question(found, database_now() - dt.timedelta(days=1))
    # What the log does not tell of (receipts that were not missing) is passed over.
    kept = {*NODES.values(), "paid"}
    mined = mine(project(read_variants(asked), kept))
    assert mined.cases == 12
    assert {pair: count.times for pair, count in mined.edges.items()} == times
    measured = read_times(asked, kept=kept)
    # The model requests a payment at once with the approval, whenever the log tells it.
    told = {pair for pair in seconds if "request_payment" not in pair}
    assert {pair: measured[pair] for pair in told} == pytest.approx({
        pair: seconds[pair] for pair in told
    })
    passed = read_passed(found, since=asked.since)
    assert passed["supervisor"].times == 12
    assert passed["supervisor"].p85 > dt.timedelta(hours=1)
