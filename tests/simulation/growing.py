"""Grow random block trees out of any source of chance, a seed's or Hypothesis's."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.simulation.oracle import DOWN
from tests.simulation.soil import ALL, GATEWAYS, TASKS, Kind, Soil
from tests.simulation.trees import (
    TIMEOUT,
    AdHoc,
    Block,
    Call,
    Fork,
    Guard,
    Inset,
    Jump,
    Loop,
    Mark,
    Race,
    Saga,
    Scope,
    Series,
    Stop,
    Wait,
    Work,
)
from workflows.core.bpmn.graph import EventKind, FailurePolicy, LoopKind, NodeKind


class Garden:
    """Grows one tree; names are numbered in the order in which blocks are made."""

    def __init__(
        self,
        chance: random.Random,
        *,
        kinds: frozenset[Kind] = ALL,
        leaves: int = 12,
        depth: int = 4,
    ) -> None:
        self.chance = chance
        self.kinds = kinds
        self.leaves = leaves
        self.depth = depth
        self.made = 0

    def grow(self) -> Block:
        """Return a tree that always ends."""
        soil = Soil(ends=Kind.STOP in self.kinds)
        if Kind.INSET in self.kinds and self.triggers() and self.one_in(8):
            return self.inset(soil)
        return self.block(soil)

    def name(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    def one_in(self, number: int) -> bool:
        return self.chance.randrange(number) == 0

    def block(self, soil: Soil) -> Block:
        """Grow anything that this soil allows."""
        if soil.depth >= self.depth or self.leaves <= 0:
            return self.work(soil)
        kinds = [kind for kind in GROWERS if kind in self.kinds]
        return GROWERS[self.chance.choice(kinds)](self, soil)

    # --- leaves ------------------------------------------------------------------

    def work(self, soil: Soil, *, kind: NodeKind | None = None) -> Work:
        self.leaves -= 1
        kind = kind or self.chance.choice(TASKS)
        work = Work(self.name("t"), kind)
        if kind is NodeKind.USER_TASK:
            work = replace(work, instant=self.one_in(4))
        if kind is NodeKind.SERVICE_TASK:
            work = replace(work, external=self.one_in(2))
            if self.one_in(3):
                work = replace(
                    work, fails=self.chance.randint(1, 2), hard=self.one_in(3)
                )
            if soil.caught and self.one_in(4):
                work = replace(work, raises=self.chance.choice(soil.caught), fails=0)
        return work

    def person(self, *, absent: bool = False) -> Work:
        self.leaves -= 1
        return Work(self.name("t"), NodeKind.USER_TASK, absent=absent)

    def catch(self, soil: Soil) -> Block:
        self.leaves -= 1
        events = self.triggers()
        event = self.chance.choice(events) if events else EventKind.TIMER
        task = event is EventKind.MESSAGE and self.one_in(2)
        loop = None
        if task and Kind.LOOP in self.kinds and self.one_in(3):
            kind = self.chance.choice((LoopKind.SEQUENTIAL, LoopKind.PARALLEL))
            loop = Loop(kind, self.chance.randint(1, 3))
        return Wait(self.name("w"), event, task=task, loop=loop)

    def send(self, soil: Soil) -> Block:
        """A message that is thrown, and kept until the same path waits for it."""
        throw = Mark(self.name("m"), EventKind.MESSAGE)
        between = self.block(soil.quiet().deeper())
        wait = Wait(
            self.name("w"), EventKind.MESSAGE, task=self.one_in(2), sent=throw.name
        )
        return Series(self.name("q"), (throw, between, wait))

    def link(self, soil: Soil) -> Block:
        if soil.looped or self.one_in(2):
            return self.series(soil)
        return Jump(self.name("l"))

    def stop(self, soil: Soil) -> Block:
        """A choice with a path that ends in an error or ends the scope."""
        if not (soil.codes or soil.ends):
            return self.fork(soil)
        if soil.codes and (not soil.ends or self.one_in(2)):
            code = self.chance.choice(soil.codes)
            end = Stop(self.name("s"), EventKind.ERROR, code)
        else:
            end = Stop(self.name("s"), EventKind.TERMINATE)
        return Fork(
            self.name("g"),
            NodeKind.EXCLUSIVE_GATEWAY,
            (end, self.work(soil.quiet())),
            (self.one_in(2), True),
        )

    # --- flow --------------------------------------------------------------------

    def series(self, soil: Soil) -> Series:
        parts = [self.block(soil.deeper()) for _ in range(self.chance.randint(2, 4))]
        return Series(self.name("q"), tuple(parts))

    def fork(self, soil: Soil) -> Block:
        gateway = self.chance.choice(GATEWAYS)
        number = self.chance.randint(2, 3)
        loud = self.chance.randrange(number)
        branches = []
        for index in range(number):
            alone = gateway is NodeKind.EXCLUSIVE_GATEWAY or index == loud
            branches.append(self.block((soil if alone else soil.quiet()).deeper()))
        holds = [self.one_in(2) for _ in range(number)]
        default = -1
        if gateway is not NodeKind.PARALLEL_GATEWAY:
            default = self.chance.randrange(-1, number)
            if default < 0 and not any(holds):
                holds[0] = True
        return Fork(self.name("g"), gateway, tuple(branches), tuple(holds), default)

    def race(self, soil: Soil) -> Block:
        events = self.triggers()
        number = self.chance.randint(2, 3)
        chosen = [self.chance.choice(events) for _ in range(number)]
        # Two timers of one gateway are told apart by which of them is near.
        branches = tuple(self.block(soil.deeper()) for _ in range(number))
        return Race(
            self.name("r"), tuple(chosen), branches, self.chance.randrange(number)
        )

    def triggers(self) -> list[EventKind]:
        known = {
            Kind.TIMED: EventKind.TIMER,
            Kind.MESSAGE: EventKind.MESSAGE,
            Kind.SIGNAL: EventKind.SIGNAL,
        }
        return [event for kind, event in known.items() if kind in self.kinds]

    # --- activities with what hangs on them --------------------------------------

    def scope(self, soil: Soil) -> Block:
        inner = soil.deeper(ends=Kind.STOP in self.kinds)
        return Scope(self.name("p"), self.block(inner))

    def call(self, soil: Soil) -> Block:
        guards: tuple[Guard, ...] = ()
        codes: tuple[str, ...] = ()
        if Kind.ERROR in self.kinds and self.one_in(2):
            codes = (self.name("E"),)
            guards = (self.error_guard(codes[0], soil),)
        inner = Soil(
            depth=soil.depth + 1,
            codes=codes,
            ends=Kind.STOP in self.kinds,
            looped=soil.looped,
        )
        if Kind.INSET in self.kinds and self.triggers() and self.one_in(6):
            return Call(self.name("c"), self.inset(inner), guards)
        return Call(self.name("c"), self.block(inner), guards)

    def error(self, soil: Soil) -> Block:
        """A sub-process whose error is caught at its border, or further out."""
        code = self.name("E")
        inner = soil.deeper(
            codes=(code, *soil.codes),
            caught=(code, *soil.caught),
            ends=Kind.STOP in self.kinds,
        )
        body = Series(
            self.name("q"), (self.block(inner), self.stop(inner), self.block(inner))
        )
        return Scope(self.name("p"), body, (self.error_guard(code, soil),))

    def error_guard(self, code: str, soil: Soil) -> Guard:
        caught = "" if not soil.codes and self.one_in(3) else code
        path = self.block(soil.quiet().deeper())
        name = self.name("b")
        return Guard(
            name, EventKind.ERROR, interrupting=True, fires=True, path=path, code=caught
        )

    def guarded(self, soil: Soil) -> Block:
        """An activity with boundary events that wait: timer, message or signal."""
        events = self.triggers()
        if soil.looped:
            # Which of two rounds a message or signal is for could not be told.
            events = [EventKind.TIMER]
        event = self.chance.choice(events)
        fires = self.one_in(2)
        interrupting = self.one_in(2)
        code, times = "", 1
        if event is EventKind.TIMER and interrupting and self.one_in(3):
            event, code = EventKind.ERROR, TIMEOUT
        elif event is EventKind.TIMER and fires and not interrupting:
            times = self.chance.randint(1, 3)
        looped = soil.looped or times > 1
        path = self.block(soil.quiet().deeper(looped=looped))
        name = self.name("b")
        guard = Guard(name, event, interrupting, fires, path, code, times)
        person = self.person(absent=interrupting and fires)
        host = person.name
        if self.one_in(2):
            body = self.around(person, soil)
            block: Block = Scope(self.name("p"), body, (guard,))
            host = block.name if isinstance(block, Scope) else host
        else:
            block = replace(person, guards=(guard,))
        if fires and not interrupting:
            return _hold_open(block, person.name, (name, host, times))
        return block

    def around(self, person: Work, soil: Soil) -> Block:
        """Put other work before or beside a person's."""
        other = self.block(soil.quiet().deeper())
        if self.one_in(2):
            return Series(self.name("q"), (other, person))
        return Fork(
            self.name("g"), NodeKind.PARALLEL_GATEWAY, (other, person), (True, True)
        )

    def loop(self, soil: Soil) -> Block:
        times = self.chance.randint(1, 3)
        kind = self.chance.choice(tuple(LoopKind))
        until = 0
        if kind is not LoopKind.STANDARD and self.one_in(4):
            until = self.chance.randint(1, times)
        collection = kind is not LoopKind.STANDARD and self.one_in(2)
        before = kind is LoopKind.STANDARD and self.one_in(2)
        if not until and (before or kind is not LoopKind.STANDARD):
            times = self.chance.randint(0, 3)
        loop = Loop(kind, times, until, collection, before)
        inner = soil.quiet().deeper(looped=True, ends=False)
        if times and not until and self.one_in(4):
            return self.cut_loop(soil, inner, loop)
        made = self.chance.randrange(3)
        if made == 0:
            return replace(self.work(inner), loop=loop)
        if made == 1 and Kind.CALL in self.kinds:
            return Call(self.name("c"), self.block(replace(inner, depth=3)), loop=loop)
        return Scope(self.name("p"), self.block(inner), loop=loop)

    def cut_loop(self, soil: Soil, inner: Soil, loop: Loop) -> Block:
        """Something that repeats and is cut off by an event on its border."""
        path = self.block(soil.quiet().deeper())
        code, event = "", EventKind.TIMER
        last: Block = self.person(absent=True)
        if Kind.ERROR in self.kinds and self.one_in(2):
            code, event = self.name("E"), EventKind.ERROR
            last = Stop(self.name("s"), event, code)
        body = Series(self.name("q"), (self.block(inner), last))
        guard = Guard(
            self.name("b"), event, interrupting=True, fires=True, path=path, code=code
        )
        return Scope(self.name("p"), body, (guard,), loop)

    def escalation(self, soil: Soil) -> Block:
        code = self.name("X")
        interrupting = self.one_in(2)
        mark = Mark(self.name("m"), EventKind.ESCALATION, code)
        inner = soil.quiet().deeper()
        parts: list[Block] = [self.block(inner), mark]
        parts.append(self.person(absent=True) if interrupting else self.block(inner))
        path = self.block(soil.quiet().deeper())
        guard = Guard(
            self.name("b"),
            EventKind.ESCALATION,
            interrupting=interrupting,
            fires=True,
            path=path,
            code=code,
        )
        body = Series(self.name("q"), tuple(parts))
        if Kind.CALL in self.kinds and self.one_in(3):
            return Call(self.name("c"), body, (guard,))
        return Scope(self.name("p"), body, (guard,))

    def mark(self, soil: Soil) -> Block:
        self.leaves -= 1
        return Mark(self.name("m"), EventKind.NONE)

    # --- sub-processes of other kinds --------------------------------------------

    def ad_hoc(self, soil: Soil) -> Block:
        quiet = soil.quiet()
        parts = tuple(self.work(quiet) for _ in range(self.chance.randint(1, 3)))
        return AdHoc(self.name("h"), parts, sequential=self.one_in(2))

    def saga(self, soil: Soil) -> Block:
        quiet = soil.quiet()
        parts = tuple(self.work(quiet) for _ in range(self.chance.randint(1, 3)))
        return Saga(self.name("a"), parts, undo=self.one_in(2), cancel=self.one_in(2))

    def enough(self, soil: Soil) -> Block:
        """Paths side by side whose join goes on when enough of them have come."""
        quiet = soil.quiet().deeper()
        branches = tuple(self.block(quiet) for _ in range(self.chance.randint(2, 3)))
        kind = NodeKind.PARALLEL_GATEWAY
        need = self.chance.randint(1, len(branches))
        holds = (True,) * len(branches)
        return Fork(self.name("g"), kind, branches, holds, need=need)

    def condition(self, soil: Soil) -> Block:
        """A path that waits until a task beside it has run."""
        quiet = soil.quiet().deeper()
        task = self.work(quiet, kind=NodeKind.SCRIPT_TASK)
        first = Series(self.name("q"), (self.block(quiet), task))
        wait = Wait(self.name("w"), EventKind.CONDITIONAL, sent=task.name)
        second = Series(self.name("q"), (wait, self.block(quiet)))
        kind = NodeKind.PARALLEL_GATEWAY
        return Fork(self.name("g"), kind, (first, second), (True, True))

    def policy(self, soil: Soil) -> Block:
        """Paths side by side of which one fails for good, with a policy for that."""
        quiet = soil.quiet()
        policy = self.chance.choice(tuple(FailurePolicy))
        broken = replace(
            self.work(quiet, kind=NodeKind.SERVICE_TASK), fails=0, broken=True
        )
        # The others may not fail for good: then the policy would act on them.
        others = [
            Series(
                self.name("q"),
                tuple(replace(self.work(quiet), fails=0) for _ in range(2)),
            )
            for _ in range(self.chance.randint(1, 2))
        ]
        fork = Fork(
            self.name("g"),
            NodeKind.PARALLEL_GATEWAY,
            (broken, *others),
            (True,) * (1 + len(others)),
            policy=policy,
        )
        path = self.block(soil.quiet().deeper())
        guard = Guard(
            self.name("b"),
            EventKind.ERROR,
            interrupting=True,
            fires=True,
            path=path,
            code=DOWN,
        )
        return Scope(self.name("p"), fork, (guard,))

    def inset(self, soil: Soil) -> Block:
        events = [EventKind.TIMER] if soil.looped else self.triggers()
        interrupting = self.one_in(2)
        event = self.chance.choice(events)
        name = self.name("i")
        inner = self.block(soil.quiet().deeper())
        if interrupting and self.one_in(2) and Kind.ERROR in self.kinds:
            code = self.name("E")
            body: Block = Series(
                self.name("q"),
                (
                    self.block(soil.quiet().deeper()),
                    Stop(self.name("s"), EventKind.ERROR, code),
                ),
            )
            return Inset(
                name,
                body,
                EventKind.ERROR,
                interrupting=True,
                inner=inner,
                code=code,
            )
        person = self.person(absent=interrupting)
        if not interrupting:
            person = replace(person, gates=((f"{name}.on", name, 1),))
        body = self.around(person, soil.deeper())
        return Inset(name, body, event, interrupting, inner)


