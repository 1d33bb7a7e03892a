"""Kill a process at each failpoint, with its worker where it has one; nothing is lost.

One fleet and one load of cases serve all points: every blow is dealt once, whoever
comes by, while the others work on. RELIABILITY's list F1 to F12 is `failpoints.POINTS`.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import redis

from tests.faults.fleet import Fleet, a_fleet
from workflows.failpoints import POINTS

# One fleet serves all tests of this module, so they meet in one process: scheduling.py.
pytestmark = pytest.mark.slow

CASES = 24
DEADLINE_SECONDS = 150.0
# Dealt to the workers that build bundles and test controls, once the cases are over.
OF_AUDITORS = {
    "bundle.planned": "self",
    "bundle.middle": "both",
    "bundle.part": "self",
    "bundle.assembled": "both",
    "bundle.handed": "self",
    "controls.part": "self",
    "controls.uncommitted": "both",
}
BLOWS = {
    "claim.committed": "self,both",
    "call.before": "self",
    "call.after": "parent",
    "finish.before": "self",
    "finish.uncommitted": "both",
    "bell.before": "self",
    "sweep.batch": "self",
    "timer.fire": "self",
    "escalation": "self",
    "verdict.uncommitted": "self",
    "verdict.held": "self",
    "settle.uncommitted": "self",
    "leaf.batch": "self",
    "sign.signed": "self",
    "sign.anchored": "self",
    "export.middle": "self",
    "rollup.uncommitted": "self",
    **OF_AUDITORS,
}
NODES = ("s", "call", "book", "pause", "judge", "book_again", "e")
AUDITORS_SECONDS = 120.0
SEED = 20_260_105
_OPEN = "SELECT count(*) FROM workflows_instance WHERE state = 'ACTIVE'"
_UNDER_WAY = """
    SELECT (SELECT count(*) FROM review_evidencebundle
            WHERE state IN ('WAITING', 'BUILDING'))
        + (SELECT count(*) FROM review_controlorder WHERE next_at IS NOT NULL)
"""


@pytest.fixture(scope="module")
def aftermath(servers: None) -> Iterator[Fleet]:
    """Start the cases, let every blow fall, wait for the end, then export a case."""
    with a_fleet(forks=True) as fleet:
        fleet.run("-m", "tests.faults.judged", "begin", str(CASES))
        blows = fleet.folder / "blows"
        blows.mkdir()
        _arm(fleet, {n: who for n, who in BLOWS.items() if n not in OF_AUDITORS})
        fleet.crew["judge"] = ("-m", "tests.faults.judged", "judge", str(CASES))
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            fleet.tend()
            if not fleet.count(_OPEN) and not _left(blows) - OF_AUDITORS.keys() - {
                "export.middle"
            }:
                break
            time.sleep(0.2)
        _export(fleet)
        _build(fleet)
        _lose_the_queue(fleet)
        yield fleet


def _arm(fleet: Fleet, blows: Mapping[str, str]) -> None:
    """Arm these points for all that is started from now on."""
    fleet.more_environment = {
        "FAILPOINTS": " ".join(f"{name}={who}" for name, who in blows.items()),
        "FAILPOINTS_FOLDER": str(fleet.folder / "blows"),
    }


def _left(blows: Path) -> set[str]:
    dealt = Counter(path.stem for path in blows.iterdir())
    return {n for n, who in BLOWS.items() if dealt[n] < len(who.split(","))}


def _export(fleet: Fleet) -> None:
    """Export the first case twice; the first attempt dies on the way."""
    ((instance,),) = fleet.query("SELECT id::text FROM workflows_instance LIMIT 1")
    words = ("manage.py", "export_evidence", instance)
    first = fleet.program("export", *words, "--to", str(fleet.folder / "lost.zip"))
    assert fleet.start(first).wait(30) < 0
    fleet.run(*words, "--to", str(fleet.folder / "case.zip"))


def _build(fleet: Fleet) -> None:
    """Let auditors' workers die at each of their points, and others go on."""
    fleet.run("-m", "tests.faults.auditing", "begin")
    _arm(fleet, OF_AUDITORS)
    for number in (1, 2):
        fleet.crew[f"notify-{number}"] = ("manage.py", "work", "--queue", "notify")
    _wait_for_auditors(fleet)


