"""How tests with real commits clean up: by emptying only what they filled. No fixtures.

Django would truncate every table there is and make all content types and permissions
anew, which takes longer than most of these tests.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from django.db import connection
from django.test import TransactionTestCase

KEPT: Final = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""What migrations alone fill, and no test changes."""


def empty_only_what_was_filled() -> None:
    """Let Django's tests with real commits clean up in our way."""
    TransactionTestCase._fixture_teardown = _clean_up  # type: ignore[attr-defined]


def _clean_up(_: TransactionTestCase) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_look_for_rows())
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


@cache
def _look_for_rows() -> str:
    """Return the query that names each table with a row in it."""
    found = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    names = sorted({connection.ops.quote_name(name) for name in {*found} - KEPT})
    return " UNION ALL ".join(
        f"(SELECT '{name}' FROM {name} LIMIT 1)"  # noqa: S608  (our own tables)
        for name in names
    )
