"""Who must judge a task, and what the judgements make of it. No storage.

Only submitted verdicts of the current round count, each natural person once: who acts
for another counts as both. Neither the initiator nor whoever counts as him judges;
nobody is exempt. An edit starts a new round, in which the editor's approval is the
first: what others approved before was another payload.

Note [Approved, rejected, or disputed]
`needed` approvals of `of` persons approve. As many rejections reject as make that
impossible, but never fewer than `needed`: no side wins with fewer persons than the
other would have needed. Where neither can be reached any more, the reviewers disagree,
and one person who has not judged decides. So two persons who disagree, and one
dissenter where all must agree, lead to a further person; 2 of 3 never do.

Weighted: the sum of what the approving persons may approve (their authority) must
cover the amount; one person who covers it alone is enough. To reject takes no
authority, only `needed` persons while nobody approved. Both sides at once are a
dispute, in which approving still takes authority.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from review.core.states import VOTES, Control, Decision, Outcome, Stage
from workflows.core.bpmn.quorum_words import QuorumKind, QuorumWord

WEIGHTED_SEATS: Final = 3
"""Persons who may weigh a task side by side; how many it takes nobody knows before."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many persons must approve, of how many, and how they go about it.

    `amount` is what the approving persons' authority must cover (weighted only).
    `parallel`: several hold the task side by side. `blind`: none of them sees the
    others' verdicts before their own stands.
    """

    kind: QuorumKind = QuorumKind.ONE
    needed: int = 1
    of: int = 1
    amount: Decimal | None = None
    parallel: bool = False
    blind: bool = True

    @property
    def refusals(self) -> int:
        """Return how many rejections reject; see Note [Approved, rejected, or disputed]."""
        if self.kind is QuorumKind.WEIGHTED:
            return self.needed
        return max(self.needed, self.of - self.needed + 1)

    @property
    def seats(self) -> int:
        """Return how many persons may hold the task at the same time."""
        if not self.parallel:
            return 1
        return WEIGHTED_SEATS if self.kind is QuorumKind.WEIGHTED else self.of

    def to_json(self) -> dict[str, object]:
        """Return the plan as it is pinned with its task."""
        return {
            "kind": self.kind.value,
            "needed": self.needed,
            "of": self.of,
            "amount": self.amount,
            "parallel": self.parallel,
            "blind": self.blind,
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """One submitted verdict as the quorum sees it.

    `on_behalf_of` is whose delegate the person was; `authority` up to which amount
    the person may approve.
    """

    person_id: int
    decision: Decision
    round: int
    on_behalf_of: int | None = None
    authority: Decimal | None = None

    @property
    def persons(self) -> frozenset[int]:
        """Return everybody this judgement counts for."""
        if self.on_behalf_of is None:
            return frozenset({self.person_id})
        return frozenset({self.person_id, self.on_behalf_of})


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a task stands: an outcome, or whose turn it is.

    `covered` is what the approving persons' authority adds up to.
    """

    outcome: Outcome | None
    stage: Stage
    approvals: int = 0
    rejections: int = 0
    covered: Decimal = Decimal(0)

    @property
    def votes(self) -> int:
        """Return how many persons' votes count."""
        return self.approvals + self.rejections


class Objection(StrEnum):
    """Why a person may not judge a task."""

    INITIATOR = "INITIATOR"
    ALREADY_JUDGED = "ALREADY_JUDGED"
    COUNTS_AS_INITIATOR = "COUNTS_AS_INITIATOR"
    COUNTS_AS_JUDGE = "COUNTS_AS_JUDGE"
    COUNTS_AS_SEATED = "COUNTS_AS_SEATED"
    CONFLICT = "CONFLICT"
    BEYOND_DELEGATION = "BEYOND_DELEGATION"


def make_plan(*, word: QuorumWord, control: Control, impact: Decimal | None) -> Plan:
    """Return the plan of a task from the step's word and the grid's control.

    The grid's DUAL raises one person to two and lowers nothing. A weighted quorum of
    an amount that nobody knows cannot be covered, so two persons decide.
    """
    kind, needed, of = word.kind, word.needed, word.of
    if kind is QuorumKind.WEIGHTED and impact is None:
        kind, needed, of = QuorumKind.DUAL, 2, 2
    plan = Plan(
        kind=kind,
        needed=needed,
        of=of,
        amount=impact if kind is QuorumKind.WEIGHTED else None,
        parallel=word.parallel,
        blind=not word.open,
    )
    return raise_by_control(plan, control)


def read_plan(pinned: Mapping[str, Any] | None, *, control: Control) -> Plan:
    """Read the plan pinned with a task; where none is, the control alone says it."""
    if not pinned:
        plan = Plan()
    else:
        amount = pinned.get("amount")
        plan = Plan(
            kind=QuorumKind(pinned["kind"]),
            needed=int(pinned["needed"]),
            of=int(pinned["of"]),
            amount=None if amount is None else Decimal(amount),
            parallel=bool(pinned["parallel"]),
            blind=bool(pinned["blind"]),
        )
    return raise_by_control(plan, control)


