"""One statement for many rows, and how values cross into the database and back."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from weakref import WeakSet

from django.db import connection
from psycopg import Connection, Cursor
from psycopg.adapt import Dumper
from psycopg.pq import Format

from workflows.core import wireformat as wire

PREPARE_AFTER = 5
"""How often a connection runs a statement before it has the server keep its plan."""


def database_now() -> dt.datetime:
    """Return the database's clock, UTC; it runs on during a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return aware(now)


def parse_json(text: str) -> Any:
    """Read stored JSON; numbers with a fraction become Decimal, never float."""
    return json.loads(text, parse_float=Decimal)


def execute(sql: str, columns: Iterable[Sequence[object]]) -> None:
    """Run one statement whose parameters are whole columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in columns])


def copy_packed(statement: str, rows: Sequence[bytes], *, columns: int) -> None:
    """Insert rows of binary fields (`core.wireformat`) by COPY ... (FORMAT binary)."""
    packed = wire.copy_stream(rows, columns=columns)
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        copy.write(packed)


class Column:
    """A whole column of packed fields as one parameter of a prepared statement."""

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


def columns(types: Sequence[int], rows: Sequence[Sequence[bytes]]) -> list[Column]:
    """Turn rows of packed fields into parameters, one for each column.

    `types` are the oids of what the columns hold.
    """
    return [
        Column(wire.array(oid, fields))
        for oid, fields in zip(types, zip(*rows, strict=True), strict=True)
    ]


def prepared(sql: str, parameters: Sequence[object] = ()) -> list[Any]:
    """Run a statement that this connection parses and plans once; return its rows.

    Django binds parameters on the client, so that each of its statements is parsed and
    planned anew. Those that run here are prepared from their fifth time on.
    """
    with connection.wrap_database_errors, Cursor(_ready()) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


_known: WeakSet[Connection[Any]] = WeakSet()


def _ready() -> "Connection[Any]":
    """Return the driver's connection; it passes a `Column` and prepares statements."""
    connection.ensure_connection()
    driver: Connection[Any] = connection.connection
    if driver not in _known:
        driver.adapters.register_dumper(Column, _ColumnDumper)
        driver.prepare_threshold = PREPARE_AFTER
        _known.add(driver)
    return driver


def copy_in(statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert many rows by COPY: binding them as parameters takes ten times as long."""
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def aware(moment: dt.datetime) -> dt.datetime:
    """Return a moment of the database in UTC."""
    return moment.astimezone(dt.UTC)
