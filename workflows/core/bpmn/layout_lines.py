"""Lines that follow no columns: to artifacts, and messages between pools."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, pairwise

from workflows.core.bpmn.layout_model import Box, Point

INSET = 10
STEP = 8


def connect(source: Box, target: Box) -> tuple[Point, ...]:
    """Return a straight line between the facing borders of two boxes."""
    if source.bottom <= target.y or target.bottom <= source.y:
        x = _near(source.centre.x, target)
        is_down = source.bottom <= target.y
        return (
            Point(_near(x, source), source.bottom if is_down else source.y),
            Point(x, target.y if is_down else target.bottom),
        )
    is_right = source.centre.x <= target.centre.x
    return (
        Point(source.right if is_right else source.x, source.centre.y),
        Point(target.x if is_right else target.right, target.centre.y),
    )


def _near(x: int, box: Box) -> int:
    """Return the x on a box's upper or lower border nearest to another x.

    Small shapes are round or pointed: they are met in the middle.
    """
    if box.width <= 60:
        return box.centre.x
    return min(max(x, box.x + INSET), box.right - INSET)


def connect_message(
    boxes: Mapping[str, Box],
    ends: tuple[str, str],
    *,
    pools: AbstractSet[str],
    tags: Mapping[str, str],
    others: Sequence[Sequence[Point]],
) -> tuple[Point, ...]:
    """Return a message's way between two pools, past shapes where there is room.

    `others` are the ways of earlier messages, from which it keeps apart.
    """
    source, target = (boxes[name] for name in ends)
    is_down = source.centre.y <= target.centre.y
    solid = [
        box
        for name, box in boxes.items()
        if tags.get(name) not in {"participant", "lane"}
        and name not in ends
        and box not in {source, target}
    ]
    for points in others:
        for one, other in pairwise(points):
            if one.x == other.x:
                top = min(one.y, other.y)
                solid.append(Box(one.x - 3, top, 6, abs(one.y - other.y)))
    upper, lower = (source, target) if is_down else (target, source)
    between = sorted(
        (box.y, box.bottom)
        for name, box in boxes.items()
        if name in pools and upper.bottom <= box.bottom
    )
    gap = (
        next((bottom for _, bottom in between), upper.bottom) + 20 + STEP * len(others)
    )
    gap = max(upper.bottom, min(gap, lower.y))
    start = _column(upper, (upper.bottom, gap), solid, lower)
    end = _column(lower, (gap, lower.y), solid, upper)
    if lower.width > 300:
        end = min(max(start, lower.x + INSET), lower.right - INSET)
    elif upper.width > 300:
        start = min(max(end, upper.x + INSET), upper.right - INSET)
    points = (
        Point(start, upper.bottom),
        Point(start, gap),
        Point(end, gap),
        Point(end, lower.y),
    )
    if start == end:
        points = (points[0], points[3])
    return points if is_down else points[::-1]


def _column(box: Box, span: tuple[int, int], solid: list[Box], other: Box) -> int:
    """Return an x of a box from which the way up or down meets no other shape."""
    top, bottom = span
    candidates: Iterator[int] = iter([box.centre.x])
    if box.width > 60:
        reach = range(0, box.width // 2 - INSET, 10)
        candidates = chain.from_iterable(
            (box.centre.x + off, box.centre.x - off) for off in reach
        )
    if box.width > 300:
        candidates = iter([min(max(other.centre.x, box.x), box.right)])
    for x in candidates:
        way = Box(x - 2, top, 4, bottom - top)
        if not any(way.overlaps(one) for one in solid):
            return x
    return box.centre.x
