"""Policies of queues and calendars as pages list them."""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import QuerySet

from review.core.states import PolicyKind
from review.dashboards.sql import read_rows
from review.models import Calendar, Person, Policy, Queue

# The newest version of each state that counts, for each subject, in one statement.
_STANDING: Final = """
    SELECT q.id AS subject_id, q.key, q.name, k.kind,
        f.id AS in_force_id, f.version AS in_force, f.effective_at, fs.name AS settled_by,
        fa.name AS author, w.id AS waiting_id, w.version AS waiting, w.reason,
        w.proposed_at, w.author_id AS waiting_author_id, wa.name AS waiting_author,
        a.id AS approved_id, a.version AS approved, a.effective_at AS approved_at
    FROM {table} q
    CROSS JOIN unnest(%(kinds)s::text[]) WITH ORDINALITY AS k(kind, place)
    LEFT JOIN review_policy f
        ON f.{column} = q.id AND f.kind = k.kind AND f.state = 'IN_FORCE'
    LEFT JOIN review_person fa ON fa.id = f.author_id
    LEFT JOIN review_person fs ON fs.id = f.settled_by_id
    LEFT JOIN review_policy w
        ON w.{column} = q.id AND w.kind = k.kind AND w.state = 'PROPOSED'
    LEFT JOIN review_person wa ON wa.id = w.author_id
    LEFT JOIN review_policy a
        ON a.{column} = q.id AND a.kind = k.kind AND a.state = 'APPROVED'
    ORDER BY q.name, q.id, k.place
"""
_OF_QUEUES: Final = _STANDING.format(table="review_queue", column="queue_id")
_OF_CALENDARS: Final = _STANDING.format(table="review_calendar", column="calendar_id")
HISTORY: Final = 100


def list_standing(kinds: Iterable[PolicyKind]) -> list[Any]:
    """Return, for each queue and kind, what is in force, approved and proposed."""
    return read_rows(_OF_QUEUES, {"kinds": [kind.value for kind in kinds]})


def list_of_calendars() -> list[Any]:
    """Return, for each calendar, what is in force, approved and proposed."""
    return read_rows(_OF_CALENDARS, {"kinds": [PolicyKind.CALENDAR.value]})


def list_calendar_users(calendar_id: int) -> tuple[list[Any], int]:
    """Return the queues that count by a calendar, and how many people work by it."""
    queues = Queue.objects.filter(calendar_id=calendar_id).order_by("name", "key")
    people = Person.objects.filter(calendar_id=calendar_id, disabled_at=None)
    return list(queues.values("key", "name")), people.count()


def list_versions(rows: "QuerySet[Policy]") -> list[Policy]:
    """Return versions of a subject's policy with their persons, the newest first."""
    return list(_with_persons(rows).order_by("-version")[:HISTORY])


def find_policy(policy_id: int) -> Policy | None:
    """Return one version with its subject and persons, or None."""
    return _with_persons(Policy.objects.filter(pk=policy_id)).first()


def _with_persons(rows: "QuerySet[Policy]") -> "QuerySet[Policy]":
    return rows.select_related("queue", "calendar", "author", "settled_by")


def list_offers() -> dict[str, list[str]]:
    """Return what columns of editors offer besides their own words."""
    queues = Queue.objects.order_by("key").values_list("key", flat=True)
    return {
        "calendars": list(
            Calendar.objects.order_by("key").values_list("key", flat=True)
        ),
        "escalations": [f"escalate {key}" for key in queues],
    }
