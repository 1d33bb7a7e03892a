"""Policies in force for tests: proposed by one person and approved by another."""

from review.core.states import PolicyKind, Role
from review.models import Calendar, Policy, Queue
from review.operations.policies import policies
from tests.factories.tasks import make_person


def set_policy(
    queue: Queue, body: object, *, kind: PolicyKind = PolicyKind.GRID
) -> Policy:
    """Bring a version into force as two process owners do; return it."""
    author = make_person("Paula", Role.PROCESS_OWNER)
    policy = policies.propose(
        queue_id=queue.id, kind=kind, body=body, reason="To begin with.", person=author
    )
    if policy.state == "PROPOSED":
        second = make_person("Pierre", Role.PROCESS_OWNER)
        policies.approve(policy_id=policy.id, person=second)
        policy.refresh_from_db()
    return policy


def set_calendar(calendar: Calendar, body: object) -> Policy:
    """Bring another version of a calendar into force as two process owners do."""
    author = make_person("Paula", Role.PROCESS_OWNER)
    policy = policies.propose(
        calendar_id=calendar.id,
        kind=PolicyKind.CALENDAR,
        body=body,
        reason="Other hours from now on.",
        person=author,
    )
    second = make_person("Pierre", Role.PROCESS_OWNER)
    return policies.approve(policy_id=policy.id, person=second)
