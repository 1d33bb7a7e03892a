"""Open as many tasks as the first word says. Prints JSON."""

import json
import sys

import django
from django.core.management import call_command

django.setup()

from django.db import connection  # noqa: E402

from review.load.filling import fill  # noqa: E402


def open_tasks(count: int) -> dict[str, object]:
    """Open tasks and leave the tables as autovacuum would in a while."""
    call_command("migrate", verbosity=0)
    opened = fill(tasks=count, processes=2)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"opened": opened}


if __name__ == "__main__":
    print(json.dumps(open_tasks(int(sys.argv[1]))))
