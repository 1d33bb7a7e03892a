"""`manage.py circuits`: which connectors are held back, and close one by hand."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.models import Circuit
from workflows.operations import circuits
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Show the circuits of connectors that failed, or close one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--close", metavar="CONNECTOR", help="let calls through")
        parser.add_argument("--reason", default="", help="why; audited")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["close"]:
                circuits.close(
                    connector=options["close"],
                    actor=COMMAND_LINE,
                    reason=options["reason"],
                )
        except Refused as error:
            raise CommandError(error.message) from error
        found = circuits.list_circuits()
        for one in found:
            self.stdout.write(_line(one))
        if not found:
            self.stdout.write("No connector has failed.")


def _line(one: Circuit) -> str:
    parts = [f"{one.connector}: {one.state.lower().replace('_', '-')}"]
    if one.retry_at is not None:
        parts.append(f"next probe {_time(one.retry_at)}")
    parts.append(f"{len(one.failed_at)} failures lately")
    if one.failed_at:
        parts.append(f"last {_time(one.failed_at[-1])}")
    return ", ".join(parts)


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
