"""The migrations of both applications can be taken back, and applied again."""

from __future__ import annotations

from typing import Final

import pytest
from django.core.management import call_command
from django.db import connection

OURS: Final = "^(review|workflows)_"
_SCHEMA: Final = """
    SELECT table_name, column_name || ' ' || data_type || ' ' || is_nullable
        || coalesce(' ' || column_default, '')
    FROM information_schema.columns WHERE table_name ~ %(ours)s
    UNION ALL SELECT conrelid::regclass::text, conname || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid::regclass::text ~ %(ours)s
    UNION ALL SELECT tablename, indexdef FROM pg_indexes WHERE tablename ~ %(ours)s
    UNION ALL SELECT tgrelid::regclass::text, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text ~ %(ours)s
    UNION ALL SELECT relname, array_to_string(reloptions, ' ') || relacl::text
    FROM pg_class WHERE relname ~ %(ours)s AND relkind IN ('r', 'S')
    UNION ALL SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE proname ~ %(ours)s
"""


def read_schema() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMA, {"ours": OURS})
        return set(cursor.fetchall())


@pytest.mark.django_db
def test_all_migrations_are_taken_back_and_applied_again() -> None:
    before = read_schema()
    call_command("migrate", "workflows", "zero", verbosity=0)
    assert read_schema() == set()
    call_command("migrate", verbosity=0)
    assert read_schema() == before
    assert len(before) > 1000
