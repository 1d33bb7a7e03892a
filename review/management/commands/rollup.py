"""`manage.py rollup`: fold, rebuild or check what managers' figures are read from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.operations.figures import rollups


class Command(BaseCommand):
    """Fold what is left over; --rebuild makes all anew, --check compares all."""

    help = "Fold, rebuild or check the rollups that managers' figures are read from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="make facts and rollups anew"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="compare them with what a rebuild would make; exit 1 if they differ",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked for; a check comes last."""
        if options["rebuild"]:
            self.stdout.write(f"{rollups.rebuild():,} tasks were counted anew.")
        else:
            done = rollups.catch_up()
            self.stdout.write(
                "Somebody else is folding."
                if done.busy
                else f"{done.entries:,} entries folded, {done.changed:,} tasks changed."
            )
        if options["check"]:
            found = rollups.check()
            for line in found:
                self.stdout.write(line)
            if found:
                raise CommandError(
                    "The rollups differ from what they are made of; "
                    "rollup --rebuild makes them anew.",
                    returncode=1,
                )
            self.stdout.write("The rollups are what a rebuild would make.")
