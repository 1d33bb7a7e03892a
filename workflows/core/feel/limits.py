"""What one evaluation may use, and the account kept of it."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from workflows.core.feel.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one evaluation; each is checked before the work it bounds is done.

    steps counts iterations, calls and the elements that built-in functions touch;
    depth counts nested calls of user-defined functions; items and text bound a single
    list and a single string; nodes bounds everything within one value.
    """

    steps: int = 200_000
    depth: int = 100
    items: int = 100_000
    text: int = 1_000_000
    nodes: int = 1_000_000
    messages: int = 50


DEFAULT_LIMITS = Limits()

# Bounds of compilation: the text's characters, the nesting of its syntax tree, and the
# steps of one path or operators of one kind in a row.
MAX_SOURCE = 32_768
MAX_NESTING = 45
MAX_CHAIN = 120


class Run:
    """The account of one evaluation: steps left, depth, messages, and the moment `now`.

    Closures receive it beside the variables. It is not shared between evaluations.
    `trace`, where it is a list, is what decision tables add their records to.
    """

    __slots__ = ("depth", "limits", "messages", "now", "steps", "trace")

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, now: dt.datetime | None = None
    ) -> None:
        """Open an account; `now` (aware) is what now() and today() answer."""
        self.limits = limits
        self.steps = limits.steps
        self.depth = 0
        self.messages: list[str] = []
        self.now = now
        self.trace: list[object] | None = None

    def note(self, message: str) -> object:
        """Keep a message, once each, up to the limit; returns None, FEEL's null."""
        if len(self.messages) < self.limits.messages and message not in self.messages:
            self.messages.append(message)
        return None

    def spend(self, steps: int) -> None:
        """Take steps from the account; LimitExceeded when it is empty."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded(
                f"stopped after {self.limits.steps:,} steps; "
                "shorten the lists or ranges it walks"
            )

    def check_items(self, count: int) -> None:
        """LimitExceeded when a list would be longer than allowed."""
        if count > self.limits.items:
            raise LimitExceeded(
                f"a list of {count:,} items is over the limit of "
                f"{self.limits.items:,} items"
            )
        self.spend(count)

    def check_text(self, length: int) -> None:
        """LimitExceeded when a string would be longer than allowed."""
        if length > self.limits.text:
            raise LimitExceeded(
                f"a text of {length:,} characters is over the limit of "
                f"{self.limits.text:,} characters"
            )
        self.spend(length >> 7)

    def check_value(self, value: object) -> None:
        """LimitExceeded when a list or context holds too much to be walked.

        Lists may hold the same list many times over, so a small value in memory can
        be endless when it is written out or compared.
        """
        if type(value) is list or type(value) is dict:
            size = measure(value)
            if size.nodes > self.limits.nodes or size.depth > MAX_DEPTH:
                raise LimitExceeded("a value is too large or nested too deep")


MAX_DEPTH = 200


class Size(NamedTuple):
    """How many values a value holds, itself included, and how deep they are nested."""

    nodes: int
    depth: int


_ONE = Size(1, 1)


def measure(value: object) -> Size:
    """The size of a value as if nothing in it were shared; each part is visited once."""
    known: dict[int, Size] = {}
    pending = [value]
    while pending:
        node = pending[-1]
        inner = _parts(node)
        if id(node) in known:
            pending.pop()
            continue
        unknown = [item for item in inner if id(item) not in known]
        if unknown:
            pending.extend(unknown)
            continue
        sizes = [known[id(item)] for item in inner]
        known[id(node)] = Size(
            len(_entries(node)) + 1 + sum(size.nodes for size in sizes),
            1 + max((size.depth for size in sizes), default=0),
        )
        pending.pop()
    return known.get(id(value), _ONE)


def _entries(node: object) -> Collection[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _parts(node: object) -> list[object]:
    """The lists and contexts directly within."""
    return [item for item in _entries(node) if type(item) is list or type(item) is dict]