def _wait_for_auditors(fleet: Fleet) -> None:
    deadline = time.monotonic() + AUDITORS_SECONDS
    while time.monotonic() < deadline:
        fleet.tend()
        if not fleet.count(_UNDER_WAY):
            return
        time.sleep(0.1)


def _lose_the_queue(fleet: Fleet) -> None:
    """Order a bundle whose ring is lost with the whole broker before anybody hears it."""
    deaf = [fleet.children[name] for name in ("notify-1", "notify-2", "sweeper")]
    for child in deaf:
        child.send_signal(signal.SIGSTOP)
    fleet.more_environment = {}
    fleet.run("-m", "tests.faults.auditing", "bundle")
    with redis.Redis(unix_socket_path=str(fleet.folder / "valkey.sock")) as broker:
        fleet.dealt["jobs lost"] = len(broker.keys("rq:job:*"))
    fleet.flush_broker(random.Random(SEED))  # noqa: S311  (it picks nothing)
    for child in deaf:
        child.send_signal(signal.SIGCONT)
    _wait_for_auditors(fleet)


def test_every_point_was_struck() -> None:
    assert set(BLOWS) == set(POINTS)


def test_every_blow_fell(aftermath: Fleet) -> None:
    assert _left(aftermath.folder / "blows") == set()


def test_every_case_ends_and_none_is_stuck(aftermath: Fleet) -> None:
    states = aftermath.query(
        "SELECT state, count(*) FROM workflows_instance GROUP BY 1"
    )
    assert states == [("COMPLETED", CASES)]
    assert aftermath.count("SELECT count(*) FROM workflows_incident") == 0
    assert aftermath.count("SELECT count(*) FROM workflows_stimulus") == 0
    steps = aftermath.query(
        "SELECT node_id, state, count(*), count(DISTINCT instance_id)"
        " FROM workflows_step GROUP BY node_id, state"
    )
    assert sorted(steps) == sorted((node, "COMPLETED", CASES, CASES) for node in NODES)


def test_figures_are_folded_once_whoever_died(aftermath: Fleet) -> None:
    aftermath.run("manage.py", "rollup", "--check")
    counted = aftermath.query(
        "SELECT sum(arrivals), sum(closed), sum(live) FROM review_rolluphour"
        " WHERE cell_id = 0"
    )
    assert counted == [(CASES, CASES, 0)]


def test_effects_within_happen_once(aftermath: Fleet) -> None:
    booked = aftermath.query(
        "SELECT count(*), count(DISTINCT step_id) FROM faults_effect"
    )
    assert booked == [(2 * CASES, 2 * CASES)]
    completed = aftermath.query(
        "SELECT count(*), count(DISTINCT step_id) FROM workflows_auditentry"
        " WHERE kind = 'step.completed'"
    )
    assert completed == [(len(NODES) * CASES, len(NODES) * CASES)]


def test_calls_outside_repeat_their_key(aftermath: Fleet) -> None:
    lines = (aftermath.folder / "outside.jsonl").read_text().splitlines()
    made = Counter((one["key"], one["attempt"]) for one in map(json.loads, lines))
    steps = aftermath.query(
        "SELECT id::text FROM workflows_step WHERE node_id = 'call'"
    )
    assert {key for key, _ in made} == {key for (key,) in steps}
    assert len(lines) > CASES  # a killed worker's calls are made again
    assert set(made.values()) == {1}


def test_verdicts_and_escalations_stand_once(aftermath: Fleet) -> None:
    judged = aftermath.query(
        "SELECT count(*), count(DISTINCT task_id) FROM review_verdict"
    )
    assert judged == [(CASES, CASES)]
    released = aftermath.query(
        "SELECT count(*), count(DISTINCT chain) FROM workflows_auditentry"
        " WHERE kind = 'verdict.released'"
    )
    assert released == [(CASES, CASES)]
    told = aftermath.query(
        "SELECT kind, count(*), count(DISTINCT chain) FROM workflows_auditentry"
        " WHERE kind IN ('sla.breached', 'task.decided') GROUP BY kind ORDER BY kind"
    )
    assert told == [("sla.breached", CASES, CASES), ("task.decided", CASES, CASES)]


