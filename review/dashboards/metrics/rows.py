"""What the panels are drawn from: plain rows of words and numbers, durations in seconds."""

import dataclasses
import datetime as dt
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True, slots=True)
class LateTask:
    """An open task that breached or will soon; `held_by` "" is nobody.

    `overdue_seconds` is below 0 before it is due. `chance` is that of a breach, 1 where
    it has breached.
    """

    id: int
    title: str
    case: str
    queue: str
    queue_name: str
    task_class: str
    step: str
    state: str
    opened_at: dt.datetime
    due_at: dt.datetime
    overdue_seconds: float
    held_by: str
    held_by_id: int | None
    chance: float


@dataclasses.dataclass(frozen=True, slots=True)
class ForecastClass:
    """One class: how much is due today still, and how much of it will likely be late.

    `closed` is the sample its curve is from; `is_own` tells whether that is its own.
    """

    task_class: str
    due_today: int
    expected: float
    closed: int
    is_own: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """Breaches to expect until midnight, with the band of 80 %; `so_far` are today's.

    `chances` are those of the tasks that fall due, each of so many tasks.
    """

    expected: float
    low: float
    high: float
    due_today: int
    so_far: int
    until: dt.datetime
    classes: Sequence[ForecastClass]
    chances: Sequence[tuple[float, int]] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class BurnDay:
    """One day of the month: what share of the allowance was used by its end.

    `gone` is the share of the month; `used` None for days to come.
    """

    day: dt.date
    label: str
    breaches: int
    used: float | None
    gone: float


@dataclasses.dataclass(frozen=True, slots=True)
class Burn:
    """The month's allowance of breaches; `used` None where nothing is allowed yet."""

    month: str
    allowed_share: float
    expected_closings: float
    allowed: float
    breaches: int
    closed: int
    used: float | None
    gone: float
    days: Sequence[BurnDay]


@dataclasses.dataclass(frozen=True, slots=True)
class AgeBand:
    """Open tasks of an age: more than `least` seconds, up to `most` (None: any)."""

    label: str
    least: float
    most: float | None
    tasks: int


@dataclasses.dataclass(frozen=True, slots=True)
class AgingClass:
    """The open tasks of one class by age, and the age most of its tasks never reach.

    `sle_seconds` is the p85 of the whole time of those closed in the 60 days before
    Monday, of `sample` tasks; None for none.
    """

    task_class: str
    tasks: int
    sle_seconds: float | None
    sample: int
    over_sle: int
    oldest_at: dt.datetime | None
    bands: Sequence[AgeBand]


@dataclasses.dataclass(frozen=True, slots=True)
class FlowPoint:
    """What came and went in one stretch of the period; `wip` is that at its end."""

    start: dt.datetime
    label: str
    arrivals: int
    first_claims: int
    closed: int
    breached: int
    wip: int


@dataclasses.dataclass(frozen=True, slots=True)
class CumulativePoint:
    """A moment of the cumulative flow: the layers, and what lies between them."""

    at: dt.datetime
    label: str
    arrived: int
    begun: int
    closed: int

    @property
    def waiting(self) -> int:
        """Return how many wait for their first claim."""
        return self.arrived - self.begun

    @property
    def in_work(self) -> int:
        """Return how many were begun and are not closed."""
        return self.begun - self.closed


@dataclasses.dataclass(frozen=True, slots=True)
class ScatterPoint:
    """One closed task: when, and how long its cycle took."""

    task: int
    case: str
    task_class: str
    ended_at: dt.datetime
    seconds: float
    is_late: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Scatter:
    """Cycle times of closed tasks, at most so many points of `total`, with percentiles."""

    points: Sequence[ScatterPoint]
    total: int
    p50: float | None
    p85: float | None
    p95: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class XmrPoint:
    """One week's value over `count` tasks; `signals` names the rules it is part of."""

    start: dt.date
    label: str
    value: float
    count: int
    signals: Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Xmr:
    """A control chart with its signals in words; limits None with too few points."""

    kind: str
    title: str
    unit: str
    points: Sequence[XmrPoint]
    mean: float | None
    lower: float | None
    upper: float | None
    signals: Sequence[str]
    is_calm: bool


@dataclasses.dataclass(frozen=True, slots=True)
class SplitRow:
    """One part of the time of the closed tasks; `share` is of their whole time."""

    key: str
    label: str
    seconds: int
    share: float | None
    p50: float | None
    p85: float | None
    p95: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class PauseRow:
    """For what the clocks stood: how many tasks, and for how long in all."""

    reason: str
    tasks: int
    seconds: int


@dataclasses.dataclass(frozen=True, slots=True)
class Split:
    """Where the time of the closed tasks went."""

    tasks: int
    rows: Sequence[SplitRow]
    pauses: Sequence[PauseRow]


@dataclasses.dataclass(frozen=True, slots=True)
class QualityRow:
    """A share with what it is of; `figure` is its key in the registry."""

    figure: str
    title: str
    above: int
    below: int
    share: float | None
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class StateRow:
    """Work in progress of one state and class."""

    state: str
    task_class: str
    tasks: int