def raise_by_control(plan: Plan, control: Control) -> Plan:
    """Return the plan with what the grid's control asks: DUAL takes two persons."""
    if control is not Control.DUAL or plan.needed >= 2:
        return plan
    is_one = plan.kind is QuorumKind.ONE
    return Plan(
        kind=QuorumKind.DUAL if is_one else plan.kind,
        needed=2,
        of=max(plan.of, 2),
        amount=plan.amount,
        parallel=plan.parallel,
        blind=plan.blind,
    )


def tally(
    *,
    plan: Plan,
    judgements: Sequence[Judgement],
    current_round: int,
    initiator: str,
    reject_ends: bool = False,
) -> Tally:
    """Count the judgements of one round, in the order they were submitted.

    `initiator` is an actor reference; its judgements count for nothing, and a
    person's second one neither: the database refuses both, this does not trust it.
    With `reject_ends` one rejection decides. What is no vote (a question, an
    escalation, an abstention) counts for nothing.
    """
    approvals = rejections = 0
    covered = Decimal(0)
    stage = Stage.FIRST
    for vote in _count_once(
        judgements, current_round=current_round, initiator=initiator
    ):
        is_rejection = vote.decision is Decision.REJECT
        approvals += not is_rejection
        rejections += is_rejection
        covered += Decimal(0) if is_rejection else vote.authority or Decimal(0)
        outcome = _find_outcome(
            plan,
            approvals=approvals,
            rejections=rejections,
            covered=covered,
            is_rejection=is_rejection,
            is_last_word=stage is Stage.ADJUDICATION,
        )
        if is_rejection and reject_ends:
            outcome = Outcome.REJECTED
        if outcome:
            return Tally(outcome, stage, approvals, rejections, covered)
        if stage is Stage.ADJUDICATION or _is_disputed(plan, approvals, rejections):
            stage = Stage.ADJUDICATION
        else:
            stage = Stage.SECOND
    return Tally(None, stage, approvals, rejections, covered)


def find_objection(
    *,
    person_id: int,
    initiator: str,
    judgements: Sequence[Judgement],
    current_round: int,
    persons: Collection[int] = (),
) -> Objection | None:
    """Return why this natural person may not judge this round, or None.

    `persons` are all who count as one with the person now, himself among them: by
    delegations in force, either way.
    """
    initiator_id = _id_of(initiator)
    if initiator_id == person_id:
        return Objection.INITIATOR
    judged = {
        one
        for judgement in judgements
        if judgement.round == current_round and judgement.decision in VOTES
        for one in judgement.persons
    }
    if person_id in judged:
        return Objection.ALREADY_JUDGED
    if initiator_id in persons:
        return Objection.COUNTS_AS_INITIATOR
    return Objection.COUNTS_AS_JUDGE if judged & set(persons) else None


def list_excluded(
    *,
    initiator: str,
    judgements: Sequence[Judgement],
    current_round: int,
) -> list[int]:
    """Return the ids of persons who may not judge this round, ascending."""
    excluded = {
        person_id
        for one in judgements
        if one.round == current_round and one.decision in VOTES
        for person_id in one.persons
    }
    initiator_id = _id_of(initiator)
    if initiator_id is not None:
        excluded.add(initiator_id)
    return sorted(excluded)


def count_free_seats(plan: Plan, *, standing: Tally, held: int) -> int:
    """Return how many more persons may take a seat beside `held` others."""
    if standing.outcome or standing.stage is Stage.ADJUDICATION:
        return 0 if standing.outcome else max(0, 1 - held)
    places = plan.seats
    if plan.kind is not QuorumKind.WEIGHTED and plan.parallel:
        places -= standing.votes
    return max(0, places - held)


def _id_of(actor: str) -> int | None:
    kind, _, number = actor.partition(":")
    return int(number) if kind == "person" and number.isdecimal() else None


def _count_once(
    judgements: Sequence[Judgement],
    *,
    current_round: int,
    initiator: str,
) -> list[Judgement]:
    initiator_id = _id_of(initiator)
    seen: set[int] = set() if initiator_id is None else {initiator_id}
    votes = []
    for one in judgements:
        if one.round != current_round or one.decision not in VOTES:
            continue
        if seen & one.persons:
            continue
        seen |= one.persons
        votes.append(one)
    return votes


def _find_outcome(
    plan: Plan,
    *,
    approvals: int,
    rejections: int,
    covered: Decimal,
    is_rejection: bool,
    is_last_word: bool,
) -> Outcome | None:
    """Return what the votes make of a task; the last one may be an adjudicator's."""
    enough = plan.amount is None or covered >= plan.amount
    if is_last_word:
        if is_rejection:
            return Outcome.REJECTED
        return Outcome.APPROVED if enough else None
    if enough and approvals >= plan.needed:
        return Outcome.APPROVED
    is_unopposed = plan.kind is not QuorumKind.WEIGHTED or not approvals
    if rejections >= plan.refusals and is_unopposed:
        return Outcome.REJECTED
    return None


def _is_disputed(plan: Plan, approvals: int, rejections: int) -> bool:
    if plan.kind is QuorumKind.WEIGHTED:
        return bool(approvals and rejections)
    left = plan.of - approvals - rejections
    return approvals + left < plan.needed and rejections + left < plan.refusals
