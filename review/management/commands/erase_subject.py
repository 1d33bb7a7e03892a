"""`manage.py erase_subject SUBJECT`: what is there of a person, and erase it."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.models import Person
from review.operations.evidence import erasing
from review.operations.people import people
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """List a person's cases; with two accounts, erase what they hold."""

    help = "Show which cases are about a person; propose and approve their erasure."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "subject",
            help="as the cases name the person; - reads it from standard input",
        )
        parser.add_argument("--reason", default="", help="stays in the log for ever")
        parser.add_argument("--proposed-by", metavar="ACCOUNT")
        parser.add_argument("--approved-by", metavar="ACCOUNT")

    def handle(self, *args: Any, **options: Any) -> None:
        subject = options["subject"]
        if subject == "-":
            subject = sys.stdin.readline().strip()
        if not options["proposed_by"]:
            self._list(subject)
            return
        try:
            proposed = erasing.propose(
                subject=subject,
                person=_find_person(options["proposed_by"]),
                reason=options["reason"],
            )
            if not options["approved_by"]:
                self.stdout.write(
                    f"Proposed as {proposed}; a second person approves it."
                )
                return
            done = erasing.approve(
                erasure_id=proposed, person=_find_person(options["approved_by"])
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(
            f"Content erased: {done.commitments} values and {done.contents} contents in"
            f" {done.cases} cases. Older backups still have them."
        )

    def _list(self, subject: str) -> None:
        found = erasing.find_cases(subject)
        for one in found:
            way = one.obstacle or "can be erased"
            self.stdout.write(f"{one.instance_id} {one.definition} {one.state}: {way}")
        if not found:
            self.stdout.write("No case is about that person.")


def _find_person(username: str) -> Person:
    try:
        return people.get_person(username=username)
    except Refused as refusal:
        raise CommandError(refusal.message) from refusal