def test_timers_fire_once(aftermath: Fleet) -> None:
    armed = aftermath.count(
        "SELECT count(*) FROM workflows_timer WHERE state = 'ARMED'"
    )
    assert armed == 0
    paused = aftermath.query(
        "SELECT state, count(*), count(DISTINCT step_id) FROM workflows_timer"
        " WHERE kind = 'engine.catch' GROUP BY state"
    )
    assert paused == [("FIRED", CASES, CASES)]


def test_chains_and_checkpoints_verify(aftermath: Fleet) -> None:
    aftermath.children["sealer"].terminate()
    aftermath.children["sealer"].wait(20)
    aftermath.run("manage.py", "seal", "--once")
    report = json.loads(aftermath.run("manage.py", "verify_audit", "--json"))
    assert report["ok"], report["faults"]
    assert report["leaves"] == report["entries"]
    assert report["unsealed"] == 0


def test_evidence_verifies_after_an_export_that_died(aftermath: Fleet) -> None:
    assert not (aftermath.folder / "lost.zip").exists()
    with zipfile.ZipFile(aftermath.folder / "case.zip") as archive:
        archive.extractall(aftermath.folder / "case")
    (script,) = (aftermath.folder / "case").glob("*/verify.py")
    done = subprocess.run(
        [sys.executable, "-E", "-s", str(script), "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    exports = aftermath.count(
        "SELECT count(*) FROM workflows_auditentry WHERE kind = 'evidence.exported'"
        " AND actor = 'system:command-line'"
    )
    assert exports == 2


def test_bundles_are_whole_and_finished_once_whoever_died(aftermath: Fleet) -> None:
    assert aftermath.dealt["jobs lost"] > 0
    rows = aftermath.query(
        "SELECT id, state, cases, file_name FROM review_evidencebundle"
        " WHERE ordered_by <> 'system:command-line' ORDER BY id"
    )
    assert [(state, cases) for _, state, cases, _ in rows] == [("READY", CASES)] * 3
    ((count, hands),) = aftermath.query(
        "SELECT count(*), sum(token) FROM review_evidencebundle"
    )
    struck = [name for name in OF_AUDITORS if name.startswith("bundle.")]
    # Whoever died was followed by another; but who died at the last had done all.
    assert hands >= count + len(struck) - 1
    aftermath.run("manage.py", "sweep", "--once")
    kept = aftermath.query(
        "SELECT c.bundle_id, c.what, count(*), count(DISTINCT e.id)"
        " FROM review_bundlecustody c"
        " JOIN workflows_auditchain h ON h.name = 'installation'"
        " JOIN workflows_auditentry e ON e.chain = h.id AND e.seq = c.audit_seq"
        " AND e.kind = c.what GROUP BY 1, 2"
    )
    for bundle_id, _, _, file_name in rows:
        assert sorted(row[1:] for row in kept if row[0] == bundle_id) == [
            ("evidence.exported", 1, 1),
            ("evidence.finished", 1, 1),
        ]
        folder = aftermath.folder / "data" / "bundles" / str(bundle_id)
        # What the dead left lying is gone: one file is delivered.
        assert [path.name for path in folder.iterdir()] == [file_name]
        with zipfile.ZipFile(folder / file_name) as archive:
            archive.extractall(aftermath.folder / "bundles")
        script = aftermath.folder / "bundles" / f"evidence-{bundle_id}" / "verify.py"
        words = [sys.executable, "-E", "-s", str(script), str(folder / file_name)]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"number of cases: {CASES}, as many" in done.stdout


def test_controls_are_tested_once_over_every_case_whoever_died(
    aftermath: Fleet,
) -> None:
    runs = aftermath.query("SELECT cases, results FROM review_controlrun")
    ((cases, results),) = runs
    looked = {one["code"]: (one["looked"], one["failed"]) for one in results}
    assert cases == CASES
    assert looked["chain"] == looked["clock"] == (CASES, 0)
    entries = aftermath.count(
        "SELECT count(*) FROM workflows_auditentry WHERE kind = 'audit.controls_tested'"
    )
    assert entries == 1
    assert aftermath.count("SELECT count(*) FROM review_controlpart") == 0
