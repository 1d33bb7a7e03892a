"""Where the boxes and lines of a directed graph are drawn: in layers, top down.

After Sugiyama, Tagawa and Toda (1981): edges against the stream are turned, boxes get
layers by the longest way to them, what crosses less is tried by medians, and long edges
bend at each layer between. Numbers are SVG's user units; nothing is drawn here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low
from typing import Final

Pair = tuple[str, str]

WIDTH: Final = 176.0
HEIGHT: Final = 46.0
GAP_X: Final = 28.0
GAP_Y: Final = 58.0
MARGIN: Final = 16.0
BEND: Final = 30.0
"""The room that a bend of a long edge takes, in place of a box's width."""

_SWEEPS: Final = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place: the corner with the least x and y."""

    name: str
    x: float
    y: float
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Line:
    """An edge's way as an SVG path, and where its label's middle stands."""

    pair: Pair
    path: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole graph with the room it needs."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


@dataclass(slots=True)
class _Graph:
    """The graph while it is laid out; bends of long edges are places too."""

    layers: list[list[str]]
    ahead: dict[str, list[str]] = field(default_factory=dict)
    behind: dict[str, list[str]] = field(default_factory=dict)
    ways: dict[Pair, list[str]] = field(default_factory=dict)
    turned: set[Pair] = field(default_factory=set)
    bends: set[str] = field(default_factory=set)

    def width(self, name: str) -> float:
        return BEND if name in self.bends else WIDTH


def lay_out(nodes: Sequence[str], edges: Mapping[Pair, float]) -> Drawing:
    """Place a graph; edges that lead back, seen from the first node, run up.

    Edges whose ends are not among the nodes are left out.
    """
    known = set(nodes)
    kept = {pair: weight for pair, weight in edges.items() if known.issuperset(pair)}
    if not nodes:
        return Drawing((), (), 2 * MARGIN, 2 * MARGIN)
    graph = _layer(nodes, kept)
    _order(graph)
    places = _place(graph)
    return _draw(nodes, kept, graph, places)


def _layer(nodes: Sequence[str], edges: Mapping[Pair, float]) -> _Graph:
    turned = _find_turned(nodes, edges)
    down: dict[str, set[str]] = {name: set() for name in nodes}
    for a, b in edges:
        if a != b:
            source, target = (b, a) if (a, b) in turned else (a, b)
            down[source].add(target)
    depth = _depths(nodes, down)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in nodes:
        layers[depth[name]].append(name)
    graph = _Graph(layers=layers, turned=turned)
    for name in nodes:
        graph.ahead[name], graph.behind[name] = [], []
    for a, b in edges:
        if a == b:
            continue
        _thread(graph, (a, b), (b, a) if (a, b) in turned else (a, b), depth)
    return graph


def _find_turned(nodes: Sequence[str], edges: Mapping[Pair, float]) -> set[Pair]:
    """Return edges to turn so that no circle is left: those that lead back.

    Which do is told by walking the heavier edges first, from the first node on.
    """
    onward: dict[str, list[str]] = {name: [] for name in nodes}
    for a, b in sorted(edges, key=lambda pair: (-edges[pair], pair)):
        if a != b:
            onward[a].append(b)
    turned: set[Pair] = set()
    done: set[str] = set()
    for root in nodes:
        way = [] if root in done else [(root, iter(onward[root]))]
        standing = {root}
        while way:
            name, rest = way[-1]
            target = next(rest, None)
            if target is None:
                way.pop()
                standing.discard(name)
                done.add(name)
            elif target in standing:
                turned.add((name, target))
            elif target not in done:
                standing.add(target)
                way.append((target, iter(onward[target])))
    return turned


def _depths(nodes: Sequence[str], down: Mapping[str, set[str]]) -> dict[str, int]:
    """Return each node's layer: the longest way to it from a node without any before."""
    waits = dict.fromkeys(nodes, 0)
    for targets in down.values():
        for target in targets:
            waits[target] += 1
    depth = dict.fromkeys(nodes, 0)
    todo = [name for name in nodes if not waits[name]]
    while todo:
        name = todo.pop()
        for target in sorted(down[name]):
            depth[target] = max(depth[target], depth[name] + 1)
            waits[target] -= 1
            if not waits[target]:
                todo.append(target)
    return depth


def _thread(
    graph: _Graph, pair: Pair, way_down: Pair, depth: Mapping[str, int]
) -> None:
    """Lead an edge through the layers between its ends, with a bend in each."""
    source, target = way_down
    way = [source]
    for layer in range(depth[source] + 1, depth[target]):
        bend = f"{pair[0]}\n{pair[1]}\n{layer}"
        graph.layers[layer].append(bend)
        graph.bends.add(bend)
        graph.ahead[bend], graph.behind[bend] = [], []
        way.append(bend)
    way.append(target)
    for one, other in pairwise(way):
        graph.ahead[one].append(other)
        graph.behind[other].append(one)
    graph.ways[pair] = way


