"""Fill in the demonstration."""

from typing import Any

from django.core.management.base import BaseCommand

from review.demo import seed
from review.demo.cast import PASSWORD, list_log_ins


class Command(BaseCommand):
    """Make demonstration people, queues and cases once, and print the log-ins."""

    help = "Fill in demonstration data once; print the demonstration's log-ins."

    def handle(self, *_: Any, **__: Any) -> None:
        """Seed where that was not done before."""
        if not seed.is_seeded():
            cases = seed.seed()
            self.stdout.write(f"{cases} demonstration cases made.")
        self.stdout.write(f"Sign in with the password {PASSWORD} as one of")
        self.stdout.write("\n".join(f"  {line}" for line in list_log_ins()))
