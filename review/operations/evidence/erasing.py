"""Erase a person's data: look, propose, and as another person approve.

All cases of the person go in one transaction, or none: the first that stands in the
way is named in one sentence. What is taken away and what stays: content.py.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from review import live
from review.core.evidence.erasing import LONG_WORDS, Why
from review.models import Erasure, Person
from review.operations.evidence import (
    bundles,
    content,
    erasure_notices,
    forgetting,
    holds,
)
from review.operations.people.people import actor_of
from review.permissions import check_can_erase, get_rights
from workflows import audit
from workflows.core.engine.personal import holds_any
from workflows.core.states import FINAL_INSTANCE_STATES
from workflows.driver import fetch
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now
from workflows.store.disclosures import digest_subject

_CASES: Final = """
    SELECT i.id, i.business_key, d.key || ' ' || d.version, i.state, i.started_at,
           i.ended_at, (SELECT count(*) FROM review_task t WHERE t.instance_id = i.id)
    FROM workflows_contentkey k
    JOIN workflows_instance i ON i.id = k.instance_id
    JOIN workflows_definition d ON d.id = i.definition_id
    WHERE k.subject = %s ORDER BY i.id
"""
# A case's children are about the same person, whether or not they say so.
_WITH_CHILDREN: Final = """
    WITH RECURSIVE family AS (
        SELECT id, id AS root FROM workflows_instance WHERE id = ANY(%s)
        UNION
        SELECT i.id, f.root FROM workflows_instance i
        JOIN family f ON i.parent_instance_id = f.id
    )
    SELECT i.id, f.root, i.state FROM family f JOIN workflows_instance i ON i.id = f.id
    ORDER BY i.id
"""
_LOCK: Final = """
    SELECT id FROM workflows_instance WHERE id = ANY(%s) ORDER BY id FOR UPDATE
