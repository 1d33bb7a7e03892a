"""`manage.py revoke_api_token NAME`: refuse a token from now on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import tokens
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Revoke an API token; requests that carry it get 401."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name it was made under")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tokens.revoke_token(name=options["name"], actor=COMMAND_LINE)
        except Refused as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Revoked {options['name']}.")
