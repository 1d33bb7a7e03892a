"""`manage.py set_authority USERNAME AMOUNT`: how much a weighted quorum lets one approve."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.models import Queue
from review.operations.people import authorities, people
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Set or take away up to which amount a person may approve; audited."""

    help = "Set up to which amount a person's approval counts in weighted quorums."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="what the person signs in with")
        parser.add_argument("amount", help="an amount such as 5000, or none")
        parser.add_argument(
            "--queue", metavar="KEY", help="in this queue only; goes before the general"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username, amount, key = options["username"], options["amount"], options["queue"]
        queue = Queue.objects.filter(key=key).first() if key else None
        if key and queue is None:
            raise CommandError(f"There is no queue {key!r}.")
        try:
            person = people.get_person(username=username)
            if amount == "none":
                authorities.revoke(person=person, queue=queue, actor=COMMAND_LINE)
            else:
                authorities.grant(
                    person=person,
                    amount=Decimal(amount),
                    queue=queue,
                    actor=COMMAND_LINE,
                )
        except InvalidOperation as error:
            raise CommandError(f"{amount!r} is no amount.") from error
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        where = f"in {queue.key}" if queue else "in all queues"
        self.stdout.write(f"{person.name} may approve up to {amount} {where}.")
