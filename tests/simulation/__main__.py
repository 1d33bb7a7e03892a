"""`python -m tests.simulation --seeds 1000`: random models under random schedules."""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.simulation.running import Verdict, play, shrink, simulate
from tests.simulation.schedule import draw_weather
from tests.simulation.soil import ALL, Kind, kinds_of
from tests.simulation.trees import Block, show, size


def main(arguments: list[str]) -> int:
    """Run seeds and report; return 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=1000, help="how many runs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int, help="run one seed and print its trail")
    parser.add_argument(
        "--kinds", default="", help="constructs to grow trees of, with commas"
    )
    options = parser.parse_args(arguments)
    kinds = kinds_of(options.kinds.split(",")) if options.kinds else ALL
    if options.replay is not None:
        return replay(options.replay, kinds)
    return run_many(options.first, options.seeds, kinds)


def run_many(first: int, number: int, kinds: frozenset[Kind]) -> int:
    """Run seeds one after the other; print every failing one with its replay."""
    began = time.perf_counter()
    failed, commits, crashes, virtual = 0, 0, 0, 0.0
    for seed in range(first, first + number):
        verdict = simulate(seed, kinds=kinds)
        commits += verdict.commits
        crashes += verdict.crashes
        virtual += verdict.virtual_seconds
        if verdict.faults:
            failed += 1
            print_failure(verdict, kinds)
    seconds = time.perf_counter() - began
    print(
        f"{number} runs, {failed} failed; {commits} commits, {crashes} crashes;"
        f" {number / seconds:.1f} runs/s,"
        f" {virtual / seconds:,.0f} virtual seconds a second"
    )
    return 1 if failed else 0


def print_failure(verdict: Verdict, kinds: frozenset[Kind]) -> None:
    """Print what is wrong and how to see it again."""
    print(f"Seed {verdict.seed} failed, trace {verdict.digest[:16]}:")
    for fault in verdict.faults[:8]:
        print(f"  {fault}")
    more = "" if kinds == ALL else f" --kinds {','.join(sorted(kinds))}"
    print(f"  replay: python -m tests.simulation --replay {verdict.seed}{more}")
    sys.stdout.flush()


def replay(seed: int, kinds: frozenset[Kind]) -> int:
    """Run one seed again, with its trail; shrink its tree where it fails."""
    verdict = simulate(seed, kinds=kinds)
    print("\n".join(verdict.trail))
    print(show(verdict.tree))
    print(f"trace {verdict.digest}")
    if not verdict.faults:
        print("no fault")
        return 0
    print_failure(verdict, kinds)
    smaller = shrunk(verdict.tree, seed)
    if size(smaller) < size(verdict.tree):
        print(f"A smaller tree ({size(smaller)} blocks) that fails too:")
        print(show(smaller))
    return 1


def shrunk(tree: Block, seed: int) -> Block:
    """Return a smaller tree that fails under one of a few schedules."""

    def fails(smaller: Block) -> bool:
        chance = random.Random(seed)  # noqa: S311  replayable
        return any(
            play(smaller, seed=seed + number, weather=draw_weather(chance)).faults
            for number in range(3)
        )

    return shrink(tree, fails) if fails(tree) else tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
