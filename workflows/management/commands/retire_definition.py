"""`manage.py retire_definition KEY VERSION`: let no new instance start on a version."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import definitions, retirement
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Retire a definition's version; its running instances go on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key")
        parser.add_argument("version")
        parser.add_argument(
            "--when-idle",
            action="store_true",
            help="take no new starts, and retire it when its last instance has ended",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key, version = options["key"], options["version"]
        definition = definitions.find_definition(key=key, version=version)
        if definition is None:
            raise CommandError(f"No definition {key} {version} is in force.")
        live = 0
        try:
            if options["when_idle"]:
                live = retirement.retire_when_idle(
                    definition_id=definition.id, actor=COMMAND_LINE
                )
            else:
                definitions.retire(definition_id=definition.id, actor=COMMAND_LINE)
        except Refused as error:
            raise CommandError(error.message) from error
        if live:
            self.stdout.write(
                f"{key} {version} takes no new instances; it is retired when the last"
                f" of {live} has ended."
            )
        else:
            self.stdout.write(f"Retired {key} {version}.")
