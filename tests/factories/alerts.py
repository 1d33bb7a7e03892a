"""Alert rules as two persons make them."""

from typing import Any

from review.models import AlertRule, Person
from review.operations.figures import alerts
from review.operations.figures.alerts import Wanted
from review.operations.policies import proposed_changes


def bring_rule(
    *, wanted: Wanted, by: Person, then: Person, rule: AlertRule | None = None
) -> AlertRule:
    """Let one person propose a rule, or its next version, and another approve it."""
    change = alerts.propose(
        wanted=wanted, person=by, reason="It is to be watched.", **_of(rule)
    )
    change = proposed_changes.approve(change_id=change.id, person=then)
    return AlertRule.objects.get(pk=int(change.subject.partition(":")[2]))


def end_rule(rule: AlertRule, *, by: Person, then: Person) -> None:
    """Let one person propose a rule's end, and another approve it."""
    change = alerts.propose_end(rule_id=rule.id, person=by, reason="No more.")
    proposed_changes.approve(change_id=change.id, person=then)


def _of(rule: AlertRule | None) -> dict[str, Any]:
    return {"rule_id": rule.id} if rule else {}
