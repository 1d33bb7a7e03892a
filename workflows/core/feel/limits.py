"""What one evaluation may use, and the account kept of it."""

import datetime as dt
from dataclasses import dataclass

from workflows.core.feel.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one evaluation; each is checked before the work it bounds is done.

    steps counts iterations, calls and the elements that built-in functions touch;
    depth counts nested calls of user-defined functions; items and text bound a single
    list and a single string.
    """

    steps: int = 200_000
    depth: int = 120
    items: int = 100_000
    text: int = 1_000_000
    messages: int = 50


DEFAULT_LIMITS = Limits()

# Bounds of compilation: the text's characters and the nesting of its syntax tree.
MAX_SOURCE = 100_000
MAX_NESTING = 120


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
