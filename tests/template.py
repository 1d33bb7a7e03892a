"""Migrate the database that others of a test run are copies of: `-m tests.template`.

A copy takes a fraction of a second, all migrations many; the databases of the workers,
of the site and of the fleets are copies. It bears its name only once it is whole.
"""

import os
from typing import Final

import django
import psycopg

from tests.stack import TEMPLATE, address_of

UNFINISHED: Final = f"{TEMPLATE}_unfinished"


def main() -> None:
    """Create the database, migrate it and give it its name."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{UNFINISHED}"')
        os.environ["DATABASE_URL"] = address_of(server, UNFINISHED)
        _migrate()
        connection.execute(f'ALTER DATABASE "{UNFINISHED}" RENAME TO "{TEMPLATE}"')


def _migrate() -> None:
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  (needs settings)
    from django.db import connections  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()


if __name__ == "__main__":
    main()
