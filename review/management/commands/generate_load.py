"""`manage.py generate_load`: open many invented tasks, to measure and to try out."""

import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from review.load.filling import fill, open_account
from workflows.operations.errors import Refused


class Command(BaseCommand):
    help = "Open many invented tasks in eight queues, by the engine's own operations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tasks", type=int, default=10_000, help="how many more")
        parser.add_argument(
            "--processes",
            type=int,
            default=min(2, os.cpu_count() or 1),
            help="how many processes work side by side (default: 2)",
        )
        parser.add_argument(
            "--account",
            default="",
            help="username of a reviewer and manager to make; his password is asked for"
            " in the environment as COUNTERSIGN_LOAD_PASSWORD",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("tasks", "processes"):
            if options[name] < 1:
                raise CommandError(f"--{name} must be at least 1.")
        began = time.perf_counter()
        try:
            if options["account"]:
                _open_account(options["account"])
            opened = fill(
                tasks=options["tasks"],
                processes=options["processes"],
                tell=self._tell if options["verbosity"] > 1 else lambda _: None,
            )
        except Refused as error:
            raise CommandError(error.message) from error
        seconds = time.perf_counter() - began
        self.stdout.write(
            f"{opened:,} tasks opened in {seconds:.0f} s ({opened / seconds:,.0f}/s)."
        )

    def _tell(self, opened: int) -> None:
        if not opened % 50_000:
            self.stdout.write(f"{opened:,}")


def _open_account(username: str) -> None:
    password = os.environ.get("COUNTERSIGN_LOAD_PASSWORD", "")
    if not password:
        raise CommandError("Set COUNTERSIGN_LOAD_PASSWORD to the account's password.")
    open_account(username=username, password=password)
