"""`manage.py legal_hold place|lift|list`: content that stays until a hold is lifted."""

import datetime as dt
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from review.core.evidence.erasing import HoldKind
from review.models import LegalHold
from review.operations.evidence import holds
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Place a hold on a case, a person's cases or a range of cases; lift it; list all."""

    help = "Keep content from erasure and retention; every hold and its end is audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["place", "lift", "list"])
        parser.add_argument("--hold", type=int, help="which one to lift")
        parser.add_argument("--case", type=UUID, metavar="INSTANCE")
        parser.add_argument("--subject", help="a person; - reads from standard input")
        parser.add_argument("--definition", default="", metavar="KEY")
        for name in ("--since", "--until"):
            parser.add_argument(
                name, type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="in UTC"
            )
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            match options["act"]:
                case "place":
                    made = holds.place(wish=_wish(options), actor=COMMAND_LINE)
                    self.stdout.write(f"Hold {made} stands.")
                case "lift":
                    holds.lift(
                        hold_id=options["hold"] or 0,
                        actor=COMMAND_LINE,
                        reason=options["reason"],
                    )
                    self.stdout.write(f"Hold {options['hold']} is lifted.")
                case _:
                    self._list()
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal

    def _list(self) -> None:
        for row in LegalHold.objects.order_by("id"):
            state = "lifted" if row.lifted_at else "stands"
            what = row.instance_id or row.definition_key or row.kind.lower()
            self.stdout.write(f"{row.id} {state}: {row.kind.lower()} {what}")


def _wish(options: dict[str, Any]) -> holds.Wish:
    subject = options["subject"] or ""
    if subject == "-":
        subject = sys.stdin.readline().strip()
    kind = HoldKind.RANGE
    if options["case"]:
        kind = HoldKind.CASE
    elif subject:
        kind = HoldKind.SUBJECT
    return holds.Wish(
        kind=kind,
        reason=options["reason"],
        instance_id=options["case"],
        subject=subject,
        definition_key=options["definition"],
        since=_midnight(options["since"]),
        until=_midnight(options["until"]),
    )


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), dt.UTC) if day else None
