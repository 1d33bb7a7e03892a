"""Send what people were told: decide when, claim, send, note what came of it.

1. `plan_some` gathers notices into deliveries: mails with their moments (quiet hours,
   digests) and posts to chat rooms;
2. `claim_some` takes deliveries that are due under a lease and commits;
3. each is sent outside any transaction;
4. what came of it is noted under the claim's token.

A crash before 2 leaves it due. A crash between 3 and 4 sends it a second time when the
lease lapses, with the same Message-ID and key: twice may happen, never not at all. A
notice read in the application before its mail goes is left out of it.
"""

import datetime as dt
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction

from review.core.notices import deliveries
from review.core.notices.letters import Line, read_tables, write_post
from review.core.notices.notices import ChatKind, DeliveryState
from review.operations.notices import letters, retention
from review.operations.notices.notifying import BELL
from review.operations.notices.planning import plan_some
from workflows import dispatch
from workflows.connectors import chat
from workflows.connectors.mail import MailLine
from workflows.connectors.outcomes import Later, Rejected
from workflows.core.webhooks import sign
from workflows.driver import fetch
from workflows.store import database_now

BATCH: Final = 10
LEASE_SECONDS: Final = 300
HERE_SECONDS: Final = 2.0
"""How long a sweep sends by itself where the broker takes no ring."""

log = structlog.get_logger(__name__)

