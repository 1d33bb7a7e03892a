"""One simulated run: from a seed to a verdict, and to a smaller tree that fails too."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.simulation.growing import grow
from tests.simulation.judge import faults_of
from tests.simulation.rows import START
from tests.simulation.schedule import Scheduler, Weather, draw_weather
from tests.simulation.soil import ALL, Kind
from tests.simulation.trees import Block, Fork, Scope, Series, size
from tests.simulation.world import World, read_script


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one run showed; `digest` stands for every commit it made, in order."""

    seed: int
    faults: tuple[str, ...]
    digest: str
    commits: int
    crashes: int
    virtual_seconds: float
    trail: tuple[str, ...]
    tree: Block


def simulate(seed: int, *, kinds: frozenset[Kind] = ALL) -> Verdict:
    """Run one seed: a random tree, random weather, a random schedule."""
    chance = random.Random(seed)  # noqa: S311  replayable chance is the point
    tree = grow(chance, kinds=kinds, leaves=chance.choice((3, 6, 12, 20)))
    weather = draw_weather(chance)
    return play(tree, seed=seed, weather=weather)


def play(
    tree: Block,
    *,
    seed: int,
    weather: Weather,
    cases: int | None = None,
) -> Verdict:
    """Run one tree under one weather; the seed decides the schedule."""
    chance = random.Random(f"schedule {seed}")  # noqa: S311  replayable
    script = read_script(tree)
    world = World(script, chance)
    if cases is None:
        # A signal has no key: of a second case it would be one too many.
        cases = 1 if script.repeating else chance.choice((1, 1, 2, 3))
    scheduler = Scheduler(world, chance, weather)
    faults: list[str] = []
    try:
        world.begin(cases)
        scheduler.run()
        faults.extend(faults_of(world))
    except Exception as error:  # noqa: BLE001  whatever the engine raises is a finding
        faults.append(f"{type(error).__name__}: {error}")
    trail = tuple(world.db.trail)
    return Verdict(
        seed=seed,
        faults=tuple(faults),
        digest=hashlib.sha256("\n".join([*trail, *faults]).encode()).hexdigest(),
        commits=len(trail),
        crashes=scheduler.crashes,
        virtual_seconds=(world.db.now - START).total_seconds(),
        trail=trail,
        tree=tree,
    )


def shrink(tree: Block, fails: Callable[[Block], bool], *, tries: int = 300) -> Block:
    """Return a smaller tree that still fails, found by leaving parts out."""
    left = tries
    again = True
    while again and left > 0:
        again = False
        for smaller in sorted(smaller_trees(tree), key=size):
            left -= 1
            if size(smaller) < size(tree) and fails(smaller):
                tree, again = smaller, True
                break
            if left <= 0:
                break
    return tree


def smaller_trees(block: Block) -> Iterator[Block]:
    """Yield the block with one part left out, or one part in its place."""
    match block:
        case Series(parts=parts):
            yield from parts
            for index in range(len(parts)):
                kept = parts[:index] + parts[index + 1 :]
                if len(kept) > 1:
                    yield replace(block, parts=kept)
            yield from (replace(block, parts=changed) for changed in _inner(parts))
        case Fork(branches=parts):
            yield from parts
            yield from (replace(block, branches=changed) for changed in _inner(parts))
        case Scope(body=body):
            if not block.guards and block.loop is None:
                yield body
            yield from (replace(block, body=one) for one in smaller_trees(body))
        case _:
            return


def _inner(parts: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Yield the parts with one of them smaller."""
    for index, part in enumerate(parts):
        for smaller in smaller_trees(part):
            yield (*parts[:index], smaller, *parts[index + 1 :])
