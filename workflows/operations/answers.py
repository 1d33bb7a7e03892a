"""Answers given once: the same key and body get the same answer again.

Key and answer commit with the effect, so that a client who never heard the answer may
ask again. The key's meaning follows the IETF draft "The Idempotency-Key HTTP Header
Field" (draft-ietf-httpapi-idempotency-key-header).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from workflows.core.actors import Actor
from workflows.core.canonical import digest, dumps
from workflows.models import IdempotencyKey
from workflows.operations.errors import Conflict, Invalid
from workflows.store import database_now, parse_json

KEY_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body, and whether it was given before."""

    status: int
    body: Mapping[str, Any]
    replayed: bool = False


def answer_once(
    *,
    actor: Actor,
    key: str,
    request: Mapping[str, object],
    act: Callable[[], Answer],
) -> Answer:
    """Do `act` once per actor and key, in the transaction that keeps its answer.

    `request` is what the key stands for. What `act` raises takes everything back, the
    key too. Raises Invalid for a bad key and for one that stood for another request,
    Conflict while the first request is still under way.
    """
    _check_key(key)
    named = _name_request(request)
    with transaction.atomic():
        _take(actor=actor, key=key)
        # Read after the lock, in a statement of its own: it sees what the one before
        # us committed.
        kept = IdempotencyKey.objects.filter(actor=actor.ref, key=key).first()
        if kept is not None:
            return _repeat(kept, named=named, request=request)
        answer = act()
        IdempotencyKey.objects.create(
            actor=actor.ref,
            key=key,
            request_digest=named,
            status=answer.status,
            response=parse_json(dumps(answer.body)),
            created_at=database_now(),
        )
        return answer


def _name_request(request: Mapping[str, object]) -> str:
    """Return a digest of a request, under the installation's secret key.

    It outlives the values in the request: without the key, which no backup of the
    database holds, nobody can find one out of few by trying.
    """
    told = dumps(request).encode()
    return salted_hmac("idempotency", told, algorithm="sha256").hexdigest()


def _check_key(key: str) -> None:
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= KEY_LIMIT:
        raise Invalid(
            f"Idempotency-Key must be 1 to {KEY_LIMIT} printable ASCII characters.",
            code="bad-idempotency-key",
        )


def _take(*, actor: Actor, key: str) -> None:
    """Hold the key until the transaction ends; the unique constraint stands behind."""
    name = hashlib.sha256(f"{actor.ref}\n{key}".encode()).digest()
    number = int.from_bytes(name[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        (taken,) = cursor.fetchone()
    if not taken:
        raise Conflict(
            "A request with this Idempotency-Key is still under way; ask again.",
            code="in-flight",
        )


def _repeat(
    kept: IdempotencyKey, *, named: str, request: Mapping[str, object]
) -> Answer:
    # Rows of before the digest was keyed have a plain one.
    if kept.request_digest not in {named, digest(request)}:
        raise Invalid(
            "This Idempotency-Key stood for another request; use a new key.",
            code="idempotency-key-reused",
        )
    return Answer(status=kept.status, body=kept.response, replayed=True)
