"""`manage.py broadcast_signal NAME`: tell a signal to all who wait for it now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import messages, signals
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Broadcast a signal; who begins to wait later does not hear it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--variables", default="{}", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = signals.broadcast(
                name=options["name"],
                variables=messages.read_variables(options["variables"]),
                actor=COMMAND_LINE,
            )
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Told {done.told} that waited, started {done.started}.")
