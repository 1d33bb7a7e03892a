"""What an auditor may look at, and until when. Pure; the conditions in SQL are apart."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


class UnreadableScope(ValueError):
    """A scope that nobody could have been given; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class AuditScope:
    """The matter of an auditor: cases of these processes and queues, of this period.

    An empty limit limits nothing. A case is in the period by the moment it was opened;
    `opened_until` is excluded. After `ends_at` nothing is open any more.
    """

    matter: str = ""
    definitions: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    opened_from: dt.datetime | None = None
    opened_until: dt.datetime | None = None
    ends_at: dt.datetime | None = None

    @property
    def is_limited(self) -> bool:
        """Tell whether there are cases that are none of this auditor's business."""
        return bool(
            self.definitions or self.queues or self.opened_from or self.opened_until
        )

    def includes(self, other: "AuditScope") -> bool:
        """Tell whether all cases within the other limits are within these."""
        return (
            _is_part(other.definitions, self.definitions)
            and _is_part(other.queues, self.queues)
            and (
                self.opened_from is None
                or (
                    other.opened_from is not None
                    and other.opened_from >= self.opened_from
                )
            )
            and (
                self.opened_until is None
                or (
                    other.opened_until is not None
                    and other.opened_until <= self.opened_until
                )
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Return the limits as JSON, as a grant keeps them; the end is apart."""
        told: dict[str, Any] = {}
        if self.matter:
            told["matter"] = self.matter
        if self.definitions:
            told["definitions"] = list(self.definitions)
        if self.queues:
            told["queues"] = list(self.queues)
        if self.opened_from:
            told["opened_from"] = self.opened_from.isoformat()
        if self.opened_until:
            told["opened_until"] = self.opened_until.isoformat()
        return told

    @classmethod
    def from_json(
        cls, told: Mapping[str, Any], *, ends_at: dt.datetime | None = None
    ) -> Self:
        """Read what `to_json` told. Raises UnreadableScope."""
        return cls(
            matter=str(told.get("matter", "")),
            definitions=tuple(told.get("definitions", ())),
            queues=tuple(told.get("queues", ())),
            opened_from=_read_moment(told.get("opened_from")),
            opened_until=_read_moment(told.get("opened_until")),
            ends_at=ends_at,
        )

    def check(self) -> None:
        """Raise UnreadableScope for a period that ends before it begins."""
        if (
            self.opened_from is not None
            and self.opened_until is not None
            and self.opened_from >= self.opened_until
        ):
            raise UnreadableScope("The period of opening ends before it begins.")


EVERYTHING = AuditScope()


def _is_part(names: tuple[str, ...], of: tuple[str, ...]) -> bool:
    """Tell whether a limit allows no more than another; an empty one allows all."""
    return not of or (bool(names) and set(names) <= set(of))


def _read_moment(text: object) -> dt.datetime | None:
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise UnreadableScope(f"{text!r} is no moment.") from error
    if moment.tzinfo is None:
        raise UnreadableScope(f"{text!r} does not say in which zone.")
    return moment
