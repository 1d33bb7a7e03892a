"""Publish messages. Who gets them is decided in correlation.py, after the commit."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from workflows import store
from workflows.core.actors import Actor
from workflows.core.canonical import CanonicalError, dumps
from workflows.core.correlation import LONGEST, fit
from workflows.core.iso8601 import Iso8601Error, parse_duration
from workflows.operations import correlation
from workflows.operations.errors import Invalid

TIME_TO_LIVE = dt.timedelta(hours=1)
"""How long a message waits for its receiver unless its publisher says otherwise."""
LONGEST_TIME_TO_LIVE = dt.timedelta(seconds=store.LONGEST_SECONDS)
VARIABLES_BYTES = 1024 * 1024

_INSERT = """
    INSERT INTO workflows_message (id, name, key, message_id, variables, state,
        published_at, published_by, initiator, expires_at, node_id)
    SELECT id, name, key, message_id, variables, 'BUFFERED', clock_timestamp(), %s, %s,
           clock_timestamp() + ttl * interval '1 second', ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
                %s::float[])
      AS v(id, name, key, message_id, variables, ttl)
    ON CONFLICT DO NOTHING RETURNING id
"""
_NUMBERS = """
    SELECT nextval(pg_get_serial_sequence('workflows_message', 'id'))
    FROM generate_series(1, %s)
"""
_STANDING = """
    SELECT m.name, m.message_id, m.id FROM workflows_message m
    JOIN unnest(%s::text[], %s::text[]) AS v(name, message_id)
      ON m.name = v.name AND m.message_id = v.message_id
    WHERE m.message_id <> ''
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message to publish. `key` is what the receiver's correlation must give.

    `message_id` is the publisher's own name for it: a second of the same name and id
    is ignored.
    """

    name: str
    key: str = ""
    variables: Mapping[str, object] = field(default_factory=dict)
    message_id: str = ""
    time_to_live: dt.timedelta = TIME_TO_LIVE


@dataclass(frozen=True, slots=True)
class Published:
    """The message's number; `created` is false where its id was seen before."""

    id: int
    created: bool


def publish(publication: Publication, *, actor: Actor) -> Published:
    """Publish one message; it is matched when the transaction stands.

    Raises Invalid.
    """
    (published,) = publish_many([publication], actor=actor)
    return published


def publish_many(
    publications: Sequence[Publication], *, actor: Actor
) -> list[Published]:
    """Publish messages in one transaction; the answers are in their order.

    A crash after the commit leaves them buffered; the sweeper matches them. Raises
    Invalid; nothing is published then.
    """
    rows = [_row(one) for one in publications]
    if not rows:
        return []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_NUMBERS, [len(rows)])
            numbers = [int(row[0]) for row in cursor.fetchall()]
            # In one order, or two publishers of the same ids could wait for each
            # other; and by number, so that the first of an id in one batch stands.
            order = sorted(range(len(rows)), key=lambda n: (rows[n][0], rows[n][2], n))
            columns = zip(*[(numbers[n], *rows[n]) for n in order], strict=True)
            cursor.execute(
                _INSERT, [actor.ref, actor.ref, *[list(column) for column in columns]]
            )
            created = {int(row[0]) for row in cursor.fetchall()}
        answers = _answers(rows, numbers, created)
        correlation.match_after_commit({
            (row[0], row[1])
            for row, number in zip(rows, numbers, strict=True)
            if number in created
        })
    return answers


def read_time_to_live(text: str) -> dt.timedelta:
    """Read an ISO 8601 duration such as PT1H or P7D. Raises Invalid."""
    try:
        duration = parse_duration(text)
    except Iso8601Error as error:
        raise Invalid(f"Time to live: {error}") from error
    if duration.months:
        raise Invalid("Give the time to live in weeks, days, hours, minutes, seconds.")
    return duration.exact


def read_variables(text: str) -> dict[str, object]:
    """Read one JSON object; fractions are exact decimals. Raises Invalid."""
    try:
        found = store.parse_json(text)
    except ValueError as error:
        raise Invalid(f"The variables are no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Invalid('Give the variables as one JSON object, such as {"amount": 5}.')
    return found


def _row(one: Publication) -> tuple[str, str, str, str, float]:
    if not one.name.strip():
        raise Invalid("Name the message.")
    if one.message_id and fit(one.message_id) != one.message_id:
        raise Invalid(
            f"A message id has at most {LONGEST} printable characters;"
            f" that of message {one.name!r} has not."
        )
    if not dt.timedelta(0) <= one.time_to_live <= LONGEST_TIME_TO_LIVE:
        raise Invalid(
            f"The time to live of message {one.name!r} must be between nothing and"
            f" {LONGEST_TIME_TO_LIVE.days} days."
        )
    return (
        fit(one.name),
        fit(one.key),
        one.message_id,
        variables_text(one.name, one.variables),
        one.time_to_live.total_seconds(),
    )


def variables_text(name: str, variables: Mapping[str, object]) -> str:
    """Return variables as the JSON text that is kept. Raises Invalid."""
    try:
        text = dumps(variables)
    except CanonicalError as error:
        raise Invalid(
            f"The variables of {name!r} cannot be kept as JSON: {error}"
        ) from error
    if len(text.encode()) > VARIABLES_BYTES:
        raise Invalid(
            f"The variables of {name!r} are longer than {VARIABLES_BYTES} bytes;"
            " send a reference to what is large."
        )
    if "\\u0000" in text:
        raise Invalid(f"The variables of {name!r} hold a NUL character; leave it out.")
    return text


def _answers(
    rows: Sequence[tuple[str, str, str, str, float]],
    numbers: Sequence[int],
    created: set[int],
) -> list[Published]:
    """Say of each whether it was created; look up those that stood before."""
    seen = [
        (row[0], row[2])
        for row, number in zip(rows, numbers, strict=True)
        if number not in created
    ]
    standing: dict[tuple[str, str], int] = {}
    if seen:
        with connection.cursor() as cursor:
            columns = [[name for name, _ in seen], [one for _, one in seen]]
            cursor.execute(_STANDING, columns)
            standing = {(row[0], row[1]): int(row[2]) for row in cursor.fetchall()}
    return [
        Published(id=number, created=True)
        if number in created
        # 0: the first one's row was deleted this very moment, its time long over.
        else Published(id=standing.get((row[0], row[2]), 0), created=False)
        for row, number in zip(rows, numbers, strict=True)
    ]
