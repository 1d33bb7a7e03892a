"""Four eyes as they stand for one locked task: who may judge it, and what proves it.

The rules are in core/verdicts/quorum.py; here is what they need of the database, read under the
task's lock.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.urls import reverse

from review.core.notices.notices import Notice
from review.core.states import Decision
from review.core.verdicts.delegation import covers
from review.core.verdicts.proof import build_proof
from review.core.verdicts.quorum import (
    Judgement,
    Objection,
    Tally,
    find_objection,
    list_excluded,
)
from review.operations.notices import notifying
from review.operations.tasks.locking import LockedTask
from review.operations.verdicts import refusals
from review.permissions import Rights
from workflows.core.bpmn.quorum_words import QuorumKind
from workflows.driver import fetch, fetch_each
from workflows.operations.errors import Forbidden, Refused

NAMED: Final = 3
"""How many persons a refusal names; it is a hint, not a directory."""

MOST_TOLD: Final = 20
"""How many persons are told of a dispute; the rest find it in their queue."""

# Who counts as one with these persons now, by delegations in force, either way.
_PARTNERS: Final = """
    SELECT CASE WHEN d.giver_id = ANY(%s::bigint[]) THEN d.taker_id ELSE d.giver_id END
    FROM review_delegation d
    WHERE (d.giver_id = ANY(%s::bigint[]) OR d.taker_id = ANY(%s::bigint[])) AND d.revoked_at IS NULL
      AND d.starts_at <= statement_timestamp() AND d.ends_at > statement_timestamp()
"""
_REVIEWERS: Final = """
    SELECT p.id, p.name FROM review_person p
    WHERE p.disabled_at IS NULL AND p.id IN (
        SELECT g.person_id FROM review_rolegrant g
        WHERE g.role = 'REVIEWER' AND g.revoked_at IS NULL
          AND (g.queue_id = %s OR g.queue_id IS NULL)
        UNION
        SELECT d.taker_id FROM review_delegation d
        JOIN review_person o ON o.id = d.giver_id AND o.disabled_at IS NULL
        JOIN review_rolegrant g ON g.person_id = o.id
        WHERE g.role = 'REVIEWER' AND g.revoked_at IS NULL
          AND (g.queue_id = %s OR g.queue_id IS NULL)
          AND (d.queue_id = %s OR d.queue_id IS NULL) AND d.revoked_at IS NULL
          AND d.starts_at <= statement_timestamp()
          AND d.ends_at > statement_timestamp()
        UNION
        SELECT b.person_id FROM review_breakglass b
        WHERE b.queue_id = %s AND b.expires_at > statement_timestamp())
    ORDER BY p.name, p.id LIMIT 1000
"""
_AUTHORITY: Final = """
    SELECT a.amount FROM review_authority a
    WHERE a.person_id = %s AND a.revoked_at IS NULL
      AND (a.queue_id = %s OR a.queue_id IS NULL)
    ORDER BY a.queue_id NULLS LAST LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who may review a queue."""

    id: int
    name: str


def check_may_judge(
    task: LockedTask, rights: Rights, *, on_behalf_of: int | None = None
) -> int | None:
    """Refuse who may not judge a task as it stands; return in whose place he would.

    None: by a right of his own, a role or an emergency's. With `on_behalf_of` it is
    for that giver even so. That he reviews the queue at all is asked before. Raises
    Forbidden with the reason and to whom the task may go.
    """
    objection = find_obstacle(task, rights)
    if objection:
        raise object_to(task, objection, rights=rights)
    return _find_giver(task, rights, on_behalf_of=on_behalf_of)


def can_judge(task: LockedTask, rights: Rights) -> bool:
    """Tell whether a person may judge a task as it stands."""
    if find_obstacle(task, rights):
        return False
    if rights.reviews_by_role(task.queue_id):
        return True
    return any(
        covers(one.amount, impact=task.impact)
        for one in rights.list_stand_ins(task.queue_id)
    )


def find_obstacle(task: LockedTask, rights: Rights) -> Objection | None:
    """Return why four eyes, or a conflict of interest, keep a person from a task."""
    objection = find_objection(
        person_id=rights.person_id,
        persons=rights.persons,
        initiator=task.initiator,
        judgements=task.judgements,
        current_round=task.round,
    )
    if objection is None and rights.person_id in task.conflicted:
        objection = Objection.CONFLICT
    if objection is None and not rights.persons.isdisjoint(task.excluded):
        objection = Objection.COUNTS_AS_JUDGE
    if objection is None and any(
        hold.person_id in rights.partners and hold.lease_until > task.now
        for hold in task.holds
    ):
        objection = Objection.COUNTS_AS_SEATED
    return objection


def object_to(task: LockedTask, objection: Objection, *, rights: Rights) -> Refused:
    """Return the refusal for a person, naming who may judge the task instead."""
    barred = {*task.excluded, *task.conflicted, *rights.persons}
    barred |= find_partners(barred)
    free = [one.name for one in list_reviewers(task.queue_id) if one.id not in barred]
    return refusals.objected(
        objection,
        partners=sorted(rights.partners.values())[:NAMED],
        eligible=free[:NAMED],
        more=max(0, len(free) - NAMED),
        queue=task.queue_key,
        escalates_to=str(task.policy.get("escalate_to") or ""),
    )


def find_partners(person_ids: Collection[int]) -> set[int]:
    """Return who counts as one with one of these persons now, in one statement."""
    ids = sorted(person_ids)
    if not ids:
        return set()
    return {row[0] for row in fetch(_PARTNERS, [ids, ids, ids])}


def list_reviewers(queue_id: int) -> list[Reviewer]:
    """Return who may review a queue now, by whatever right, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_REVIEWERS, [queue_id] * 4)
        return [Reviewer(*row) for row in cursor.fetchall()]


