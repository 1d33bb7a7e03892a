"""Objectives: what share of a queue's work is to be decided in time, and its budget.

Pure. An objective allows a share of its tasks to be late: that is its error budget, over
a window. How fast it burns is measured over two windows at once (the Google SRE
workbook, chapter 5): the long one says that it matters, the short one that it still
goes on. Business volumes are small, so nothing is said below a least count of tasks.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from review.core.clocks.goals import ClockError, read_duration
from review.core.policies.policies import Fault, Line
from workflows.core.calendars import AROUND_THE_CLOCK
from workflows.core.canonical import digest

COLUMNS: Final = (
    "name", "class", "process", "step", "within", "share", "window", "least", "burnt",
)  # fmt: skip
HEADS: Final[Mapping[str, str]] = {
    "name": "Name",
    "class": "Class",
    "process": "Process",
    "step": "Step",
    "within": "Decided within",
    "share": "Share %",
    "window": "Window",
    "least": "Least count",
    "burnt": "When burnt",
}
MOST: Final = 30
LEAST: Final = 10
"""Below so many tasks in a window a share says nothing: one late of three is no fire."""
LEAST_BAD: Final = 2
WINDOWS: Final = ("28d", "month")
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_GRID: Final = re.compile(r"(propose|switch) grid (\d{1,6})")
_SLOW: Final = re.compile(r"slow ([A-Za-z0-9_.-]{1,100}) to (\d{1,6}) an hour")
_STATED: Final = 'such as "propose grid 3", "switch grid 3", "slow loans to 20 an hour"'


class Burn(StrEnum):
    """What an objective is in: nothing, one of the burn rules, or out of budget."""

    FAST = "FAST"
    MIDDLE = "MIDDLE"
    SLOW = "SLOW"
    BURNT = "BURNT"


@dataclass(frozen=True, slots=True)
class BurnRule:
    """A rate of burning, so many times the even one, over a long and a short window."""

    burn: Burn
    factor: Decimal
    long: dt.timedelta
    short: dt.timedelta
    is_urgent: bool

    @property
    def clear(self) -> Decimal:
        """Return the rate below which it is over: half, so that it does not flutter."""
        return self.factor / 2


_H: Final = dt.timedelta(hours=1)
_M: Final = dt.timedelta(minutes=1)
RULES: Final = (
    BurnRule(Burn.FAST, Decimal("14.4"), _H, 5 * _M, is_urgent=True),
    BurnRule(Burn.MIDDLE, Decimal(6), 6 * _H, 30 * _M, is_urgent=True),
    BurnRule(Burn.SLOW, Decimal(1), 72 * _H, 6 * _H, is_urgent=False),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """Which tasks count, and by when each is to be decided ("" by its own goal)."""

    task_class: str = ""
    process: str = ""
    step: str = ""
    within: str = ""

    @property
    def key(self) -> str:
        """Name it by what it measures: the same across versions and names."""
        said = [self.task_class, self.process, self.step, self.within]
        return digest(said)[:32]


@dataclass(frozen=True, slots=True)
class Response:
    """What happens when the budget is burnt, agreed on beforehand by two persons.

    `grid` is a version of the queue's grid to propose, or to switch to; `process` may be
    started `per_hour` times an hour then.
    """

    grid: int | None = None
    switches: bool = False
    process: str = ""
    per_hour: int = 0


@dataclass(frozen=True, slots=True)
class Objective:
    """One line of a queue's objectives, read."""

    name: str
    measure: Measure
    share: Decimal
    window: str = "28d"
    least: int = LEAST
    response: Response = Response()


@dataclass(frozen=True, slots=True)
class Count:
    """Tasks in a window: those in time, and those late."""

    good: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        """Return how many there were."""
        return self.good + self.bad


@dataclass(frozen=True, slots=True)
class Budget:
    """What an objective allows and what is left of it, in tasks and as a share.

    `left` may be negative; `allowed` is of the tasks seen so far, not of those expected.
    """

    count: Count
    allowed: Decimal
    left: Decimal
    left_share: Decimal | None

    @property
    def reached(self) -> Decimal | None:
        """Return the share in time, None where nothing was decided."""
        total = self.count.total
        return Decimal(self.count.good) / total if total else None


def find_budget(count: Count, *, share: Decimal) -> Budget:
    """Return the budget of a window: `share` of its tasks are to be in time."""
    allowed = count.total * (1 - share)
    left = allowed - count.bad
    return Budget(count, allowed, left, left / allowed if allowed else None)


def is_burnt(budget: Budget, *, least: int) -> bool:
    """Tell whether more is late than is allowed, among enough tasks to say so."""
    return budget.count.total >= least and budget.left < 0


def find_rate(count: Count, *, share: Decimal) -> Decimal | None:
    """Return how many times faster than evenly the budget burns; None without tasks."""
    if not count.total:
        return None
    return Decimal(count.bad) / count.total / (1 - share)


def judge(
    rule: BurnRule, *, long: Count, short: Count, share: Decimal, least: int
) -> bool | None:
    """Tell whether a rule burns (True), is over (False), or keeps as it is (None).

    It burns when both windows burn at its factor, with enough tasks in the long one and
    more than one of them late. It is over when the long window burns at less than half.
    Too few tasks say nothing: an empty night ends no fire.
    """
    if long.total < least:
        return None
    long_rate = find_rate(long, share=share) or Decimal(0)
    if long_rate < rule.clear:
        return False
    short_rate = find_rate(short, share=share)
    burns = long_rate >= rule.factor and (short_rate or Decimal(0)) >= rule.factor
    return True if burns and long.bad >= LEAST_BAD else None


