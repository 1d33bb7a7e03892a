"""Kill workers, flush the broker and restart the database under load: nothing is lost.

One run of some forty seconds serves all tests of this module: 500 instances, each with
a call to an outside system, two bookings and a timer, while something is hurt every
half second. Its order of faults comes from SEED.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults.fleet import FAULTS, Fleet, a_fleet

# One fleet serves all tests of this module, so they meet in one process: scheduling.py.
pytestmark = pytest.mark.slow

NODES = ("s", "call", "book", "pause", "book_again", "e")
SEED = 20_260_105
INSTANCES = 500
ROUNDS = 2
PAUSE_SECONDS = 0.7
DEADLINE_SECONDS = 90.0

_OPEN = "SELECT count(*) FROM workflows_instance WHERE state = 'ACTIVE'"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a run of faults left behind."""

    fleet: Fleet
    open_when_faults_ended: int


@pytest.fixture(scope="module")
def aftermath(servers: None) -> Iterator[Aftermath]:
    """Start the load, deal every fault in every round, then wait for the end."""
    pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way again)
    with a_fleet(forks=True) as fleet:
        fleet.run("-m", "tests.faults.drive", str(INSTANCES))
        fleet.tend()
        while fleet.count("SELECT count(*) FROM faults_effect") == 0:
            time.sleep(0.1)
        for _ in range(ROUNDS):
            for name in pick.sample(sorted(FAULTS), len(FAULTS)):
                FAULTS[name](fleet, pick)
                fleet.dealt[name] += 1
                fleet.tend()
                fleet.thaw()
                time.sleep(PAUSE_SECONDS)
        still_open = fleet.count(_OPEN)
        _wait_for_the_end(fleet)
        yield Aftermath(fleet, still_open)


def _wait_for_the_end(fleet: Fleet) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while fleet.count(_OPEN) and time.monotonic() < deadline:
        fleet.tend()
        fleet.thaw()
        time.sleep(0.2)


def test_faults_struck_while_there_was_work(aftermath: Aftermath) -> None:
    dealt = aftermath.fleet.dealt
    assert {name: dealt[name] for name in FAULTS} == dict.fromkeys(FAULTS, ROUNDS)
    assert dealt["horses killed"] >= 1
    assert dealt["horses frozen"] >= 1
    assert aftermath.open_when_faults_ended > 0


def test_every_instance_ends_and_none_is_stuck(aftermath: Aftermath) -> None:
    states = aftermath.fleet.query(
        "SELECT state, count(*) FROM workflows_instance GROUP BY state"
    )
    assert dict(states) == {"COMPLETED": INSTANCES}
    assert aftermath.fleet.count("SELECT count(*) FROM workflows_incident") == 0
    assert aftermath.fleet.count("SELECT count(*) FROM workflows_stimulus") == 0
    left = aftermath.fleet.query(
        "SELECT state, count(*) FROM workflows_step WHERE ended_at IS NULL GROUP BY 1"
    )
    assert left == []


def test_every_step_is_taken_once(aftermath: Aftermath) -> None:
    steps = aftermath.fleet.query(
        "SELECT node_id, state, count(*), count(DISTINCT instance_id)"
        " FROM workflows_step GROUP BY node_id, state"
    )
    assert sorted(steps) == sorted(
        (node, "COMPLETED", INSTANCES, INSTANCES) for node in NODES
    )
    twice = aftermath.fleet.query(
        "SELECT step_id, count(*) FROM workflows_auditentry"
        " WHERE kind = 'step.completed' GROUP BY step_id HAVING count(*) > 1"
    )
    assert twice == []


def test_effects_within_happen_once(aftermath: Aftermath) -> None:
    booked = aftermath.fleet.query(
        "SELECT count(*), count(DISTINCT step_id) FROM faults_effect"
    )
    assert booked == [(2 * INSTANCES, 2 * INSTANCES)]


def test_calls_outside_happen_and_repeat_one_key_only(aftermath: Aftermath) -> None:
    lines = (aftermath.fleet.folder / "outside.jsonl").read_text().splitlines()
    attempts: dict[str, Counter[int]] = defaultdict(Counter)
    for line in lines:
        call = json.loads(line)
        attempts[call["key"]][call["attempt"]] += 1
    steps = aftermath.fleet.query(
        "SELECT id::text FROM workflows_step WHERE node_id = 'call'"
    )
    assert attempts.keys() == {key for (key,) in steps}
    assert len(lines) > INSTANCES  # a killed worker's calls are made again
    # Each claim calls at most once: a repeat always carries a higher attempt.
    assert all(max(found.values()) == 1 for found in attempts.values())


def test_timers_fire_once(aftermath: Aftermath) -> None:
    timers = aftermath.fleet.query(
        "SELECT state, count(*) FROM workflows_timer GROUP BY state"
    )
    assert timers == [("FIRED", INSTANCES)]


def test_chains_and_checkpoints_verify(aftermath: Aftermath) -> None:
    aftermath.fleet.children["sealer"].terminate()
    assert aftermath.fleet.children["sealer"].wait(20) == 0
    aftermath.fleet.run("manage.py", "seal", "--once")
    report = json.loads(aftermath.fleet.run("manage.py", "verify_audit", "--json"))
    assert report["ok"], report["faults"]
    assert report["chains"] > INSTANCES
    assert report["leaves"] == report["entries"]
    assert report["unsealed"] == 0
    assert report["checkpoints"] > 1
