"""Sign a verdict: the password again, and what it is bound to.

Note [What a signature is here] (21 CFR 11)
The signature states the signer's printed name, the moment and the meaning (11.50). It
names the digest of the record it signs, payload and decision, and stands in the
verdict's row and in its audit entry, neither of which ever changes: it cannot be
moved to another record (11.70). Signing in took name and password; within that
continuous session one component, the password, is given again for each signature
(11.200(a)(1)(i)); after the session ends both are asked for again. Wrong passwords
close signing for a while, and each is an entry that administrators see (11.300(d)).
`method` leaves room for a second factor.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.hashers import check_password
from django.db import connection, transaction

from review.core.states import Decision, Signature
from review.models import User
from review.operations.people.people import actor_of
from workflows import audit
from workflows.core.canonical import digest
from workflows.operations.errors import Forbidden, Invalid
from workflows.store import database_now

MOST_WRONG: Final = 5
WINDOW: Final = dt.timedelta(minutes=15)
KEPT: Final = dt.timedelta(minutes=10)
"""How old a signature may be when it is handed in with its verdict."""
REFUSED: Final = "signature.refused"

# The index is of moments; entries of the installation are few.
_WRONG: Final = """
    SELECT count(*) FROM workflows_auditentry
    WHERE chain = %s AND kind = %s AND actor = %s AND at > %s
"""


def digest_record(*, payload_digest: str, decision: Decision) -> str:
    """Return the digest of what a signature is for: this decision on this payload."""
    return digest({"decision": decision.value, "payload": payload_digest})


def sign(*, user: User, password: str, meaning: str, record: str) -> dict[str, object]:
    """Return a signature of `record` by the account's person, for verdicts.submit.

    `record` is of digest_record. Call it outside of any transaction: a wrong password
    is kept although it is refused. Raises Invalid (wrong) and Forbidden (closed).
    """
    now, problem = _try_password(user, password)
    if problem is not None:
        raise problem
    return {
        "method": Signature.PASSWORD.value,
        "person": user.person_id,
        "name": user.person.name,
        "account": user.username,
        "meaning": meaning,
        "at": now.isoformat(),
        "record": record,
    }


def check_signature(
    wanted: Signature,
    given: Mapping[str, Any] | None,
    *,
    person_id: int,
    record: str,
    now: dt.datetime,
) -> None:
    """Raise Invalid unless what the queue asks for was signed, by this person, now."""
    if given is None:
        if wanted is not Signature.NONE:
            raise Invalid(
                "This queue asks you to sign; give your password with the decision.",
                code="signature-missing",
            )
        return
    signed_at = dt.datetime.fromisoformat(str(given["at"]))
    if (
        given["person"] != person_id
        or given["record"] != record
        or now - signed_at > KEPT
    ):
        raise Invalid(
            "The signature is not for this decision on this case; sign again.",
            code="signature-other",
        )


@transaction.atomic(durable=True)
def _try_password(
    user: User, password: str
) -> tuple[dt.datetime, Invalid | Forbidden | None]:
    """Try a password; what is wrong is written down and returned, never raised.

    Holding the account's row keeps guesses of one account one after the other.
    """
    held = User.objects.select_for_update(of=("self",)).select_related("person")
    account = held.get(pk=user.pk)
    now = database_now().astimezone(dt.UTC)
    actor = actor_of(account.person)
    if _count_wrong(actor.ref, since=now - WINDOW) >= MOST_WRONG:
        minutes = int(WINDOW.total_seconds() // 60)
        return now, Forbidden(
            f"Signing is closed for this account after {MOST_WRONG} wrong passwords;"
            f" try again {minutes} minutes after the last one.",
            code="signing-closed",
        )
    if account.is_active and check_password(password, account.password):
        return now, None
    detail: dict[str, object] = {
        "person": account.person_id,
        "username": account.username,
    }
    draft = audit.Draft(kind=REFUSED, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return now, Invalid(
        "The password is wrong; nothing was signed.", code="signature-refused"
    )


def _count_wrong(actor: str, *, since: dt.datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, [audit.INSTALLATION, REFUSED, actor, since])
        return int(cursor.fetchone()[0])
