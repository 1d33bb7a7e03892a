"""Stops pressed and lifted at random while many cases are decided by several workers.

`stopping COUNT ROUNDS` lets COUNT cases of three processes flow through everything that
decides without people: a script, a model outside, a decision table, a grid. In each
round some of what could be stopped is stopped; five seconds later it is noted which
decisions of these subjects are committed, and again before the stops are lifted by two
persons. Between the two looks nothing may have been added. In the end every case has
gone on: each of its steps was done exactly once, by itself or by people.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import django

django.setup()

from django.db import connection  # noqa: E402

from review.core.states import Role  # noqa: E402
from review.core.stops import StopKind, Target  # noqa: E402
from review.models import Diversion, Person, Stop, Task  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.stops import stopping  # noqa: E402
from tests.factories.decisions import decision, dmn, input_data, table  # noqa: E402
from tests.factories.policies import set_policy  # noqa: E402
from tests.factories.processes import TESTER, chain, package, process  # noqa: E402
from tests.factories.tasks import AT_ONCE, judge, make_person  # noqa: E402
from tests.faults.scoring import MODEL  # noqa: E402
from workflows.models import Instance  # noqa: E402
from workflows.operations import (  # noqa: E402
    advance,
    definitions,
    external,
    instances,
)
from workflows.operations.instances import Start  # noqa: E402

Told = dict[str, Any]
Decided = frozenset[tuple[UUID, str]]

KEYS: Final = ("paths", "roads", "ways")
QUEUE: Final = "crossing"
DECIDES: Final = ("score", "rule")
STEPS: Final = ("count", "score", "rule", "look")
GRACE_SECONDS: Final = 5.0
STANDS_SECONDS: Final = (1.0, 3.0)
PATIENCE_SECONDS: Final = 120.0
HOUR: Final = dt.timedelta(hours=1)
_GRID: Final = {
    "rows": [{"confidence": ">= 0.9", "control": "auto"}, {"control": "dual"}]
}
_RULES: Final = dmn(
    input_data("confidence", kind="number"),
    decision(
        "verdict",
        table(
            inputs={"confidence": "number"},
            rules=[(">= 0.9", '"grant"'), ("< 0.9", '"refuse"')],
        ),
        inputs=("confidence",),
    ),
)
_BODY: Final = (
    '<startEvent id="s"/><scriptTask id="count" cs:result="n"><script>amount + 1'
    f'</script></scriptTask><serviceTask id="score" cs:handler="{MODEL}"/>'
    '<businessRuleTask id="rule" cs:decision="verdict" cs:result="verdict"/>'
    f'<userTask id="look" cs:queue="{QUEUE}" cs:confidence="confidence"/>'
    '<endEvent id="e"/>' + chain("s", *STEPS, "e")
)
# What was decided without people, as it is committed now: steps, and grids.
_STEPS: Final = """
    SELECT i.id, s.node_id FROM workflows_auditentry e
    JOIN workflows_step s ON s.id = e.step_id
    JOIN workflows_instance i ON i.id = s.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE e.kind = 'step.completed' AND s.node_id = ANY(%s) AND d.key = ANY(%s)
"""
_GRIDS: Final = """
    SELECT i.id, 'look' FROM review_task t
    JOIN workflows_instance i ON i.id = t.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE t.decided_by = 'AUTO' AND d.key = ANY(%s)
"""
_TIMES: Final = """
    SELECT i.id, s.node_id, count(*) FROM workflows_auditentry e
    JOIN workflows_step s ON s.id = e.step_id
    JOIN workflows_instance i ON i.id = s.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE e.kind = 'step.completed' AND s.node_id = ANY(%s) AND d.key = ANY(%s)
    GROUP BY 1, 2
