"""Which column a node stands in, and in what order a column is stacked. No places.

Layered drawing after Sugiyama: cycles are broken at back edges, ranks are longest
paths, long lines get a bend point in each column they cross, and columns are ordered
by barycentre, the order with the fewest crossings kept.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 12


@dataclass(slots=True)
class Vertex:
    """A node, or a bend point of a long line (`item` empty).

    `above` and `below` are what it needs of its column, from its middle. `friend`
    is the vertex in the same column that it must stand beside: above it for `side`
    -1, below it for 1. `near` orders several of one friend, nearest first.
    """

    item: str
    width: int
    above: int
    below: int
    rank: int = 0
    band: int = 0
    friend: int = -1
    side: int = 1
    near: int = 0
    y: int = 0


@dataclass(slots=True)
class Grid:
    """All vertices, the columns they stand in, and lines between next columns."""

    vertices: list[Vertex] = field(default_factory=list)
    layers: list[list[int]] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)

    def place(self) -> dict[int, int]:
        """Return the place of each vertex in its column."""
        return {v: at for layer in self.layers for at, v in enumerate(layer)}


def find_back_edges(
    count: int, edges: Sequence[tuple[int, int]], roots: Sequence[int]
) -> set[int]:
    """Return the numbers of the edges that close a cycle, met depth first."""
    out: list[list[int]] = [[] for _ in range(count)]
    for number, (source, _) in enumerate(edges):
        out[source].append(number)
    state = [0] * count
    back: set[int] = set()
    for root in [*roots, *range(count)]:
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(out[root]))]
        while stack:
            node, rest = stack[-1]
            number = next(rest, -1)
            if number < 0:
                state[node] = 2
                stack.pop()
                continue
            target = edges[number][1]
            if state[target] == 1:
                back.add(number)
            elif state[target] == 0:
                state[target] = 1
                stack.append((target, iter(out[target])))
    return back


def rank_nodes(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the longest path to each node of an acyclic graph.

    What nothing leads to is drawn as far right as what follows it allows.
    """
    out: list[list[int]] = [[] for _ in range(count)]
    degree = [0] * count
    for source, target in edges:
        out[source].append(target)
        degree[target] += 1
    has_entry = [number > 0 for number in degree]
    ready = [node for node in range(count) if not degree[node]]
    ranks = [0] * count
    for node in ready:
        for target in out[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            degree[target] -= 1
            if not degree[target]:
                ready.append(target)
    for node in range(count):
        if out[node] and not has_entry[node]:
            ranks[node] = min(ranks[target] for target in out[node]) - 1
    return ranks


def order_layers(grid: Grid) -> None:
    """Order every column so that few lines cross; lanes and friends are kept."""
    left: dict[int, list[int]] = {}
    right: dict[int, list[int]] = {}
    for source, target in grid.edges:
        right.setdefault(source, []).append(target)
        left.setdefault(target, []).append(source)
    place = {v: float(at) for layer in grid.layers for at, v in enumerate(layer)}
    for layer in grid.layers:
        _sort(grid, layer, {v: place[v] for v in layer}, place)
    best = [list(layer) for layer in grid.layers]
    fewest = count_crossings(grid)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        neighbours = left if forward else right
        layers = grid.layers if forward else grid.layers[::-1]
        for layer in layers:
            keys = {
                v: _mean([place[u] for u in neighbours.get(v, ())], place[v])
                for v in layer
            }
            _sort(grid, layer, keys, place)
        crossings = count_crossings(grid)
        if crossings < fewest:
            fewest = crossings
            best = [list(layer) for layer in grid.layers]
    grid.layers[:] = best


def _mean(places: Sequence[float], fallback: float) -> float:
    return sum(places) / len(places) if places else fallback


def _sort(
    grid: Grid,
    layer: list[int],
    keys: Mapping[int, float],
    place: dict[int, float],
) -> None:
    """Sort one column by lane and key; friends follow the one they stand beside."""

    def key(v: int) -> tuple[float, ...]:
        vertex = grid.vertices[v]
        host = vertex.friend if vertex.friend >= 0 else v
        beside = vertex.side * (1 + vertex.near) if vertex.friend >= 0 else 0
        return (vertex.band, keys[host], place[host], beside)

    layer.sort(key=key)
    for at, v in enumerate(layer):
        place[v] = float(at)


def count_crossings(grid: Grid) -> int:
    """Return how many pairs of lines cross between neighbouring columns."""
    place = grid.place()
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for source, target in grid.edges:
        pair = (place[source], place[target])
        by_layer.setdefault(grid.vertices[source].rank, []).append(pair)
    crossings = 0
    for pairs in by_layer.values():
        seen: list[int] = []
        for _, target in sorted(pairs):
            crossings += len(seen) - bisect_right(seen, target)
            insort(seen, target)
    return crossings
