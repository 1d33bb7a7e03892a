"""What figures are about: whose work, and when; and what one figure reads."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from django.http import QueryDict

Hours = Literal["wall", "business"]
FIELDS: Final = {
    "queue": "queue",
    "task_class": "class",
    "definition": "definition",
    "step": "step",
    "team": "team",
}
"""The fields of a scope, and what each is called in an address."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """Whose work: each field narrows it, None does not.

    `queue` and `definition` are keys, `step` a node's id, `team` a lane's region and
    skill as in "EU/claims" ("/" is the lane of everybody). `allowed` are the keys of the
    queues whose figures the reader may see, None: all; it is no part of an address.
    """

    queue: str | None = None
    task_class: str | None = None
    definition: str | None = None
    step: str | None = None
    team: str | None = None
    allowed: frozenset[str] | None = None

    @classmethod
    def from_query(
        cls, query: QueryDict, *, allowed: frozenset[str] | None = None
    ) -> "Scope":
        """Read a scope from an address; empty and missing fields narrow nothing."""
        return cls(
            **{name: query.get(word) or None for name, word in FIELDS.items()},
            allowed=allowed,
        )

    def to_query(self) -> dict[str, str]:
        """Return the fields that narrow, as an address names them."""
        values: Mapping[str, str | None] = {
            name: getattr(self, name) for name in FIELDS
        }
        return {FIELDS[name]: value for name, value in values.items() if value}

    @property
    def is_everything(self) -> bool:
        """Tell whether nothing narrows it."""
        return self.allowed is None and not self.to_query()

    @property
    def is_one_class(self) -> bool:
        """Tell whether a class narrows it and nothing else."""
        return self.allowed is None and self.to_query().keys() == {"class"}


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """When: from `since` up to, not including, `until`; days are those of `zone`.

    Both are whole hours (UTC): what is given is widened to such, for counts are kept by
    the hour. `hours` says how durations are measured: on the wall clock, or in the
    business time of each task's calendar.
    """

    since: dt.datetime
    until: dt.datetime
    zone: str = "UTC"
    hours: Hours = "wall"

    def __post_init__(self) -> None:
        """Widen it to whole hours."""
        until = floor_hour(self.until)
        if until < self.until:
            until += dt.timedelta(hours=1)
        object.__setattr__(self, "since", floor_hour(self.since))
        object.__setattr__(self, "until", until)

    @classmethod
    def of_days(
        cls, days: int, *, now: dt.datetime, zone: str = "UTC", hours: Hours = "wall"
    ) -> "Period":
        """Return the last so many times 24 hours."""
        return cls(now - dt.timedelta(days=days), now, zone, hours)

    @property
    def before(self) -> "Period":
        """Return the period of the same length that ends where this one begins."""
        length = self.until - self.since
        return dataclasses.replace(self, since=self.since - length, until=self.since)


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One figure as read: its value, None where there is none, over so many tasks."""

    value: Decimal | None
    count: int


def floor_hour(moment: dt.datetime) -> dt.datetime:
    """Return the beginning of a moment's hour, in UTC."""
    return moment.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