def _order(graph: _Graph) -> None:
    """Sort the layers by the medians of neighbours, and keep what crosses least."""
    best = [list(layer) for layer in graph.layers]
    fewest = _count_crossings(graph)
    for sweep in range(_SWEEPS):
        is_down = sweep % 2 == 0
        near = graph.behind if is_down else graph.ahead
        order = range(1, len(graph.layers))
        for number in order if is_down else reversed(range(len(graph.layers) - 1)):
            fixed = graph.layers[number - 1 if is_down else number + 1]
            place = {name: index for index, name in enumerate(fixed)}
            layer = graph.layers[number]
            index = {name: at for at, name in enumerate(layer)}
            layer.sort(
                key=lambda name, place=place, index=index: (  # type: ignore[misc]
                    _middle([place[one] for one in near[name]], index[name]),
                    index[name],
                )
            )
        crossings = _count_crossings(graph)
        if crossings < fewest:
            fewest, best = crossings, [list(layer) for layer in graph.layers]
    graph.layers = best


def _middle(places: Sequence[int], otherwise: int) -> float:
    return median_low(places) if places else otherwise


def _count_crossings(graph: _Graph) -> int:
    crossings = 0
    for upper, lower in pairwise(graph.layers):
        place = {name: index for index, name in enumerate(lower)}
        seen: list[int] = []
        for name in upper:
            targets = sorted(place[one] for one in graph.ahead[name])
            crossings += sum(1 for t in targets for other in seen if other > t)
            seen.extend(targets)
    return crossings


def _place(graph: _Graph) -> dict[str, float]:
    """Return the x of each place's middle: near its neighbours, none over another."""
    middle: dict[str, float] = {}
    for layer in graph.layers:
        x = 0.0
        for name in layer:
            middle[name] = x + graph.width(name) / 2
            x += graph.width(name) + GAP_X
    for sweep in range(2 * _SWEEPS):
        is_down = sweep % 2 == 0
        near = graph.behind if is_down else graph.ahead
        for layer in graph.layers if is_down else reversed(graph.layers):
            wanted = [
                sum(middle[one] for one in near[name]) / len(near[name])
                if near[name]
                else middle[name]
                for name in layer
            ]
            middle.update(zip(layer, _apart(graph, layer, wanted), strict=True))
    least = min(middle[name] - graph.width(name) / 2 for name in middle)
    return {name: x - least + MARGIN for name, x in middle.items()}


def _apart(graph: _Graph, layer: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """Return places near those that are wanted, in their order and far enough apart."""
    room = [
        (graph.width(one) + graph.width(other)) / 2 + GAP_X
        for one, other in pairwise(layer)
    ]
    right = list(wanted)
    for index, needed in enumerate(room):
        right[index + 1] = max(right[index + 1], right[index] + needed)
    left = list(wanted)
    for index in range(len(room) - 1, -1, -1):
        left[index] = min(left[index], left[index + 1] - room[index])
    return [(a + b) / 2 for a, b in zip(left, right, strict=True)]


def _draw(
    nodes: Sequence[str],
    edges: Mapping[Pair, float],
    graph: _Graph,
    middle: Mapping[str, float],
) -> Drawing:
    top = {
        name: MARGIN + number * (HEIGHT + GAP_Y)
        for number, layer in enumerate(graph.layers)
        for name in layer
    }
    boxes = tuple(Box(name, middle[name] - WIDTH / 2, top[name]) for name in nodes)
    lines = tuple(
        _loop(pair, middle[pair[0]], top[pair[0]])
        if pair[0] == pair[1]
        else _line(pair, graph, middle, top)
        for pair in edges
    )
    loops = WIDTH / 2 if any(a == b for a, b in edges) else 0.0
    width = max(middle[name] + graph.width(name) / 2 for name in middle)
    height = MARGIN * 2 + len(graph.layers) * HEIGHT + (len(graph.layers) - 1) * GAP_Y
    return Drawing(boxes, lines, width + MARGIN + loops / 2, height)


def _line(
    pair: Pair, graph: _Graph, middle: Mapping[str, float], top: Mapping[str, float]
) -> Line:
    way = graph.ways[pair]
    points = [(middle[way[0]], top[way[0]] + HEIGHT)]
    for name in way[1:-1]:
        points += [(middle[name], top[name]), (middle[name], top[name] + HEIGHT)]
    points.append((middle[way[-1]], top[way[-1]]))
    if pair in graph.turned:
        # Beside the box's middle, where the edges with the stream run.
        points.reverse()
        points = [(x + WIDTH / 5, y) if n in {0, len(points) - 1} else (x, y)
                  for n, (x, y) in enumerate(points)]  # fmt: skip
    path = f"M{_xy(points[0])}"
    for number, (start, end) in enumerate(pairwise(points)):
        if number % 2:
            path += f"L{_xy(end)}"
        else:
            half = (start[1] + end[1]) / 2
            path += f"C{_xy((start[0], half))} {_xy((end[0], half))} {_xy(end)}"
    one, other = _label_between(points)
    return Line(pair, path, (one[0] + other[0]) / 2, (one[1] + other[1]) / 2)


def _label_between(
    points: Sequence[tuple[float, float]],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ends of the part that carries the label: a gap, or a bend's straight."""
    if len(points) == 2:
        return points[0], points[1]
    index = (len(points) // 4) * 2 + 1 if len(points) > 4 else 1
    return points[index], points[index + 1]


def _loop(pair: Pair, middle: float, top: float) -> Line:
    x, y = middle + WIDTH / 2, top + HEIGHT / 2
    far = x + GAP_X * 1.6
    path = f"M{_xy((x, y - 10))}C{_xy((far, y - 22))} {_xy((far, y + 22))} {_xy((x, y + 10))}"
    return Line(pair, path, x + GAP_X, y)


def _xy(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
