"""Fill in the demonstration."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from review.demo import seed
from review.demo.cast import PASSWORD, list_log_ins


class Command(BaseCommand):
    """Make demonstration people, queues and cases once, and print the log-ins."""

    help = "Fill in demonstration data once; print the demonstration's log-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say how many cases at most."""
        parser.add_argument("--cases", type=int, help="make no more than so many")

    def handle(self, *_: Any, cases: int | None = None, **__: Any) -> None:
        """Seed where that was not done before."""
        if not seed.is_seeded():
            made = seed.seed(most=cases)
            self.stdout.write(f"{made} demonstration cases made.")
        self.stdout.write(f"Sign in with the password {PASSWORD} as one of")
        self.stdout.write("\n".join(f"  {line}" for line in list_log_ins()))