def judge(
    task: LockedTask,
    *,
    person_id: int,
    decision: Decision,
    current_round: int,
    on_behalf_of: int | None,
) -> Judgement:
    """Return a person's judgement with the authority a weighted quorum asks for."""
    authority: Decimal | None = None
    if task.plan.kind is QuorumKind.WEIGHTED:
        found = fetch(_AUTHORITY, [on_behalf_of or person_id, task.queue_id])
        authority = found[0][0] if found else None
    return Judgement(
        person_id=person_id,
        decision=decision,
        round=current_round,
        on_behalf_of=on_behalf_of,
        authority=authority,
    )


def settle(
    task: LockedTask,
    standing: Tally,
    *,
    judgements: Sequence[Judgement],
    current_round: int,
) -> tuple[list[int], dict[str, Any] | None]:
    """Return who may not take the task in a round, and the proof of an outcome.

    Barred by four eyes or by a conflict of interest; who counts as one with a judge
    now is among them: when the delegation is over, the vote of one of the two still
    was the other's. The proof has plan, votes, who was eligible, and who not and why;
    there is none without an outcome.
    """
    by_rule = list_excluded(
        initiator=task.initiator, judgements=judgements, current_round=current_round
    )
    partners = (_PARTNERS, [by_rule] * 3)
    if standing.outcome is None:
        found = fetch(*partners)
        return sorted({*by_rule, *(row[0] for row in found), *task.conflicted}), None
    found, reviewers = fetch_each(partners, (_REVIEWERS, [task.queue_id] * 4))
    barred = sorted({*by_rule, *(row[0] for row in found), *task.conflicted})
    proof = build_proof(
        plan=task.plan,
        standing=standing,
        judgements=judgements,
        current_round=current_round,
        initiator=task.initiator,
        reviewers=[row[0] for row in reviewers],
        excluded=barred,
        conflicted=task.conflicted,
    )
    return barred, proof


def tell_of_dispute(
    task: LockedTask, *, barred: Collection[int], current_round: int
) -> None:
    """Tell who may decide a dispute that the task waits for one of them, unnamed."""
    free = [one.id for one in list_reviewers(task.queue_id) if one.id not in barred]
    notifying.tell(
        persons=free[:MOST_TOLD],
        kind=Notice.ADJUDICATION,
        title=f"Two reviewers disagree: {task.title}",
        text="A third person who has not judged this task sees both sides and decides.",
        url=reverse("task-detail", args=[task.id]),
        instance_id=task.instance_id,
        key=f"adjudication-{task.id}-{current_round}",
        queue_id=task.queue_id,
    )


def _find_giver(
    task: LockedTask, rights: Rights, *, on_behalf_of: int | None
) -> int | None:
    """Return whose right the person judges by. Raises Forbidden beyond its limits."""
    if on_behalf_of is None and rights.reviews_by_role(task.queue_id):
        return None
    found = rights.list_stand_ins(task.queue_id)
    lent = [
        one
        for one in found
        if one.giver_id is not None and on_behalf_of in {None, one.giver_id}
    ]
    for one in lent:
        if covers(one.amount, impact=task.impact):
            return one.giver_id
    if on_behalf_of is None and len(lent) < len(found):
        return None  # an emergency's right, which has no limit but its time
    if lent:
        raise object_to(task, Objection.BEYOND_DELEGATION, rights=rights)
    raise Forbidden(
        "Nobody of that name lets you act for them in this queue now; judge for"
        " yourself, or ask for a delegation.",
        code="no-delegation",
    )
