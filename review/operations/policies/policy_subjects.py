"""What a policy rules, a queue or a calendar; how it is locked, and what it is called."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from review import live
from review.core.states import PolicyKind
from review.models import Calendar, Policy, Queue
from review.operations.policies.policies_in_force import (
    InForce,
    get_in_force,
    get_of_calendars,
)
from workflows.operations.errors import NotFound

if TYPE_CHECKING:
    from django.db.models import QuerySet

NAMES: Final = {
    PolicyKind.GRID: "grid",
    PolicyKind.ROUTING: "routing rules",
    PolicyKind.OBJECTIVES: "objectives",
    PolicyKind.QUORUM: "quorum rules",
    PolicyKind.REASONS: "reason codes",
    PolicyKind.CLOCKS: "clocks",
    PolicyKind.LADDER: "ladder",
    PolicyKind.CALENDAR: "calendar",
}
"""What sentences call each kind."""
IS_ONE: Final = frozenset({PolicyKind.GRID, PolicyKind.LADDER, PolicyKind.CALENDAR})
"""Kinds whose name is one thing: "this grid is", but "these rules are"."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A queue or a calendar: exactly one of the two is given."""

    queue: Queue | None = None
    calendar: Calendar | None = None

    @property
    def name(self) -> str:
        """Return how people call it."""
        return self.queue.name if self.queue else self._calendar.name

    @property
    def key(self) -> str:
        """Return its key."""
        return self.queue.key if self.queue else self._calendar.key

    @property
    def word(self) -> str:
        """Return what it is: queue or calendar."""
        return "queue" if self.queue else "calendar"

    @property
    def queue_id(self) -> int | None:
        """Return the queue's id; a calendar is of no queue."""
        return self.queue.id if self.queue else None

    @property
    def calendar_id(self) -> int | None:
        """Return the calendar's id, None for a queue."""
        return self.calendar.id if self.calendar else None

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the live topics of pages that show its policies."""
        of_queue = (live.queue_topic(self.queue.key),) if self.queue else ()
        return (live.POLICIES, *of_queue)

    @property
    def topic(self) -> str:
        """Return the topic nearest to it."""
        return self.topics[-1]

    @property
    def _calendar(self) -> Calendar:
        assert self.calendar is not None  # one of the two is given
        return self.calendar

    def list_policies(self, kind: PolicyKind) -> "QuerySet[Policy]":
        """Return all its versions of a kind."""
        return Policy.objects.filter(
            queue=self.queue, calendar=self.calendar, kind=kind.value
        )

    def find_in_force(self, kind: PolicyKind) -> InForce | None:
        """Return its version in force now, or None."""
        if self.queue is not None:
            return get_in_force([self.queue.id], kind).get(self.queue.id)
        return get_of_calendars([self._calendar.id]).get(self._calendar.id)


def subject_of(policy: Policy) -> Subject:
    """Return what a version rules."""
    return Subject(queue=policy.queue, calendar=policy.calendar)


def lock_subject(
    *, queue_id: int | None = None, calendar_id: int | None = None
) -> Subject:
    """Lock the queue or the calendar before any of its policies. Raises NotFound.

    FOR NO KEY UPDATE: tasks that open meanwhile only refer to it.
    """
    if calendar_id is not None:
        calendars = Calendar.objects.select_for_update(no_key=True)
        calendar = calendars.filter(pk=calendar_id).first()
        if calendar is None:
            raise NotFound(f"There is no calendar {calendar_id}.")
        return Subject(calendar=calendar)
    queues = Queue.objects.select_for_update(no_key=True)
    queue = queues.filter(pk=queue_id or 0).first()
    if queue is None:
        raise NotFound(f"There is no queue {queue_id}.")
    return Subject(queue=queue)


def lock_policy(policy_id: int) -> tuple[Policy, Subject]:
    """Lock a version's subject, then the version. Raises NotFound."""
    # A policy never changes its subject, so looking that up needs no lock of its own.
    found = Policy.objects.filter(pk=policy_id).values("queue_id", "calendar_id")
    row = found.first()
    if row is None:
        raise NotFound(f"There is no policy version {policy_id}.")
    subject = lock_subject(queue_id=row["queue_id"], calendar_id=row["calendar_id"])
    return Policy.objects.select_for_update().get(pk=policy_id), subject
