"""`manage.py rebuild_search_values`: compare what instances are found by with their variables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.operations import searching


class Command(BaseCommand):
    help = "Mend the values by which instances are found, from their variables."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; fail where a value differs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = searching.rebuild(write=not options["check"])
        told = (
            f"{report.looked_at:,} instances looked at, {report.differing:,} differed."
        )
        if options["check"] and report.differing:
            raise CommandError(told)
        self.stdout.write(told)
