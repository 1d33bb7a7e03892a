"""A process as it really ran: what follows what directly, how often, by which variants.

A trace is what was completed in a case, in order, by the ids of nodes; equal traces are
one variant. Everything here is counted from variants, so that a million cases are as
quick as their kinds. Nothing of models is known here.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

START: Final = ":start"
END: Final = ":end"
"""What stands before a case's first activity and after its last: no node's id."""

Pair = tuple[str, str]
_Name = TypeVar("_Name", str, Pair)


@dataclass(frozen=True, slots=True)
class Variant:
    """A way that some cases went; `has_ended` tells those that go on from others.

    `seconds` is the median of their lead times, None where none has ended.
    """

    trace: tuple[str, ...]
    cases: int
    has_ended: bool = True
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened, and in how many cases."""

    times: int
    cases: int


@dataclass(frozen=True, slots=True)
class Mined:
    """A directly-follows graph; START and END are no nodes, but ends of edges."""

    nodes: Mapping[str, Count]
    edges: Mapping[Pair, Count]
    cases: int


def mine(variants: Iterable[Variant]) -> Mined:
    """Count activities and what directly follows what."""
    nodes: dict[str, list[int]] = {}
    edges: dict[Pair, list[int]] = {}
    cases = 0
    for variant in variants:
        cases += variant.cases
        _add(nodes, Counter(variant.trace), variant.cases)
        _add(edges, Counter(list_pairs(variant)), variant.cases)
    return Mined(
        nodes={name: Count(*counts) for name, counts in nodes.items()},
        edges={pair: Count(*counts) for pair, counts in edges.items()},
        cases=cases,
    )


def list_pairs(variant: Variant) -> Iterator[Pair]:
    """Give what directly follows what in a case of this variant, its ends with it."""
    if not variant.trace:
        return
    ends = (END,) if variant.has_ended else ()
    yield from pairwise((START, *variant.trace, *ends))


def choose_activities(mined: Mined, *, percent: int) -> frozenset[str]:
    """Return the most frequent activities, so many per cent of all, one at least."""
    ranked = sorted(mined.nodes, key=lambda name: (-mined.nodes[name].times, name))
    return frozenset(ranked[: _share(len(ranked), percent)])


def choose_edges(mined: Mined, *, percent: int) -> frozenset[Pair]:
    """Return the most frequent edges, so many per cent of all.

    The most frequent way into each activity and out of it is always among them, so that
    none hangs loose.
    """
    ranked = sorted(mined.edges, key=lambda pair: (-mined.edges[pair].times, pair))
    into: dict[str, Pair] = {}
    out_of: dict[str, Pair] = {}
    for source, target in ranked:
        into.setdefault(target, (source, target))
        out_of.setdefault(source, (source, target))
    kept = set(ranked[: _share(len(ranked), percent)])
    return frozenset(kept | set(into.values()) | set(out_of.values()))


def project(variants: Iterable[Variant], kept: Collection[str]) -> list[Variant]:
    """Return the variants as if only some activities were seen; equal ones are joined.

    Joined variants have no lead time of their own any more.
    """
    found: dict[tuple[tuple[str, ...], bool], Variant] = {}
    for one in variants:
        trace = tuple(name for name in one.trace if name in kept)
        place = (trace, one.has_ended)
        before = found.get(place)
        found[place] = Variant(
            trace,
            one.cases + (before.cases if before else 0),
            one.has_ended,
            None if before else one.seconds,
        )
    return list(found.values())


def rank_variants(variants: Iterable[Variant]) -> list[Variant]:
    """Return variants, those that most cases went first."""
    return sorted(variants, key=lambda one: (-one.cases, one.trace, one.has_ended))


def count_rework(variants: Iterable[Variant]) -> int:
    """Count the cases in which some activity was done more than once."""
    return sum(one.cases for one in variants if len(set(one.trace)) < len(one.trace))


def _add(into: dict[_Name, list[int]], found: Mapping[_Name, int], cases: int) -> None:
    for name, times in found.items():
        counts = into.setdefault(name, [0, 0])
        counts[0] += times * cases
        counts[1] += cases


def _share(count: int, percent: int) -> int:
    return max(1, math.ceil(count * percent / 100)) if count else 0


def fold_loops(trace: Sequence[str]) -> list[tuple[str, int]]:
    """Return a trace with repetitions in a row counted instead of told."""
    told: list[tuple[str, int]] = []
    for name in trace:
        if told and told[-1][0] == name:
            told[-1] = (name, told[-1][1] + 1)
        else:
            told.append((name, 1))
    return told
