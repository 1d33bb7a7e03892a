"""What policies of clocks and ladders rest on: calendars, queues, and what stood before.

Tasks read both as they open, so nothing follows a version that comes into force.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from review.core.policies.ladder_policy import list_targets, read_words
from review.core.policies.policies import Fault
from review.models import Calendar, Policy, Queue
from review.operations.policies.policy_subjects import Subject
from workflows import audit
from workflows.core.actors import Actor


class ClockEffect:
    """The kind CLOCKS; see policy_effects.Effect."""

    def check(self, subject: Subject, body: Mapping[str, Any]) -> Sequence[Fault]:
        """Return a fault for each row whose calendar there is not."""
        named = {row["calendar"] for row in body["rows"] if row.get("calendar")}
        known = set(
            Calendar.objects.filter(key__in=named).values_list("key", flat=True)
        )
        return [
            Fault(
                ("rows", place, "calendar"),
                f"Row {place + 1}: there is no calendar {row['calendar']!r}.",
            )
            for place, row in enumerate(body["rows"])
            if row.get("calendar", "") not in {"", *known}
        ]

    def read_before(self, subject: Subject) -> dict[str, Any] | None:
        """Return None: without a version each step has its own words alone."""
        return None

    def enact(
        self, subject: Subject, policy: Policy, *, by: Actor
    ) -> list[audit.Draft]:
        """Return nothing: tasks that open ask for the version in force."""
        return []


class LadderEffect:
    """The kind LADDER; see policy_effects.Effect."""

    def check(self, subject: Subject, body: Mapping[str, Any]) -> Sequence[Fault]:
        """Return a fault for each rung that escalates to no other queue there is."""
        targets = list_targets(body)
        named = {key for _, key in targets}
        known = set(Queue.objects.filter(key__in=named).values_list("key", flat=True))
        return [
            Fault(
                ("rows", place, "act1"),
                f"Rung {place + 1}: there is no other queue {key!r} to escalate to.",
            )
            for place, key in targets
            if key not in known - {subject.key}
        ]

    def read_before(self, subject: Subject) -> dict[str, Any] | None:
        """Return the ladder that an operator set with the queue's rules, if any."""
        words = subject.queue.ladder if subject.queue else ""
        return read_words(words) if words else None

    def enact(
        self, subject: Subject, policy: Policy, *, by: Actor
    ) -> list[audit.Draft]:
        """Return nothing: tasks that open ask for the version in force."""
        return []
