"""Where lines run: right angles only, between columns and past every shape.

First each line is a list of turns whose x is still open; then turns that share a gap
between columns get tracks; then columns get their x, and all turns become points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workflows.core.bpmn.layout_grid import EVENT_STEP, Chain, Part
from workflows.core.bpmn.layout_model import (
    EVENT_SIZE,
    EVENTS,
    GATEWAYS,
    Item,
    Point,
    label_size,
)

CHANNEL = 50
TRACK = 12
STUB = 18
SLIP = 12


@dataclass(slots=True)
class Track:
    """A vertical stretch in the gap left of column `channel`, from y to y."""

    channel: int
    start: int
    end: int
    group: tuple[str, int]
    number: int = 0


# The x of a turn: a column with an offset from its middle, or a track.
_Turn = tuple[int | Track, int, int]


@dataclass(slots=True)
class Routes:
    """Turns of every link, by id, and the middle of each column once it is known."""

    part: Part
    turns: dict[str, list[_Turn]] = field(default_factory=dict)
    tracks: list[Track] = field(default_factory=list)
    middles: list[int] = field(default_factory=list)
    ports: dict[tuple[int, int], str] = field(default_factory=dict)
    forks: set[int] = field(default_factory=set)
    starts: list[int] = field(default_factory=list)
    width: int = 0

    def points(self, link: str) -> tuple[Point, ...]:
        """Return a link's waypoints, without turns that do not turn."""
        points: list[Point] = []
        for place, offset, y in self.turns[link]:
            if isinstance(place, Track):
                x = self.starts[place.channel] + CHANNEL // 2 + place.number * TRACK
            else:
                x = self.middles[place] + offset
            points.append(Point(x, y))
        return straightened(points)


def straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Drop points that lie between their neighbours; at least two stay."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (
            kept[-2].x == kept[-1].x == point.x or kept[-2].y == kept[-1].y == point.y
        ):
            kept[-1] = point
        else:
            kept.append(point)
    if len(kept) == 1:
        kept.append(Point(kept[0].x + 1, kept[0].y))
    return tuple(kept)


def route(part: Part) -> Routes:
    """Return the way of every link of a part whose heights are set."""
    routes = Routes(part)
    sources = [chain.source for chain in part.chains if chain.event < 0]
    routes.forks = {one for one in sources if sources.count(one) > 1}
    for chain in part.chains:
        walk = _back(routes, chain) if chain.is_back else _forward(routes, chain)
        routes.turns[chain.link.id] = list(walk)
    _number_tracks(routes.tracks)
    _place_columns(routes)
    return routes


def event_offset(host: Item, at: int) -> int:
    """Return how far right of its host's middle a boundary event's middle stands.

    The first stands rightmost, and its line runs nearest below the host.
    """
    return host.width // 2 - 10 - EVENT_SIZE // 2 - at * EVENT_STEP


