"""Raw SQL around a table's guards: change, remove, add a row. No tests.

All other constraints of the table go first, within the same transaction, so that
nothing but its guards can refuse. A table without rows gets one, unseen.
"""

# ruff: noqa: S608  (tables and columns are the database's own names)
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection

Tries = Iterator[tuple[str, Sequence[str]]]
# Some guards are for a part of the rows only: these are theirs.
ONLY: Final = {
    "workflows_timer": "instance_id IS NOT NULL",
    "workflows_anchoring": "state = 'DONE'",
}
_COLUMNS: Final = """
    SELECT a.attname, format_type(a.atttypid, NULL),
        a.attidentity <> '' OR a.attgenerated <> ''
    FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
_TRIGGERS: Final = """
    SELECT t.tgname, pg_get_triggerdef(t.oid, true) FROM pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgrelid = %s::regclass
"""
_CONSTRAINTS: Final = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE (conrelid = %s::regclass AND contype IN ('c', 'u', 'x', 'f'))
        OR (confrelid = %s::regclass AND contype = 'f')
    ORDER BY contype = 'f' DESC
"""
_INDEXES: Final = """
    SELECT indexrelid::regclass::text FROM pg_index
    WHERE indrelid = %s::regclass AND indisunique AND NOT indisprimary
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
# By type: some value, and one other than that of a column.
VALUES: Final = {
    "boolean": ("true", "NOT COALESCE({c}, false)"),
    "integer": ("1000003", "COALESCE({c}, 0) + 1000003"),
    "bigint": ("1000003", "COALESCE({c}, 0) + 1000003"),
    "smallint": ("1", "COALESCE({c}, 0) + 1"),
    "numeric": ("1", "COALESCE({c}, 0) + 1"),
    "double precision": ("1", "COALESCE({c}, 0) + 1"),
    "text": ("'x'", "COALESCE({c}, '') || 'x'"),
    "character varying": ("'x'", "CASE WHEN {c} = 'x' THEN 'y' ELSE 'x' END"),
    "timestamp with time zone": ("now()", "COALESCE({c}, now()) + interval '1 second'"),
    "date": ("current_date", "COALESCE({c}, current_date) + 1"),
    "time without time zone": ("'09:00'", "COALESCE({c}, '00:00') + interval '1 min'"),
    "interval": ("'1 min'", "COALESCE({c}, '0') + interval '1 min'"),
    "uuid": ("gen_random_uuid()", "gen_random_uuid()"),
    "jsonb": ("'{{}}'", "jsonb_build_object('forged', clock_timestamp())"),
    "bytea": ("'\\x00'", "COALESCE({c}, '') || '\\x00'::bytea"),
    "xid8": ("pg_current_xact_id()", "'1'::xid8"),
}


def list_tries(table: str, kinds: frozenset[str]) -> Tries:
    """Yield each way to change a table, by name, as the statements of a transaction."""
    columns, free = _query(_COLUMNS, table), _free(table)
    only = f" WHERE {ONLY[table]}" if table in ONLY else ""
    a_row = f"ctid = (SELECT min(ctid) FROM {table}{only})"
    ((rows,),) = _query(f"SELECT count(*) FROM {table}{only}")
    begin = free if rows else [*free, *_put_unseen(table, columns)]
    for name, kind, is_made in columns:
        if name in _guarded_columns(table, columns) and not is_made:
            change = _value(kind, name)
            yield (
                f"update {name}",
                [*begin, f"UPDATE {table} SET {name} = {change} WHERE {a_row}"],
            )
    yield "delete", [*begin, f"DELETE FROM {table} WHERE {a_row}"]
    if kinds & {"audited", "governed"} and table != "workflows_auditchain":
        yield "insert", [*free, _insert(table, columns)]


def _value(kind: str, column: str = "") -> str:
    """Return some value of a type, or one that the column does not have now."""
    if kind.endswith("[]"):
        some = f"'{{}}'::{kind}"
        other = f"CASE WHEN {column} = {some} THEN '{{NULL}}'::{kind} ELSE {some} END"
        return other if column else some
    some, other = VALUES[kind]
    return (other if column else some).format(c=column)


def _insert(table: str, columns: Sequence[tuple[Any, ...]]) -> str:
    filled = {name: _value(kind) for name, kind, is_made in columns if not is_made}
    if table == "workflows_anchoring":
        filled["state"] = "'DONE'"
    names, values = ", ".join(filled), ", ".join(filled.values())
    return f"INSERT INTO {table} ({names}) VALUES ({values})"


def _put_unseen(table: str, columns: Sequence[tuple[Any, ...]]) -> list[str]:
    """Add a row as only the owner can, and set the guards up again."""
    names = [name for name, _ in _query(_TRIGGERS, table)]
    return [
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        _insert(table, columns),
        *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name in names),
    ]


def _free(table: str) -> list[str]:
    """Take away all that could refuse a change beside the guards."""
    constraints = _query(_CONSTRAINTS, table, table)
    indexes = _query(_INDEXES, table)
    return [
        *(
            f'ALTER TABLE {owner} DROP CONSTRAINT "{name}" CASCADE'
            for owner, name in constraints
        ),
        *(f"DROP INDEX {name}" for (name,) in indexes),
    ]


def _guarded_columns(table: str, columns: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return the columns whose change is guarded: those named, or else all."""
    triggers = dict(_query(_TRIGGERS, table))
    updates = ("_update_needs_", "_update_guarded")
    text = next((t for n, t in triggers.items() if any(u in n for u in updates)), "")
    named = re.findall(r"old\.(\w+)(?:::\w+)? IS DISTINCT", text, re.IGNORECASE)
    settable = [name for name, *_ in columns if name != "id"]
    is_whole = f"{table}_rows_stay" in triggers
    return settable if is_whole or not named else [c for c in settable if c in named]


def _query(sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())
