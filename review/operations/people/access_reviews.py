"""Access reviews: who could do what at a moment, played back from the installation's chain."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from django.db import transaction

from review.core.access_review import KINDS, Access, Event, replay_access
from review.core.states import Role
from review.dashboards.sql import read_json
from review.models import Person
from review.operations.people.people import actor_of
from review.permissions import Rights, get_rights
from workflows import audit
from workflows.core.canonical import digest
from workflows.models import AuditEntry
from workflows.operations.errors import Forbidden, Invalid
from workflows.store import database_now

_OVERSEERS: Final = (Role.AUDITOR, Role.PROCESS_OWNER, Role.ADMINISTRATOR)


def can_see_people(rights: Rights) -> bool:
    """Tell whether one looks at people: who manages some, overseers, auditors of all."""
    return rights.holds_anywhere(Role.MANAGER, *_OVERSEERS)


def check_can_see_people(rights: Rights) -> None:
    """Raise Forbidden for who may not look at people and what they may."""
    if not can_see_people(rights):
        raise Forbidden(
            f"{rights.name} may not look at people: it takes a manager, a process owner,"
            " an administrator, or an auditor of everything.",
            code="no-role",
        )


def can_review_access(rights: Rights) -> bool:
    """Tell whether one takes along who may do what: overseers, auditors of all."""
    return rights.holds_anywhere(*_OVERSEERS)


def check_can_review_access(rights: Rights) -> None:
    """Raise Forbidden for who may not take an access review along."""
    if not can_review_access(rights):
        raise Forbidden(
            f"{rights.name} may not take an access review along: it takes a process"
            " owner, an administrator, or an auditor of everything.",
            code="no-role",
        )


def read_access(at: dt.datetime) -> Access:
    """Return everybody's rights as they stood at a moment, from the entries up to it."""
    return replay_access(_read_events(), at=at)


def record_export(
    *, person: Person, at: dt.datetime, rows: list[list[str]], form: str
) -> None:
    """Record that somebody took an access review along; raises Forbidden, Invalid.

    The entry names its moment, how many rows it has, and their digest.
    """
    check_can_review_access(get_rights(person.id))
    now = database_now()
    if at > now:
        raise Invalid("An access review is of a moment that has come.")
    detail = {
        "at": at.isoformat(),
        "rows": len(rows),
        "format": form,
        "digest": digest(rows),
    }
    with transaction.atomic():
        draft = audit.Draft(
            kind="access.exported", actor=actor_of(person), detail=detail
        )
        audit.record_installation(drafts=[draft], now=now)


def _read_events() -> Iterator[Event]:
    entries = AuditEntry.objects.filter(chain=audit.INSTALLATION, kind__in=KINDS)
    for entry in entries.order_by("seq").iterator(chunk_size=2_000):
        detail = read_json(entry.entry).get("detail", {})
        yield Event(entry.seq, entry.kind, entry.actor, entry.at, detail)
