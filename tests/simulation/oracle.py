"""The sequential oracle: what must and may happen in a tree. It knows no engine.

It plays the token game over the block tree by plain recursion. Where parts run side by
side and one of them ends the scope for all, how far the others come depends on the
schedule; such counts are upper bounds (`may`), all others are exact (`must`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.simulation.trees import (
    TIMEOUT,
    AdHoc,
    Block,
    Call,
    Fork,
    Guard,
    Inset,
    Jump,
    Mark,
    Race,
    Saga,
    Scope,
    Series,
    Stop,
    Wait,
    Work,
    parts_of,
    walk,
)
from workflows.core.bpmn.graph import EventKind, FailurePolicy, LoopKind
from workflows.core.states import InstanceState


class How(Enum):
    """How a block ends."""

    DONE = "done"
    STUCK = "stuck"
    ERROR = "error"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a block ends; `code` is the error's."""

    how: How
    code: str = ""


DONE = Ending(How.DONE)
STUCK = Ending(How.STUCK)
TERMINATED = Ending(How.TERMINATED)
DOWN = "DOWN"
"""The code that a broken task fails with."""
CALLED = ("begin", "finish")
"""How a called process's start and end are named after the call."""


def ending(block: Block) -> Ending:
    """Say how a block ends, whatever runs beside it."""
    found = DONE
    match block:
        case Work() | Scope() | Call():
            found = _activity_ending(block)
        case Series(parts=parts):
            found = next((e for e in map(ending, parts) if e != DONE), DONE)
        case Fork(branches=branches, taken=taken):
            found = _together([ending(branches[index]) for index in taken])
            if block.policy is FailurePolicy.DEGRADED:
                found = DONE
        case Race(branches=branches, chosen=chosen):
            found = ending(branches[chosen])
        case Stop(event=event, code=code):
            error = event is EventKind.ERROR
            found = Ending(How.ERROR, code) if error else TERMINATED
        case Inset(interrupting=True, inner=inner):
            found = ending(inner)
        case Inset() | Wait() | Mark() | Jump() | AdHoc() | Saga():
            pass
    return found


def _together(endings: list[Ending]) -> Ending:
    """What ends the scope wins over a path that never ends, that over the others."""
    for how in (How.ERROR, How.TERMINATED, How.STUCK):
        for one in endings:
            if one.how is how:
                return one
    return DONE


def _inside(block: Work | Scope | Call) -> Ending:
    """Say how one round of an activity ends before its boundary events are asked."""
    if isinstance(block, Work):
        if block.broken:
            return Ending(How.ERROR, DOWN)
        if block.raises:
            return Ending(How.ERROR, block.raises)
        return STUCK if block.absent else DONE
    inner = ending(block.body)
    return DONE if inner == TERMINATED else inner


def interrupter(block: Work | Scope | Call) -> Guard | None:
    """Return the boundary event that ends the activity, if one does."""
    inner = _inside(block)
    if inner.how is How.ERROR:
        return _catcher(block.guards, inner.code)
    if inner.how is How.STUCK:
        fires = (g for g in block.guards if g.interrupting and g.fires)
        return next((g for g in fires if comes_from_outside(g)), None)
    return None


def comes_from_outside(guard: Guard) -> bool:
    """Say whether an event can come at any moment of what it hangs on."""
    return guard.event is not EventKind.ERROR or guard.code == TIMEOUT


def _catcher(guards: tuple[Guard, ...], code: str) -> Guard | None:
    """An event that names the code goes before one that catches all (10.5.7)."""
    caught = [g for g in guards if g.event is EventKind.ERROR and g.code in ("", code)]
    return min(caught, key=lambda guard: not guard.code, default=None)


def _activity_ending(block: Work | Scope | Call) -> Ending:
    guard = interrupter(block)
    return _inside(block) if guard is None else ending(guard.path)


@dataclass(slots=True)
class Expected:
    """What a case must show when it has ended.

    `must` and `may` count completed nodes over the instance and all it called;
    `messages` are how often each is to be published; `ordered` are sets of tasks of
    which the first all complete before any of the second; `reversed` are tasks in the
    one order in which they run; `collected` are variables that must stand at the end.
    """

    state: InstanceState
    must: Counter[str] = field(default_factory=Counter)
    may: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    ordered: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    reversed: list[tuple[str, ...]] = field(default_factory=list)
    collected: dict[str, Any] = field(default_factory=dict)


def expect(block: Block) -> Expected:
    """Say what a process drawn around this block must do."""
    end = ending(block)
    state = InstanceState.FAILED if end.how is How.ERROR else InstanceState.COMPLETED
    oracle = _Oracle(Expected(state))
    oracle.process(block, "begin", "finish", sure=True)
    return oracle.expected


