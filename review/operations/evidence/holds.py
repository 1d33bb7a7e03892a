"""Legal holds: content that stays whatever somebody asks, until the hold is lifted.

Placing a hold, erasing and pruning wait for each other: what a hold forbids does not
happen beside it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from review.core.evidence.erasing import LONG_WORDS, HoldKind
from review.models import LegalHold
from review.operations.evidence import content
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.engine.personal import holds_any
from workflows.driver import fetch, run
from workflows.models import Definition, Instance
from workflows.operations.errors import Conflict, Invalid, NotFound, check_reason
from workflows.store import database_now
from workflows.store.disclosures import digest_subject

_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended('review.content', 0))"
# Who asks for a hold of a case says `i` for the instance, `d` for its definition, `k`
# for its content key; content/retaining use the same words.
HELD: Final = """
    SELECT h.id FROM review_legalhold h
    WHERE h.lifted_at IS NULL AND (
        h.instance_id = i.id
        OR (h.kind = 'SUBJECT' AND h.subject = k.subject)
        OR (h.kind = 'RANGE'
            AND (h.definition_key = '' OR h.definition_key = d.key)
            AND (h.since IS NULL OR h.since <= i.started_at)
            AND (h.until IS NULL OR i.started_at < h.until)))
"""
_FIND: Final = f"""
    SELECT i.id, ({HELD} ORDER BY h.id LIMIT 1)
    FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_contentkey k ON k.instance_id = i.id
    WHERE i.id = ANY(%s)
"""  # noqa: S608  (two constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be held: a case, a person's cases, or a definition's in a range."""

    kind: HoldKind
    reason: str
    instance_id: UUID | None = None
    subject: str = ""
    definition_key: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def wait_for_holds() -> None:
    """Let no hold be placed until this transaction ends; take no lock before this."""
    run(_ALONE)


def find_held(instance_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the hold that keeps each of these cases, of those that one keeps."""
    return {row[0]: row[1] for row in fetch(_FIND, [list(instance_ids)]) if row[1]}


@transaction.atomic
def place(*, wish: Wish, actor: Actor) -> int:
    """Place a hold; return its id. Raises Invalid and NotFound.

    The entry names a person by nothing: a digest of few possible names would tell, and
    a reason that names him stays for ever.
    """
    check_reason(wish.reason)
    _check(wish)
    _check_names_nobody(wish.reason, wish.subject, wish.instance_id)
    wait_for_holds()
    now = database_now()
    subject = digest_subject(wish.subject) if wish.subject else ""
    made = LegalHold.objects.create(
        kind=wish.kind.value,
        instance_id=wish.instance_id,
        subject=subject,
        definition_key=wish.definition_key,
        since=wish.since,
        until=wish.until,
        reason=wish.reason.strip(),
        placed_by=actor.ref,
        placed_at=now,
    )
    detail = {**_tell(made), "reason": made.reason}
    _record("legal_hold.placed", made, actor, detail, now=now)
    return made.id


@transaction.atomic
def lift(*, hold_id: int, actor: Actor, reason: str) -> None:
    """Lift a hold. Raises NotFound, Conflict (lifted already), Invalid as `place`."""
    check_reason(reason)
    wait_for_holds()
    found = LegalHold.objects.select_for_update().filter(pk=hold_id).first()
    if found is None:
        raise NotFound(f"There is no legal hold {hold_id}.")
    if found.lifted_at is not None:
        raise Conflict(f"Legal hold {hold_id} was lifted already.")
    _check_names_nobody(reason, "", found.instance_id)
    now = database_now()
    found.lifted_at = now
    found.lifted_by = actor.ref
    found.lifted_reason = reason.strip()
    found.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
    _record(
        "legal_hold.lifted", found, actor, {**_tell(found), "reason": reason}, now=now
    )


def _check_names_nobody(reason: str, subject: str, case: UUID | None) -> None:
    """Refuse a reason that says whom a hold is about: it stays in the log for ever."""
    needles = {subject.strip()} - {""}
    if case is not None:
        found = content.find_needles(case)
        needles |= {one for one in found if len(one) >= LONG_WORDS // 2}
    if holds_any(reason, needles):
        raise Invalid(
            "The reason names whose cases are held, and stays in the log; give the"
            " number of the matter instead.",
            code="reason-names-person",
        )


def _check(wish: Wish) -> None:
    match wish.kind:
        case HoldKind.CASE:
            which = wish.instance_id
            if which is None or not Instance.objects.filter(pk=which).exists():
                raise NotFound(f"There is no case {wish.instance_id} to hold.")
        case HoldKind.SUBJECT:
            if not wish.subject.strip():
                raise Invalid("Say whose cases are to be held, as their cases say it.")
        case HoldKind.RANGE:
            _check_range(wish)


def _check_range(wish: Wish) -> None:
    key = wish.definition_key
    if not (key or wish.since or wish.until):
        raise Invalid("Name a definition, a first or a last day; else all is held.")
    if key and not Definition.objects.filter(key=key).exists():
        raise NotFound(f"No definition {key!r} is deployed.")
    if wish.since and wish.until and wish.since >= wish.until:
        raise Invalid("The range ends before it begins.")


def _tell(hold: LegalHold) -> dict[str, object]:
    told: dict[str, object] = {"hold": hold.id, "keeps": hold.kind.lower()}
    if hold.instance_id:
        told["instance"] = str(hold.instance_id)
    if hold.definition_key:
        told["definition"] = hold.definition_key
    for name in ("since", "until"):
        moment = getattr(hold, name)
        if moment is not None:
            told[name] = moment.isoformat()
    return told


def _record(
    kind: str,
    hold: LegalHold,
    actor: Actor,
    detail: dict[str, object],
    *,
    now: dt.datetime,
) -> None:
    """Write the entry of the installation, and of a case that is held by itself."""
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    if hold.instance_id is not None:
        Instance.objects.select_for_update().only("id").get(pk=hold.instance_id)
        audit.record(instance_id=hold.instance_id, drafts=[draft], now=now)
    audit.record_installation(drafts=[draft], now=now)
