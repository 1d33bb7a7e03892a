"""A short simulation, its replay, and proof that it can fail: broken rules are found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import acts, schedule, shell
from tests.simulation.rows import Tables, Transaction
from tests.simulation.running import play, shrink, simulate
from tests.simulation.schedule import CALM, Weather
from tests.simulation.soil import Kind, kinds_of
from tests.simulation.trees import Block, Fork, Series, Wait, Work, size, walk
from workflows.core.bpmn.graph import EventKind, NodeKind
from workflows.core.engine import behaviours, compensation, gateways, joins, loops
from workflows.core.engine.run import Run
from workflows.core.states import StepState

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("block", range(6))
def test_seeds_end_as_the_oracle_says(block: int) -> None:
    seeds = range(10_000 + 10 * block, 10_010 + 10 * block)
    failed = {
        seed: verdict.faults for seed in seeds if (verdict := simulate(seed)).faults
    }
    assert failed == {}


def test_seeds_reach_every_construct() -> None:
    grown = {
        type(block).__name__
        for seed in range(40)
        for block in walk(simulate(seed).tree)
    }
    assert grown >= {
        "AdHoc", "Call", "Fork", "Inset", "Jump", "Mark", "Race", "Saga", "Scope",
        "Series", "Stop", "Wait", "Work",
    }  # fmt: skip


def test_seeds_meet_faults() -> None:
    verdicts = [simulate(seed) for seed in range(20)]
    assert sum(verdict.crashes for verdict in verdicts) > 5


def test_replay_is_the_same_byte_for_byte() -> None:
    first, second = simulate(4), simulate(4)
    assert first.trail == second.trail
    assert first.digest == second.digest
    assert first.digest != simulate(5).digest


def test_replay_is_the_same_in_another_process() -> None:
    """Sets of text have another order there; nothing may depend on it."""
    for salt in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--replay", "4"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"trace {simulate(4).digest}" in said.stdout


def test_condition_is_seen_by_a_wait_that_the_budget_left_over() -> None:
    task = Work("t1", NodeKind.SCRIPT_TASK)
    wait = Wait("w1", EventKind.CONDITIONAL, sent="t1")
    kind = NodeKind.PARALLEL_GATEWAY
    tree = Fork("g1", kind, (task, wait), (True, True))
    short = Weather(faults=0, budget=2)
    for seed in range(30):
        assert play(tree, seed=seed, weather=short).faults == ()


def test_shrinking_keeps_what_fails() -> None:
    wanted = Work("t1", NodeKind.USER_TASK)
    tree = Series("q", (Series("p", (Work("t2", NodeKind.TASK), wanted)), wanted))
    smaller = shrink(tree, lambda block: wanted in list(walk(block)))
    assert smaller == wanted


# --- broken rules --------------------------------------------------------------------

Break = Callable[[pytest.MonkeyPatch], None]


def fire_joins_on_any_token(patch: pytest.MonkeyPatch) -> None:
    def go_on(run: Run, planned: Any, step: Any) -> None:
        run.complete(planned, step)

    patch.setitem(behaviours.BEHAVIOURS, NodeKind.PARALLEL_GATEWAY, go_on)


def fire_inclusive_joins_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(joins, "somebody_can_come", lambda *_: False)


def take_all_true_flows(patch: pytest.MonkeyPatch) -> None:
    kind = NodeKind.EXCLUSIVE_GATEWAY
    patch.setitem(behaviours.BEHAVIOURS, kind, gateways.inclusive)


def lose_what_the_budget_leaves(patch: pytest.MonkeyPatch) -> None:
    right = Run._move

    def move(self: Run, token: Any, rules: Any) -> None:
        if self.budget > 0:
            right(self, token, rules)

    patch.setattr(Run, "_move", move)


def leave_interrupted_work_alive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Run, "clear_scope", lambda self, scope_id, reason, **_: None)


def never_disarm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Run, "_disarm", lambda self, step: None)


def compensate_in_order_of_completion(patch: pytest.MonkeyPatch) -> None:
    right = compensation._begin

    def begin(run: Run, step: Any, scope: Any, done: list[Any]) -> None:
        right(run, step, scope, list(reversed(done)))

    patch.setattr(compensation, "_begin", begin)


def ignore_completion_conditions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loops, "_is_complete", lambda *_: False)


def believe_zombies(patch: pytest.MonkeyPatch) -> None:
    def is_ours(step: Any, work: Any) -> bool:
        return step is not None and step.state is StepState.RUNNING

    patch.setattr(shell, "is_ours", is_ours)


def deliver_twice(patch: pytest.MonkeyPatch) -> None:
    right = acts.deliver

    def deliver(tx: Transaction, subscription_id: int, *, message_id: str) -> None:
        right(tx, subscription_id, message_id=message_id)

        def change(tables: Tables) -> None:
            tables.messages[message_id].state = "BUFFERED"

        tx.write(change)

    patch.setattr(acts, "deliver", deliver)


def fire_timers_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shell, "is_armed", lambda *_: True)


def take_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    right = shell.take

    def take(tx: Transaction, run: Run) -> None:
        right(tx, run)
        for number in list(tx.database.rows.stimuli):
            if tx.database.rows.stimuli[number].instance_id == run.instance.id:
                del tx.database.rows.stimuli[number]

    patch.setattr(shell, "take", take)


def lose_tokens_of_the_suspended(patch: pytest.MonkeyPatch) -> None:
    right = Run.drain

    def drain(self: Run, rules: Any) -> None:
        if self.instance.state == "ACTIVE":
            right(self, rules)

    patch.setattr(Run, "drain", drain)


@pytest.mark.parametrize(
    ("broken", "kinds"),
    [
        (fire_joins_on_any_token, "fork"),
        (fire_inclusive_joins_at_once, "fork"),
        (take_all_true_flows, "fork"),
        (lose_what_the_budget_leaves, "fork"),
        (leave_interrupted_work_alive, "fork,scope,timed"),
        (never_disarm, "fork,timed"),
        (compensate_in_order_of_completion, "saga"),
        (ignore_completion_conditions, "loop"),
        (believe_zombies, "fork"),
        (deliver_twice, "catch,loop,message,scope"),
        (fire_timers_again, "timed"),
        (take_before_the_commit, "call"),
        (lose_tokens_of_the_suspended, "fork"),
    ],
)
def test_broken_rule_is_found(
    broken: Break, kinds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "MAX_TICKS", 4_000)
    broken(monkeypatch)
    soil = kinds_of(["task", "series", *kinds.split(",")])
    found = (seed for seed in range(300) if simulate(seed, kinds=soil).faults)
    assert next(found, None) is not None


def test_shrunk_tree_of_a_broken_join_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MAX_TICKS", 4_000)
    fire_joins_on_any_token(monkeypatch)

    def fails(tree: Block) -> bool:
        return bool(play(tree, seed=1, weather=CALM, cases=1).faults)

    kinds = frozenset({Kind.TASK, Kind.SERIES, Kind.FORK, Kind.SCOPE})
    trees = (simulate(seed, kinds=kinds).tree for seed in range(50))
    tree = next(tree for tree in trees if fails(tree))
    assert size(shrink(tree, fails)) <= 4
