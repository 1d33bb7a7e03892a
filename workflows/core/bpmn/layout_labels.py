"""Where names stand that do not fit into their shape: beside it, clear of lines."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from workflows.core.bpmn.layout_model import (
    GATEWAYS,
    SCOPES,
    Box,
    Item,
    Link,
    Point,
    label_size,
)

CELL = 80
TITLE = 24


class _Ground:
    """What is drawn already, found by place."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}

    def add(self, box: Box) -> None:
        for cell in self._touched(box):
            self._cells.setdefault(cell, []).append(box)

    def hits(self, box: Box) -> int:
        found = {
            one
            for cell in self._touched(box)
            for one in self._cells.get(cell, ())
            if one.overlaps(box)
        }
        return len(found)

    @staticmethod
    def _touched(box: Box) -> Iterator[tuple[int, int]]:
        for x in range(box.x // CELL, box.right // CELL + 1):
            for y in range(box.y // CELL, box.bottom // CELL + 1):
                yield x, y


def place_labels(
    labelled: Sequence[Item | Link],
    *,
    boxes: Mapping[str, Box],
    tags: Mapping[str, str],
    lines: Mapping[str, Sequence[Point]],
    into: dict[str, Box],
) -> None:
    """Give each name the first of its places that meets least."""
    ground = _Ground()
    for name, box in boxes.items():
        ground.add(_solid(box, tags[name]))
    for points in lines.values():
        for one, other in pairwise(points):
            ground.add(_stretch(one, other))
    for each in labelled:
        if isinstance(each, Item) and each.id in boxes:
            places = list(_around(each, boxes[each.id]))
        elif isinstance(each, Link) and each.id in lines:
            places = list(_along(each, lines[each.id]))
        else:
            continue
        best = min(places, key=ground.hits)
        into[each.id] = best
        ground.add(best)


def _solid(box: Box, tag: str) -> Box:
    """Return the part of a shape that no name may cover."""
    if tag in SCOPES:
        return Box(box.x, box.y, box.width, TITLE)
    if tag in {"participant", "lane"}:
        return Box(box.x, box.y, TITLE, box.height)
    if tag in GATEWAYS:
        # The corners of a diamond are free.
        return Box(box.x + 10, box.y + 10, box.width - 20, box.height - 20)
    return box


def _stretch(one: Point, other: Point) -> Box:
    return Box(
        min(one.x, other.x) - 1,
        min(one.y, other.y) - 1,
        abs(one.x - other.x) + 2,
        abs(one.y - other.y) + 2,
    )


def _around(item: Item, box: Box) -> Iterator[Box]:
    """Yield the places for an event's, gateway's or data object's name."""
    width, height = label_size(item.name)
    middle = box.centre.x - width // 2
    below = Box(middle, box.bottom + 4, width, height)
    above = Box(middle, box.y - 4 - height, width, height)
    if item.tag == "boundaryEvent":
        yield Box(box.x - width - 2, box.bottom - 6, width, height)
        yield Box(box.right + 2, box.bottom - 6, width, height)
    elif item.tag in GATEWAYS:
        yield above
        yield below
        yield Box(box.centre.x - 12 - width, box.y - height + 6, width, height)
        yield Box(box.centre.x + 12, box.y - height + 6, width, height)
        yield Box(box.centre.x - 12 - width, box.bottom - 6, width, height)
    yield below
    yield above
    yield Box(box.right + 4, box.centre.y - height // 2, width, height)


def _along(link: Link, points: Sequence[Point]) -> Iterator[Box]:
    """Yield the places for a line's name: near its beginning, on what is level."""
    width, height = label_size(link.name)
    stretches = list(pairwise(points))
    for one, other in stretches:
        if one.y == other.y and abs(one.x - other.x) >= min(width, 40):
            towards = 1 if other.x > one.x else -1
            spare = abs(one.x - other.x) - width
            near = one.x + towards * (min(8, max(spare, 0)) + width // 2)
            middle = (one.x + other.x) // 2
            for x in (near, middle):
                yield Box(x - width // 2, one.y - height - 3, width, height)
                yield Box(x - width // 2, one.y + 3, width, height)
    for one, other in stretches:
        if one.x == other.x:
            y = (one.y + other.y) // 2 - height // 2
            yield Box(one.x + 5, y, width, height)
            yield Box(one.x - 5 - width, y, width, height)
    first, last = points[0], points[-1]
    middle = (first.x + last.x) // 2 - width // 2
    yield Box(middle, (first.y + last.y) // 2 - height - 3, width, height)
