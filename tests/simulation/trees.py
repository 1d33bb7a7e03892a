"""Block trees: what a random process is made of, and how each block ends. No chance here.

A tree is the truth of a simulated run: it is drawn as a BPMN process for the engine
(`drawing`) and walked by the oracle (`oracle`), which never sees the engine. Besides
its shape it says what the world around the process does: which person never answers,
which boundary event is triggered, how often a service fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

from workflows.core.bpmn.graph import EventKind, FailurePolicy, LoopKind, NodeKind

TIMEOUT = "cs.timeout"


@dataclass(frozen=True, slots=True)
class Guard:
    """A boundary event and the path behind it.

    `fires` says whether its trigger comes while the activity is open. An interrupting
    one that fires hangs on an activity that never ends by itself; one that does not
    interrupt holds its activity open until it has fired `times` times. An error event
    with the code TIMEOUT gives its activity a time limit.
    """

    name: str
    event: EventKind
    interrupting: bool
    fires: bool
    path: Block
    code: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Loop:
    """An activity that repeats: `times` in all, or until iteration `until` (from 1).

    A standard loop with `before` asks before the first round already.
    """

    kind: LoopKind
    times: int
    until: int = 0
    collection: bool = False
    before: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """One task.

    A service fails `fails` times before it answers; `hard` failures become incidents
    that a person retries; a `broken` one never answers well. `raises` is the code of the BPMN error it ends in instead.
    `absent` is a person who never answers, `instant` a person's task that is decided
    without a person. `gates` are events, each with the activity that
    listens to it and how often, that come before the person answers.
    """

    name: str
    kind: NodeKind
    fails: int = 0
    hard: bool = False
    external: bool = False
    raises: str = ""
    broken: bool = False
    absent: bool = False
    instant: bool = False
    gates: tuple[tuple[str, str, int], ...] = ()
    guards: tuple[Guard, ...] = ()
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Blocks one after the other."""

    name: str
    parts: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """A gateway, its branches, and the gateway that joins them.

    `holds` says whose conditions are true; `default` is the branch without a
    condition, -1 where there is none. Parallel gateways take all. With `need` their
    join is a complex gateway that goes on when so many have come. `policy` says what
    the block does when its broken task fails.
    """

    name: str
    gateway: NodeKind
    branches: tuple[Block, ...]
    holds: tuple[bool, ...]
    default: int = -1
    need: int = 0
    policy: FailurePolicy | None = None

    @property
    def taken(self) -> tuple[int, ...]:
        """Return the branches that get a token (BPMN 2.0, 13.4.1 to 13.4.3)."""
        if self.gateway is NodeKind.PARALLEL_GATEWAY:
            return tuple(range(len(self.branches)))
        true = tuple(
            index
            for index, holds in enumerate(self.holds)
            if holds and index != self.default
        )
        if not true:
            return (self.default,)
        return true[:1] if self.gateway is NodeKind.EXCLUSIVE_GATEWAY else true


@dataclass(frozen=True, slots=True)
class Scope:
    """An embedded sub-process around a block."""

    name: str
    body: Block
    guards: tuple[Guard, ...] = ()
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call activity; its process is drawn around `body`."""

    name: str
    body: Block
    guards: tuple[Guard, ...] = ()
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """An intermediate catch event whose trigger comes, or a receive task.

    `sent` is the throw event whose message it waits for, empty for one from outside;
    a conditional event waits until the task `sent` has run.
    """

    name: str
    event: EventKind
    task: bool = False
    sent: str = ""
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """An event-based gateway; only the trigger of branch `chosen` ever comes."""

    name: str
    events: tuple[EventKind, ...]
    branches: tuple[Block, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An intermediate throw event that goes on at once: none, message, escalation."""

    name: str
    event: EventKind
    code: str = ""


@dataclass(frozen=True, slots=True)
class Jump:
    """A link throw event and its catch event: a flow by another name."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """An end event in the middle: error, terminate, cancel; nothing comes after it."""

    name: str
    event: EventKind
    code: str = ""


@dataclass(frozen=True, slots=True)
class AdHoc:
    """An ad-hoc sub-process; its parts run side by side or in order, each once."""

    name: str
    parts: tuple[Work, ...]
    sequential: bool


@dataclass(frozen=True, slots=True)
class Saga:
    """Work that can be undone, and what undoes it.

    In a transaction (`cancel`) an end in a cancel event undoes it and the cancel
    boundary event leads on; else a compensation throw event at the end of an embedded
    sub-process does. Without `undo` the work stands.
    """

    name: str
    parts: tuple[Work, ...]
    undo: bool
    cancel: bool


@dataclass(frozen=True, slots=True)
class Inset:
    """A sub-process with an event sub-process in it; as a root, the process itself.

    One that interrupts is triggered while a person in `body` never answers, or by the
    error that `body` ends in; else `body` waits for it.
    """

    name: str
    body: Block
    event: EventKind
    interrupting: bool
    inner: Block
    code: str = ""

    @property
    def outside(self) -> bool:
        """Say whether it interrupts at any moment, not where its body says."""
        return self.interrupting and self.event is not EventKind.ERROR


Activity: TypeAlias = Work | Scope | Call
Block: TypeAlias = (
    Work
    | Series
    | Fork
    | Scope
    | Call
    | Wait
    | Race
    | Mark
    | Jump
    | Stop
    | AdHoc
    | Saga
    | Inset
)


def parts_of(block: Block) -> tuple[Block, ...]:
    """Return the blocks directly inside a block."""
    found: tuple[Block, ...] = ()
    match block:
        case Series(parts=parts):
            found = parts
        case AdHoc(parts=works) | Saga(parts=works):
            found = works
        case Fork(branches=branches) | Race(branches=branches):
            found = branches
        case Scope(body=body) | Call(body=body):
            found = (body,)
        case Inset(body=body, inner=inner):
            found = (body, inner)
        case Work() | Wait() | Mark() | Jump() | Stop():
            pass
    guards: tuple[Guard, ...] = getattr(block, "guards", ())
    return (*found, *(guard.path for guard in guards))


def walk(block: Block) -> Iterator[Block]:
    """Yield a block and all below it, outermost first."""
    yield block
    for part in parts_of(block):
        yield from walk(part)


def size(block: Block) -> int:
    """Count the blocks of a tree."""
    return sum(1 for _ in walk(block))


def show(block: Block, indent: str = "") -> str:
    """Return a tree as indented lines; what has its default value is left out."""
    said = [
        f"{item.name}={_word(getattr(block, item.name))}"
        for item in fields(block)
        if item.name not in ("name", "body", "parts", "branches", "guards", "inner")
        and getattr(block, item.name) != item.default
    ]
    lines = [f"{indent}{type(block).__name__} {block.name} {' '.join(said)}".rstrip()]
    guards = getattr(block, "guards", ())
    lines.extend(
        f"{indent}  on {guard.name}: {guard.event.value} {guard.code}"
        f" interrupting={guard.interrupting} fires={guard.fires}\n"
        + show(guard.path, indent + "    ")
        for guard in guards
    )
    paths = {id(guard.path) for guard in guards}
    lines.extend(
        show(part, indent + "  ") for part in parts_of(block) if id(part) not in paths
    )
    return "\n".join(lines)


def _word(value: object) -> str:
    if isinstance(value, Loop):
        return f"{value.kind.value}*{value.times}/{value.until}"
    return str(getattr(value, "value", value))