"""


@dataclass(slots=True)
class Stage:
    """The processes, who presses and lifts, who judges what came to people."""

    definitions: dict[str, int]
    presser: Person
    second: Person
    reviewers: tuple[Person, ...]
    started: list[UUID] = field(default_factory=list)


def set_stage() -> Stage:
    """Deploy what decides by itself, and make the people."""
    queue = queues.define_queue(key=QUEUE, name="Crossing", actor=TESTER, rules=AT_ONCE)
    set_policy(queue, _GRID)
    deployed = {}
    for key in KEYS:
        files = package(process(_BODY), key=key, files={"rules.dmn": _RULES})
        deployed[key] = definitions.deploy(files=files, actor=TESTER).definition_id
    return Stage(
        definitions=deployed,
        presser=make_person("Piet", Role.PROCESS_OWNER),
        second=make_person("Zoe", Role.PROCESS_OWNER),
        reviewers=tuple(
            make_person(name, Role.REVIEWER, queue=queue) for name in ("Ida", "Jon")
        ),
    )


def start(stage: Stage, count: int) -> None:
    """Start so many cases, evenly over the processes."""
    for number, definition_id in enumerate(stage.definitions.values()):
        share = len(range(number, count, len(stage.definitions)))
        wish = Start(variables={"amount": 5}, initiator=TESTER)
        for first in range(0, share, 200):
            stage.started += instances.start_many(
                definition_id=definition_id, starts=[wish] * min(200, share - first)
            )


# --- what a stop covers, told apart from the product's own rules -------------------


def list_decided(target: Target) -> Decided:
    """Return what is committed of a subject's decisions without people."""
    nodes: tuple[str, ...] = DECIDES
    keys = list(KEYS)
    match target.kind:
        case StopKind.MODEL:
            nodes = ("score",)
        case StopKind.CELL:
            nodes = ()
        case StopKind.DEFINITION:
            keys = [target.name]
            nodes = ("count", *DECIDES) if target.everything else DECIDES
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [list(nodes), keys])
        found = set(cursor.fetchall())
        cursor.execute(_GRIDS, [keys])
        found |= set(cursor.fetchall())
    return frozenset(found)


def draw(pick: random.Random, number: int) -> list[Target]:
    """Return one to three different things to stop; each has its turn as the first."""
    everything = [
        Target(kind=StopKind.MODEL, name=MODEL),
        Target(kind=StopKind.CELL, queue=QUEUE),
        *(Target(kind=StopKind.DEFINITION, name=key) for key in KEYS),
        *(Target(kind=StopKind.DEFINITION, name=key, everything=True) for key in KEYS),
    ]
    first = everything.pop(number % len(everything))
    return [first, *pick.sample(everything, k=pick.randint(0, 2))]


# --- rounds -------------------------------------------------------------------------


def press(stage: Stage, targets: Sequence[Target]) -> list[Stop]:
    """Stop each of the subjects, as one person."""
    return [
        stopping.place(
            person=stage.presser, target=one, lasting=HOUR, reason="It errs."
        )
        for one in targets
    ]


def lift(stage: Stage, stops: Sequence[Stop]) -> None:
    """Lift the stops again, as two persons."""
    for stop in stops:
        stopping.ask_to_lift(stop_id=stop.id, person=stage.presser, reason="Mended.")
        stopping.lift(stop_id=stop.id, person=stage.second)


