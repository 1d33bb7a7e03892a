"""`manage.py grant_audit USERNAME`: let somebody audit, a matter only and for a time."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from review.core.evidence.scopes import AuditScope
from review.core.states import Role
from review.operations.people import people
from workflows.core.actors import COMMAND_LINE
from workflows.core.zones import find_moment
from workflows.operations.errors import Invalid, Refused


class Command(BaseCommand):
    """Give, change or revoke an auditor's role with its limits; audited."""

    help = (
        "Let a person audit: read, search, sample and export, and change nothing."
        " Limits take the place of those he has."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="what the person signs in with")
        parser.add_argument(
            "--until",
            default="",
            metavar="DAY",
            help="last day, as 2026-12-31, of the organisation's zone",
        )
        parser.add_argument(
            "--process",
            action="append",
            default=[],
            metavar="KEY",
            help="cases of this process; may be repeated",
        )
        parser.add_argument(
            "--queue",
            action="append",
            default=[],
            metavar="KEY",
            help="cases that had a task in this queue; may be repeated",
        )
        parser.add_argument(
            "--opened-from",
            default="",
            metavar="DAY",
            help="cases opened then or later",
        )
        parser.add_argument(
            "--opened-until", default="", metavar="DAY", help="and until this day"
        )
        parser.add_argument(
            "--matter", default="", help="what it is about, as its auditor reads it"
        )
        parser.add_argument(
            "--revoke", action="store_true", help="take the role away instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = people.get_person(username=options["username"])
            if options["revoke"]:
                people.revoke_role(person=person, role=Role.AUDITOR, actor=COMMAND_LINE)
                self.stdout.write(f"{person.name} audits no more.")
                return
            scope = AuditScope(
                matter=options["matter"].strip(),
                definitions=tuple(options["process"]),
                queues=tuple(options["queue"]),
                opened_from=_moment(options["opened_from"]),
                opened_until=_moment(options["opened_until"], days=1),
                ends_at=_moment(options["until"], days=1),
            )
            people.grant_role(
                person=person, role=Role.AUDITOR, actor=COMMAND_LINE, scope=scope
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        limits = "within limits" if scope.is_limited else "every case"
        until = f" until {options['until']}" if scope.ends_at else ""
        self.stdout.write(f"{person.name} audits {limits}{until}.")


def _moment(text: str, *, days: int = 0) -> dt.datetime | None:
    """Return the midnight a day begins with, or that of so many days later."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except ValueError as error:
        raise Invalid(f"{text!r} is no day; write it as 2026-12-31.") from error
    midnight = dt.datetime.combine(day, dt.time.min)
    return find_moment(midnight, ZoneInfo(settings.HOUSE_ZONE))
