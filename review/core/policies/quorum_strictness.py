"""Which of two plans is the stricter, and the least plan that is as strict as both. Pure.

Note [At least as strict]
A plan is told by how many persons approve (`needed`), and by how many more they are
than those who may reject meanwhile (its margin: of 3 of 5 persons two may reject, so
it is 1; of all of 3 none, so it is 3). A weighted plan tolerates no rejection beside
an approval, so its margin is all it needs. A plan is at least as strict as another
where it needs at least as many persons, by at least as wide a margin, asks for
authority where the other does, and hides votes where the other does.

So what the stricter plan approves undisputed, at least as many persons approved as the
other plan asks, against no closer a minority. It is a partial order: 3 of 5 and two of
two are each stricter in one respect. Any two plans have a least one above both, here
3 of 4; an adjudicator's word after a dispute is the same in all of them.
"""

from review.core.verdicts.quorum import Plan
from workflows.core.bpmn.quorum_words import MOST_PERSONS, QuorumKind


def find_margin(plan: Plan) -> int:
    """Return by how many persons at least approvals outnumber rejections."""
    if plan.kind is QuorumKind.WEIGHTED:
        return plan.needed
    return 2 * plan.needed - plan.of


def is_as_strict(plan: Plan, than: Plan) -> bool:
    """Tell whether a plan is at least as strict; see Note [At least as strict]."""
    weighs = than.amount is None or (
        plan.amount is not None and plan.amount >= than.amount
    )
    return (
        plan.needed >= than.needed
        and find_margin(plan) >= find_margin(than)
        and weighs
        and (plan.blind or not than.blind)
    )


def raise_plan(plan: Plan, to: Plan) -> Plan:
    """Return the least plan that is at least as strict as both.

    One of the two where that is enough, with its own way of working side by side.
    """
    if is_as_strict(plan, to):
        return plan
    if is_as_strict(to, plan):
        return to
    needed = max(plan.needed, to.needed)
    margin = max(find_margin(plan), find_margin(to))
    amount = max((a for a in (plan.amount, to.amount) if a is not None), default=None)
    of = MOST_PERSONS if amount is not None else 2 * needed - margin
    return Plan(
        kind=_name(needed, of, weighs=amount is not None),
        needed=needed,
        of=of,
        amount=amount,
        parallel=plan.parallel or to.parallel,
        blind=plan.blind or to.blind,
    )


def _name(needed: int, of: int, *, weighs: bool) -> QuorumKind:
    if weighs:
        return QuorumKind.WEIGHTED
    if needed < of:
        return QuorumKind.N_OF_M
    return {1: QuorumKind.ONE, 2: QuorumKind.DUAL}.get(of, QuorumKind.UNANIMOUS)


def describe_plan(plan: Plan) -> str:
    """Return a plan as the word that asks for it: "2 of 3 parallel"."""
    words = {
        QuorumKind.ONE: "one",
        QuorumKind.DUAL: "dual",
        QuorumKind.UNANIMOUS: f"unanimous {plan.of}",
        QuorumKind.N_OF_M: f"{plan.needed} of {plan.of}",
        QuorumKind.WEIGHTED: f"weighted by {plan.needed}",
    }
    is_alone = plan.kind is QuorumKind.WEIGHTED and plan.needed == 1
    said = "weighted" if is_alone else words[plan.kind]
    said += " parallel" if plan.parallel else ""
    return said if plan.blind else f"{said} open"
