"""Which message goes to which subscription: words and rules, no rows.

ISO/IEC 19510 leaves open how a message finds its receiver (8.4.2 knows correlation
keys, no algorithm). Ours: a name and one key of text must be equal.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 200
"""Characters of a name or key that are kept as they are; see `fit`."""


class SubscriptionKind(StrEnum):
    """What a subscription waits for."""

    MESSAGE = "MESSAGE"
    SIGNAL = "SIGNAL"


class MessageState(StrEnum):
    """Where a published message is.

    BUFFERED: nobody has it yet. CORRELATED: it has its one receiver. EXPIRED: its time
    ran out before one came.
    """

    BUFFERED = "BUFFERED"
    CORRELATED = "CORRELATED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A subscription as the matcher sees it."""

    id: int
    once: bool
    opened_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Buffered:
    """A message without a receiver."""

    id: int
    expires_at: dt.datetime


def fit(text: str) -> str:
    """Return a name or key as it is kept and compared.

    What is too long, or holds a character that PostgreSQL's text cannot, is stood for
    by its SHA-256: equal texts stay equal, and an index entry stays small.
    """
    if len(text) <= LONGEST and "\x00" not in text and text.isprintable():
        return text
    return "sha256:" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def in_time(message: Buffered, subscription: Waiting) -> bool:
    """Tell whether the subscription opened before the message's time ran out.

    When the matcher looks does not count: a message may be matched late, after a
    crash, but only with who waited in time. So a message of no duration at all
    reaches whoever waits when it is published, and nobody after.
    """
    return subscription.opened_at <= message.expires_at


def pair(
    messages: Sequence[Buffered], subscriptions: Sequence[Waiting]
) -> list[tuple[int, int]]:
    """Pair messages with subscriptions of the same name and key, oldest first.

    Returns (message id, subscription id). Each message goes to one subscription, the
    oldest that opened in time; a subscription that is not `once` takes any number.
    """
    pairs: list[tuple[int, int]] = []
    left = sorted(subscriptions, key=lambda one: one.id)
    for message in sorted(messages, key=lambda one: one.id):
        found = next((one for one in left if in_time(message, one)), None)
        if found is None:
            continue
        pairs.append((message.id, found.id))
        if found.once:
            left.remove(found)
    return pairs