class _Oracle:
    """One walk over a tree. `calm` is false where something ends the scope for all."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.calm = True
        self.looped = 0

    def count(self, name: str, *, sure: bool = True, times: int = 1) -> None:
        if times:
            counts = self.expected.must if sure else self.expected.may
            counts[name] += times

    def scope(self, block: Block, *, sure: bool) -> None:
        """Walk what stands directly in a scope."""
        before, self.calm = self.calm, ending(block) == DONE
        self.walk(block, sure=sure)
        self.calm = before

    def process(self, block: Block, first: str, last: str, *, sure: bool) -> None:
        """Walk a whole process, from its start event to its end event."""
        self.count(first, sure=sure)
        if isinstance(block, Inset):
            self.inset_inside(block, last, sure=sure)
            return
        self.scope(block, sure=sure)
        self.count(last, sure=sure, times=int(ending(block) == DONE))

    def walk(self, block: Block, *, sure: bool) -> None:
        WALKS[type(block)](self, block, sure)

    # --- one method for each family ----------------------------------------------

    def activity(self, block: Work | Scope | Call, sure: bool) -> None:
        inside = _inside(block)
        guard = interrupter(block)
        # A trigger from outside may come at any moment of what it interrupts.
        outside = guard is not None and comes_from_outside(guard)
        self.rounds(block, sure=sure and not outside, ends=inside == DONE)
        for other in block.guards:
            if not other.interrupting and other.fires and inside == DONE:
                # Several runs of one path go side by side, like rounds of a loop.
                self.looped += other.times > 1
                for _ in range(other.times):
                    self.trigger(other, sure=sure)
                    self.walk(other.path, sure=sure and self.calm)
                    self.count(f"{other.name}.end", sure=sure and self.calm)
                self.looped -= other.times > 1
        if guard is not None:
            self.trigger(guard, sure=sure)
            self.walk(guard.path, sure=sure)
        merged = block.guards and any(g.interrupting for g in block.guards)
        if merged and _activity_ending(block) == DONE:
            self.count(f"{block.name}.merge", sure=sure)

    def trigger(self, guard: Guard, *, sure: bool) -> None:
        self.count(guard.name, sure=sure)
        if guard.event is EventKind.MESSAGE:
            self.expected.messages[guard.name] += 1

    def rounds(self, block: Work | Scope | Call, *, sure: bool, ends: bool) -> None:
        loop = block.loop
        if loop is None:
            self.once(block, sure=sure, ends=ends)
            return
        self.looped += 1
        if not ends and loop.kind is LoopKind.PARALLEL:
            for _ in range(loop.times):
                self.once(block, sure=False, ends=False)
        elif not ends:
            self.once(block, sure=sure, ends=False)
        else:
            wanted = loop.until or loop.times
            spare = loop.times - wanted if loop.kind is LoopKind.PARALLEL else 0
            for _ in range(wanted):
                self.once(block, sure=sure, ends=True)
            for _ in range(spare):
                self.once(block, sure=False, ends=True)
            # The activity itself, beside its rounds.
            self.count(block.name, sure=sure)
        self.looped -= 1
        if ends and sure and loop.collection and not self.looped:
            self.collected(block, loop.until or loop.times)

    def collected(self, block: Work | Scope | Call, times: int) -> None:
        loop = block.loop
        if loop is not None and not (loop.until and loop.kind is LoopKind.PARALLEL):
            values: list[int | None] = [10 * (index + 1) for index in range(times)]
            values.extend([None] * (loop.times - times))
            self.expected.collected[f"out_{block.name}"] = values

    def once(self, block: Work | Scope | Call, *, sure: bool, ends: bool) -> None:
        self.count(block.name, sure=sure, times=int(ends))
        if isinstance(block, Work):
            return
        first, last = ("start", "end") if isinstance(block, Scope) else CALLED
        first, last = f"{block.name}.{first}", f"{block.name}.{last}"
        if isinstance(block, Call):
            self.process(block.body, first, last, sure=sure)
            return
        self.count(first, sure=sure)
        self.scope(block.body, sure=sure)
        self.count(last, sure=sure, times=int(ending(block.body) == DONE))

    def series(self, block: Series, sure: bool) -> None:
        ran: list[Block] = []
        for part in block.parts:
            self.walk(part, sure=sure)
            ran.append(part)
            if ending(part) != DONE:
                break
        if not self.looped:
            for first, second in itertools.pairwise(ran):
                self.expected.ordered.append((main_line(first), main_line(second)))

    def fork(self, block: Fork, sure: bool) -> None:
        self.count(f"{block.name}.fork", sure=sure)
        ends = {index: ending(block.branches[index]) for index in block.taken}
        abrupt = {i for i, e in ends.items() if e.how in (How.ERROR, How.TERMINATED)}
        patient = block.policy not in (None, FailurePolicy.FAIL_ALL)
        # What comes after a join that does not wait for all may cut the rest off.
        calm = self.calm or not block.need
        for index in block.taken:
            alone = patient or not (abrupt - {index})
            self.walk(block.branches[index], sure=sure and alone and calm)
        if block.need:
            self.count(f"{block.name}.join", sure=sure and self.calm)
        elif ending(block) == DONE:
            self.count(f"{block.name}.join", sure=sure)

    def wait(self, block: Wait, sure: bool) -> None:
        rounds = block.loop.times if block.loop else 1
        # Each round, and the activity that repeats itself.
        self.count(block.name, sure=sure, times=rounds + bool(block.loop))
        if block.event is EventKind.MESSAGE and not block.sent:
            self.expected.messages[block.name] += rounds

    def race(self, block: Race, sure: bool) -> None:
        self.count(f"{block.name}.gate", sure=sure)
        chosen = f"{block.name}.e{block.chosen}"
        self.count(chosen, sure=sure)
        if block.events[block.chosen] is EventKind.MESSAGE:
            self.expected.messages[chosen] += 1
        branch = block.branches[block.chosen]
        self.walk(branch, sure=sure)
        if ending(branch) == DONE:
            self.count(f"{block.name}.merge", sure=sure)

    def mark(self, block: Mark, sure: bool) -> None:
        self.count(block.name, sure=sure)

    def jump(self, block: Jump, sure: bool) -> None:
        self.count(f"{block.name}.throw", sure=sure)
        self.count(f"{block.name}.catch", sure=sure)

    def stop(self, block: Stop, sure: bool) -> None:
        # Whether an end in an error counts as completed is the engine's business.
        self.count(block.name, sure=sure and block.event is not EventKind.ERROR)

    def ad_hoc(self, block: AdHoc, sure: bool) -> None:
        self.count(block.name, sure=sure)
        for part in block.parts:
            self.walk(part, sure=sure)

    def saga(self, block: Saga, sure: bool) -> None:
        self.count(f"{block.name}.start", sure=sure)
        for part in block.parts:
            self.walk(part, sure=sure)
        if block.undo:
            undone = tuple(f"{part.name}.undo" for part in reversed(block.parts))
            for name in undone:
                self.count(name, sure=sure)
            if sure and not self.looped:
                self.expected.reversed.append(undone)
        if block.undo and block.cancel:
            self.count(f"{block.name}.cancel", sure=False)
            self.count(f"{block.name}.canceled", sure=sure)
        else:
            if block.undo:
                self.count(f"{block.name}.throw", sure=sure)
            self.count(f"{block.name}.end", sure=sure)
            self.count(block.name, sure=sure)
        if block.cancel:
            self.count(f"{block.name}.merge", sure=sure)

    def inset(self, block: Inset, sure: bool) -> None:
        self.count(f"{block.name}.start", sure=sure and not block.outside)
        self.inset_inside(block, f"{block.name}.end", sure=sure)
        self.count(block.name, sure=sure)

    def inset_inside(self, block: Inset, last: str, *, sure: bool) -> None:
        """Walk what a scope with an event sub-process holds."""
        inner = ending(block.body)
        self.scope(block.body, sure=sure and not block.outside)
        self.count(last, sure=sure, times=int(inner == DONE))
        if block.event is EventKind.MESSAGE:
            self.expected.messages[f"{block.name}.on"] += 1
        self.count(f"{block.name}.on", sure=sure)
        self.walk(block.inner, sure=sure)
        self.count(f"{block.name}.off", sure=sure)
        self.count(f"{block.name}.event", sure=sure)


def main_line(block: Block) -> frozenset[str]:
    """Return the tasks of a block but those on paths that run beside it.

    None where a join that does not wait for all lets the block end before its tasks.
    """
    if any(isinstance(part, Fork) and part.need for part in walk(block)):
        return frozenset()
    if isinstance(block, Work) and not block.guards:
        return frozenset({block.name})
    if isinstance(block, Work | Scope | Call):
        below = [g.path for g in block.guards if g.interrupting]
        if not isinstance(block, Work):
            below.append(block.body)
        own = {block.name} if isinstance(block, Work) else set[str]()
        return frozenset(own.union(*map(main_line, below)))
    return frozenset(set[str]().union(*map(main_line, parts_of(block))))


WALKS: Mapping[type, Callable[[_Oracle, Any, bool], None]] = {
    Work: _Oracle.activity,
    Scope: _Oracle.activity,
    Call: _Oracle.activity,
    Series: _Oracle.series,
    Fork: _Oracle.fork,
    Wait: _Oracle.wait,
    Race: _Oracle.race,
    Mark: _Oracle.mark,
    Jump: _Oracle.jump,
    Stop: _Oracle.stop,
    AdHoc: _Oracle.ad_hoc,
    Saga: _Oracle.saga,
    Inset: _Oracle.inset,
}
