"""Prepared statements, pipelines and binary COPY, on Django's own connection.

Django binds parameters on the client, so that each of its statements is parsed and
planned anew, and waits for the answer to each. The engine's few hot statements go
around that; they run in the same transaction as everything else. No SQL of tables here.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from psycopg import Connection, Cursor
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

from workflows.core import wireformat as wire

PREPARE_AFTER = 5
"""How often a connection runs a statement before it has the server keep its plan."""
REPLAN_AFTER = 16_384
"""See Note [Plans that grow old]."""
FEW = 100
"""Rows up to which one more statement in a pipeline costs less than a COPY."""

Row = tuple[bytes, ...]
"""The packed fields of a row (`core.wireformat`)."""


class Column:
    """A whole column of packed fields as one parameter."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        """Hold an array in its binary form."""
        self.packed = packed


class _ColumnDumper(Dumper):
    """Pass a packed array on as it is; the statement's cast says what it holds."""

    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        """Return the bytes to send."""
        packed: bytes = obj.packed
        return packed


class Into:
    """Rows that are added to a table: a few by one statement, many by COPY."""

    def __init__(self, table: str, columns: Mapping[str, str]) -> None:
        """Take the columns' types by name, in the order of each row's fields."""
        self._types = list(columns.values())
        names = ", ".join(columns)
        self._copy = f"COPY {table} ({names}) FROM STDIN (FORMAT binary)"
        arrays = ", ".join(f"%b::{name}[]" for name in self._types)
        self._insert = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608

    def add(self, rows: Sequence[Row]) -> None:
        """Add packed rows. Only up to FEW can go into a pipeline."""
        if not rows:
            return
        if len(rows) <= FEW:
            run(self._insert, columns(self._types, rows))
            return
        packed = wire.copy_stream(map(b"".join, rows), columns=len(self._types))
        with (
            connection.wrap_database_errors,
            connection.cursor() as cursor,
            cursor.copy(self._copy) as copy,
        ):
            copy.write(packed)


def columns(names: Sequence[str], rows: Sequence[Row]) -> list[Column]:
    """Turn packed rows into parameters, one for each column of these types."""
    return [
        Column(wire.array(types[name].oid, fields))
        for name, fields in zip(names, zip(*rows, strict=True), strict=True)
    ]


def fetch(
    sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
) -> list[Any]:
    """Run a statement, prepared from its fifth time on; return its rows.

    They come in binary form: ask for JSON as text, else its numbers would be floats.
    Inside a pipeline this waits for all that was sent before.
    """
    with connection.wrap_database_errors, Cursor(_driver()) as cursor:
        cursor.execute(sql, parameters, binary=True)
        return cursor.fetchall()


def fetch_each(*statements: tuple[str, Sequence[object]]) -> list[list[Any]]:
    """Run statements one after the other in one round trip; return the rows of each.

    Each sees what those before it have locked: the server runs them in turn.
    """
    with connection.wrap_database_errors, ExitStack() as stack:
        driver = _driver()
        stack.enter_context(driver.pipeline())
        cursors = [stack.enter_context(Cursor(driver)) for _ in statements]
        for cursor, (sql, parameters) in zip(cursors, statements, strict=True):
            cursor.execute(sql, parameters, binary=True)
        return [cursor.fetchall() for cursor in cursors]


def run(sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> None:
    """Run a statement, prepared from its fifth time on, whose rows nobody wants.

    Inside a pipeline it is only sent; if it fails, what comes after it fails, and the
    pipeline's end at the latest.
    """
    with connection.wrap_database_errors, Cursor(_driver()) as cursor:
        cursor.execute(sql, parameters)


@contextmanager
def pipeline(*, when: bool = True) -> Iterator[None]:
    """Send the statements inside without waiting for each answer.

    For statements that cannot be asked one by one whether they succeeded: no savepoint
    and no COPY may come inside. Raises at its end what any of them raised.
    """
    if not when:
        yield
        return
    with connection.wrap_database_errors, _driver().pipeline():
        yield


# Note [Plans that grow old]
# A plan made while a table was small reads all of it, and PostgreSQL keeps a prepared
# plan until the next ANALYZE. So plans are dropped whenever a connection has run four
# times as many statements as at the last time, and every REPLAN_AFTER of them. Not more
# often: to plan a claim's statements anew takes longer than the claim.
_runs: WeakKeyDictionary[Connection[Any], int] = WeakKeyDictionary()


def _driver() -> "Connection[Any]":
    """Return the driver's connection; it passes a `Column` and prepares statements."""
    connection.ensure_connection()
    driver: Connection[Any] = connection.connection
    runs = _runs.get(driver, 0) + 1
    _runs[driver] = runs
    if runs == 1:
        driver.adapters.register_dumper(Column, _ColumnDumper)
        driver.prepare_threshold = PREPARE_AFTER
    elif _is_power_of_four(runs) or runs % REPLAN_AFTER == 0:
        driver.execute("DISCARD PLANS")
    return driver


def _is_power_of_four(number: int) -> bool:
    return number & (number - 1) == 0 and number.bit_length() % 2 == 1
