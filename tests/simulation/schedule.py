"""A seeded scheduler over many processes: who runs next, who dies, when time passes.

A run has two phases. In the first, faults come: processes are killed at any `yield`,
doorbells are lost or rung twice, processes freeze past their leases, the clock jumps,
sweepers come late or two at once, instances are suspended. In the second nothing
fails any more; then everything must end (liveness). What holds in both is safety.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from tests.simulation import acts, shell
from tests.simulation.world import World
from workflows.core.states import FINAL_INSTANCE_STATES, InstanceState

TOO_FAR = dt.timedelta(days=365)
"""Timers beyond this are those that must never fire."""

MAX_TICKS = 60_000


class Stuck(AssertionError):
    """Nothing can happen any more, or too much happens, and a case has not ended."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad a run's first phase is; every figure is a chance from 0 to 1."""

    faults: int = 400
    crash: float = 0.04
    bell_lost: float = 0.2
    bell_twice: float = 0.2
    freeze: float = 0.03
    jump: float = 0.03
    suspend: float = 0.02
    cancel: float = 0.0
    hasty: float = 0.1
    budget: int = 0


CALM = Weather(faults=0)


def draw_weather(chance: random.Random) -> Weather:
    """Return weather of any kind, from none to bad."""
    if chance.randrange(8) == 0:
        return CALM
    bad = chance.random()
    return Weather(
        faults=chance.choice((100, 400, 1200)),
        crash=0.1 * bad * chance.random(),
        bell_lost=bad * chance.random(),
        bell_twice=bad * chance.random(),
        freeze=0.08 * bad * chance.random(),
        jump=0.08 * bad * chance.random(),
        suspend=0.04 * bad * chance.random(),
        cancel=0.02 if chance.randrange(16) == 0 else 0.0,
        hasty=0.3 * chance.random(),
        budget=chance.choice((0, 0, 1, 2, 5)),
    )


@dataclass(slots=True)
class Actor:
    """One process of the simulation."""

    name: str
    steps: shell.Steps
    wakes: int = 0


