"""`manage.py set_policy --queue KEY --kind grid --file grid.json`: rules of a queue.

What a policy is and who may change it: operations/policies.py.
"""

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from review.core.states import PolicyState
from review.models import Person, Queue, User
from review.operations import policies
from review.operations.policies import BadBody
from workflows.operations.errors import Refused

KINDS: Final = {kind.value.lower(): kind for kind in policies.KINDS}


class Command(BaseCommand):
    """Bring the first version of a policy into force, or propose a change; audited."""

    help = (
        "Set the first grid or routing rules of a queue from a JSON file. Where there"
        " are some already, this proposes a change in the name of --by, and another"
        " person approves it on the site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", required=True, metavar="KEY")
        parser.add_argument("--kind", required=True, choices=sorted(KINDS))
        parser.add_argument(
            "--file", required=True, help="the body as JSON; - for standard input"
        )
        parser.add_argument(
            "--by", default="", metavar="USERNAME", help="who proposes a change"
        )
        parser.add_argument("--reason", default="Set from the command line.")

    def handle(self, *args: Any, **options: Any) -> None:
        kind = KINDS[options["kind"]]
        queue = Queue.objects.filter(key=options["queue"]).first()
        if queue is None:
            raise CommandError(f"There is no queue {options['queue']!r}.")
        try:
            policy = policies.propose(
                queue_id=queue.id,
                kind=kind,
                body=_read(options["file"]),
                reason=options["reason"],
                person=_find_person(options["by"]),
            )
        except BadBody as bad:
            raise CommandError(
                "\n".join(fault.message for fault in bad.faults)
            ) from bad
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        name = f"Version {policy.version} of the {policies.NAMES[kind]} of {queue.key}"
        if policy.state == PolicyState.PROPOSED.value:
            self.stdout.write(f"{name} is proposed; another person approves it.")
        else:
            self.stdout.write(f"{name} is in force.")


def _read(name: str) -> object:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{name} is no JSON: {error}") from error


def _find_person(username: str) -> Person | None:
    if not username:
        return None
    user = User.objects.select_related("person").filter(username=username).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {username!r}.")
    return user.person