def go_round(
    stage: Stage,
    pick: random.Random,
    *,
    number: int,
    cases: int,
    settle: Callable[[], None],
    stand: Callable[[], None],
) -> tuple[int, list[tuple[str, str]]]:
    """Press, look, let more cases come, look again, lift; return what was pressed.

    And what was decided all the same. `settle` lets what was under way end, within five
    seconds; `stand` lets the workers try what they may.
    """
    start(stage, cases // 2)
    targets = draw(pick, number)
    stops = press(stage, targets)
    settle()
    before = {one: list_decided(one) for one in targets}
    start(stage, cases - cases // 2)
    stand()
    wrong = [
        (one.describe(), node)
        for one in targets
        for _, node in list_decided(one) - before[one]
    ]
    lift(stage, stops)
    return len(stops), wrong


def end_all(stage: Stage, *, work: Callable[[], None]) -> None:
    """Let people judge what came to them until every case has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while Instance.objects.filter(state="ACTIVE").exists():
        if time.monotonic() > until:
            return
        work()
        for task in Task.objects.filter(state="OPEN").order_by("id")[:500]:
            judge(task, stage.reviewers[task.id % 2])


def tell(stage: Stage, *, pressed: int, wrong: Sequence[tuple[str, str]]) -> Told:
    """Count what became of all cases, and whether that is what was promised."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [list(STEPS), list(KEYS)])
        times = {(case, node): many for case, node, many in cursor.fetchall()}
    ended = Instance.objects.filter(pk__in=stage.started, state="COMPLETED").count()
    missing = sum((case, node) not in times for case in stage.started for node in STEPS)
    kinds = dict.fromkeys(("HELD", "REVIEW"), 0)
    for kind in Diversion.objects.values_list("kind", flat=True):
        kinds[kind] = kinds.get(kind, 0) + 1
    told: Told = {
        "cases": len(stage.started),
        "completed": ended,
        "stops_pressed": pressed,
        "decided_after_five_seconds": len(wrong),
        "examples": sorted(set(wrong))[:5],
        "held": kinds["HELD"],
        "to_people": kinds["REVIEW"],
        "decided_by_grids": Task.objects.filter(decided_by="AUTO").count(),
        "steps_missing": missing,
        "steps_done_twice": sum(many > 1 for many in times.values()),
    }
    told["kept"] = (
        not wrong
        and ended == len(stage.started)
        and not missing
        and not told["steps_done_twice"]
        and told["held"] > 0
        and told["to_people"] > 0
    )
    return told


# --- in one process, for the suite --------------------------------------------------


class Workers:
    """Threads that work as workers do; each counts its rounds."""

    def __init__(self, many: int) -> None:
        self.rounds = [0] * many
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=[n], daemon=True)
            for n in range(many)
        ]

    @contextmanager
    def at_work(self) -> Iterator[Workers]:
        """Let them work meanwhile."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def wait_rounds(self, count: int) -> None:
        """Wait until each has ended what it had begun, and so many rounds more."""
        goal = [rounds + count + 1 for rounds in self.rounds]
        while any(had < want for had, want in zip(self.rounds, goal, strict=True)):
            time.sleep(0.005)

    def _work(self, number: int) -> None:
        try:
            while not self._over.is_set():
                advance.advance_batch(worker=f"w{number}")
                external.work_off(worker=f"w{number}", limit=5, threads=1)
                self.rounds[number] += 1
        finally:
            connection.close()


def run_here(count: int, rounds: int, *, seed: int = 1) -> Told:
    """Run it in this process with three workers; settling is their ended rounds."""
    stage, pick = set_stage(), random.Random(seed)  # noqa: S311  the same each time
    pressed, wrong = 0, list[tuple[str, str]]()
    with Workers(3).at_work() as workers:
        for number in range(rounds):
            many, found = go_round(
                stage,
                pick,
                number=number,
                cases=count // rounds,
                settle=lambda: workers.wait_rounds(1),
                stand=lambda: workers.wait_rounds(2),
            )
            pressed, wrong = pressed + many, wrong + found

        def work() -> None:
            stopping.note_ends()
            workers.wait_rounds(1)

        end_all(stage, work=work)
    return tell(stage, pressed=pressed, wrong=wrong)


# --- beside a fleet -----------------------------------------------------------------


def run_beside(count: int, rounds: int, *, seed: int = 1) -> Told:
    """Press and lift beside worker processes; what settles is five seconds' time."""
    stage, pick = set_stage(), random.Random(seed)  # noqa: S311  the same each time
    pressed, wrong = 0, list[tuple[str, str]]()
    for number in range(rounds):
        many, found = go_round(
            stage,
            pick,
            number=number,
            cases=count // rounds,
            settle=lambda: time.sleep(GRACE_SECONDS),
            stand=lambda: time.sleep(pick.uniform(*STANDS_SECONDS)),
        )
        pressed, wrong = pressed + many, wrong + found
    end_all(stage, work=lambda: time.sleep(0.2))
    return tell(stage, pressed=pressed, wrong=wrong)


if __name__ == "__main__":
    print(json.dumps(run_beside(int(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201