"""
_FINAL: Final = frozenset(state.value for state in FINAL_INSTANCE_STATES)


@dataclass(frozen=True, slots=True)
class Found:
    """One case of a person; `obstacle` says why it cannot be erased now, or nothing.

    `waits_for` is that in a few words.
    """

    instance_id: UUID
    business_key: str
    definition: str
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    tasks: int
    obstacle: str

    @property
    def waits_for(self) -> str:
        """Say in a few words what stands in the way, or nothing."""
        if not self.obstacle:
            return ""
        held = self.obstacle.startswith("Legal hold")
        return "a legal hold" if held else "its end"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    cases: int
    commitments: int
    contents: int


def find_cases(subject: str) -> list[Found]:
    """Return the cases whose process says that they are about a person."""
    return _find(digest_subject(subject)) if subject.strip() else []


@transaction.atomic
def propose(*, subject: str, person: Person, reason: str) -> int:
    """Propose to erase a person's data; return the proposal's id.

    Raises Forbidden; NotFound where no case is about that person; Conflict where one
    stands in the way or the same is proposed; Invalid for a reason that names him.
    """
    check_reason(reason)
    check_can_erase(get_rights(person.id))
    holds.wait_for_holds()
    named = digest_subject(subject)
    ids = _check(_find(named))
    _check_reason_names_nobody(reason, subject, ids)
    if Erasure.objects.filter(subject=named, state="PROPOSED").exists():
        raise Conflict("This person's data is proposed for erasure already.")
    now = database_now()
    made = Erasure.objects.create(
        subject=named,
        instances=[str(one) for one in ids],
        reason=reason.strip(),
        state="PROPOSED",
        proposed_by=person,
        proposed_at=now,
    )
    detail = {"erasure": made.id, "cases": len(ids), "reason": made.reason}
    _record("erasure.proposed", person, detail, now=now)
    erasure_notices.tell_approvers(made, person)
    return made.id


@transaction.atomic
def approve(*, erasure_id: int, person: Person) -> Erased:
    """Approve what another person proposed, and erase it.

    Raises NotFound; Forbidden (no right, one's own proposal); Conflict where it is
    settled, a case is open again or new, or a hold keeps one.
    """
    check_can_erase(get_rights(person.id))
    holds.wait_for_holds()
    found = _lock_proposed(erasure_id)
    if found.proposed_by_id in get_rights(person.id).persons:
        raise Forbidden(
            "You proposed this yourself, or stand in for who did; a second person must"
            " approve it.",
            code="same-person",
        )
    check_can_erase(get_rights(found.proposed_by_id))
    ids = _check(_find(found.subject))
    if {str(one) for one in ids} != set(found.instances):
        raise Conflict(
            "The person has other cases now than when this was proposed; decline it,"
            " look again and propose it anew."
        )
    now = database_now()
    commitments, contents, count = _erase(ids, person, found, now=now)
    _settle(found, "DONE", person, "", now=now)
    detail = {
        "erasure": found.id,
        "proposed_by": f"person:{found.proposed_by_id}",
        "cases": count,
        "commitments": commitments,
        "contents": contents,
        "reason": found.reason,
    }
    _record("content.erased", person, detail, now=now)
    erasure_notices.tell_author(found, person, "approved")
    live.publish_instances(ids)
    bundles.let_go_opened(now=now)
    return Erased(cases=count, commitments=commitments, contents=contents)


@transaction.atomic
def decline(*, erasure_id: int, person: Person, reason: str) -> None:
    """Put a proposal aside, one's own too.

    Raises NotFound, Forbidden, Conflict, and Invalid for a reason that names who it is
    about.
    """
    check_reason(reason)
    check_can_erase(get_rights(person.id))
    found = _lock_proposed(erasure_id)
    _check_reason_names_nobody(reason, "", [UUID(one) for one in found.instances])
    now = database_now()
    _settle(found, "DECLINED", person, reason.strip(), now=now)
    detail = {"erasure": found.id, "reason": reason.strip()}
    _record("erasure.declined", person, detail, now=now)
    erasure_notices.tell_author(found, person, "declined")


def _erase(
    ids: Sequence[UUID], person: Person, found: Erasure, *, now: dt.datetime
) -> tuple[int, int, int]:
    """Erase cases with their children; return commitments, contents and cases."""
    family = fetch(_WITH_CHILDREN, [list(ids)])
    fetch(_LOCK, [[row[0] for row in family]])
    needles = {root: content.find_needles(root) for root in {row[1] for row in family}}
    commitments = contents = 0
    seen: set[UUID] = set()
    for instance_id, root, _ in family:
        if instance_id in seen:
            continue
        seen.add(instance_id)
        gone = content.take_away(
            instance_id=instance_id,
            why=Why.SUBJECT,
            actor=actor_of(person),
            reason=found.reason,
            now=now,
            needles=needles[root],
        )
        commitments += len(gone.commitments)
        contents += len(gone.contents)
    forgetting.forget_beside(seen, frozenset().union(*needles.values()))
    return commitments, contents, len(seen)


def _find(named: str) -> list[Found]:
    rows = fetch(_CASES, [named])
    family = fetch(_WITH_CHILDREN, [[row[0] for row in rows]]) if rows else []
    held = holds.find_held([row[0] for row in family])
    open_ones = {root: one for one, root, state in family if state not in _FINAL}
    kept = {root: held[one] for one, root, _ in family if one in held}
    return [
        Found(
            instance_id=row[0],
            business_key=row[1],
            definition=row[2],
            state=row[3],
            started_at=row[4],
            ended_at=row[5],
            tasks=row[6],
            obstacle=_obstacle(row[0], open_ones, kept),
        )
        for row in rows
    ]


def _obstacle(
    instance_id: UUID, open_ones: dict[UUID, UUID], kept: dict[UUID, int]
) -> str:
    if instance_id in kept:
        return (
            f"Legal hold {kept[instance_id]} keeps case {instance_id}; what it keeps"
            " cannot be erased before it is lifted."
        )
    if instance_id in open_ones:
        which = open_ones[instance_id]
        called = "" if which == instance_id else f" (by its called case {which})"
        return (
            f"Case {instance_id} is still open{called}; it can be erased when it has"
            " ended."
        )
    return ""


def _check(found: Sequence[Found]) -> list[UUID]:
    if not found:
        raise NotFound(
            "No case is about that person, or what there was is erased already; give"
            " the person as the variable does that cs:subject names."
        )
    for one in found:
        if one.obstacle:
            raise Conflict(one.obstacle, code="not-erasable")
    return [one.instance_id for one in found]


def _check_reason_names_nobody(reason: str, subject: str, ids: Sequence[UUID]) -> None:
    """The reason stays in the log for ever, so it may not say who is forgotten."""
    needles = {subject.strip()}
    for instance_id in ids:
        needles |= content.find_needles(instance_id)
    long_ones = {one for one in needles if len(one) >= LONG_WORDS // 2}
    if holds_any(reason, long_ones):
        raise Invalid(
            "The reason names what is to be erased, and stays in the log; give the"
            " number of the request instead.",
            code="reason-names-person",
        )


def _lock_proposed(erasure_id: int) -> Erasure:
    found = Erasure.objects.select_for_update().filter(pk=erasure_id).first()
    if found is None:
        raise NotFound(f"There is no proposed erasure {erasure_id}.")
    if found.state != "PROPOSED":
        raise Conflict(f"Erasure {erasure_id} is settled already.")
    return found


def _settle(
    found: Erasure, state: str, person: Person, reason: str, *, now: dt.datetime
) -> None:
    found.state = state
    found.subject = ""
    found.settled_by = person
    found.settled_at = now
    found.settled_reason = reason
    found.save(
        update_fields=["state", "subject", "settled_by", "settled_at", "settled_reason"]
    )


def _record(
    kind: str, person: Person, detail: dict[str, object], *, now: dt.datetime
) -> None:
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
