"""The proof of a quorum: who could have judged, who could not and why, who did. Pure.

It is built when the quorum is reached, from what stood there then, and kept with the
task; its digest is in the entry of the decision. Persons are named by id alone: names
can be erased, and the proof still holds.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from review.core.states import VOTES
from review.core.verdicts.quorum import (
    Judgement,
    Objection,
    Plan,
    Tally,
    find_objection,
)
from workflows.core.canonical import digest

VERSION: Final = 1
MOST_NAMED: Final = 200
"""Persons listed by id; of more only the number is kept."""


class Barred(StrEnum):
    """Why somebody could not judge, besides what four eyes object to."""

    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
    COUNTED_AS_JUDGE = "COUNTED_AS_JUDGE"


def build_proof(
    *,
    plan: Plan,
    standing: Tally,
    judgements: Sequence[Judgement],
    current_round: int,
    initiator: str,
    reviewers: Collection[int],
    excluded: Collection[int],
    conflicted: Collection[int],
) -> dict[str, Any]:
    """Return the proof of an outcome.

    `reviewers` are all who had the right to review the queue then, `excluded` those
    whom the task kept out, `conflicted` among them for a conflict of interest.
    """
    votes = [
        one
        for one in judgements
        if one.round == current_round and one.decision in VOTES
    ]
    kept_out = sorted({*excluded, *conflicted})
    eligible = sorted(set(reviewers) - set(kept_out))
    return {
        "version": VERSION,
        "plan": plan.to_json(),
        "round": current_round,
        "initiator": initiator,
        "outcome": standing.outcome.value if standing.outcome else None,
        "stage": standing.stage.value,
        "approvals": standing.approvals,
        "rejections": standing.rejections,
        "votes": [_describe(one) for one in votes],
        "eligible": eligible[:MOST_NAMED],
        "eligible_count": len(eligible),
        "excluded": {
            str(person_id): _why(
                person_id,
                judgements=judgements,
                current_round=current_round,
                initiator=initiator,
                conflicted=conflicted,
            )
            for person_id in kept_out[:MOST_NAMED]
        },
    }


def digest_proof(proof: Mapping[str, Any]) -> str:
    """Return the digest by which the decision's entry names its proof."""
    return digest(proof)


def _describe(one: Judgement) -> dict[str, object]:
    found: dict[str, object] = {
        "person": one.person_id,
        "decision": one.decision.value,
    }
    if one.on_behalf_of is not None:
        found["on_behalf_of"] = one.on_behalf_of
    if one.authority is not None:
        found["authority"] = one.authority
    return found


def _why(
    person_id: int,
    *,
    judgements: Sequence[Judgement],
    current_round: int,
    initiator: str,
    conflicted: Collection[int],
) -> str:
    objection: Objection | None = find_objection(
        person_id=person_id,
        initiator=initiator,
        judgements=judgements,
        current_round=current_round,
    )
    if objection:
        return objection.value
    if person_id in conflicted:
        return Barred.CONFLICT_OF_INTEREST.value
    return Barred.COUNTED_AS_JUDGE.value