def _forward(routes: Routes, chain: Chain) -> Iterator[_Turn]:
    vertices = routes.part.grid.vertices
    source, target = vertices[chain.source], vertices[chain.target]
    item = _item(routes, chain.source)
    y = vertices[chain.stations[0]].y
    following = vertices[chain.stations[1]].y
    if chain.event >= 0:
        yield from _leave_event(routes, chain)
    elif (
        item.tag in GATEWAYS
        and _is_free(routes, chain.source, chain, following)
        and _take_port(routes, chain.source, following - y, "out")
    ):
        side = 1 if following > y else -1
        yield source.rank, 0, y + side * item.height // 2
        y = following
        yield source.rank, 0, y
    else:
        yield source.rank, item.width // 2, y
    goal = _item(routes, chain.target)
    for station in chain.stations[1:]:
        vertex = vertices[station]
        is_last = station == chain.target
        if is_last and _can_slip_in(goal, y - vertex.y):
            break
        if (
            is_last
            and goal.tag in GATEWAYS
            and _is_free(routes, chain.target, chain, y)
            and _take_port(routes, chain.target, y - vertex.y, "in")
        ):
            side = 1 if y > vertex.y else -1
            yield vertex.rank, 0, y
            yield vertex.rank, 0, vertex.y + side * goal.height // 2
            return
        if y != vertex.y:
            track = _track(routes, chain, vertex.rank, start=y, end=vertex.y)
            yield track, 0, y
            yield track, 0, vertex.y
            y = vertex.y
    yield target.rank, -(goal.width // 2), y


def _can_slip_in(goal: Item, off: int) -> bool:
    """Whether a line may end a little beside the middle rather than take a jog."""
    if goal.tag in EVENTS or goal.tag in GATEWAYS:
        return False
    return 0 < abs(off) <= SLIP


def _leave_event(routes: Routes, chain: Chain) -> Iterator[_Turn]:
    source = routes.part.grid.vertices[chain.source]
    host = _item(routes, chain.source)
    offset = event_offset(host, chain.event)
    yield source.rank, offset, source.y + host.height // 2 + EVENT_SIZE // 2
    yield source.rank, offset, routes.part.grid.vertices[chain.stations[0]].y


def _back(routes: Routes, chain: Chain) -> Iterator[_Turn]:
    vertices = routes.part.grid.vertices
    source, target = vertices[chain.source], vertices[chain.target]
    item, goal = _item(routes, chain.source), _item(routes, chain.target)
    first, last = vertices[chain.stations[0]], vertices[chain.stations[-1]]
    is_loop = chain.source == chain.target
    y = first.y
    if chain.event >= 0:
        yield from _leave_event(routes, chain)
    elif not is_loop and _is_open(routes, chain.source, chain, first.y):
        side = 1 if first.y > source.y else -1
        yield source.rank, 0, source.y + side * item.height // 2
        yield source.rank, 0, y
    else:
        track = _track(routes, chain, source.rank + 1, start=source.y, end=y)
        yield source.rank, item.width // 2, source.y
        yield track, 0, source.y
        yield track, 0, y
    for station in chain.stations[1:]:
        vertex = vertices[station]
        if y != vertex.y:
            track = _track(routes, chain, vertex.rank + 1, start=y, end=vertex.y)
            yield track, 0, y
            yield track, 0, vertex.y
            y = vertex.y
    if (
        chain.event < 0
        and not is_loop
        and _is_open(routes, chain.target, chain, last.y)
    ):
        side = 1 if last.y > target.y else -1
        yield target.rank, 0, y
        yield target.rank, 0, target.y + side * goal.height // 2
    else:
        track = _track(routes, chain, target.rank, start=y, end=target.y)
        yield track, 0, y
        yield track, 0, target.y
        yield target.rank, -(goal.width // 2), target.y


def _item(routes: Routes, vertex: int) -> Item:
    return routes.part.cells[routes.part.grid.vertices[vertex].item][0]


def _is_open(routes: Routes, vertex: int, chain: Chain, y: int) -> bool:
    """Whether a line may enter or leave a node by its lower or upper middle."""
    item, own = _item(routes, vertex), routes.part.grid.vertices[vertex]
    if y > own.y and (item.attached or (item.tag in EVENTS and item.name)):
        return False
    return _is_free(routes, vertex, chain, y) and _take_port(
        routes, vertex, y - own.y, "in" if vertex == chain.target else "out"
    )


def _take_port(routes: Routes, vertex: int, towards: int, way: str) -> bool:
    """Use a node's upper or lower middle for lines in, or for lines out; never both."""
    side = 1 if towards > 0 else -1
    return routes.ports.setdefault((vertex, side), way) == way


def _is_free(routes: Routes, vertex: int, chain: Chain, far: int) -> bool:
    """Whether nothing else of the column stands between a node and a height."""
    own = routes.part.grid.vertices[vertex]
    half = _item(routes, vertex).height // 2
    if abs(far - own.y) < half + STUB:
        return False
    low, high = sorted((own.y, far))
    for one in routes.part.grid.layers[own.rank]:
        if one == vertex or one in chain.stations:
            continue
        stands = routes.part.grid.vertices[one]
        if stands.y - stands.above <= high and stands.y + stands.below >= low:
            return False
    return True


def _track(
    routes: Routes, chain: Chain, channel: int, *, start: int, end: int
) -> Track:
    """Ask for a vertical stretch; lines of one fork, or of one join, may share it."""
    vertices = routes.part.grid.vertices
    group = (chain.link.id, -1)
    if chain.event < 0 and not chain.is_back:
        source = vertices[chain.source]
        is_first = start == source.y and channel == source.rank + 1
        if is_first and chain.source in routes.forks:
            group = ("from", chain.source)
        elif end == vertices[chain.target].y and channel == vertices[chain.target].rank:
            group = ("to", chain.target)
    track = Track(channel=channel, start=start, end=end, group=group)
    routes.tracks.append(track)
    return track


def _number_tracks(tracks: Sequence[Track]) -> None:
    """Give stretches of one channel tracks of their own where they would touch."""
    by_channel: dict[int, dict[tuple[str, int], list[Track]]] = {}
    for track in tracks:
        groups = by_channel.setdefault(track.channel, {})
        groups.setdefault(track.group, []).append(track)
    for groups in by_channel.values():
        taken: list[list[tuple[int, int]]] = []
        for group in sorted(groups.values(), key=_track_order):
            low = min(min(one.start, one.end) for one in group)
            high = max(max(one.start, one.end) for one in group)
            free = next(
                (
                    at
                    for at, spans in enumerate(taken)
                    if all(high < start or end < low for start, end in spans)
                ),
                len(taken),
            )
            if free == len(taken):
                taken.append([])
            taken[free].append((low, high))
            for one in group:
                one.number = free


def _track_order(group: Sequence[Track]) -> tuple[int, int]:
    """Order stretches so that those side by side cross as little as they can."""
    first = group[0]
    if first.end > first.start:
        return 0, -first.start
    return 1, first.start


def _place_columns(routes: Routes) -> None:
    grid = routes.part.grid
    tracks = [0] * (len(grid.layers) + 1)
    named = [0] * (len(grid.layers) + 1)
    for track in routes.tracks:
        tracks[track.channel] = max(tracks[track.channel], track.number + 1)
    for chain in routes.part.chains:
        if chain.link.name and not chain.is_back:
            channel = grid.vertices[chain.source].rank + 1
            named[channel] = max(named[channel], label_size(chain.link.name)[0] + 20)
    x = 0
    for rank, layer in enumerate(grid.layers):
        routes.starts.append(x)
        x += _channel_width(tracks[rank], named[rank], is_outer=rank == 0)
        width = max((grid.vertices[v].width for v in layer), default=0)
        routes.middles.append(x + width // 2)
        x += width
    routes.starts.append(x)
    routes.width = x + _channel_width(tracks[-1], named[-1], is_outer=True)


def _channel_width(tracks: int, named: int, *, is_outer: bool) -> int:
    if is_outer and not tracks:
        return 0
    return max(CHANNEL + max(tracks - 1, 0) * TRACK, named)
