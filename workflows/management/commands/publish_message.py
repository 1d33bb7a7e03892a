"""`manage.py publish_message NAME`: publish a message for whoever waits for it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import messages
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Publish a message; it waits for its receiver until its time runs out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--key", default="", help="what the receiver's key must be")
        parser.add_argument("--variables", default="{}", help="one JSON object")
        parser.add_argument(
            "--id", default="", help="a second message of this name and id is ignored"
        )
        parser.add_argument("--ttl", default="PT1H", help="ISO 8601, e.g. PT1H or P7D")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            published = messages.publish(
                messages.Publication(
                    name=options["name"],
                    key=options["key"],
                    variables=messages.read_variables(options["variables"]),
                    message_id=options["id"],
                    time_to_live=messages.read_time_to_live(options["ttl"]),
                ),
                actor=COMMAND_LINE,
            )
        except Refused as error:
            raise CommandError(error.message) from error
        if published.created:
            self.stdout.write(f"Published message {published.id}.")
        else:
            self.stdout.write(
                f"Ignored: message {published.id} has this name and id already."
            )
