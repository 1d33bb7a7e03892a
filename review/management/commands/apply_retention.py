"""`manage.py apply_retention`: prune the content of cases whose time is over."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.operations.evidence import retaining
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Prune what is over; with --set, say first how long a definition's content stays."""

    help = "Prune the content of cases that ended longer ago than their rule keeps it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--set", metavar="KEY=DAYS", help="a new rule; KEY=ever keeps it for ever"
        )
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["set"]:
            self._set(options["set"], options["reason"])
        pruned = retaining.prune_all(actor=COMMAND_LINE)
        self.stdout.write(f"Content of {pruned} cases was pruned; entries stay.")

    def _set(self, text: str, reason: str) -> None:
        key, _, days = text.partition("=")
        if not (days.isdecimal() or days == "ever"):
            raise CommandError("Write the rule as KEY=DAYS or KEY=ever.")
        try:
            rule = retaining.set_days(
                definition_key=key,
                days=None if days == "ever" else int(days),
                actor=COMMAND_LINE,
                reason=reason,
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Rule {rule.version} of {key} is in force.")
