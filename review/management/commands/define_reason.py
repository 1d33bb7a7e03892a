"""`manage.py define_reason CODE ...`: a reason to choose, its policy, words to begin with."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.core.states import Decision
from review.models import Queue
from review.operations import queues
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Make a reason code, change it, or offer it no more; audited."""

    help = "Define a reason that reviewers choose, with its policy and its text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="a short word such as income-unproven")
        parser.add_argument("--queue", metavar="KEY", help="of this queue only")
        parser.add_argument("--label", default="", help="what the list shows")
        parser.add_argument(
            "--decision",
            choices=[word.value for word in Decision],
            default=Decision.REJECT.value,
        )
        parser.add_argument("--policy", default="", help="the paragraph it rests on")
        parser.add_argument(
            "--text", default="", help="what a rationale may begin with; [blanks] too"
        )
        parser.add_argument(
            "--needs-words", action="store_true", help="ask for a rationale as well"
        )
        parser.add_argument("--retire", action="store_true", help="offer it no more")

    def handle(self, *args: Any, **options: Any) -> None:
        code, key = options["code"], options["queue"]
        queue = Queue.objects.filter(key=key).first() if key else None
        if key and queue is None:
            raise CommandError(f"There is no queue {key!r}.")
        where = f"in {queue.key}" if queue else "in all queues"
        try:
            if options["retire"]:
                queues.retire_reason_code(code=code, queue=queue, actor=COMMAND_LINE)
                self.stdout.write(f"The reason {code} is offered no more {where}.")
                return
            if not options["label"]:
                raise CommandError("Say by --label what the list shows.")
            queues.define_reason_code(
                code=code,
                label=options["label"],
                decision=Decision(options["decision"]),
                queue=queue,
                policy_text=options["policy"],
                rationale_text=options["text"],
                needs_rationale=options["needs_words"],
                actor=COMMAND_LINE,
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{options['label']} ({code}) is a reason {where}.")
