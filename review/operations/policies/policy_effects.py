"""What rests on a policy beside its version: what stood before, and what follows it.

Tasks read most policies as they open, so nothing more follows. Where something else is
read (the rows of reason codes, a calendar's versions), it follows in the transaction
that brings the version into force.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from review.core.policies.policies import Fault
from review.core.states import PolicyKind
from review.models import Policy
from review.operations.policies.calendar_policies import CalendarEffect
from review.operations.policies.clock_effects import ClockEffect, LadderEffect
from review.operations.policies.policy_subjects import Subject
from review.operations.policies.reason_policies import ReasonEffect
from workflows import audit
from workflows.core.actors import Actor


class Effect(Protocol):
    """What a kind has besides its versions."""

    def check(self, subject: Subject, body: Mapping[str, Any]) -> Sequence[Fault]:
        """Return the faults of a sound body that only what is stored can tell."""
        ...

    def read_before(self, subject: Subject) -> dict[str, Any] | None:
        """Return what rules a subject that has no version, as a body; None: nothing."""
        ...

    def enact(
        self, subject: Subject, policy: Policy, *, by: Actor
    ) -> list[audit.Draft]:
        """Let what rests on a version follow it; return the entries of that."""
        ...


EFFECTS: Final[Mapping[PolicyKind, Effect]] = {
    PolicyKind.REASONS: ReasonEffect(),
    PolicyKind.CLOCKS: ClockEffect(),
    PolicyKind.LADDER: LadderEffect(),
    PolicyKind.CALENDAR: CalendarEffect(),
}
