"""Draw a model that has no diagram: a place for every shape, a way for every line.

Pure and without chance: the same model is drawn the same way each time. Columns from
left to right in `layout_ranks`, heights in `layout_rows`, lines in `layout_routes`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import sqrt

from workflows.core.bpmn.layout_grid import (
    BESIDE_GAP,
    Part,
    attached_to,
    build_part,
    find_friends,
)
from workflows.core.bpmn.layout_labels import place_labels
from workflows.core.bpmn.layout_lines import connect, connect_message
from workflows.core.bpmn.layout_model import (
    EMPTY_SCOPE,
    EVENT_SIZE,
    Box,
    Item,
    Lane,
    Link,
    Picture,
    Point,
    Pool,
    Scope,
    read_pictures,
)
from workflows.core.bpmn.layout_routes import event_offset, route
from workflows.core.bpmn.layout_rows import place_rows
from workflows.core.markup import Element

MARGIN = 40
HEADER = 30
PADDING = 30
TITLE = 40
PART_GAP = 50
CLOSED_POOL = 60
POOL_GAP = 60
LEAST_WIDTH = 600


@dataclass(slots=True)
class Diagram:
    """A drawn picture. `boxes` also holds pools, lanes and expanded sub-processes."""

    root: str
    boxes: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> int:
        """Return where its shapes end to the right."""
        return max((box.right for box in self.boxes.values()), default=0)

    @property
    def bottom(self) -> int:
        """Return where its shapes end below."""
        return max((box.bottom for box in self.boxes.values()), default=0)

    def take(self, other: "Diagram", dx: int, dy: int) -> None:
        """Take over another diagram's shapes and lines, moved."""
        for name, box in other.boxes.items():
            self.boxes[name] = box.moved(dx, dy)
        for name, points in other.lines.items():
            self.lines[name] = tuple(Point(x + dx, y + dy) for x, y in points)
        self.tags.update(other.tags)


@dataclass(slots=True)
class _Drawn:
    """A scope's content from (0, 0), its size, and the heights of its lanes."""

    diagram: Diagram
    width: int
    height: int
    bands: list[tuple[int, int]] = field(default_factory=list)


def lay_out(definitions: Element) -> list[Diagram]:
    """Return a diagram of each collaboration, and of each process in none.

    What has no id is not drawn. Shapes of one scope never overlap; what lies in a
    sub-process, lane or pool lies within its borders.
    """
    return [_draw(picture) for picture in read_pictures(definitions)]


def _draw(picture: Picture) -> Diagram:
    diagram = Diagram(root=picture.root)
    scopes: list[Scope] = []
    if picture.bare is not None:
        scopes = [picture.bare]
        drawn = _draw_scope(picture.bare)
        # Lanes without a pool still need their headers.
        depth = max((lane.depth() for lane in picture.bare.lanes), default=0)
        _draw_lanes(diagram, picture.bare, drawn, Point(MARGIN, MARGIN))
        inset = depth * HEADER + PADDING if depth else 0
        diagram.take(drawn.diagram, MARGIN + inset, MARGIN)
    else:
        scopes = [pool.scope for pool in picture.pools if pool.scope is not None]
        _draw_pools(diagram, picture)
        _draw_row(diagram, picture.artifacts)
    _connect_rest(diagram, scopes, picture)
    place_labels(
        _labelled(scopes, picture),
        boxes=diagram.boxes,
        tags=diagram.tags,
        lines=diagram.lines,
        into=diagram.labels,
    )
    return diagram


def _draw_pools(diagram: Diagram, picture: Picture) -> None:
    """Stack the pools, all of one width."""
    contents = [
        _draw_scope(pool.scope) if pool.scope is not None else None
        for pool in picture.pools
    ]
    insets = [_inset(pool) for pool in picture.pools]
    width = max(
        [LEAST_WIDTH]
        + [
            inset + drawn.width + PADDING
            for drawn, inset in zip(contents, insets, strict=True)
            if drawn is not None
        ]
    )
    y = MARGIN
    for pool, drawn, inset in zip(picture.pools, contents, insets, strict=True):
        has_lanes = pool.scope is not None and bool(pool.scope.lanes)
        height = CLOSED_POOL
        if drawn is not None:
            height = drawn.height + (0 if has_lanes else 2 * PADDING)
            height = max(height, 2 * CLOSED_POOL)
        diagram.boxes[pool.id] = Box(MARGIN, y, width, height)
        diagram.tags[pool.id] = "participant"
        if drawn is not None and pool.scope is not None:
            if has_lanes:
                place = Point(MARGIN + HEADER, y)
                _draw_lanes(diagram, pool.scope, drawn, place, width=width - HEADER)
            top = y if has_lanes else y + PADDING
            diagram.take(drawn.diagram, MARGIN + inset, top)
        y += height + POOL_GAP + 8 * len(picture.links)


