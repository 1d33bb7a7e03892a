"""Secrets of instances and what opens the commitments of their entries."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from workflows.audit import INSTALLATION, disclose, new_salt
from workflows.core.canonical import digest
from workflows.core.chain import Draft
from workflows.core.commitments import (
    Opening,
    commit,
    derive_salt,
    stand_in,
)
from workflows.core.engine.personal import (
    BUSINESS_KEY,
    SUBJECT,
    hush,
    list_needles,
    read_subject,
)
from workflows.core.engine.run import Run
from workflows.core.engine.variables import VARS
from workflows.driver import fetch, run

_READ = "SELECT instance_id, secret, subject FROM workflows_contentkey WHERE instance_id = ANY(%s)"
_IS_ERASED = """
    SELECT 1 FROM workflows_contentkey
    WHERE instance_id = %s AND erased_at IS NOT NULL
"""
_KEEP = """
    INSERT INTO workflows_contentkey (instance_id, secret, subject, erased_for)
    SELECT *, '' FROM unnest(%s::uuid[], %s::bytea[], %s::text[])
    ON CONFLICT (instance_id) DO UPDATE SET subject = EXCLUDED.subject
    WHERE workflows_contentkey.erased_at IS NULL
"""
_PEPPER = """
    INSERT INTO workflows_contentkey (instance_id, secret, subject, erased_for)
    VALUES (%s, %s, '', '') ON CONFLICT DO NOTHING
"""


def commit_text(text: str) -> tuple[str, bytes | None]:
    """Return a commitment to a person's words and its salt; nothing for no words."""
    if not text:
        return "", None
    salt = new_salt()
    return commit(salt, text), salt


def name_value(instance_id: UUID, value: object) -> object:
    """Return what an entry names a value by: its digest, blinded where some are personal.

    See Note [What entries of such an instance say]; what opens it is kept.
    """
    named, secret = digest(value), read_secret(instance_id)
    if secret is None:
        return named
    salt = derive_salt(secret, "entry", named)
    committed = commit(salt, named)
    disclose([(instance_id, Opening(committed, salt, named, "entry"))])
    return stand_in(committed)


def read_secret(instance_id: UUID) -> bytes | None:
    """Return an instance's secret, None where it has none or its content was erased."""
    found = fetch(_READ, [[instance_id]])
    return bytes(found[0][1]) if found and found[0][1] is not None else None


def is_erased(instance_id: UUID) -> bool:
    """Tell whether an instance's content was erased."""
    return bool(fetch(_IS_ERASED, [instance_id]))


def digest_subject(subject: str) -> str:
    """Return the digest that finds a person's cases; only this installation can make it."""
    found = fetch(_READ, [[INSTALLATION]])
    if not found:
        run(_PEPPER, [INSTALLATION, new_salt()])
        found = fetch(_READ, [[INSTALLATION]])
    return hmac.new(bytes(found[0][1]), subject.strip().encode(), sha256).hexdigest()


def load(runs: Sequence[Run]) -> None:
    """Give instances with personal values their secrets; make those that are missing.

    One that was erased gets a secret that nobody keeps: what it may still say is hidden
    for good.
    """
    wanted = [one for one in runs if one.plan.personal]
    if not wanted:
        return
    ids = [one.instance.id for one in wanted if not one.instance.new]
    found = {row[0]: row for row in fetch(_READ, [ids])} if ids else {}
    for one in wanted:
        row = found.get(one.instance.id)
        kept = row is not None and row[1] is not None
        one.instance.secret = bytes(row[1]) if row and kept else new_salt()
        one.instance.subject = row[2] if row else ""
        one.instance.secret_is_new = row is None


def hushed(one: Run) -> list[Draft]:
    """Return the entries of an advance without personal values; keep what opens them."""
    instance, paths = one.instance, one.plan.personal
    scopes = [step.data[VARS] for step in one.touched if VARS in step.data]
    needles = list_needles([instance.variables, *scopes], paths)
    if one.plan.process.properties.get(SUBJECT) == BUSINESS_KEY:
        needles |= {instance.business_key} - {""}
    drafts, openings = hush(one.changes.drafts, needles=needles, secret=instance.secret)
    one.changes.openings.extend(openings)
    return drafts


def save(runs: Iterable[Run]) -> None:
    """Write new secrets, who cases are about as soon as that is known, and openings."""
    keys: list[tuple[UUID, bytes, str]] = []
    openings: list[tuple[UUID, Opening]] = []
    for one in runs:
        row = one.instance
        if not row.secret:
            continue
        subject = "" if row.subject else _subject(one)
        if row.secret_is_new or subject:
            row.subject = subject or row.subject
            row.secret_is_new = False
            keys.append((row.id, row.secret, row.subject))
        openings.extend((row.id, opening) for opening in one.changes.openings)
        one.changes.openings.clear()
    if keys:
        run(_KEEP, [list(column) for column in zip(*keys, strict=True)])
    disclose(openings)


def _subject(one: Run) -> str:
    variables: Mapping[str, Any] = one.instance.variables
    found = read_subject(
        one.plan.process, variables, business_key=one.instance.business_key
    )
    return digest_subject(found) if found else ""
