"""`manage.py answer_information TASK ANSWER`: give the answer a task waits for."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.operations.tasks import parking
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Answer a reviewer's question; the task goes back to who asked."""

    help = "Give the answer that a task waits for; it goes back to who asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", type=int, help="the task's number")
        parser.add_argument("answer", help="the answer, as the reviewer reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            parking.answer(
                task_id=options["task"], answer=options["answer"], by=COMMAND_LINE
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Task {options['task']} is answered and can go on.")
