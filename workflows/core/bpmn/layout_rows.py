"""How high each vertex stands in its column: straight lines first. No columns here.

After Brandes and Köpf: four alignments (from either side, to either end) are each
pressed together, and a vertex takes the mean of its two middle heights.
"""

from collections.abc import Sequence
from itertools import pairwise

from workflows.core.bpmn.layout_ranks import Grid

GAP = 30
LINE_GAP = 16
LANE_PADDING = 20
LANE_HEIGHT = 120


def place_rows(grid: Grid, *, bands: int, has_lanes: bool) -> list[tuple[int, int]]:
    """Set the height of every vertex; return top and bottom of each lane, from 0."""
    spans: list[tuple[int, int]] = []
    top = 0
    for band in range(bands):
        members = [
            [v for v in layer if grid.vertices[v].band == band] for layer in grid.layers
        ]
        heights = _place(grid, members)
        padding = LANE_PADDING if has_lanes else 0
        low = min((y - grid.vertices[v].above for v, y in heights.items()), default=0)
        high = max((y + grid.vertices[v].below for v, y in heights.items()), default=0)
        size = high - low + 2 * padding
        slack = max(0, LANE_HEIGHT - size) // 2 if has_lanes else 0
        for v, y in heights.items():
            grid.vertices[v].y = top + padding + slack + y - low
        spans.append((top, top + size + 2 * slack))
        top = spans[-1][1]
    return spans


def _place(grid: Grid, layers: list[list[int]]) -> dict[int, int]:
    members = {v for layer in layers for v in layer}
    edges = [(u, v) for u, v in grid.edges if u in members and v in members]
    place = {v: at for layer in layers for at, v in enumerate(layer)}
    taken = _conflicts(grid, edges, place)
    found: list[dict[int, int]] = []
    for from_right in (False, True):
        for upwards in (False, True):
            ordered = [layer[::-1] if upwards else layer for layer in layers]
            ordered = ordered[::-1] if from_right else ordered
            heads = _align(ordered, edges, taken, is_reversed=from_right)
            heights = _press(grid, ordered, heads, upwards=upwards)
            found.append(heights)
    return _balance(found)


def _conflicts(
    grid: Grid, edges: Sequence[tuple[int, int]], place: dict[int, int]
) -> set[tuple[int, int]]:
    """Return lines that cross a long line's inner part, which shall be straight."""
    by_rank: dict[int, list[tuple[int, int]]] = {}
    for u, v in edges:
        by_rank.setdefault(grid.vertices[u].rank, []).append((u, v))
    taken = set()
    for pairs in by_rank.values():
        inner = [pair for pair in pairs if not any(_is_real(grid, v) for v in pair)]
        for u, v in pairs:
            if (_is_real(grid, u) or _is_real(grid, v)) and any(
                (place[a] - place[u]) * (place[b] - place[v]) < 0 for a, b in inner
            ):
                taken.add((u, v))
    return taken


def _is_real(grid: Grid, vertex: int) -> bool:
    return bool(grid.vertices[vertex].item)


def _align(
    layers: Sequence[Sequence[int]],
    edges: Sequence[tuple[int, int]],
    taken: set[tuple[int, int]],
    *,
    is_reversed: bool,
) -> dict[int, int]:
    """Return for each vertex the first of the straight line it is part of."""
    place = {v: at for layer in layers for at, v in enumerate(layer)}
    before: dict[int, list[int]] = {}
    for u, v in edges:
        if (u, v) not in taken:
            near, far = (v, u) if is_reversed else (u, v)
            before.setdefault(far, []).append(near)
    head = {v: v for layer in layers for v in layer}
    for layer in layers:
        last = -1
        for v in layer:
            wanted = sorted(before.get(v, ()), key=place.__getitem__)
            if not wanted:
                continue
            middle = (len(wanted) - 1) // 2
            for u in wanted[middle : len(wanted) // 2 + 1]:
                if head[v] == v and last < place[u]:
                    head[v] = head[u]
                    last = place[u]
    return head


def _press(
    grid: Grid,
    layers: Sequence[Sequence[int]],
    head: dict[int, int],
    *,
    upwards: bool,
) -> dict[int, int]:
    """Push straight lines together as far as their neighbours allow."""
    below: dict[int, dict[int, int]] = {one: {} for one in set(head.values())}
    degree = dict.fromkeys(below, 0)
    for layer in layers:
        for u, v in pairwise(layer):
            room = _room(grid, v, u) if upwards else _room(grid, u, v)
            if head[v] not in below[head[u]]:
                degree[head[v]] += 1
            below[head[u]][head[v]] = max(below[head[u]].get(head[v], 0), room)
    ready = [one for one in head if one in degree and not degree[one]]
    height = dict.fromkeys(below, 0)
    for one in ready:
        for other, room in below[one].items():
            height[other] = max(height[other], height[one] + room)
            degree[other] -= 1
            if not degree[other]:
                ready.append(other)
    # Pull back what hangs far from what follows it, last first.
    for one in reversed(ready):
        if below[one]:
            slack = min(height[other] - room for other, room in below[one].items())
            height[one] = max(height[one], slack)
    sign = -1 if upwards else 1
    return {v: sign * height[one] for v, one in head.items()}


def _room(grid: Grid, upper: int, lower: int) -> int:
    """Return the least distance of the middles of two that stand on each other."""
    one, other = grid.vertices[upper], grid.vertices[lower]
    gap = GAP if one.item and other.item else LINE_GAP
    return one.below + gap + other.above


def _balance(found: list[dict[int, int]]) -> dict[int, int]:
    """Return the mean of each vertex's two middle heights, the four laid together."""
    if not found[0]:
        return {}
    width = [max(one.values()) - min(one.values()) for one in found]
    narrow = found[width.index(min(width))]
    low, high = min(narrow.values()), max(narrow.values())
    moved = [
        {
            v: y + ((high - max(one.values())) if at % 2 else (low - min(one.values())))
            for v, y in one.items()
        }
        for at, one in enumerate(found)
    ]
    balanced = {}
    for v in found[0]:
        four = sorted(one[v] for one in moved)
        balanced[v] = (four[1] + four[2]) // 2
    return balanced
