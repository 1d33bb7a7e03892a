"""The long runs behind `make chaos`: promises of reliability, counted, as JSON lines.

`CHAOS` scales all counts and durations (1 is the promised size, 0.05 a try-out);
`CHAOS_ONLY` names the runs wanted, by commas. Each run has a fleet of its own and
prints one line: which promises it is about, what was done, what came of it, and
whether that is what was promised. The process ends with 1 where one was not kept.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from config.local.processes import ProcessId, stop
from tests.faults import clocks, evidence, flips
from tests.faults.deaf import watch as watch_deaf_pages
from tests.faults.fleet import Fleet, a_fleet, children_of
from tests.faults.scale import SCALE, scaled
from tests.faults.sites import a_site

SEED: Final = int(os.environ.get("CHAOS_SEED", "20260105"))
PATIENCE_SECONDS: Final = 600.0

_OPEN = "SELECT count(*) FROM workflows_instance WHERE state = 'ACTIVE'"
_STUCK = """
    SELECT count(*) FROM workflows_instance i WHERE state = 'ACTIVE' AND NOT EXISTS (
        SELECT FROM workflows_incident n WHERE n.instance_id = i.id
        AND n.state = 'OPEN')
"""
_RECLAIMS = """
    SELECT extract(epoch FROM at - before)::float8 FROM (
        SELECT at, entry, lag(at) OVER (PARTITION BY step_id ORDER BY seq) AS before
        FROM workflows_auditentry WHERE kind = 'step.claimed') claims
    WHERE entry LIKE '%%lease lapsed%%' ORDER BY 1
"""
Told = dict[str, Any]
# None: it could not be run here, and the line says why.
Run = Callable[[], tuple[Told, bool | None]]


class Calamity:
    """Deals faults to a fleet, each at its own rhythm, and starts again who died."""

    def __init__(self, fleet: Fleet, rhythms: dict[str, tuple[float, float]]) -> None:
        self._fleet = fleet
        self._pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way)
        self._rhythms = rhythms
        self._next = {name: self._when(name) for name in rhythms}
        self.dealt: Counter[str] = Counter()

    def _when(self, name: str) -> float:
        return time.monotonic() + self._pick.uniform(*self._rhythms[name])

    def go_on(self) -> None:
        """Deal what is due and look after the fleet once."""
        for name, when in self._next.items():
            if time.monotonic() >= when:
                fault: Callable[[Fleet, random.Random], None] = getattr(Fleet, name)
                fault(self._fleet, self._pick)
                self.dealt[name] += 1
                self._next[name] = self._when(name)
        self._fleet.tend()
        self._fleet.thaw()
        time.sleep(0.1)


@contextmanager
def a_loaded_fleet(what: str, *words: str) -> Iterator[Fleet]:
    """Start servers, put a load on them, then start the crew."""
    with a_fleet() as fleet:
        fleet.run("-m", "tests.faults.loads", what, *words)
        fleet.tend()
        yield fleet


def wait_for_the_end(fleet: Fleet, calamity: Calamity | None = None) -> float:
    """Look after the fleet until nothing is open or stuck; return the seconds."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_SECONDS:
        if calamity is not None:
            calamity.go_on()
        else:
            fleet.tend()
            fleet.thaw()
            time.sleep(0.2)
        if not fleet.count(_STUCK):
            break
    return time.monotonic() - began


def count_effects(fleet: Fleet, *, cases: int) -> Told:
    """Return what the cases left, inside and outside."""
    ((rows, steps),) = fleet.query(
        "SELECT count(*), count(DISTINCT step_id) FROM faults_effect"
    )
    lines = (fleet.folder / "outside.jsonl").read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    keys = {call["key"] for call in calls}
    ended = fleet.count(
        "SELECT count(*) FROM workflows_instance WHERE state='COMPLETED'"
    )
    return {
        "cases": cases,
        "completed": ended,
        "incidents": fleet.count("SELECT count(*) FROM workflows_incident"),
        "stuck": fleet.count(_STUCK),
        "effect_rows": rows,
        "effect_steps": steps,
        "outside_calls": len(calls),
        "outside_keys": len(keys),
        "results_discarded": fleet.count(
            "SELECT count(*) FROM workflows_auditentry"
            " WHERE kind = 'step.result_discarded'"
        ),
        "completed_twice": fleet.count(
            "SELECT count(*) FROM (SELECT step_id FROM workflows_auditentry"
            " WHERE kind = 'step.completed' GROUP BY 1 HAVING count(*) > 1) twice"
        ),
    }


