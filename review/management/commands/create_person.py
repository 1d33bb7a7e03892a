"""`manage.py create_person NAME USERNAME --role ROLE`: somebody who can sign in.

What a person and a role are: operations/people/people.py.
"""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from review.core.states import Role
from review.models import Person, Queue
from review.operations.people import people
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Invalid, NotFound, Refused

ROLES: Final = {role.value.lower().replace("_", "-"): role for role in Role}
QUEUE_ROLES: Final = frozenset({Role.REVIEWER, Role.MANAGER})


class Command(BaseCommand):
    """Create a natural person with an account and roles, all or nothing; audited."""

    help = (
        "Create a person who can sign in. Without --password-stdin a password is made"
        " up and printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the person's full name, as screens show it")
        parser.add_argument("username", help="what the person signs in with")
        parser.add_argument(
            "--role",
            action="append",
            default=[],
            choices=sorted(ROLES),
            dest="roles",
            help="may be repeated",
        )
        parser.add_argument(
            "--queue",
            action="append",
            default=[],
            metavar="KEY",
            dest="queues",
            help="limits the roles reviewer and manager to this queue; may be repeated",
        )
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from standard input; ask for it on a terminal",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given = _read_password() if options["password_stdin"] else ""
        password = given or secrets.token_urlsafe(15)
        roles = [ROLES[word] for word in dict.fromkeys(options["roles"])]
        try:
            with transaction.atomic():
                queues = _find_queues(options["queues"], roles=roles)
                person = people.create_person(
                    name=options["name"],
                    username=options["username"],
                    password=password,
                    email=options["email"],
                    actor=COMMAND_LINE,
                )
                for role in roles:
                    _grant(person, role, queues=queues)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(
            f"Created {person.name}, who signs in as {options['username']}."
        )
        if not roles:
            self.stdout.write("No role yet, so nothing is open to this person.")
        if not given:
            self.stdout.write(f"Password, shown only now: {password}")


def _grant(person: Person, role: Role, *, queues: Sequence[Queue]) -> None:
    limits: Sequence[Queue | None] = queues if role in QUEUE_ROLES else ()
    for queue in limits or [None]:
        people.grant_role(person=person, role=role, queue=queue, actor=COMMAND_LINE)


def _find_queues(keys: Sequence[str], *, roles: Sequence[Role]) -> list[Queue]:
    """Return the queues of these keys, in their order. Raises NotFound, Invalid."""
    if keys and not QUEUE_ROLES & set(roles):
        raise Invalid(
            "--queue limits the roles reviewer and manager; give one of them as --role."
        )
    found = {queue.key: queue for queue in Queue.objects.filter(key__in=keys)}
    for key in keys:
        if key not in found:
            known = ", ".join(
                Queue.objects.order_by("key").values_list("key", flat=True)
            )
            raise NotFound(f"There is no queue {key!r}; there are: {known or 'none'}.")
    return [found[key] for key in dict.fromkeys(keys)]


def _read_password() -> str:
    """Read one line; on a terminal ask twice, unseen. Raises CommandError."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ; nobody was created.")
    if not password:
        raise CommandError("The password read from standard input is empty.")
    return password
