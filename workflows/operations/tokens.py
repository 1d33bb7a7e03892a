"""Tokens of machines: make, find and revoke. A token starts and reads; it never decides."""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from workflows import audit
from workflows.core.actors import Actor
from workflows.models import ApiToken
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound
from workflows.store import database_now

PREFIX = "cs_"
_NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Made:
    """A new token. `secret` is shown once and kept nowhere."""

    id: int
    name: str
    secret: str


def create_token(
    *, name: str, actor: Actor, days: int | None = None, reads_log: bool = False
) -> Made:
    """Make a token; with `days` it expires. Raises Invalid, and Conflict for a name
    that is taken.

    With `reads_log` it may read the entries of the audit log, whole.
    """
    if not name.strip() or len(name) > _NAME_LIMIT:
        raise Invalid(f"A token needs a name of at most {_NAME_LIMIT} characters.")
    if days is not None and days < 1:
        raise Invalid("A token must be good for at least one day.")
    secret = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            now = database_now()
            token = ApiToken.objects.create(
                name=name,
                digest=_digest(secret),
                created_at=now,
                expires_at=now + dt.timedelta(days=days) if days else None,
                reads_log=reads_log,
            )
            _record("token.created", token, actor=actor, now=now)
    except IntegrityError as error:
        raise Conflict(f"There is a token named {name!r} already.") from error
    return Made(id=token.id, name=name, secret=secret)


def revoke_token(*, name: str, actor: Actor) -> None:
    """Refuse a token from now on. Raises NotFound, Conflict when it was revoked."""
    with transaction.atomic():
        now = database_now()
        token = ApiToken.objects.select_for_update().filter(name=name).first()
        if token is None:
            raise NotFound(f"There is no token named {name!r}.")
        if token.revoked_at is not None:
            raise Conflict(f"The token {name!r} is revoked already.")
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        _record("token.revoked", token, actor=actor, now=now)


def check_token(*, secret: str) -> ApiToken:
    """Return the token of a secret. Raises Forbidden, with the same words for a
    secret that never was and for one that is no longer good.

    The row is found by the digest, which an attacker cannot steer towards another
    one's; the comparison in constant time costs nothing and takes the index out of
    the question.
    """
    digest = _digest(secret)
    token = ApiToken.objects.filter(digest=digest).first()
    good = token is not None and hmac.compare_digest(token.digest, digest)
    if token is None or not good or not _in_force(token, now=database_now()):
        raise Forbidden("The token is unknown, revoked or expired.")
    return token


def _in_force(token: ApiToken, *, now: dt.datetime) -> bool:
    expired = token.expires_at is not None and token.expires_at <= now
    return token.revoked_at is None and not expired


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(kind: str, token: ApiToken, *, actor: Actor, now: dt.datetime) -> None:
    detail: dict[str, object] = {"token": token.id, "name": token.name}
    if token.reads_log:
        detail["reads_log"] = True
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