def sound(told: Told) -> bool:
    """Tell whether nothing was lost, doubled or left, as `count_effects` saw it."""
    cases = told["cases"]
    done = told["completed"] + told["incidents"]
    return bool(
        done >= cases
        and told["stuck"] == 0
        and told["effect_rows"] == told["effect_steps"]
        and told["outside_keys"] == cases
        and told["completed_twice"] == 0
    )


# --- the runs -------------------------------------------------------------------------


def storm() -> tuple[Told, bool]:
    """1, 3, 4: everything dies again and again under 5,000 cases."""
    cases = scaled(5000, least=100)
    with a_loaded_fleet("work", str(cases)) as fleet:
        calamity = Calamity(
            fleet,
            {
                "kill_engine_worker": (2, 10),
                "kill_service_worker": (2, 10),
                "kill_work_horse": (2, 10),
                "freeze_work_horse": (5, 20),
                "kill_clockwork": (5, 20),
                "flush_broker": (10, 10),
                "restart_database": (5, 40),
            },
        )
        seconds = wait_for_the_end(fleet, calamity)
        told = count_effects(fleet, cases=cases)
        told |= {"seconds": round(seconds, 1), "faults": dict(calamity.dealt)}
        reclaims = [float(gap) for (gap,) in fleet.query(_RECLAIMS)]
        told["longest_reclaim_seconds"] = round(max(reclaims, default=0.0), 1)
        return told, sound(told)


def broker() -> tuple[Told, bool]:
    """2, 3: no broker for a minute, then a storm of FLUSHALL."""
    cases, flushes = scaled(1000, least=50), scaled(1000, least=20)
    with a_loaded_fleet("work", str(cases)) as fleet:
        while not fleet.count("SELECT count(*) FROM faults_effect"):
            fleet.tend()
            time.sleep(0.1)
        before = cases - fleet.count(_OPEN)
        stop(fleet.children.pop("valkey"), signal.SIGKILL, seconds=10)
        seconds_without = max(60 * SCALE, 30)
        until = time.monotonic() + seconds_without
        while time.monotonic() < until:
            fleet.tend()
            time.sleep(0.2)
        without = cases - fleet.count(_OPEN) - before
        fleet.start_broker()
        pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way)
        for _ in range(flushes):
            fleet.flush_broker(pick)
            fleet.tend()
            time.sleep(pick.uniform(0, 0.05))
        seconds = wait_for_the_end(fleet)
        told = count_effects(fleet, cases=cases)
        told |= {
            "completed_before": before,
            "seconds_without_broker": round(seconds_without, 1),
            "completed_without_broker": without,
            "flushes": flushes,
            "seconds_after": round(seconds, 1),
        }
        return told, sound(told)


def zombies() -> tuple[Told, bool]:
    """5: work-horses stopped past their leases, then let go on."""
    cases, rounds = scaled(5000, least=150), scaled(500, least=4)
    with a_loaded_fleet("work", str(cases)) as fleet:
        pick = random.Random(SEED)  # noqa: S311  (seeded, to fail the same way)
        for _ in range(rounds):
            if not fleet.count(_OPEN):
                break
            fleet.freeze_work_horse(pick)
            for _ in range(10):
                fleet.tend()
                fleet.thaw()
                time.sleep(0.1)
        wait_for_the_end(fleet)
        time.sleep(5.0)  # the last ones thaw and hand in what nobody wants
        fleet.thaw()
        time.sleep(1.0)
        told = count_effects(fleet, cases=cases)
        told["horses_frozen"] = fleet.dealt["horses frozen"]
        kept = sound(told) and told["results_discarded"] > 0
        return told, kept


