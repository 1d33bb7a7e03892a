"""What auditors do at their desk. Looking where not everybody may is an entry itself.

These entries stand in the chain of the installation: reading a case changes nothing in
its own chain.
"""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from review.core.evidence.facets import UnreadableFacet, read_facets
from review.core.evidence.scopes import AuditScope
from review.dashboards import audit as found
from review.dashboards.audit_conditions import build_search, escape_like
from review.dashboards.audit_scope import check_case, limit_cases
from review.dashboards.sql import read_rows
from review.models import AuditAccess, AuditList, Person
from review.operations.people.people import actor_of
from review.permissions import audit_scope_of, check_can_audit, get_rights
from workflows import audit
from workflows.core.canonical import digest
from workflows.core.commitments import SALT_BYTES, commit
from workflows.models import Instance
from workflows.operations.errors import (
    Conflict,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now

SAME_VISIT: Final = dt.timedelta(minutes=15)
"""A case opened again within this time is one visit, and one entry."""
UNMASKED_FOR: Final = dt.timedelta(minutes=30)
MOST_FOUND: Final = 500
MOST_LISTS: Final = 50
LONGEST_NAME: Final = 80
PATIENCE: Final = "20s"

_BY_DATA: Final = """
    SELECT i.id FROM workflows_instance i
    WHERE {conditions} AND (
        i.variables::text ILIKE %(written)s
        OR EXISTS (
            SELECT FROM workflows_disclosure o
            WHERE o.instance_id = i.id AND o.value ILIKE %(written)s)
        OR EXISTS (
            SELECT FROM review_task t JOIN review_taskcontent c ON c.task_id = t.id
            WHERE t.instance_id = i.id
              AND (c.payload::text ILIKE %(written)s OR t.title ILIKE %(words)s)))
    ORDER BY i.started_at DESC, i.id DESC LIMIT %(limit)s
"""


def record_opening(*, person: Person, instance_id: UUID) -> None:
    """Record that an auditor opened a case, once for each visit."""
    now = database_now()
    recent = AuditAccess.objects.filter(
        instance_id=instance_id, person=person, kind="OPENED", at__gt=now - SAME_VISIT
    )
    if recent.exists():
        return
    with transaction.atomic():
        AuditAccess.objects.create(
            person=person, instance_id=instance_id, kind="OPENED", at=now
        )
        _record("audit.case_opened", person, {"instance": str(instance_id)}, now=now)


def unmask(*, person: Person, instance_id: UUID, reason: str) -> dt.datetime:
    """Let an auditor see the personal data of one case for a time; return its end.

    Raises Forbidden, NotFound and, without a reason, Invalid.
    """
    check_reason(reason)
    rights = get_rights(person.id)
    check_can_audit(rights)
    check_case(rights, instance_id)
    if not Instance.objects.filter(id=instance_id).exists():
        raise NotFound(f"There is no instance {instance_id}.")
    with transaction.atomic():
        now = database_now()
        until = now + UNMASKED_FOR
        AuditAccess.objects.create(
            person=person,
            instance_id=instance_id,
            kind="UNMASKED",
            reason=reason.strip(),
            at=now,
            until_at=until,
        )
        detail = {
            "instance": str(instance_id),
            "reason": reason.strip(),
            "until": until.isoformat(),
        }
        _record("audit.personal_data_unmasked", person, detail, now=now)
    return until


def find_unmasked(*, person_id: int, instance_id: UUID) -> dt.datetime | None:
    """Return until when a person sees a case's personal data, None where masked."""
    last = (
        AuditAccess.objects
        .filter(
            instance_id=instance_id,
            person_id=person_id,
            kind="UNMASKED",
            until_at__gt=database_now(),
        )
        .order_by("-until_at")
        .first()
    )
    return last.until_at if last else None


def search_personal_data(*, person: Person, words: str, reason: str) -> AuditList:
    """Find the cases that hold somebody's data; return them as a list without a name.

    They are the MOST_FOUND opened last.

    The entry has a salted commitment to the words, the list its salt: who knows the
    words can show that they were searched for, and nobody can guess them from it.
    Raises Forbidden, Invalid.
    """
    check_reason(reason)
    scope = audit_scope_of(get_rights(person.id))
    words = words.strip()
    if len(words) < 3:
        raise Invalid("Search for three characters at least.")
    cases = _find_by_data(words, scope)
    salt = secrets.token_bytes(SALT_BYTES)
    with transaction.atomic():
        now = database_now()
        made = AuditList.objects.create(
            owner=person,
            name="",
            facets={"salt": salt.hex()},
            cases=cases,
            count=len(cases),
            counted_at=now,
            created_at=now,
        )
        detail = {
            "words": {"$committed": commit(salt, words)},
            "found": len(cases),
            "reason": reason.strip(),
        }
        _record("audit.personal_data_searched", person, detail, now=now)
    return made


def save_search(*, person: Person, name: str, facets: Mapping[str, str]) -> AuditList:
    """Keep a search under a name with how much it finds now.

    One of the same name is replaced. Raises Forbidden, Invalid, Conflict (too many).
    """
    name = name.strip()
    if not name:
        raise Invalid("Give the search a name.")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"Keep the name under {LONGEST_NAME + 1} characters.")
    count = _count(person, facets)
    with transaction.atomic():
        Person.objects.select_for_update().get(id=person.id)
        own = AuditList.objects.filter(owner=person).exclude(name="")
        if not own.filter(name=name).exists() and own.count() >= MOST_LISTS:
            raise Conflict(f"You keep {MOST_LISTS} searches; delete one first.")
        now = database_now()
        kept, _ = own.update_or_create(
            owner=person,
            name=name,
            defaults={
                "facets": dict(facets),
                "count": count,
                "previous_count": None,
                "counted_at": now,
                "created_at": now,
            },
        )
    return kept