def judge_budget(budget: Budget, *, least: int) -> bool | None:
    """Tell whether a budget is burnt, is well again, or keeps as it is.

    Well again is a tenth of it: the same late task must not end and begin it in turn.
    """
    if is_burnt(budget, least=least):
        return True
    if budget.left_share is not None and budget.left_share >= Decimal("0.1"):
        return False
    return None


def window_start(window: str, *, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return when a window began: 28 days ago, or with the month of the zone."""
    if window == "month":
        local = now.astimezone(zone)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        return first.astimezone(dt.UTC)
    return now - dt.timedelta(days=28)


# --- as data -------------------------------------------------------------------------


def read_objectives(body: Mapping[str, Any]) -> tuple[Objective, ...]:
    """Return the objectives of a sound body."""
    return tuple(_read(row) for row in body["rows"])


def _read(row: Mapping[str, Any]) -> Objective:
    return Objective(
        name=row["name"],
        measure=Measure(
            row.get("class", ""),
            row.get("process", ""),
            row.get("step", ""),
            row.get("within", ""),
        ),
        share=Decimal(row["share"]) / 100,
        window=row.get("window", "28d"),
        least=int(row.get("least", LEAST)),
        response=read_response(row.get("burnt", "")) or Response(),
    )


def read_response(text: str) -> Response | None:
    """Read what is to happen when a budget is burnt; None for words nobody can read."""
    grid: int | None = None
    switches, process, per_hour = False, "", 0
    for part in filter(None, (one.strip() for one in text.split(";"))):
        if found := _GRID.fullmatch(part):
            grid, switches = int(found[2]), found[1] == "switch"
        elif found := _SLOW.fullmatch(part):
            process, per_hour = found[1], int(found[2])
        else:
            return None
    return Response(grid, switches, process, per_hour)


class ObjectiveRules:
    """The kind OBJECTIVES; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its cell."""
        if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
            return [Fault((), 'Objectives are an object with "rows".')]
        rows = body["rows"]
        faults = []
        if len(rows) > MOST:
            faults.append(Fault(("rows",), f"A queue has at most {MOST} objectives."))
        for place, row in enumerate(rows):
            faults += [
                Fault(("rows", place, word) if word else ("rows", place), said)
                for word, said in _find_faults(row)
            ]
        names = [row.get("name") for row in rows if isinstance(row, Mapping)]
        faults += [
            Fault(("rows", place, "name"), f"Another objective is named {name!r}.")
            for place, name in enumerate(names)
            if name and name in names[:place]
        ]
        return faults

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the rows with what is empty left out: they digest alike."""
        assert isinstance(body, Mapping)  # checked before
        return {
            "rows": [
                {
                    word: _tidy(word, row[word])
                    for word in COLUMNS
                    if str(row.get(word, "")).strip()
                }
                for row in body["rows"]
            ]
        }

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return why: an objective pages people and may act by itself."""
        return "Objectives tell people when to act, and may act by themselves."

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return tuple(HEADS[word] for word in COLUMNS)

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each objective."""
        return [
            Line(row["name"], tuple(str(row.get(word, "")) for word in COLUMNS))
            for row in body.get("rows", ())
        ]


def _tidy(word: str, value: object) -> str:
    text = " ".join(str(value).split())
    if word == "share":
        return f"{Decimal(text.removesuffix('%').strip()).normalize():f}"
    if word == "burnt":
        return "; ".join(filter(None, (one.strip() for one in text.split(";"))))
    return text


def _find_faults(row: object) -> list[tuple[str, str]]:
    if not isinstance(row, Mapping):
        return [("", "An objective is an object.")]
    unknown = sorted(set(map(str, row)) - set(COLUMNS))
    faults = [("", f"Nobody knows the word {word!r}.") for word in unknown]
    texts = {word: str(row.get(word, "")).strip() for word in COLUMNS}
    faults += [
        (word, "Keep it under 200 characters.")
        for word, text in texts.items()
        if len(text) > 200
    ]
    if not _NAME.fullmatch(texts["name"]):
        faults.append(("name", "Name it in lower-case words joined by hyphens."))
    if texts["class"] not in {"", "A", "B", "C"}:
        faults.append(("class", "The class is A, B or C, or empty for all."))
    if texts["step"] and not texts["process"]:
        faults.append(("process", "A step is one of a process: name it."))
    if texts["within"] and not _is_span(texts["within"]):
        faults.append(("within", "Write the working time as PT8H, or nothing."))
    if not _is_share(texts["share"]):
        faults.append(("share", "The share is above 0 and below 100, such as 95."))
    if texts["window"] not in {"", *WINDOWS}:
        faults.append(("window", "The window is 28d or month."))
    if texts["least"] and not (
        texts["least"].isdecimal() and 2 <= int(texts["least"][:6]) <= 10_000
    ):
        faults.append(("least", "The least count goes from 2 to 10000."))
    if read_response(_squeeze(texts["burnt"])) is None:
        faults.append(("burnt", f"Write it {_STATED}; more than one with ';'."))
    return faults


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _is_span(text: str) -> bool:
    try:
        span = read_duration(text, calendar=AROUND_THE_CLOCK)
    except ClockError:
        return False
    return dt.timedelta() < span <= dt.timedelta(days=90)


def _is_share(text: str) -> bool:
    try:
        share = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        return False
    return share.is_finite() and 0 < share < 100 and -share.as_tuple().exponent <= 4  # type: ignore[operator]