_IS_DUE: Final = """
    SELECT EXISTS (SELECT FROM review_notification WHERE planned_at IS NULL)
        OR EXISTS (SELECT FROM review_delivery
            WHERE state IN ('WAITING', 'SENDING') AND next_at <= clock_timestamp())
"""
# Note [A lapsed lease]: `next_at` of what is being sent is the end of its lease, so one
# index finds both what waits and what a dead sender left.
_CLAIM: Final = """
    WITH due AS (
        SELECT id FROM review_delivery
        WHERE state IN ('WAITING', 'SENDING') AND next_at <= clock_timestamp()
        ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE review_delivery d
    SET state = 'SENDING', token = d.token + 1, attempts = d.attempts + 1,
        lease_until = clock_timestamp() + %s * interval '1 second',
        next_at = clock_timestamp() + %s * interval '1 second'
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.token, d.attempts, d.due_at
"""
# A person who has gone, or read it all meanwhile, leaves a delivery without lines.
_ADDRESSES: Final = """
    SELECT d.id, CASE WHEN p.disabled_at IS NULL THEN p.email END, h.url, h.kind,
        h.name, h.secret
    FROM review_delivery d
    LEFT JOIN review_person p ON p.id = d.person_id
    LEFT JOIN review_chathook h ON h.id = d.hook_id AND h.removed_at IS NULL
    WHERE d.id = ANY(%s)
"""
_LINES: Final = """
    SELECT delivery_id, kind, title, text, url, created_at, tables::text
    FROM review_notification
    WHERE delivery_id = ANY(%s) AND read_at IS NULL ORDER BY id
"""
_NOTE: Final = """
    UPDATE review_delivery
    SET state = %s, next_at = %s, error = %s, lease_until = NULL,
        finished_at = CASE WHEN %s THEN clock_timestamp() END
    WHERE id = %s AND token = %s AND state = 'SENDING' RETURNING id
"""
_HAND_BACK: Final = """
    UPDATE review_delivery
    SET state = 'WAITING', attempts = attempts - 1, next_at = clock_timestamp(),
        lease_until = NULL
    WHERE id = %s AND token = %s AND state = 'SENDING' RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send until its lease ends."""

    id: int
    token: int
    attempts: int
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a claimed delivery carries, and where to: a mail address or a room."""

    claimed: Claimed
    lines: tuple[Line, ...]
    email: str
    hook_url: str
    hook_kind: str
    room: str
    secret: str


class Mailman:
    """Sends notices out, in `notify` jobs and in sweeps that have no broker."""

    def drain(self, *, seconds: float) -> int:
        """Send what is due for at most about so long; return how many went out."""
        return drain(seconds=seconds)


def drain(*, seconds: float) -> int:
    """Plan and send until nothing is due; ring again where the time is over."""
    until = time.monotonic() + seconds
    sent = 0
    while True:
        planned = plan_some()
        claimed = claim_some()
        sent += send_all(claimed, until=until)
        if not planned and not claimed:
            return sent
        if time.monotonic() >= until:
            dispatch.ring(BELL)
            return sent


def sweep() -> None:
    """Ring for what is due, send it here where no broker is; forget what is old."""
    ((due,),) = fetch(_IS_DUE)
    if due and not dispatch.ring(BELL):
        drain(seconds=HERE_SECONDS)
    retention.forget_old()


@transaction.atomic
def claim_some(*, limit: int = BATCH) -> list[Claimed]:
    """Take up to so many deliveries that are due, or whose sender has died."""
    rows = fetch(_CLAIM, [limit, LEASE_SECONDS, LEASE_SECONDS])
    return sorted((Claimed(*row) for row in rows), key=lambda each: each.id)


def send_all(claimed: Sequence[Claimed], *, until: float) -> int:
    """Send claimed deliveries; hand back what the time does not reach."""
    if not claimed:
        return 0
    sent = 0
    until = min(until, time.monotonic() + LEASE_SECONDS / 2)
    parcels = _read_parcels(claimed)
    with MailLine() as line:
        for number, each in enumerate(claimed):
            if number and time.monotonic() >= until:
                fetch(_HAND_BACK, [each.id, each.token])
                continue
            sent += _send(parcels[each.id], line)
    return sent


def _send(parcel: Parcel, line: MailLine) -> bool:
    """Send one delivery and note what came of it; return whether it was taken."""
    try:
        way = _find_way(parcel, line)
        if way is None:
            _note(parcel, DeliveryState.SKIPPED)
            return False
        way()
    except Rejected as error:
        _fail(parcel, str(error))
    except Later as error:
        _postpone(parcel, error)
    except Exception as error:
        # One message that breaks the sender must not hold up the others behind it.
        log.exception("delivery_broke", delivery=parcel.claimed.id)
        _postpone(parcel, Later(f"The sender broke: {type(error).__name__}."))
    else:
        # A crash here sends it again when the lease lapses: the same Message-ID.
        _note(parcel, DeliveryState.SENT)
        return True
    return False


def _find_way(parcel: Parcel, line: MailLine) -> Callable[[], None] | None:
    """Return what sends it; None where nobody is left to read it."""
    if not parcel.lines:
        return None
    name = letters.name_delivery(parcel.claimed.id, parcel.claimed.due_at)
    if parcel.hook_url:
        body = write_post(
            ChatKind(parcel.hook_kind),
            parcel.lines,
            room=parcel.room,
            delivery_key=name,
        )
        return lambda: chat.post(
            parcel.hook_url,
            body=body,
            delivery_key=name,
            proof=_sign(parcel.secret, key=name, body=body),
        )
    if parcel.email:
        letter = letters.write_letter(parcel.lines, to=parcel.email, delivery_key=name)
        return lambda: line.send(letter)
    return None


def _sign(secret: str, *, key: str, body: bytes) -> dict[str, str]:
    """Return what proves who posts. Raises Later where the settings lack the secret."""
    if not secret:
        return {}
    known: dict[str, str] = settings.WEBHOOK_SECRETS
    if secret not in known:
        raise Later(f"The secret {secret!r} is not among the settings.")
    # The moment is that of the try: receivers refuse what was signed long ago.
    return sign(secret=known[secret], key=key, at=int(time.time()), body=body)


def _postpone(parcel: Parcel, error: Later) -> None:
    claimed = parcel.claimed
    following = deliveries.plan_retry(
        attempts=claimed.attempts,
        due_at=claimed.due_at,
        now=database_now(),
        jitter=random.random(),  # noqa: S311  spreads retries, guards nothing
        at_least=dt.timedelta(seconds=error.seconds),
    )
    if following.state is DeliveryState.DEAD:
        _fail(parcel, f"Given up after five days: {error}")
    else:
        _note(parcel, following.state, next_at=following.next_at, error=str(error))


def _fail(parcel: Parcel, error: str) -> None:
    log.warning("delivery_dead", delivery=parcel.claimed.id, error=error)
    _note(parcel, DeliveryState.DEAD, error=error)


def _note(
    parcel: Parcel,
    state: DeliveryState,
    *,
    next_at: dt.datetime | None = None,
    error: str = "",
) -> None:
    """Note the end of a try; nothing where the lease lapsed and another sender has it."""
    claimed = parcel.claimed
    is_over = state is not DeliveryState.WAITING
    words = [state.value, next_at or claimed.due_at, error[:500], is_over]
    if not fetch(_NOTE, [*words, claimed.id, claimed.token]):
        log.warning("delivery_lease_lost", delivery=claimed.id)


def _read_parcels(claimed: Sequence[Claimed]) -> Mapping[int, Parcel]:
    ids = [each.id for each in claimed]
    lines: dict[int, list[Line]] = {}
    for delivery_id, kind, title, text, url, told_at, tables in fetch(_LINES, [ids]):
        whole = letters.whole_url(url)
        line = Line(kind, title, text, whole, told_at, read_tables(json.loads(tables)))
        lines.setdefault(delivery_id, []).append(line)
    by_id = {each.id: each for each in claimed}
    return {
        delivery_id: Parcel(
            claimed=by_id[delivery_id],
            lines=tuple(lines.get(delivery_id, ())),
            email=email or "",
            hook_url=url or "",
            hook_kind=kind or "",
            room=room or "",
            secret=secret or "",
        )
        for delivery_id, email, url, kind, room, secret in fetch(_ADDRESSES, [ids])
    }
