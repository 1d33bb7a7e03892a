"""What tests need of the audit tables and the product never does. No fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_TABLES = """
    SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE t.tgname = c.relname || '_table_stays'
"""


def let_tests_empty_tables() -> None:
    """Switch off the triggers that refuse TRUNCATE, which is how tests clean up."""
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        return  # no test asked for a database, so none was made for tests
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_table_stays")


@contextmanager
def owner_without_triggers(*tables: str) -> Iterator[None]:
    """Do what only a table's owner can: change audited rows unseen by the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