def _inset(pool: Pool) -> int:
    lanes = pool.scope.lanes if pool.scope is not None else ()
    return HEADER * (1 + max((lane.depth() for lane in lanes), default=0)) + PADDING


def _draw_lanes(
    diagram: Diagram, scope: Scope, drawn: _Drawn, at: Point, *, width: int = 0
) -> None:
    """Draw lanes over the bands of a scope; outer ones around those they hold."""
    depth = max((lane.depth() for lane in scope.lanes), default=0)
    width = width or depth * HEADER + drawn.width + 2 * PADDING
    leaves = [leaf.id for lane in scope.lanes for leaf in lane.leaves()]
    spans = dict(zip(leaves, drawn.bands, strict=False))

    def draw(lane: Lane, inset: int) -> None:
        own = [spans[leaf.id] for leaf in lane.leaves()]
        top, bottom = own[0][0], own[-1][1]
        diagram.boxes[lane.id] = Box(
            at.x + inset, at.y + top, width - inset, bottom - top
        )
        diagram.tags[lane.id] = "lane"
        for inner in lane.lanes:
            draw(inner, inset + HEADER)

    for lane in scope.lanes:
        draw(lane, 0)


def _draw_scope(scope: Scope) -> _Drawn:
    """Return a scope's content: its connected parts, packed in rows."""
    contents = {
        item.id: _draw_scope(item.content)
        for item in scope.items
        if item.content is not None
    }
    items = [_sized(item, contents) for item in scope.items]
    friends = find_friends(items, scope.links)
    bands = _bands(scope, items)
    count = max(bands.values(), default=0) + 1 if scope.lanes else 1
    if scope.lanes:
        count = max(count, sum(1 for lane in scope.lanes for _ in lane.leaves()))
        groups = [items] if items else []
    else:
        groups = _split(items, scope.links, friends)
    parts: list[_Drawn] = []
    for group in groups:
        part = build_part(group, scope.links, friends=friends, bands=bands)
        spans = place_rows(part.grid, bands=count, has_lanes=bool(scope.lanes))
        parts.append(_draw_part(part, contents, spans))
    if scope.lanes:
        spans = place_rows(Part().grid, bands=count, has_lanes=True)
        empty = _Drawn(Diagram(scope.id), 0, spans[-1][1], spans)
        return parts[0] if parts else empty
    return _pack(scope.id, parts)


def _sized(item: Item, contents: Mapping[str, _Drawn]) -> Item:
    if item.id not in contents:
        return item
    drawn = contents[item.id]
    width = max(EMPTY_SCOPE[0], item.width, drawn.width + 2 * PADDING)
    height = max(EMPTY_SCOPE[1], drawn.height + TITLE + PADDING)
    # Even numbers, so that the middle is a whole one.
    return replace(item, width=width + width % 2, height=height + height % 2)


def _bands(scope: Scope, items: Sequence[Item]) -> dict[str, int]:
    """Return the lane of each item by number; what is in none comes last."""
    leaves = [leaf for lane in scope.lanes for leaf in lane.leaves()]
    if not leaves:
        return {}
    found = {
        name: number for number, leaf in enumerate(leaves) for name in leaf.members
    }
    friends = find_friends(items, scope.links)
    return {
        item.id: found.get(friends.get(item.id, item.id), len(leaves))
        for item in items
        if item.id not in friends
    }


def _split(
    items: Sequence[Item], links: Sequence[Link], friends: Mapping[str, str]
) -> list[list[Item]]:
    """Return the items that hang together, in document order of their first."""
    head = {item.id: item.id for item in items}

    def find(name: str) -> str:
        while head[name] != name:
            head[name] = head[head[name]]
            name = head[name]
        return name

    hosts = {event: host for event, (host, _) in attached_to(items).items()}
    pairs = [
        (hosts.get(link.source, link.source), hosts.get(link.target, link.target))
        for link in links
        if link.is_flow or link.source in hosts or link.target in hosts
    ]
    for one, other in [*pairs, *friends.items()]:
        if one in head and other in head:
            head[find(other)] = find(one)
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(find(item.id), []).append(item)
    return list(groups.values())


