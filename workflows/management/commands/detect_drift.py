"""`manage.py detect_drift`: do the installed handlers still fit what is deployed?"""

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.operations.drift import Drift, detect_drift


class Command(BaseCommand):
    help = (
        "Compare installed handlers with the contracts that definitions were deployed"
        " against. Exit code 0: none differs; 1: some do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        found = detect_drift()
        if options["json"]:
            self.stdout.write(json.dumps([dataclasses.asdict(one) for one in found]))
        else:
            self._print(found)
        if found:
            raise CommandError(
                f"{len(found)} handlers are not what they were at deploy.", returncode=1
            )

    def _print(self, found: list[Drift]) -> None:
        for one in found:
            places = ", ".join(one.used_by)
            self.stdout.write(f"{one.definition}: {one.handler} ({places})")
            for change in one.changes:
                self.stdout.write(f"  {change}")
        if not found:
            self.stdout.write("No drift.")
