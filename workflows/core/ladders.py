"""The words of a ladder: what late work sets off, and when. What an act does is review's.

    ladder = rung *(";" rung)
    rung   = when ":" act *("," act)
    when   = share "%" | duration | "+" duration
    act    = "notify" [who] | "raise" [class] | "widen" ["region"] | "reassign"
           | "escalate" [queue] | "reject" | "return"

A share is of the goal's time (above 100 % after it), a duration is before the due
moment, one with "+" after it. Durations are ISO 8601 and business time.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from workflows.core.iso8601 import Iso8601Error, parse_duration

MAX_RUNGS: Final = 12
MAX_SHARE: Final = 1000

_SHARE: Final = re.compile(r"(?P<share>\d{1,4}(?:\.\d{1,2})?)\s*%")
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
ARGUMENTS: Final[dict[str, re.Pattern[str]]] = {
    "notify": re.compile(r"|holder|owner|managers"),
    "raise": re.compile(r"|A|B"),
    "widen": re.compile(r"|region"),
    "reassign": re.compile(r""),
    "escalate": re.compile(rf"|{_KEY.pattern}"),
    "reject": re.compile(r""),
    "return": re.compile(r""),
}
DECIDING: Final = frozenset({"reject", "return"})
"""The acts that end a task. None approves: silence is no consent."""
OF_INSTANCES: Final = frozenset({"notify", "raise", "escalate"})
"""What the clock of a whole instance may do; it is nobody's single task."""


class LadderError(ValueError):
    """A ladder's words cannot be read; the message quotes them and says what may stand."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a rung does, such as `escalate` to a queue."""

    word: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """Where a rung lies: at a share of the time, or so long before or after its end."""

    share: Decimal | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung as written: when, and what it does; `words` are its text."""

    words: str
    when: When
    acts: tuple[Act, ...]


def read_ladder(text: str) -> tuple[Rung, ...]:
    """Read a ladder; an empty text has no rungs. Raises LadderError."""
    parts = [part.strip() for part in text.split(";")]
    if parts and not parts[-1]:
        parts.pop()  # a closing semicolon
    rungs = tuple(_read_rung(part) for part in parts)
    if len(rungs) > MAX_RUNGS:
        raise LadderError(f"A ladder has at most {MAX_RUNGS} rungs, not {len(rungs)}.")
    places = [rung.when for rung in rungs]
    for rung in rungs:
        if places.count(rung.when) > 1:
            raise LadderError(
                f"Two rungs stand at one moment ({rung.words!r}); join their acts"
                " with a comma."
            )
    return rungs


def check_for_instances(rungs: tuple[Rung, ...]) -> None:
    """Raise LadderError for acts that only a task's clock can do."""
    for rung in rungs:
        for act in rung.acts:
            if act.word not in OF_INSTANCES:
                raise LadderError(
                    f"The clock of a whole process cannot {act.word}; it may"
                    f" {', '.join(sorted(OF_INSTANCES))}."
                )


def read_when(text: str) -> When:
    """Read where a rung lies. Raises LadderError."""
    share = _SHARE.fullmatch(text)
    if share:
        part = Decimal(share["share"])
        if not 0 < part <= MAX_SHARE:
            raise LadderError(f"{text!r} is no share from above 0 % to {MAX_SHARE} %.")
        return When(share=part)
    after = text.startswith("+")
    duration = text.removeprefix("+").strip()
    try:
        read = parse_duration(duration)
    except Iso8601Error as error:
        raise LadderError(
            f"{text!r} is no moment of a clock; write a share such as 75%, a time"
            " before it is due such as PT2H, or after it such as +PT2H."
        ) from error
    if read.months or read.exact.total_seconds() <= 0:
        raise LadderError(f"{text!r} must be above zero and without years or months.")
    return When(after=duration) if after else When(before=duration)


def _read_rung(text: str) -> Rung:
    when, colon, acts = text.partition(":")
    if not colon or not acts.strip():
        raise LadderError(
            f"{text!r} is no rung; write when and what, such as 75%: notify, raise."
        )
    read = Rung(
        words=" ".join(text.split())[:100],
        when=read_when(when.strip()),
        acts=tuple(_read_act(act.strip()) for act in acts.split(",")),
    )
    words = [act.word for act in read.acts]
    for word in words:
        if words.count(word) > 1:
            raise LadderError(f"{text!r} says {word} twice.")
        if word in DECIDING and words[-1] != word:
            raise LadderError(f"{text!r}: nothing can follow {word}; it ends the task.")
        if word in DECIDING and not _is_late(read.when):
            raise LadderError(
                f"{text!r}: a clock decides at the earliest when the time is over;"
                " say 100% or more."
            )
    return read


def _read_act(text: str) -> Act:
    word, _, argument = text.partition(" ")
    argument = argument.strip()
    if word == "approve":
        raise LadderError("A clock never approves; it may reject, return or escalate.")
    if word not in ARGUMENTS:
        raise LadderError(
            f"{text!r} is nothing a rung does; it may {', '.join(ARGUMENTS)}."
        )
    if not ARGUMENTS[word].fullmatch(argument):
        raise LadderError(f"{text!r}: {word} does not take {argument!r}.")
    return Act(word, argument)


def _is_late(when: When) -> bool:
    return bool(when.after) or (when.share is not None and when.share >= 100)
