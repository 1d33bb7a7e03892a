"""`manage.py bulk_instances OP ...`: one act on many instances, one after the other."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from review.core.interventions import Act
from review.dashboards.chosen import Choice, list_chosen
from review.operations.instances.bulk import (
    BULK_ACTS,
    Fate,
    Order,
    check_order,
    run_order,
)
from workflows.core.actors import COMMAND_LINE
from workflows.core.states import InstanceState
from workflows.operations.errors import Refused

BATCH: Final = 500


class Command(BaseCommand):
    """Choose instances, then retry, suspend, resume, cancel, skip or move in each."""

    help = (
        "Do one act on many instances, each in its own transaction, and say what became"
        " of each. Exit code 0: all done; 1: some refused, or the order was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("op", choices=[act.value.lower() for act in BULK_ACTS])
        parser.add_argument("--definition", default="", metavar="KEY")
        parser.add_argument("--definition-version", default="", metavar="VERSION")
        parser.add_argument(
            "--state",
            default="",
            choices=["", InstanceState.ACTIVE.value, InstanceState.SUSPENDED.value],
        )
        parser.add_argument("--node", default="", metavar="NODE_ID")
        parser.add_argument("--code", default="", help="code of an open incident")
        parser.add_argument("--id", type=UUID, action="append", metavar="INSTANCE")
        parser.add_argument("--to", action="append", default=[], metavar="NODE_ID")
        parser.add_argument("--reason", required=True, help="kept in every audit entry")
        parser.add_argument(
            "--dry-run", action="store_true", help="only say which instances it is for"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        choice = Choice(
            definition=options["definition"],
            version=options["definition_version"],
            state=options["state"],
            node=options["node"],
            code=options["code"],
            ids=options["id"],
            has_incident=options["op"] == "retry",
        )
        if choice.is_empty:
            raise CommandError(
                "Say which instances: --definition, --state, --node, --code or --id."
            )
        order = Order(
            act=Act(options["op"].upper()),
            reason=options["reason"],
            node=options["node"],
            code=options["code"],
            targets=tuple(options["to"]),
        )
        try:
            check_order(order)
            if options["dry_run"]:
                self._preview(choice)
            else:
                self._run(order, choice)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal

    def _preview(self, choice: Choice) -> None:
        found = list_chosen(choice, limit=1_000_000)
        for row in found:
            steps = ", ".join(row.at_steps)
            self.stdout.write(f"{row.id} {row.business_key or '-'} {row.state} {steps}")
        self.stdout.write(f"{len(found)} instances; nothing was done.")

    def _run(self, order: Order, choice: Choice) -> None:
        ids = [row.id for row in list_chosen(choice, limit=1_000_000)]
        done = 0
        for batch in _cut(ids):
            for result in run_order(order, ids=batch, doer=COMMAND_LINE):
                done += result.fate is not Fate.REFUSED
                self.stdout.write(
                    f"{result.instance_id} {result.fate.value.lower()}:"
                    f" {result.sentence}"
                )
        self.stdout.write(f"{done} of {len(ids)} done.")
        if done < len(ids):
            raise CommandError(f"{len(ids) - done} were refused.", returncode=1)


def _cut(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
