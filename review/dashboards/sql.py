"""Run one reading statement and give its rows back as named tuples of plain values."""

import functools
import json
from collections import namedtuple
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import connection

GOES_ON: Final = """
    NOT EXISTS (SELECT FROM workflows_instance s
                WHERE s.id = t.instance_id AND s.state = 'SUSPENDED')
"""
OVERDUE: Final = f"""
    (t.breached_at IS NOT NULL
     OR (t.state <> 'WAITING' AND t.due_at <= {{now}} AND {GOES_ON}))
"""
"""What counts as overdue of an open task `t` on every page: nothing falls due while its
clock stands, and a breach stays one after the clock was restarted."""


def read_rows(statement: str, parameters: Mapping[str, Any]) -> list[Any]:
    """Return all rows; a column is an attribute of the row by its SQL name."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        columns = tuple(column.name for column in cursor.description or ())
        row_type = _row_type(columns)
        return [row_type(*values) for values in cursor.fetchall()]


@functools.lru_cache(maxsize=256)
def _row_type(columns: tuple[str, ...]) -> Any:
    # Which columns there are is known to the statement alone.
    return namedtuple("Row", columns)  # noqa: PYI024


def read_row(statement: str, parameters: Mapping[str, Any]) -> Any | None:
    """Return the first row, or None where there is none."""
    rows = read_rows(statement, parameters)
    return rows[0] if rows else None


def read_json(text: str | None) -> Any:
    """Return a JSON column's value with numbers as Decimal; None for NULL."""
    return None if text is None else json.loads(text, parse_float=Decimal)
