"""What the audit search can be narrowed by, read from plain words. Pure.

Facets travel as strings: in the address of the search, in a saved search, in a
selection to export. Days are whole days of the auditor's zone, which is a facet too.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from review.core.states import Decision, Outcome, Role
from workflows.core.zones import find_moment

KIND: Final = re.compile(r"[a-z_]+(\.[a-z_]+)?(\.?\*)?")
_HASH: Final = re.compile(r"[0-9a-f]{8,64}")
_LONGEST: Final = 200
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
"""Days beyond have no moment in some zones, or no hour before or after."""

# Everything that goes past the usual way, or looks where not everybody may.
BYPASSES: Final = (
    "step.skipped",
    "step.moved",
    "step.variables_edited",
    "instance.variables_edited",
    "instance.migrated",
    "task.reopened",
    "delegation.given",
    "delegation.revoked",
    "emergency.opened",
    "emergency.ended",
    "emergency.reviewed",
    "intervention.proposed",
    "intervention.done",
    "policy.kept",
    "policy.proposed",
    "policy.approved",
    "policy.came_into_force",
    "queue.changed",
    "stop.placed",
    "stop.extended",
    "stop.lift_asked",
    "stop.lifted",
    "stop.lapsed",
    "role.granted",
    "role.revoked",
    "evidence.exported",
    "evidence.downloaded",
    "audit.case_opened",
    "audit.personal_data_searched",
    "audit.personal_data_unmasked",
    "audit.list_exported",
    "access.exported",
)
"""Kinds of entries; a verdict on somebody's behalf is one by what it says besides."""


class UnreadableFacet(ValueError):
    """A facet that cannot be read: `name` says which, the message what it takes."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclasses.dataclass(frozen=True, slots=True)
class Facets:
    """What is searched for; an empty facet leaves everything in.

    `kind` may end in "*". Times are UTC moments, `until` is excluded. `chain`, `hash`
    and `words` are what the one box was understood as; `words` is a case's whole key
    or part of somebody's name. `found` is a stored list of cases.
    """

    chain: UUID | None = None
    hash: str = ""
    words: str = ""
    kind: str = ""
    bypass: bool = False
    actor: str = ""
    role: str = ""
    definition: str = ""
    version: str = ""
    queue: str = ""
    policy: str = ""
    model: str = ""
    decision: str = ""
    outcome: str = ""
    overturned: bool | None = None
    four_eyes: bool | None = None
    sla: bool | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    found: int | None = None

    @property
    def asks_tasks(self) -> bool:
        """Tell whether the search needs to know the tasks behind the entries."""
        return any(getattr(self, name) not in {"", None} for name in _OF_TASKS)


_OF_TASKS: Final = (
    "queue", "policy", "model", "decision", "outcome", "overturned", "four_eyes", "sla",
    "least", "most",
)  # fmt: skip


def read_facets(given: Mapping[str, str]) -> Facets:
    """Return the facets that strings tell of; unknown names are passed over.

    Raises UnreadableFacet.
    """
    told = {name: given.get(name, "").strip() for name in NAMES}
    for name, text in told.items():
        if len(text) > _LONGEST:
            raise UnreadableFacet(name, f"Keep it under {_LONGEST} characters.")
    zone = _zone(told["zone"])
    values: dict[str, Any] = {
        name: reader(name, told[name])
        for name, reader in _READERS.items()
        if told[name]
    }
    values["since"] = _midnight("since", told["since"], zone)
    values["until"] = _midnight("until", told["until"], zone, days=1)
    least, most = values.get("least"), values.get("most")
    if least is not None and most is not None and least > most:
        raise UnreadableFacet("most", "The largest amount is below the least.")
    if values["since"] and values["until"] and values["since"] >= values["until"]:
        raise UnreadableFacet("until", "The last day is before the first.")
    box = _read_box(told["q"])
    return Facets(**{**values, **{n: v for n, v in box.items() if n not in values}})


def _read_box(text: str) -> dict[str, Any]:
    """Understand the one box: a case's id, a hash, a kind, somebody, or words."""
    if not text:
        return {}
    try:
        return {"chain": UUID(text)}
    except ValueError:
        pass
    # A word of hexadecimal digits alone could be a name; figures make it a hash.
    if _HASH.fullmatch(text) and any(one.isdigit() for one in text):
        return {"hash": text}
    if KIND.fullmatch(text) and ("." in text or text.endswith("*")):
        return {"kind": text}
    if re.fullmatch(r"(person|token|system):[\w-]+", text):
        return {"actor": text}
    return {"words": text}


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnreadableFacet("zone", f"There is no time zone {text!r}.") from error


def _midnight(
    name: str, text: str, zone: ZoneInfo, *, days: int = 0
) -> dt.datetime | None:
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise UnreadableFacet(name, "Write the day as 2026-01-31.") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise UnreadableFacet(name, f"Take a year from {_FIRST_YEAR} to {_LAST_YEAR}.")
    return find_moment(dt.datetime.combine(day, dt.time.min), zone)


def _text(_: str, text: str) -> str:
    return text


def _kind(name: str, text: str) -> str:
    if not KIND.fullmatch(text):
        raise UnreadableFacet(name, "Write it like verdict.submitted or task.*")
    return text


def _flag(name: str, text: str) -> bool:
    if text not in {"yes", "no"}:
        raise UnreadableFacet(name, "It is yes or no.")
    return text == "yes"


def _amount(name: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise UnreadableFacet(name, "Write a number such as 2500.") from error
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 24:
        raise UnreadableFacet(name, "Write a number such as 2500.")
    return amount


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise UnreadableFacet(name, "It is a whole number.")
    return int(text)


def _word_of(*words: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in words:
            raise UnreadableFacet(name, f"It is one of {', '.join(words)}.")
        return text

    return read


MACHINES: Final = ("SYSTEM", "API")
_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "kind": _kind,
    "bypass": _flag,
    "actor": _text,
    "role": _word_of(*(role.value for role in Role), *MACHINES),
    "definition": _text,
    "version": _text,
    "queue": _text,
    "policy": _text,
    "model": _text,
    "decision": _word_of(*(word.value for word in Decision)),
    "outcome": _word_of(*(word.value for word in Outcome)),
    "overturned": _flag,
    "four_eyes": _flag,
    "sla": _flag,
    "least": _amount,
    "most": _amount,
    "since": _text,
    "until": _text,
    "found": _number,
}
NAMES: Final = frozenset({*_READERS, "q", "zone"})
"""What `read_facets` reads; it passes over all other names."""