def _draw_part(
    part: Part, contents: Mapping[str, _Drawn], spans: list[tuple[int, int]]
) -> _Drawn:
    routes = route(part)
    diagram = Diagram(root="")
    for vertex in part.grid.vertices:
        cell = part.cells.get(vertex.item, ())
        middle = routes.middles[vertex.rank]
        x = middle - vertex.width // 2
        for item in cell:
            if len(cell) == 1:
                x = middle - item.width // 2
            box = Box(x, vertex.y - item.height // 2, item.width, item.height)
            _draw_item(diagram, item, box, contents)
            x += item.width + BESIDE_GAP
    for chain in part.chains:
        points = routes.points(chain.link.id)
        # Compensation may be drawn against its association's direction.
        is_turned = chain.link.source in part.cells and chain.event >= 0
        diagram.lines[chain.link.id] = points[::-1] if is_turned else points
    return _Drawn(diagram, routes.width, spans[-1][1], spans)


def _draw_item(
    diagram: Diagram, item: Item, box: Box, contents: Mapping[str, _Drawn]
) -> None:
    diagram.boxes[item.id] = box
    diagram.tags[item.id] = item.tag
    if item.id in contents:
        inner = contents[item.id]
        dx = box.x + (box.width - inner.width) // 2
        dy = box.y + TITLE + (box.height - TITLE - PADDING - inner.height) // 2
        diagram.take(inner.diagram, dx, dy)
    for at, event in enumerate(item.attached):
        x = box.x + item.width // 2 + event_offset(item, at) - EVENT_SIZE // 2
        diagram.boxes[event.id] = Box(
            x, box.bottom - EVENT_SIZE // 2, EVENT_SIZE, EVENT_SIZE
        )
        diagram.tags[event.id] = event.tag


def _pack(root: str, parts: Sequence[_Drawn]) -> _Drawn:
    """Lay parts in rows, about as wide as they are high, in their order."""
    area = sum(one.width * one.height for one in parts)
    widest = max((one.width for one in parts), default=0)
    limit = max(widest, int(1.5 * sqrt(area)))
    diagram = Diagram(root=root)
    x = y = row = width = 0
    for one in parts:
        if x and x + one.width > limit:
            x, y, row = 0, y + row + PART_GAP, 0
        diagram.take(one.diagram, x, y)
        width = max(width, x + one.width)
        row = max(row, one.height)
        x += one.width + PART_GAP
    return _Drawn(diagram, width, y + row)


def _draw_row(diagram: Diagram, items: Sequence[Item]) -> None:
    """Draw artifacts of a collaboration in a row below its pools."""
    x, y = MARGIN, diagram.bottom + PADDING
    for item in items:
        diagram.boxes[item.id] = Box(x, y, item.width, item.height)
        diagram.tags[item.id] = item.tag
        x += item.width + BESIDE_GAP


def _connect_rest(diagram: Diagram, scopes: Iterable[Scope], picture: Picture) -> None:
    """Draw links that no part drew: to artifacts, between pools, across borders."""
    links = [link for scope in scopes for one in scope.walk() for link in one.links]
    pools = {pool.id for pool in picture.pools}
    messages = [link for link in picture.links if link.tag == "messageFlow"]
    for link in messages:
        if link.source in diagram.boxes and link.target in diagram.boxes:
            diagram.lines[link.id] = connect_message(
                diagram.boxes,
                (link.source, link.target),
                pools=pools,
                tags=diagram.tags,
                others=[
                    diagram.lines[one.id] for one in messages if one.id in diagram.lines
                ],
            )
    for link in [*links, *picture.links]:
        ends = [
            diagram.boxes.get(name) or _middle(diagram.lines.get(name, ()))
            for name in (link.source, link.target)
        ]
        if link.id not in diagram.lines and ends[0] and ends[1]:
            diagram.lines[link.id] = connect(ends[0], ends[1])


def _middle(points: Sequence[Point]) -> Box | None:
    """Return the middle of a line's longest stretch, as something to lead to."""
    stretches = list(pairwise(points))
    if not stretches:
        return None
    one, other = max(
        stretches,
        key=lambda ends: abs(ends[0].x - ends[1].x) + abs(ends[0].y - ends[1].y),
    )
    return Box((one.x + other.x) // 2, (one.y + other.y) // 2, 0, 0)


def _labelled(scopes: Iterable[Scope], picture: Picture) -> list[Item | Link]:
    found: list[Item | Link] = []
    for scope in scopes:
        for one in scope.walk():
            for item in one.items:
                found.extend(
                    each for each in (item, *item.attached) if each.has_outer_label
                )
            found.extend(link for link in one.links if link.name)
    return [*found, *(link for link in picture.links if link.name)]
