"""One connected part of a scope as columns of vertices with bend points. No heights.

A line that goes back, and one that leaves a boundary event, gets a bend point in the
column it starts from as well: there it has its own free lane beside the node.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workflows.core.bpmn.layout_model import (
    EVENT_SIZE,
    GATEWAYS,
    LINE_HEIGHT,
    Item,
    Link,
    label_size,
)
from workflows.core.bpmn.layout_ranks import (
    Grid,
    Vertex,
    find_back_edges,
    order_layers,
    rank_nodes,
)

LABEL_GAP = 6
BESIDE_GAP = 20
EVENT_STEP = EVENT_SIZE + 14


@dataclass(slots=True)
class Chain:
    """A link with the vertices it passes, from `source` to `target`.

    `stations` begins with the source and ends with the target, except where the line
    leaves from a boundary event (`event` is its place on the host) or goes back:
    those ends are only bend points in the same column.
    """

    link: Link
    source: int
    target: int
    stations: list[int]
    is_back: bool = False
    event: int = -1


@dataclass(slots=True)
class Part:
    """A connected part, ready to be placed. `cells` are the items of each vertex."""

    grid: Grid = field(default_factory=Grid)
    chains: list[Chain] = field(default_factory=list)
    cells: dict[str, tuple[Item, ...]] = field(default_factory=dict)


def attached_to(items: Sequence[Item]) -> dict[str, tuple[str, int]]:
    """Return host and place on the host of each boundary event."""
    return {
        event.id: (item.id, at)
        for item in items
        for at, event in enumerate(item.attached)
    }


def find_friends(items: Sequence[Item], links: Sequence[Link]) -> dict[str, str]:
    """Return the node that each annotation or data object stands beside."""
    artifacts = {item.id for item in items if item.is_artifact}
    nodes = {item.id for item in items} - artifacts
    hosts = {event: host for event, (host, _) in attached_to(items).items()}
    for item in items:
        if item.content is not None:
            # What lies deeper is represented by the scope that holds it here.
            for scope in item.content.walk():
                hosts.update({inner.id: item.id for inner in scope.items})
                hosts.update({
                    event.id: item.id
                    for inner in scope.items
                    for event in inner.attached
                })
    sources = {link.id: link.source for link in links}
    friends: dict[str, str] = {}
    for link in links:
        for one, other in ((link.source, link.target), (link.target, link.source)):
            found = sources.get(other, other)
            found = hosts.get(found, found)
            if one in artifacts and found in nodes:
                friends.setdefault(one, found)
    return friends


def build_part(
    items: Sequence[Item],
    links: Sequence[Link],
    *,
    friends: Mapping[str, str],
    bands: Mapping[str, int],
) -> Part:
    """Return columns and bend points of items that hang together."""
    part = Part()
    nodes = [item for item in items if item.id not in friends]
    index = {item.id: at for at, item in enumerate(nodes)}
    events = attached_to(nodes)
    for item in nodes:
        part.cells[item.id] = (item,)
        part.grid.vertices.append(_vertex(item, band=bands.get(item.id, 0)))
    _rank(part, index, events, _directed(links, index, events))
    _add_beside(part, nodes, items, friends)
    count = 1 + max((vertex.rank for vertex in part.grid.vertices), default=0)
    part.grid.layers = [[] for _ in range(count)]
    for at, vertex in enumerate(part.grid.vertices):
        part.grid.layers[vertex.rank].append(at)
    order_layers(part.grid)
    return part


def _vertex(item: Item, *, band: int) -> Vertex:
    label = label_size(item.name)[1] + LABEL_GAP if item.has_outer_label else 0
    above = below = item.height // 2
    if item.tag in GATEWAYS:
        above += label
    else:
        below += label
    if item.attached:
        names = max(label_size(event.name, width=60)[1] for event in item.attached)
        below += EVENT_SIZE // 2 + max(names - LINE_HEIGHT, 0)
    width = max(item.width, label_size(item.name)[0] if label else 0)
    return Vertex(item=item.id, width=width, above=above, below=below, band=band)


def _directed(
    links: Sequence[Link],
    index: Mapping[str, int],
    events: Mapping[str, tuple[str, int]],
) -> Iterator[tuple[Link, int, int, int]]:
    """Yield what is drawn from left to right: link, both nodes, place of the event.

    An association between a boundary event and an activity is compensation (10.6).
    """
    for link in links:
        ends = (link.source, link.target)
        if not link.is_flow and ends[0] not in events:
            ends = ends[::-1]
        if not link.is_flow and ends[0] not in events:
            continue
        host, at = events.get(ends[0], (ends[0], -1))
        target = events.get(ends[1], (ends[1], -1))[0]
        if host in index and target in index:
            yield link, index[host], index[target], at


def _rank(
    part: Part,
    index: Mapping[str, int],
    events: Mapping[str, tuple[str, int]],
    directed: Iterator[tuple[Link, int, int, int]],
) -> None:
    found = list(directed)
    edges = [(source, target) for _, source, target, _ in found]
    entered = {target for _, target in edges}
    roots = [at for at in range(len(index)) if at not in entered]
    back = find_back_edges(len(index), edges, roots)
    forward = [
        (target, source) if number in back else (source, target)
        for number, (source, target) in enumerate(edges)
        if source != target
    ]
    for at, rank in enumerate(rank_nodes(len(index), forward)):
        part.grid.vertices[at].rank = rank
    for number, (link, source, target, event) in enumerate(found):
        is_back = number in back or source == target
        part.chains.append(
            _chain(part, link, (source, target), event=event, is_back=is_back)
        )


def _chain(
    part: Part, link: Link, ends: tuple[int, int], *, event: int, is_back: bool
) -> Chain:
    source, target = ends
    vertices = part.grid.vertices
    first, last = vertices[source].rank, vertices[target].rank
    room = label_size(link.name)[1] if link.name else 0

    def bend(rank: int, friend: int = -1) -> int:
        vertices.append(
            Vertex(
                item="",
                width=0,
                above=max(2, room),
                below=2,
                rank=rank,
                band=vertices[source].band,
                friend=friend,
                near=max(event, 0),
            )
        )
        return len(vertices) - 1

    stations: list[int] = []
    if is_back:
        ranks = range(first, last - 1, -1)
        stations = [
            bend(rank, source if rank == first else target if rank == last else -1)
            for rank in ranks
        ]
    else:
        stations.append(source if event < 0 else bend(first, source))
        stations.extend(bend(rank) for rank in range(first + 1, last))
        stations.append(target)
    for one, other in pairwise(stations):
        part.grid.edges.append((other, one) if is_back else (one, other))
    return Chain(
        link=link,
        source=source,
        target=target,
        stations=stations,
        is_back=is_back,
        event=event,
    )


def _add_beside(
    part: Part,
    nodes: Sequence[Item],
    items: Sequence[Item],
    friends: Mapping[str, str],
) -> None:
    """Stand annotations above and data below their nodes, side by side."""
    for at, node in enumerate(nodes):
        beside = [item for item in items if friends.get(item.id) == node.id]
        above = [
            item for item in beside if node.attached or item.tag == "textAnnotation"
        ]
        below = [item for item in beside if item not in above]
        for side, cell in ((-1, above), (1, below)):
            if not cell:
                continue
            key = f"{node.id} {side}"
            part.cells[key] = tuple(cell)
            sizes = [_vertex(item, band=0) for item in cell]
            part.grid.vertices.append(
                Vertex(
                    item=key,
                    width=sum(one.width for one in sizes)
                    + BESIDE_GAP * (len(sizes) - 1),
                    above=max(one.above for one in sizes),
                    below=max(one.below for one in sizes),
                    rank=part.grid.vertices[at].rank,
                    band=part.grid.vertices[at].band,
                    friend=at,
                    side=side,
                )
            )
