"""`manage.py create_api_token NAME`: make a token and print its secret once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import tokens
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Make an API token for a machine; its secret is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the machine is called in the audit log")
        parser.add_argument("--days", type=int, help="how long it is good for")
        parser.add_argument(
            "--reads-log",
            action="store_true",
            help="may read the entries of the audit log, of all cases",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = tokens.create_token(
                name=options["name"],
                days=options["days"],
                reads_log=options["reads_log"],
                actor=COMMAND_LINE,
            )
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(made.secret)
