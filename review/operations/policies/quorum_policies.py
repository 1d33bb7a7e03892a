"""The quorum rules of queues as tasks are opened under them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from review.core.policies.quorum_policy import (
    Ask,
    QuorumRules,
    Settled,
    read_quorum_rules,
    settle_plan,
)
from review.core.policies.quorum_strictness import describe_plan
from review.core.states import PolicyKind
from review.core.tasks.desks import Assessment, Desk
from review.core.verdicts.quorum import Plan, make_plan
from review.models import Policy
from review.operations.policies.policies_in_force import InForce
from review.operations.tasks.task_rows import AT_ONCE, QueueFacts
from workflows.kinds import HumanRequest


@dataclass(frozen=True, slots=True)
class RuledQuorum:
    """The plan of a task; `pinned` is what it keeps of the version that spoke."""

    plan: Plan
    pinned: Mapping[str, object] | None = None

    @property
    def pins(self) -> dict[str, object]:
        """Return which rules spoke, as the task says why; nothing where none did."""
        return {"quorum_policy": self.pinned} if self.pinned else {}

    def to_json(self) -> dict[str, object]:
        """Return what is in force for the task from now on."""
        return {"quorum": self.plan.to_json(), **self.pins}


def settle_quorum(
    request: HumanRequest, desk: Desk, assessment: Assessment, *, queue: QueueFacts
) -> RuledQuorum:
    """Return how many persons decide on a case, by its step, its grid, and its queue.

    The queue is the one it goes to. What no person reviews has no rules: what the grid
    settles at once, and what the initiator has to correct himself.
    """
    control, impact = assessment.ruling.control, assessment.impact.value
    held = queue.in_force.get(PolicyKind.QUORUM)
    if held is None or control in AT_ONCE or desk.own_work:
        return RuledQuorum(make_plan(word=desk.quorum, control=control, impact=impact))
    settled = settle_plan(
        word=desk.quorum if desk.says_quorum else None,
        control=control,
        impact=impact,
        answer=load_quorum_rules(held.id).answer(
            Ask(
                priority=assessment.priority.value,
                process=request.definition_key,
                step=request.node.id,
                impact=impact,
            )
        ),
    )
    return RuledQuorum(settled.plan, _pin(held, settled))


@lru_cache(maxsize=512)
def load_quorum_rules(policy_id: int) -> QuorumRules:
    """Return a version's rules; a stored body never changes."""
    return read_quorum_rules(
        Policy.objects.values_list("body", flat=True).get(
            pk=policy_id, kind=PolicyKind.QUORUM.value
        )
    )


def _pin(held: InForce, settled: Settled) -> dict[str, object] | None:
    """Return what a task keeps of the rules that spoke, None where none did."""
    if settled.answer is None:
        return None
    rows = settled.answer.rows
    return {
        **held.to_json(),
        "row": rows[0],
        **({"rows": list(rows)} if len(rows) > 1 else {}),
        "plan": describe_plan(settled.plan),
        "without": describe_plan(settled.without),
    }
