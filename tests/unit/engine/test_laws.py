"""Laws of the pure engine over generated processes, without a database.

A process is grown as a tree of blocks and walked by an oracle that knows no engine
(tests/simulation); Hypothesis picks the trees and the circumstances, and shrinks both.
"""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.growing import grow
from tests.simulation.judge import completed, faults_of
from tests.simulation.oracle import expect
from tests.simulation.running import play
from tests.simulation.schedule import CALM, Scheduler, Weather
from tests.simulation.soil import Kind
from tests.simulation.trees import Block, walk
from tests.simulation.world import World, read_script
from workflows.core.states import FINAL_INSTANCE_STATES

CERTAIN = frozenset(Kind) - {Kind.TIMED, Kind.INSET, Kind.ESCALATION, Kind.STOP}
"""Constructs in which nothing is cut off, so that every order does the same."""

CRASHES = Weather(faults=400, crash=0.1, bell_lost=0.3, bell_twice=0.3, jump=0.02)


def trees(kinds: frozenset[Kind] = frozenset(Kind)) -> st.SearchStrategy[Block]:
    """Grow trees out of Hypothesis's own chance, so that it can shrink them."""
    chances = st.randoms(use_true_random=False)
    return chances.map(lambda chance: grow(chance, kinds=kinds, leaves=8, depth=4))


seeds = st.integers(min_value=0, max_value=2**32)


def run_to_end(tree: Block, *, seed: int, weather: Weather) -> World:
    """Run one case of a tree; the seed decides in which order things happen."""
    chance = random.Random(seed)  # noqa: S311  replayable
    world = World(read_script(tree), chance)
    world.begin(1)
    Scheduler(world, chance, weather).run()
    return world


def ran(world: World) -> Counter[str]:
    """Count the nodes that completed in a case and all that it called."""
    counts = [completed(world, instance) for instance in world.db.rows.instances]
    return sum(counts, Counter())


@settings(max_examples=80, deadline=None)
@given(trees(), seeds)
def test_every_process_ends_and_does_exactly_what_its_tree_says(
    tree: Block, seed: int
) -> None:
    assert play(tree, seed=seed, weather=CALM).faults == ()


@settings(max_examples=60, deadline=None)
@given(trees(), seeds)
def test_crashes_lost_bells_and_late_workers_change_nothing(
    tree: Block, seed: int
) -> None:
    assert play(tree, seed=seed, weather=CRASHES).faults == ()


@settings(max_examples=40, deadline=None)
@given(trees(), seeds, st.integers(min_value=1, max_value=4))
def test_small_advances_end_where_large_ones_end(
    tree: Block, seed: int, budget: int
) -> None:
    world = run_to_end(tree, seed=seed, weather=Weather(faults=0, budget=budget))
    assert faults_of(world) == []


@settings(max_examples=40, deadline=None)
@given(trees(CERTAIN), seeds, seeds)
def test_order_of_independent_answers_does_not_matter(
    tree: Block, first: int, second: int
) -> None:
    one = run_to_end(tree, seed=first, weather=CALM)
    other = run_to_end(tree, seed=second, weather=CALM)
    root = expect(tree)
    if not root.may:
        assert ran(one) == ran(other) == root.must


@settings(max_examples=40, deadline=None)
@given(trees(), seeds)
def test_no_row_outlives_its_instance(tree: Block, seed: int) -> None:
    world = run_to_end(tree, seed=seed, weather=CRASHES)
    rows = world.db.rows
    assert {row.state for row, _, _ in rows.instances.values()} <= FINAL_INSTANCE_STATES
    assert [step for step, _, _ in rows.steps.values() if step.ended_at is None] == []
    assert [timer for timer in rows.timers.values() if timer.state == "ARMED"] == []
    assert list(rows.subscriptions) == []


@settings(max_examples=25, deadline=None)
@given(trees(), seeds)
def test_same_input_gives_the_same_trail(tree: Block, seed: int) -> None:
    first = play(tree, seed=seed, weather=CRASHES)
    assert play(tree, seed=seed, weather=CRASHES).trail == first.trail


@settings(max_examples=100, deadline=None)
@given(trees())
def test_names_of_blocks_are_their_own(tree: Block) -> None:
    names = [block.name for block in walk(tree)]
    assert len(names) == len(set(names))
