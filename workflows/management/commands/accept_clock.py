"""Let timers fire again after the database's clock jumped."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workflows.core.actors import COMMAND_LINE
from workflows.operations import clock_watch
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Say that the database's clock is right; the reason is kept."""

    help = "Let timers fire again after the database's clock jumped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the reason."""
        parser.add_argument("--reason", required=True)

    def handle(self, *_: Any, reason: str, **__: Any) -> None:
        """Record that the clock is accepted."""
        try:
            clock_watch.accept(actor=COMMAND_LINE, reason=reason)
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write("Timers fire again.")
