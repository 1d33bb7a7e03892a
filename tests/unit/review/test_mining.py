"""What is mined from variants equals what plain counting over the events gives."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from review.core.evidence.xes import read_traces
from review.core.figures.mining import (
    END,
    START,
    Count,
    Variant,
    choose_activities,
    choose_edges,
    count_rework,
    fold_loops,
    mine,
    project,
    rank_variants,
)

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
REAL_LOG = DATA / "bpic2020_domestic_declarations.xes.gz"
SMALL = [
    Variant(("a", "b", "c"), 5),
    Variant(("a", "c", "b", "b"), 2),
    Variant(("a",), 3, has_ended=False),
]


def test_edges_count_times_and_cases_and_running_cases_have_no_end() -> None:
    mined = mine(SMALL)
    assert mined.cases == 10
    assert mined.nodes == {"a": Count(10, 10), "b": Count(9, 7), "c": Count(7, 7)}
    assert mined.edges == {
        (START, "a"): Count(10, 10),
        ("a", "b"): Count(5, 5),
        ("b", "c"): Count(5, 5),
        ("c", END): Count(5, 5),
        ("a", "c"): Count(2, 2),
        ("c", "b"): Count(2, 2),
        ("b", "b"): Count(2, 2),
        ("b", END): Count(2, 2),
    }


def test_seldom_activities_are_passed_over_and_equal_ways_joined() -> None:
    kept = choose_activities(mine(SMALL), percent=34)
    assert kept == {"a", "b"}
    assert rank_variants(project(SMALL, kept)) == [
        Variant(("a", "b"), 5),
        Variant(("a",), 3, has_ended=False),
        Variant(("a", "b", "b"), 2),
    ]


def test_edges_that_are_left_reach_every_activity() -> None:
    mined = mine(SMALL)
    kept = choose_edges(mined, percent=1)
    assert {target for _, target in kept} == {"a", "b", "c", END}
    assert {source for source, _ in kept} == {START, "a", "b", "c"}
    assert choose_edges(mined, percent=100) == mined.edges.keys()


def test_rework_is_an_activity_done_again() -> None:
    assert count_rework(SMALL) == 2
    assert fold_loops(("a", "b", "b", "a")) == [("a", 1), ("b", 2), ("a", 1)]


def _plain_traces(path: Path) -> Iterator[list[str]]:
    """Read the log with nothing of ours."""
    with gzip.open(path) as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314  our own file
            if element.tag.rpartition("}")[2] == "trace":
                yield [
                    part.get("value", "")
                    for event in element
                    if event.tag.rpartition("}")[2] == "event"
                    for part in event
                    if part.get("key") == "concept:name"
                ]
                element.clear()


@pytest.mark.skipif(not REAL_LOG.exists(), reason="the real event log is not here")
def test_real_log_is_counted_as_plain_counting_counts_it() -> None:
    nodes: Counter[str] = Counter()
    edges: Counter[tuple[str, str]] = Counter()
    cases_of: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    number = 0
    for number, trace in enumerate(_plain_traces(REAL_LOG), start=1):
        nodes.update(trace)
        for pair in pairwise([START, *trace, END]):
            edges[pair] += 1
            cases_of[pair].add(number)
    with gzip.open(REAL_LOG) as file:
        ways = Counter(
            tuple(event.activity for event in trace.events)
            for trace in read_traces(iter(lambda: file.read(1 << 20), b""))
        )
    mined = mine(Variant(trace, cases) for trace, cases in ways.items())
    assert number > 10_000
    assert mined.cases == number
    assert {name: count.times for name, count in mined.nodes.items()} == nodes
    assert {pair: count.times for pair, count in mined.edges.items()} == edges
    assert {pair: count.cases for pair, count in mined.edges.items()} == {
        pair: len(found) for pair, found in cases_of.items()
    }
