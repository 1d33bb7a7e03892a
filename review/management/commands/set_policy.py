"""`manage.py set_policy --queue KEY --kind grid --file grid.json`: rules of a queue.

Of a calendar: `--calendar KEY --kind calendar`; `--name` makes one that is not there.

What a policy is and who may change it: operations/policies/policies.py.
"""

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from review.core.policies.calendar_policy import to_days_off, to_hours
from review.core.states import PolicyKind, PolicyState
from review.models import Calendar, Person, Queue, User
from review.operations import queues
from review.operations.policies import policies
from review.operations.policies.policies import BadBody
from review.operations.policies.policy_subjects import NAMES, Subject
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused

KINDS: Final = {kind.value.lower(): kind for kind in policies.KINDS}


class Command(BaseCommand):
    """Bring the first version of a policy into force, or propose a change; audited."""

    help = (
        "Set the first policy of a kind of a queue, or a calendar, from a JSON file."
        " Where one stands already, this proposes a change in the name of --by, and"
        " another person approves it on the site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", default="", metavar="KEY")
        parser.add_argument("--calendar", default="", metavar="KEY")
        parser.add_argument(
            "--name", default="", help="makes the calendar, under this name"
        )
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
        body = _read(options["file"])
        try:
            if kind is PolicyKind.CALENDAR and options["name"]:
                self._make_calendar(options["calendar"], options["name"], body)
                return
            subject = _find_subject(kind, options["queue"], options["calendar"])
            policy = policies.propose(
                queue_id=subject.queue_id,
                calendar_id=subject.calendar_id,
                kind=kind,
                body=body,
                reason=options["reason"],
                person=_find_person(options["by"]),
            )
        except BadBody as bad:
            raise CommandError(
                "\n".join(fault.message for fault in bad.faults)
            ) from bad
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        name = f"Version {policy.version} of the {NAMES[kind]} of {subject.key}"
        if policy.state == PolicyState.PROPOSED.value:
            self.stdout.write(f"{name} is proposed; another person approves it.")
        else:
            self.stdout.write(f"{name} is in force.")

    def _make_calendar(self, key: str, name: str, body: object) -> None:
        rules = policies.KINDS[PolicyKind.CALENDAR]
        if not key:
            raise CommandError("Say by --calendar what key it has.")
        if faults := rules.check(body):
            raise BadBody(faults)
        sound = rules.normalize(body)
        made = queues.define_calendar(
            key=key,
            name=name,
            zone=sound["zone"],
            hours=to_hours(sound),
            country=sound.get("country", ""),
            subdivision=sound.get("part", ""),
            days_off=to_days_off(sound),
            actor=COMMAND_LINE,
        )
        self.stdout.write(f"The calendar {made.key} is made.")


def _find_subject(kind: PolicyKind, queue: str, calendar: str) -> Subject:
    if kind is PolicyKind.CALENDAR:
        found = Calendar.objects.filter(key=calendar).first()
        if found is None:
            raise CommandError(
                f"There is no calendar {calendar!r}; name it with --calendar, and to"
                " make it give its --name too."
            )
        return Subject(calendar=found)
    one = Queue.objects.filter(key=queue).first()
    if one is None:
        raise CommandError(f"There is no queue {queue!r}.")
    return Subject(queue=one)


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