class Scheduler:
    """Runs a world to its end."""

    def __init__(self, world: World, chance: random.Random, weather: Weather) -> None:
        self.world = world
        self.db = world.db
        self.chance = chance
        self.weather = weather
        self.actors: list[Actor] = []
        self.busy: dict[str, int] = {}
        self.tick = 0
        self.crashes = 0
        if weather.budget:
            self.db.budget = self._draw_budget

    def run(self) -> None:
        """Run until every instance has ended. Raises Stuck."""
        while not self.is_over():
            self.tick += 1
            if self.tick > MAX_TICKS:
                raise Stuck(f"No end after {MAX_TICKS} ticks: {self.open_cases()}")
            calm = self.tick > self.weather.faults
            if not calm:
                self._trouble()
            if not self._act(calm=calm):
                self._pass_time()
        for actor in self.actors:
            actor.steps.close()

    def is_over(self) -> bool:
        """Say whether all instances have ended and nobody holds anything."""
        if self.db.rows.live and any(self.db.rows.live.values()):
            return False
        return not self.actors and all(
            row.state in FINAL_INSTANCE_STATES
            for row, _, _ in self.db.rows.instances.values()
        )

    def open_cases(self) -> str:
        """Say what has not ended, for whoever reads the failure."""
        steps = [
            f"{step.node_id} {step.state.value}"
            for instance_id in self.db.rows.live
            for step in self.db.live_steps(instance_id)
        ]
        return ", ".join(steps) or "an instance without a step"

    # --- one tick ----------------------------------------------------------------

    def _act(self, *, calm: bool) -> bool:
        """Do one thing; return whether there was anything to do."""
        self.db.now += dt.timedelta(milliseconds=self.chance.randrange(40))
        awake = [actor for actor in self.actors if calm or actor.wakes <= self.tick]
        if awake and (len(self.actors) >= 8 or self.chance.random() < 0.7):
            self._resume(self.chance.choice(awake), calm=calm)
            return True
        if self._spawn(calm=calm):
            return True
        if awake:
            self._resume(self.chance.choice(awake), calm=calm)
            return True
        return False

    def _resume(self, actor: Actor, *, calm: bool) -> None:
        if not calm and self.chance.random() < self.weather.crash:
            # Killed: what it has not committed is gone, its locks with it.
            self._remove(actor)
            actor.steps.close()
            self.crashes += 1
            return
        if not calm and self.chance.random() < self.weather.freeze:
            actor.wakes = self.tick + self.chance.randrange(10, 200)
            return
        try:
            next(actor.steps)
        except StopIteration:
            self._remove(actor)
        except BaseException:
            self._remove(actor)
            raise

    def _remove(self, actor: Actor) -> None:
        self.actors.remove(actor)
        self.busy[actor.name] -= 1

    def _add(self, name: str, steps: shell.Steps) -> None:
        self.actors.append(Actor(name, steps))
        self.busy[name] = self.busy.get(name, 0) + 1

    def _spawn(self, *, calm: bool) -> bool:
        if self.db.bells and self.chance.random() < 0.5:
            self._answer_bell(calm=calm)
            return True
        wishes = [
            wish
            for wish in self.world.wishes()
            # The same wish of two at once is rare, but it comes.
            if not self.busy.get(_name(wish))
            or (not calm and self.chance.random() < self.weather.hasty)
        ]
        if wishes and self.chance.random() < 0.8:
            wish = self.chance.choice(wishes)
            self._add(_name(wish), self.world.grant(wish))
            return True
        if self.db.bells:
            self._answer_bell(calm=calm)
            return True
        return self._sweep(calm=calm) or bool(wishes)

    def _answer_bell(self, *, calm: bool) -> None:
        index = self.chance.randrange(len(self.db.bells))
        bell = self.db.bells[index]
        if calm or self.chance.random() >= self.weather.bell_twice:
            del self.db.bells[index]
        if not calm and self.chance.random() < self.weather.bell_lost:
            return
        limit = self.chance.choice((1, 2, 50))
        if bell == "engine":
            steps = shell.advance(self.db, self.world, by="worker", limit=limit)
        else:
            steps = shell.serve(self.db, self.world, by="server", limit=limit)
        self._add(bell, steps)

    def _sweep(self, *, calm: bool) -> bool:
        """Send a sweeper where there is something to sweep, or, hastily, two."""
        due = bool(
            self.db.pick_timers(limit=1)
            or self.db.pick_due(limit=1)
            or self.db.pick_services(limit=1)
        )
        if not due or (self.busy.get("sweeper", 0) >= (1 if calm else 2)):
            return False
        limit = self.chance.choice((1, 3, 200))
        steps = shell.sweep(self.db, self.world, by="sweeper", limit=limit)
        self._add("sweeper", steps)
        return True

    # --- faults ------------------------------------------------------------------

    def _trouble(self) -> None:
        weather, chance = self.weather, self.chance
        if chance.random() < weather.jump:
            # Everything is late: leases lapse while their workers still work.
            self.db.now += dt.timedelta(seconds=chance.choice((1, 50, 90, 400, 4000)))
        if chance.random() < weather.suspend:
            self._operate(InstanceState.ACTIVE, acts.suspend, "suspend")
        if chance.random() < weather.suspend * 2:
            self._operate(InstanceState.SUSPENDED, acts.resume, "resume")
        if chance.random() < weather.cancel:
            self._cancel()

    def _operate(
        self, state: InstanceState, do: acts.Do, name: str, *, one: bool = True
    ) -> None:
        found = [
            row.id
            for row, _, _ in self.db.rows.instances.values()
            if row.state is state
        ]
        chosen = [self.chance.choice(found)] if found and one else found
        for instance_id in chosen:
            steps = acts.act(self.db, self.world, instance_id, do, by=name)
            self._add(name, steps)

    def _cancel(self) -> None:
        roots = [
            instance_id
            for instance_id in self.world.roots.values()
            if self.db.instance(instance_id).state is InstanceState.ACTIVE
        ]
        if roots:
            chosen = self.chance.choice(roots)
            self.world.canceled.add(chosen)
            do = acts.cancel_case
            steps = acts.act(self.db, self.world, chosen, do, by="cancel")
            self._add("cancel", steps)

    def _pass_time(self) -> None:
        """Nothing can be done now: wait for the next moment something is due."""
        if any(actor.wakes > self.tick for actor in self.actors):
            self.tick = min(actor.wakes for actor in self.actors)
            return
        due = self.db.next_due()
        if due is not None and due - self.db.now < TOO_FAR:
            self.db.now = due
            return
        if self.tick <= self.weather.faults:
            # Nothing is left to fail, or all is suspended: let the faults stop.
            self.tick = self.weather.faults + 1
        suspended = [
            row.id
            for row, _, _ in self.db.rows.instances.values()
            if row.state is InstanceState.SUSPENDED
        ]
        if not suspended:
            raise Stuck(f"Nothing more can happen: {self.open_cases()}")
        self._operate(InstanceState.SUSPENDED, acts.resume, "resume", one=False)

    def _draw_budget(self) -> int:
        return self.chance.randint(1, self.weather.budget)


def _name(wish: tuple[str, str, object]) -> str:
    kind, name, argument = wish
    return f"{kind} {name} {argument}"
