"""Which versions of policies are in force: what tasks pin of them. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import connection

from review.core.states import PolicyKind, PolicyState
from review.models import Calendar, Policy, Queue

# An approved version whose moment has come counts before the one it replaces, whether
# or not a sweep has turned the rows yet ("APPROVED" sorts before "IN_FORCE").
_IN_FORCE: Final = """
    SELECT DISTINCT ON ({subject}) {subject}, id, version, digest
    FROM review_policy
    WHERE {subject} = ANY(%s) AND kind = %s
      AND (state = 'IN_FORCE'
           OR (state = 'APPROVED' AND effective_at <= clock_timestamp()))
    ORDER BY {subject}, state
"""
_OF_QUEUES: Final = _IN_FORCE.format(subject="queue_id")
_OF_CALENDARS: Final = _IN_FORCE.format(subject="calendar_id")
HELD: Final = frozenset({
    PolicyState.APPROVED.value,
    PolicyState.IN_FORCE.value,
    PolicyState.SUPERSEDED.value,
})
"""What is in force, was, or will be without anybody saying more."""


@dataclass(frozen=True, slots=True)
class InForce:
    """Which version is in force: what tasks pin of it."""

    id: int
    version: int
    digest: str

    def to_json(self) -> dict[str, object]:
        """Return it as tasks and entries keep it."""
        return {"id": self.id, "version": self.version, "digest": self.digest}


def get_in_force(
    queue_ids: Collection[int], kind: PolicyKind = PolicyKind.GRID
) -> dict[int, InForce]:
    """Return the version of a kind in force now for each of the queues that has one."""
    return _read(_OF_QUEUES, queue_ids, kind)


def get_of_calendars(calendar_ids: Collection[int]) -> dict[int, InForce]:
    """Return the version in force now for each of the calendars that has one."""
    return _read(_OF_CALENDARS, calendar_ids, PolicyKind.CALENDAR)


def is_ruled(
    kind: PolicyKind, *, queue: Queue | None = None, calendar: Calendar | None = None
) -> bool:
    """Tell whether a version of a kind rules a subject: then two persons change it."""
    return Policy.objects.filter(
        queue=queue,
        calendar=calendar,
        kind=kind.value,
        state__in=[PolicyState.APPROVED.value, PolicyState.IN_FORCE.value],
    ).exists()


def _read(statement: str, ids: Collection[int], kind: PolicyKind) -> dict[int, InForce]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids), kind.value])
        return {row[0]: InForce(*row[1:]) for row in cursor.fetchall()}
