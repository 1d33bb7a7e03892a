"""One statement for many rows, and how values cross into the database and back."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from workflows.driver import fetch


def database_now() -> dt.datetime:
    """Return the database's clock, UTC; it runs on during a transaction."""
    ((now,),) = fetch("SELECT clock_timestamp()")
    return aware(now)


def parse_json(text: str) -> Any:
    """Read stored JSON; numbers with a fraction become Decimal, never float."""
    return json.loads(text, parse_float=Decimal)


def execute(sql: str, columns: Iterable[Sequence[object]]) -> None:
    """Run one statement whose parameters are whole columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in columns])


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
