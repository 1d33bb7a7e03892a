"""What of a BPMN file is drawn: items, links, lanes and pools. No places, no engine.

Drawn are also models that are not run, so this reads elements, not a Process.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from workflows.core.bpmn.vocabulary import BPMN
from workflows.core.markup import Element

EVENTS = frozenset({
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "implicitThrowEvent",
})
GATEWAYS = frozenset({
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "complexGateway",
    "eventBasedGateway",
})
SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
TASKS = frozenset({
    "task",
    "userTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "scriptTask",
    "manualTask",
    "businessRuleTask",
    "callActivity",
})
ARTIFACTS = frozenset({"textAnnotation", "dataObjectReference", "dataStoreReference"})
DATA_LINKS = frozenset({"dataInputAssociation", "dataOutputAssociation"})

EVENT_SIZE = 36
GATEWAY_SIZE = 50
TASK_SIZE = (100, 80)
WIDE_TASK = 130
LONG_NAME = 45
EMPTY_SCOPE = (140, 100)
DATA_SIZE = (36, 50)
STORE_SIZE = (50, 50)

LETTER = 7
LINE_HEIGHT = 14
LABEL_WIDTH = 90


class Box(NamedTuple):
    """A rectangle; `x` and `y` are its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Return the x of its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Return the y of its lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> "Point":
        """Return its middle."""
        return Point(self.x + self.width // 2, self.y + self.height // 2)

    def moved(self, dx: int, dy: int) -> "Box":
        """Return the box elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def overlaps(self, other: "Box") -> bool:
        """Tell whether both share more than an edge."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


class Point(NamedTuple):
    """A place; y grows downwards, as in BPMN DI (clause 12.2)."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: the members of its own, or lanes in it."""

    id: str
    members: frozenset[str] = frozenset()
    lanes: tuple["Lane", ...] = ()

    def leaves(self) -> Iterator["Lane"]:
        """Yield the lanes that hold no lanes, top first."""
        if not self.lanes:
            yield self
        for lane in self.lanes:
            yield from lane.leaves()

    def depth(self) -> int:
        """Return how many lanes lie in each other, itself counted."""
        return 1 + max((lane.depth() for lane in self.lanes), default=0)


@dataclass(frozen=True, slots=True)
class Item:
    """One shape: a flow node or an artifact, with its content if it is a scope."""

    id: str
    tag: str
    name: str
    width: int
    height: int
    attached: tuple["Item", ...] = ()
    content: "Scope | None" = None

    @property
    def is_artifact(self) -> bool:
        """Tell whether it hangs beside a node rather than in the flow."""
        return self.tag in ARTIFACTS

    @property
    def has_outer_label(self) -> bool:
        """Tell whether its name is written beside it, not into it."""
        return bool(self.name) and (
            self.tag in EVENTS
            or self.tag in GATEWAYS
            or self.tag in {"dataObjectReference", "dataStoreReference"}
        )


@dataclass(frozen=True, slots=True)
class Link:
    """One line between two shapes."""

    id: str
    tag: str
    source: str
    target: str
    name: str = ""

    @property
    def is_flow(self) -> bool:
        """Tell whether it orders its ends from left to right."""
        return self.tag == "sequenceFlow"


@dataclass(frozen=True, slots=True)
class Scope:
    """A process or sub-process: what lies in it, and the links it declares."""

    id: str
    items: tuple[Item, ...] = ()
    links: tuple[Link, ...] = ()
    lanes: tuple[Lane, ...] = ()

    def walk(self) -> Iterator["Scope"]:
        """Yield this scope and those in it, outermost first."""
        yield self
        for item in self.items:
            if item.content is not None:
                yield from item.content.walk()


@dataclass(frozen=True, slots=True)
class Pool:
    """A participant; without a process it is drawn closed."""

    id: str
    name: str
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One diagram: pools with message flows, or a bare process.

    `root` is the element that the plane shows.
    """

    root: str
    pools: tuple[Pool, ...] = ()
    bare: Scope | None = None
    links: tuple[Link, ...] = ()
    artifacts: tuple[Item, ...] = field(default=())


def read_pictures(definitions: Element) -> list[Picture]:
    """Return what to draw: each collaboration, then each process in none of them.

    Elements without an id cannot be drawn and are passed over.
    """
    processes = {
        one.get("id"): one
        for one in definitions.each("process", namespace=BPMN)
        if one.get("id")
    }
    pictures = []
    shown: set[str] = set()
    for one in definitions.each("collaboration", namespace=BPMN):
        picture = _read_collaboration(one, processes)
        if picture.root and picture.pools:
            pictures.append(picture)
            shown.update(pool.scope.id for pool in picture.pools if pool.scope)
    pictures.extend(
        Picture(root=name, bare=read_scope(process))
        for name, process in processes.items()
        if name not in shown
    )
    return pictures


def _read_collaboration(element: Element, processes: dict[str, Element]) -> Picture:
    pools = []
    for one in element.each("participant"):
        process = processes.get(_reference(one.get("processRef")))
        if one.get("id"):
            scope = read_scope(process) if process is not None else None
            pools.append(Pool(id=one.get("id"), name=one.get("name"), scope=scope))
    items = [
        _read_item(child)
        for child in element.children
        if child.namespace == BPMN and child.name in ARTIFACTS and child.get("id")
    ]
    return Picture(
        root=element.get("id"),
        pools=tuple(pools),
        links=tuple(
            _read_link(child)
            for child in element.children
            if child.namespace == BPMN
            and child.name in {"messageFlow", "association"}
            and child.get("id")
        ),
        artifacts=tuple(items),
    )


def read_scope(container: Element) -> Scope:
    """Return what a process or sub-process draws, in document order."""
    nodes: dict[str, Item] = {}
    events: dict[str, list[Item]] = {}
    links: list[Link] = []
    drawn = EVENTS | GATEWAYS | SCOPES | TASKS | ARTIFACTS
    hosts = {
        child.get("id")
        for child in container.children
        if child.name in SCOPES | TASKS and child.namespace == BPMN
    }
    for child in container.children:
        if child.namespace != BPMN:
            continue
        links.extend(_data_links(child))
        if not child.get("id"):
            continue
        if child.name in drawn:
            item = _read_item(child)
            host = _reference(child.get("attachedToRef"))
            if child.name == "boundaryEvent" and host in hosts:
                events.setdefault(host, []).append(item)
            else:
                nodes[item.id] = item
        elif child.name in {"sequenceFlow", "association"}:
            links.append(_read_link(child))
    return Scope(
        id=container.get("id"),
        items=tuple(
            _with_events(item, tuple(events.get(item.id, ())))
            for item in nodes.values()
        ),
        links=tuple(links),
        lanes=tuple(_read_lanes(container)) if container.name == "process" else (),
    )


def _with_events(item: Item, events: tuple[Item, ...]) -> Item:
    """Hang boundary events on their host, widened until they fit side by side."""
    if not events:
        return item
    width = max(item.width, len(events) * (EVENT_SIZE + 14) + 10)
    return Item(
        id=item.id,
        tag=item.tag,
        name=item.name,
        width=width,
        height=item.height,
        attached=events,
        content=item.content,
    )


def _read_item(element: Element) -> Item:
    name = element.get("name")
    content = read_scope(element) if element.name in SCOPES else None
    if element.name == "textAnnotation":
        text = element.first("text")
        name = text.text.strip() if text else ""
    width, height = _size(element.name, name)
    return Item(
        id=element.get("id"),
        tag=element.name,
        name=name,
        width=width,
        height=height,
        content=content,
    )


def _size(tag: str, name: str) -> tuple[int, int]:
    if tag in EVENTS:
        return EVENT_SIZE, EVENT_SIZE
    if tag in GATEWAYS:
        return GATEWAY_SIZE, GATEWAY_SIZE
    if tag == "textAnnotation":
        lines = len(wrap(name, 100)) or 1
        return 110, max(30, lines * (LINE_HEIGHT + 1) + 10)
    return {
        "dataObjectReference": DATA_SIZE,
        "dataStoreReference": STORE_SIZE,
    }.get(tag, (WIDE_TASK if len(name) > LONG_NAME else TASK_SIZE[0], TASK_SIZE[1]))


def _read_link(element: Element) -> Link:
    return Link(
        id=element.get("id"),
        tag=element.name,
        source=_reference(element.get("sourceRef")),
        target=_reference(element.get("targetRef")),
        name=element.get("name"),
    )


def _data_links(element: Element) -> Iterator[Link]:
    """Yield the data associations of a node; their own end is the node (10.4.2)."""
    for child in element.children:
        if child.namespace != BPMN or child.name not in DATA_LINKS:
            continue
        is_input = child.name == "dataInputAssociation"
        far = child.first("sourceRef" if is_input else "targetRef")
        if far is None or not child.get("id"):
            continue
        ends = (_reference(far.text.strip()), element.get("id"))
        source, target = ends if is_input else ends[::-1]
        yield Link(id=child.get("id"), tag=child.name, source=source, target=target)


def _read_lanes(container: Element) -> Iterator[Lane]:
    for lanes in container.children:
        if lanes.name not in {"laneSet", "childLaneSet"} or lanes.namespace != BPMN:
            continue
        for lane in lanes.each("lane"):
            if lane.get("id"):
                yield Lane(
                    id=lane.get("id"),
                    members=frozenset(
                        _reference(one.text.strip()) for one in lane.each("flowNodeRef")
                    ),
                    lanes=tuple(_read_lanes(lane)),
                )


def _reference(text: str) -> str:
    return text.rpartition(":")[2]


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of about a width; an estimate, no font is measured."""
    limit = max(1, width // LETTER)
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= limit:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def label_size(text: str, *, width: int = LABEL_WIDTH) -> tuple[int, int]:
    """Return width and height that a label needs; nothing for no text."""
    lines = wrap(text, width)
    if not lines:
        return 0, 0
    widest = max(len(line) for line in lines) * LETTER
    return ceil(widest) + 6, len(lines) * LINE_HEIGHT