def _hold_open(block: Block, person: str, gate: tuple[str, str, int]) -> Block:
    """Let a person inside a block answer only after a boundary event has fired."""
    match block:
        case Work(name=name) if name == person:
            return replace(block, gates=(*block.gates, gate))
        case Series(parts=parts):
            held = tuple(_hold_open(part, person, gate) for part in parts)
            return replace(block, parts=held)
        case Fork(branches=branches):
            held = tuple(_hold_open(part, person, gate) for part in branches)
            return replace(block, branches=held)
        case Scope(body=body):
            return replace(block, body=_hold_open(body, person, gate))
        case _:
            return block


GROWERS: Mapping[Kind, Callable[[Garden, Soil], Block]] = {
    Kind.TASK: Garden.work,
    Kind.SERIES: Garden.series,
    Kind.FORK: Garden.fork,
    Kind.SCOPE: Garden.scope,
    Kind.CALL: Garden.call,
    Kind.CATCH: Garden.catch,
    Kind.MESSAGE: Garden.send,
    Kind.STOP: Garden.stop,
    Kind.TIMED: Garden.guarded,
    Kind.ERROR: Garden.error,
    Kind.RACE: Garden.race,
    Kind.LINK: Garden.link,
    Kind.LOOP: Garden.loop,
    Kind.ESCALATION: Garden.escalation,
    Kind.AD_HOC: Garden.ad_hoc,
    Kind.SAGA: Garden.saga,
    Kind.INSET: Garden.inset,
    Kind.COMPLEX: Garden.enough,
    Kind.CONDITION: Garden.condition,
    Kind.POLICY: Garden.policy,
}


def grow(
    chance: random.Random,
    *,
    kinds: frozenset[Kind] = ALL,
    leaves: int = 12,
    depth: int = 4,
) -> Block:
    """Return a random tree; the same source of chance gives the same tree."""
    return Garden(chance, kinds=kinds, leaves=leaves, depth=depth).grow()
