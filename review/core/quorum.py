"""Four eyes: who may judge a task, and what the judgements make of it. No storage.

Only submitted verdicts of the current round count. Two different natural persons are
needed for dual control, neither of them the initiator; nobody is exempt. Where the
two disagree a third person decides. An edit starts a new round, in which the editor's
approval is the first: what others approved before was another payload.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from review.core.states import Control, Decision, Outcome, Stage


@dataclass(frozen=True, slots=True)
class Judgement:
    """One submitted verdict as the quorum sees it."""

    person_id: int
    decision: Decision
    round: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a task stands: an outcome, or whose turn it is."""

    outcome: Outcome | None
    stage: Stage


class Objection(StrEnum):
    """Why a person may not judge a task."""

    INITIATOR = "INITIATOR"
    ALREADY_JUDGED = "ALREADY_JUDGED"


def tally(
    *,
    control: Control,
    judgements: Sequence[Judgement],
    current_round: int,
    initiator: str,
    reject_ends: bool = False,
) -> Tally:
    """Count the judgements of one round, in the order they were submitted.

    `initiator` is an actor reference; its judgements count for nothing, and a
    person's second one neither: the database refuses both, this does not trust it.
    With `reject_ends` one rejection decides. Raises ValueError for a control that
    asks no people.
    """
    if control not in {Control.REVIEW, Control.DUAL}:
        raise ValueError(f"{control} asks no people, so there is nothing to count.")
    votes = _count_once(judgements, current_round=current_round, initiator=initiator)
    if not votes:
        return Tally(None, Stage.FIRST)
    if Outcome.REJECTED in votes and reject_ends:
        return Tally(Outcome.REJECTED, _stage_of(len(votes)))
    if control is Control.REVIEW:
        return Tally(votes[0], Stage.FIRST)
    return _tally_dual(votes)


def find_objection(
    *,
    person_id: int,
    initiator: str,
    judgements: Sequence[Judgement],
    current_round: int,
) -> Objection | None:
    """Return why this natural person may not judge this round, or None."""
    if initiator == f"person:{person_id}":
        return Objection.INITIATOR
    if any(
        one.person_id == person_id and one.round == current_round for one in judgements
    ):
        return Objection.ALREADY_JUDGED
    return None


def list_excluded(
    *,
    initiator: str,
    judgements: Sequence[Judgement],
    current_round: int,
) -> list[int]:
    """Return the ids of persons who may not judge this round, ascending."""
    excluded = {one.person_id for one in judgements if one.round == current_round}
    kind, _, number = initiator.partition(":")
    if kind == "person" and number.isdecimal():
        excluded.add(int(number))
    return sorted(excluded)


def _count_once(
    judgements: Sequence[Judgement],
    *,
    current_round: int,
    initiator: str,
) -> list[Outcome]:
    seen: set[int] = set()
    votes = []
    for one in judgements:
        if one.round != current_round or one.person_id in seen:
            continue
        if initiator == f"person:{one.person_id}":
            continue
        seen.add(one.person_id)
        votes.append(_outcome_of(one.decision))
    return votes


def _outcome_of(decision: Decision) -> Outcome:
    if decision is Decision.REJECT:
        return Outcome.REJECTED
    return Outcome.APPROVED


def _tally_dual(votes: Sequence[Outcome]) -> Tally:
    match votes:
        case [_]:
            return Tally(None, Stage.SECOND)
        case [first, second, *_] if first is second:
            return Tally(first, Stage.SECOND)
        case [_, _]:
            return Tally(None, Stage.ADJUDICATION)
        case _:
            return Tally(votes[2], Stage.ADJUDICATION)


def _stage_of(votes: int) -> Stage:
    return (Stage.FIRST, Stage.SECOND, Stage.ADJUDICATION)[min(votes, 3) - 1]