def run_search(*, person: Person, list_id: int) -> AuditList:
    """Count a kept search again; it says what it found before and now."""
    kept = get_list(person=person, list_id=list_id)
    kept.previous_count = kept.count
    kept.count = _count(person, kept.facets)
    kept.counted_at = database_now()
    kept.save(update_fields=["previous_count", "count", "counted_at"])
    return kept


def delete_search(*, person: Person, list_id: int) -> None:
    """Forget a kept search. What was searched by personal data stays, nameless."""
    get_list(person=person, list_id=list_id).delete()


def get_list(*, person: Person, list_id: int) -> AuditList:
    """Return a person's own kept search. Raises NotFound."""
    kept = AuditList.objects.filter(id=list_id, owner=person).exclude(name="").first()
    if kept is None:
        raise NotFound("You keep no such search.")
    return kept


def record_list_export(
    *, person: Person, what: str, facets: Mapping[str, str], rows: int | None = None
) -> None:
    """Record that an auditor took a list along; facets by their digest.

    `rows` is left out of a list that is still being read while it is sent.
    """
    detail: dict[str, Any] = {"what": what, "facets": digest(dict(facets))}
    if rows is not None:
        detail["rows"] = rows
    with transaction.atomic():
        _record("audit.list_exported", person, detail, now=database_now())


def _count(person: Person, facets: Mapping[str, str]) -> int:
    scope = audit_scope_of(get_rights(person.id))
    try:
        search = build_search(read_facets(facets), scope=scope)
    except UnreadableFacet as error:
        raise Invalid(f"The facet {error.name!r} cannot be read. {error}") from error
    return found.count_entries(search).entries


def _find_by_data(words: str, scope: AuditScope) -> list[UUID]:
    """Look through payloads, variables and typed words, for as long as PATIENCE has it.

    Raises Invalid where that was not enough.
    """
    conditions, parameters = limit_cases(scope)
    statement = _BY_DATA.format(conditions=" AND ".join(conditions) or "true")
    # In JSON quotes and backslashes of the words are written otherwise.
    written = json.dumps(words, ensure_ascii=False)[1:-1]
    parameters |= {
        "words": f"%{escape_like(words)}%",
        "written": f"%{escape_like(written)}%",
        "limit": MOST_FOUND,
    }
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [PATIENCE]
                )
            return [row.id for row in read_rows(statement, parameters)]
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise Invalid(
            f"Looking through all cases takes longer than {PATIENCE}, and nothing was"
            " found out. Search by the case's key, or for fewer cases: those of your"
            " matter, if your role is limited to one."
        ) from error


def _record(
    kind: str, person: Person, detail: Mapping[str, Any], *, now: dt.datetime
) -> None:
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