def poison() -> tuple[Told, bool]:
    """6: steps that kill every worker end as incidents, the others go on."""
    cases, bad = scaled(500, least=60), scaled(20, least=2)
    with a_loaded_fleet("work", str(cases)) as fleet:
        alone = wait_for_the_end(fleet)
    with a_loaded_fleet("work", str(cases)) as fleet:
        fleet.run("-m", "tests.faults.loads", "poison", str(bad))
        beside = wait_for_the_end(fleet)
        lost = fleet.query(
            "SELECT code, attempts, count(*) FROM workflows_incident GROUP BY 1, 2"
        )
        told = count_effects(fleet, cases=cases)
        told |= {
            "poison_cases": bad,
            "poison_incidents": [list(row) for row in lost],
            "seconds_alone": round(alone, 1),
            "seconds_beside_poison": round(beside, 1),
        }
        ended = all(code == "WORKER_LOST" for code, _, _ in lost)
        return told, ended and sum(row[2] for row in lost) == bad and sound(told)


def recovery() -> tuple[Told, bool]:
    """7: worker and work-horse killed together; how long until others take over."""
    cases, rounds = scaled(2000, least=120), scaled(100, least=4)
    with a_loaded_fleet("work", str(cases)) as fleet:
        killed = sum(_kill_all_services(fleet) for _ in range(rounds))
        wait_for_the_end(fleet)
        gaps = [float(gap) for (gap,) in fleet.query(_RECLAIMS)]
        told = count_effects(fleet, cases=cases)
        told |= {
            "steps_running_when_killed": killed,
            "reclaims": len(gaps),
            "lease_seconds": 3,
            "median_seconds": round(gaps[len(gaps) // 2], 2) if gaps else None,
            "longest_seconds": round(gaps[-1], 2) if gaps else None,
        }
        return told, sound(told) and len(gaps) > 0


def _kill_all_services(fleet: Fleet) -> int:
    """Kill both service workers with their work-horses while steps are running."""
    running = "SELECT count(*) FROM workflows_step WHERE state = 'RUNNING'"
    deadline = time.monotonic() + 30
    while not (count := fleet.count(running)):
        if time.monotonic() > deadline or not fleet.count(_OPEN):
            return 0
        fleet.tend()
        time.sleep(0.05)
    for name in ("services-1", "services-2"):
        worker = fleet.children[name]
        for horse in [*children_of(worker.pid), worker.pid]:
            ProcessId.of(horse).send(signal.SIGKILL)
        worker.wait(10)
    fleet.tend()
    return count


def repeats() -> tuple[Told, bool]:
    """12: the same key a hundred times in parallel."""
    keys = scaled(20, least=3)
    with a_fleet() as fleet:
        out = fleet.run("-m", "tests.faults.loads", "repeats", str(keys))
        told: Told = json.loads(out.splitlines()[-1])
        kept = (
            told["effects"] == keys
            and told["keys_with_different_answers"] == 0
            and told["other_bodies_refused"] == keys
        )
        return told, kept


def timers() -> tuple[Told, bool]:
    """13: many due in one second, the database away over that very second."""
    count = scaled(10_000, least=300)
    ahead = 15 + count / 200
    with a_loaded_fleet("timers", str(count), str(ahead)) as fleet:
        soon = "SELECT count(*) FROM workflows_timer WHERE due_at < now() + '1 second'"
        while not fleet.count(soon):
            fleet.tend()
            time.sleep(0.1)
        armed = fleet.count("SELECT count(*) FROM workflows_timer")
        stop(fleet.children.pop("postgres"), signal.SIGINT, seconds=20)
        time.sleep(3.0)
        fleet.start_database()
        seconds = wait_for_the_end(fleet)
        ((fired, early, late),) = fleet.query(
            "SELECT count(*), count(*) FILTER (WHERE fired_at < due_at),"
            " max(extract(epoch FROM fired_at - due_at))::float8"
            " FROM workflows_timer WHERE state = 'FIRED'"
        )
        entries = fleet.count(
            "SELECT count(*) FROM workflows_auditentry WHERE kind = 'timer.fired'"
        )
        told = {
            "timers": count,
            "armed_before": armed,
            "fired": fired,
            "entries": entries,
            "early": early,
            "latest_seconds": round(float(late), 1),
            "seconds_after_restart": round(seconds, 1),
        }
        return told, (fired, entries, early) == (count, count, 0)


def crowd(what: str, count: int, *, least: int, processes: int = 1) -> Run:
    """8 to 12: people at the same moment, in tests/faults/crowd.py."""

    def run() -> tuple[Told, bool]:
        size = str(scaled(count, least=least))
        with a_fleet() as fleet:
            out = fleet.run("-m", "tests.faults.crowd", what, size, str(processes))
        told: Told = json.loads(out.splitlines()[-1])
        return told, bool(told.pop("kept"))

    return run


def stops() -> tuple[Told, bool]:
    """Stops hold within five seconds while workers die, and lose and double nothing."""
    cases, rounds = scaled(3000, least=60), scaled(14, least=3)
    with a_fleet() as fleet:
        fleet.tend()
        calamity = Calamity(
            fleet,
            {
                "kill_engine_worker": (4, 12),
                "kill_service_worker": (4, 12),
                "kill_work_horse": (4, 12),
                "flush_broker": (10, 20),
            },
        )
        output = fleet.folder / "stopping.out"
        program = fleet.program(
            "stopping", "-m", "tests.faults.stopping", str(cases), str(rounds)
        )
        child = fleet.start(program.with_output(output))
        while child.poll() is None:
            calamity.go_on()
        if child.poll() != 0:
            raise AssertionError(program.log.read_text())
        told: Told = json.loads(output.read_text().splitlines()[-1])
        told["faults"] = dict(calamity.dealt)
    return told, bool(told.pop("kept"))


def deaf() -> tuple[Told, bool]:
    """21: every hint is lost, and pages are right within one poll."""
    with a_site(
        DJANGO_SETTINGS_MODULE="tests.faults.settings", FAULTS_DEAF="1"
    ) as site:
        told = watch_deaf_pages(site)
    return told, bool(told.pop("kept"))


def sockets() -> tuple[Told, bool]:
    """11, 21: ten thousand sockets come, go and come back; some are closed."""
    size = str(scaled(10_000, least=200))
    with a_site() as site:
        out = site.run("-m", "tests.faults.sockets", size, str(site.web_pid))
    told: Told = json.loads(out.splitlines()[-1])
    return told, bool(told.pop("kept"))


RUNS: Final[dict[str, tuple[str, Run]]] = {
    "storm": ("1, 3, 4", storm),
    "broker": ("2, 3", broker),
    "zombies": ("5", zombies),
    "poison": ("6", poison),
    "recovery": ("7", recovery),
    "repeats": ("12", repeats),
    "timers": ("13", timers),
    "skew": ("13", clocks.skew),
    "jump": ("13", clocks.jump),
    "summer": ("13", clocks.summer),
    "four-eyes": ("8", crowd("four-eyes", 10_000, least=50, processes=2)),
    "one-owner": ("9", crowd("one-owner", 1000, least=20)),
    "as-seen": ("10", crowd("as-seen", 200, least=5)),
    "rights-gone": ("11", crowd("rights-gone", 200, least=6)),
    "same-verdict": ("12", crowd("same-verdict", 100, least=3)),
    "stopping": ("stops", stops),
    "deaf": ("21", deaf),
    "sockets": ("11, 21", sockets),
    "bundle-flips": ("19", flips.run),
    **evidence.RUNS,
}


def main() -> int:
    """Run what was asked for; return 1 where a promise was not kept."""
    wanted = os.environ.get("CHAOS_ONLY", "").replace(",", " ").split() or list(RUNS)
    all_kept = True
    for name in wanted:
        promises, run = RUNS[name]
        told, kept = run()
        all_kept &= kept is not False
        line = {"run": name, "promises": promises, "scale": SCALE, "kept": kept, **told}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    return 0 if all_kept else 1


if __name__ == "__main__":
    sys.exit(main())
