"""Who could do what at a moment, told by the entries of the installation's log. Pure.

An access review is evidence: it is not read from the tables of today but played back
from the entries up to its moment, so that it is right for any day in the past, and each
right names the entry that gave it. That tables and entries agree is the database's
business (each change of a right needs its entry).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = (
    "person.created",
    "person.disabled",
    "account.created",
    "role.granted",
    "role.revoked",
    "authority.granted",
    "authority.revoked",
    "delegation.given",
    "delegation.revoked",
    "emergency.opened",
    "emergency.ended",
    "emergency.reviewed",
)
"""Kinds of entries that an access review is made from."""


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: its number in the chain, who did it, when, and what it says."""

    seq: int
    kind: str
    actor: str
    at: dt.datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Right:
    """One thing a person may do. `queue` is "" for all, `limit` "" for none.

    `kind` is role, limit, stand-in or emergency. `until` is when it ends by itself.
    """

    person_id: int
    kind: str
    what: str
    queue: str
    limit: str
    since: dt.datetime
    until: dt.datetime | None
    by: str
    seq: int


@dataclass(slots=True)
class Someone:
    """A person with the accounts he signs in with, the first one first."""

    id: int
    name: str
    created_at: dt.datetime
    accounts: list[str] = field(default_factory=list)
    disabled_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Everybody, and every right in force, at one moment."""

    at: dt.datetime
    people: Mapping[int, Someone]
    rights: tuple[Right, ...]


def replay_access(events: Iterable[Event], *, at: dt.datetime) -> Access:
    """Return who had which right at a moment.

    `events` are the entries of KINDS in their order; those after the moment are left
    out. A right of somebody whose accounts were closed stands; `Someone.disabled_at`
    says since when it is of no use.
    """
    people: dict[int, Someone] = {}
    rights: dict[tuple[object, ...], Right] = {}
    for event in events:
        if event.at > at:
            break
        _play(event, people, rights)
    in_force = [
        right for right in rights.values() if right.until is None or right.until > at
    ]
    in_force.sort(
        key=lambda one: (one.person_id, one.kind, one.what, one.queue, one.seq)
    )
    return Access(at=at, people=people, rights=tuple(in_force))


def _play(
    event: Event,
    people: dict[int, Someone],
    rights: dict[tuple[object, ...], Right],
) -> None:
    subject, _, what = event.kind.partition(".")
    detail = event.detail
    match subject:
        case "person" | "account":
            _play_person(event, people)
        case "role" | "authority":
            held = (subject, detail["person"], detail.get("role"), detail.get("queue"))
            if what == "granted":
                rights[held] = _held(event, subject)
            else:
                rights.pop(held, None)
        case "delegation":
            lent = (subject, detail["delegation"])
            if what == "given":
                rights[lent] = _lent(event)
            else:
                rights.pop(lent, None)
        case _:
            # Emergencies: ended and unjustified ones carry the earlier end.
            glass = (subject, detail["emergency"])
            rights[glass] = _taken(event, rights.get(glass))


def _play_person(event: Event, people: dict[int, Someone]) -> None:
    detail = event.detail
    person_id = int(detail["person"])
    if event.kind == "person.created":
        people[person_id] = Someone(person_id, str(detail["name"]), event.at)
    someone = people.setdefault(
        person_id, Someone(person_id, str(detail.get("name", "")), event.at)
    )
    if event.kind == "person.disabled":
        someone.disabled_at = event.at
    elif detail.get("username"):
        someone.accounts.append(str(detail["username"]))


def _held(event: Event, subject: str) -> Right:
    detail = event.detail
    scope = detail.get("scope")
    return Right(
        person_id=int(detail["person"]),
        kind="role" if subject == "role" else "limit",
        what=str(detail["role"]) if subject == "role" else "approves up to",
        queue=str(detail.get("queue") or ""),
        limit=str(detail["amount"]) if subject == "authority" else _tell(scope),
        since=event.at,
        until=_moment(detail.get("ends_at")),
        by=event.actor,
        seq=event.seq,
    )


def _lent(event: Event) -> Right:
    detail = event.detail
    amount = detail.get("amount")
    return Right(
        person_id=int(detail["taker"]),
        kind="stand-in",
        what=f"for person {detail['giver']}",
        queue=str(detail.get("queue") or ""),
        limit="" if amount is None else str(amount),
        since=_moment(detail.get("starts_at")) or event.at,
        until=_moment(detail.get("ends_at")),
        by=event.actor,
        seq=event.seq,
    )


def _taken(event: Event, before: Right | None) -> Right:
    detail = event.detail
    return Right(
        person_id=int(detail["person"]),
        kind="emergency",
        what="REVIEWER",
        queue=str(detail.get("queue") or ""),
        limit="",
        since=before.since if before else event.at,
        until=_moment(detail.get("expires_at")),
        by=before.by if before else event.actor,
        seq=before.seq if before else event.seq,
    )


def _tell(scope: Mapping[str, Any] | None) -> str:
    """Return an auditor's limits in words."""
    return "; ".join(
        f"{name} {_words(value)}" for name, value in sorted((scope or {}).items())
    )


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _moment(text: object) -> dt.datetime | None:
    return dt.datetime.fromisoformat(str(text)) if text else None
