"""Give each published message its one receiver. Publishing is in messages.py.

A message and a subscription are rows that commit apart, each in a transaction that
knows nothing of the other. Pairing them is a third transaction, `match`, that runs
whenever one side has committed: after a publication, after an advance that opened
subscriptions or threw messages, and by the sweeper.

Note [No pair is missed]
Whoever commits last looks last. `match` takes a lock for each name and key (advisory,
until its transaction ends) and reads after that, so that of two matchers the later one
sees all that the earlier saw and what committed since. Row locks that are skipped
would not do: the later one would pass over a message that the earlier holds while
that, with an older snapshot, does not see the new subscription. A crash between
commit and match leaves both rows; the sweeper finds them.

Note [No two receivers]
Under the lock a message that is BUFFERED has no receiver and a subscription that
stands has room. Both change with the stimulus in one transaction. Against advances,
which know no such lock, subscriptions are locked row by row, SKIP LOCKED: one that
somebody holds is being closed. A matcher waits for nobody but other matchers, whose
locks it takes in one order; so nobody can be waiting for it in a circle.

- Two publishers, one `once` subscription: the older message has it, the other waits.
- One message, two subscriptions: the oldest; instances before start events.
- A subscription that is not `once` (a non-interrupting event) stays for the next.
- A start event begins an instance of the newest version. With a key, and as in Zeebe,
  one instance of a process at a time for each name and key: the next message waits
  until that has ended. Without a key every message begins one.
- An instance that ends or moves on before it hears gives the message back
  (`return_message`, store/messages.py): it waits again, if its time has not run out.
- An instance that is suspended keeps what it was given and hears it when resumed.
- A message of an id that was seen already is ignored while the first one's row is
  kept: seven days after it ended, and never before its own time has run out.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction

from workflows import dispatch, store
from workflows.core.correlation import SubscriptionKind, fit, pair
from workflows.core.engine.run import Run
from workflows.operations import message_starts
from workflows.store import matching
from workflows.store.matching import Topic

BATCH = 100
"""Names with their keys in one transaction, and messages of each."""
PAGE = 2000
"""Buffered messages that one sweep looks at."""
KEPT = dt.timedelta(days=7)
"""How long a message that ended is kept, for its id and for whoever asks."""
GRACE = dt.timedelta(seconds=10)
"""How long after its time a message may still be matched with who waited in time."""
SWEPT = 1000
"""Rows that one sweep expires or deletes."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Round:
    """Where a sweeper has got to among the buffered messages; losing it harms nobody."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What one sweep did to messages."""

    matched: int
    expired: int
    deleted: int


def match_after_commit(topics: Collection[Topic]) -> None:
    """Match these names and keys once the transaction stands.

    Where that fails, or the process dies before, the sweeper does it.
    """
    if topics:
        dispatch.after_commit(partial(match, sorted(set(topics))))


def match(topics: Sequence[Topic]) -> int:
    """Pair what is buffered with who waits; return how many messages found one.

    Every transaction is this function's own. A name on which it fails is logged and
    left to the sweeper; the others go on.
    """
    matched = 0
    for place in range(0, len(topics), BATCH):
        todo = matching.list_worth_matching(topics[place : place + BATCH])
        while todo:
            count, todo = _guarded(todo)
            matched += count
    return matched


def sweep(progress: Round) -> Kept:
    """Match a page of what is buffered, expire what is late, delete what is old."""
    topics, progress.after = matching.read_page(after=progress.after, limit=PAGE)
    return Kept(
        matched=match(topics),
        expired=matching.expire(grace=GRACE, limit=SWEPT),
        deleted=matching.delete_old(kept=KEPT, limit=SWEPT),
    )


def topics_of(runs: Sequence[Run]) -> set[Topic]:
    """Return what is worth matching when these runs have committed.

    What they began to wait for, what they threw, and what they kept from starting.
    """
    found: set[Topic] = set()
    for run in runs:
        found.update(
            (fit(one.name), fit(one.key))
            for one in run.changes.subscribed
            if one.kind == SubscriptionKind.MESSAGE
        )
        found.update((fit(one.name), fit(one.key)) for one in run.changes.messages)
        started_by = run.instance.data.get("started_by")
        if started_by and run.instance.ended_at is not None:
            found.add((started_by["name"], started_by["key"]))
    return found


def return_message(data: Mapping[str, Any]) -> None:
    """Give back the message of a RECEIVED stimulus that nobody is left to hear."""
    if "message" in data:
        match_after_commit(store.put_back([int(data["message"])]))


def _guarded(topics: Sequence[Topic]) -> tuple[int, list[Topic]]:
    """Match topics; where that fails, one by one, and leave out the bad ones."""
    try:
        return _match(topics)
    except Exception:
        if connection.in_atomic_block:
            raise
        log.exception("match_failed", topics=topics)
    if len(topics) == 1:
        return 0, []
    matched = 0
    todo: list[Topic] = []
    for topic in topics:
        count, more = _guarded([topic])
        matched += count
        todo.extend(more)
    return matched, todo


@transaction.atomic
def _match(topics: Sequence[Topic]) -> tuple[int, list[Topic]]:
    """Do one round; return how many found a receiver and where more may wait."""
    matching.lock_topics(topics)
    # A statement of its own: it sees what the lock's last holder committed.
    messages = matching.lock_messages(topics, limit=BATCH)
    if not messages:
        return 0, []
    waiting = matching.lock_waiting(list(messages), limit=BATCH)
    pairs = {
        topic: pair(found, waiting.get(topic, ())) for topic, found in messages.items()
    }
    given = [one for paired in pairs.values() for one in paired]
    if given:
        matching.deliver(given)
    taken = {message_id for message_id, _ in given}
    started = message_starts.start({
        topic: [one for one in found if one.id not in taken]
        for topic, found in messages.items()
    })
    if given or started:
        dispatch.ring_after_commit("engine")
    more = [
        topic
        for topic, found in messages.items()
        if len(found) == BATCH and (pairs[topic] or started[topic])
    ]
    return len(given) + started.total(), more
