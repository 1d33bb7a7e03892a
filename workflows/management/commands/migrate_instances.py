"""`manage.py migrate_instances KEY --from A --to B`: take running instances along."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused
from workflows.operations.instance_migration import (
    Report,
    find_route,
    migrate_instances,
)

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Migrate running instances to another version of their definition. Exit code"
        " 0: all went; 1: some could not, or nothing was done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key")
        parser.add_argument("--from", dest="source", required=True, metavar="VERSION")
        parser.add_argument("--to", dest="target", required=True, metavar="VERSION")
        parser.add_argument(
            "--map",
            dest="nodes",
            nargs="+",
            default=[],
            metavar="OLD=NEW",
            help="nodes whose id is another one in the new version",
        )
        parser.add_argument(
            "--instance", dest="only", nargs="+", type=UUID, metavar="ID"
        )
        parser.add_argument("--reason", default="", help="kept in the audit trail")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would happen, write nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            route = find_route(
                key=options["key"],
                source=options["source"],
                target=options["target"],
                nodes=_read_nodes(options["nodes"]),
            )
            report = migrate_instances(
                route,
                actor=COMMAND_LINE,
                reason=options["reason"],
                dry_run=options["dry_run"],
                only=options["only"],
                on_batch=self._tell_batch,
            )
        except Refused as error:
            raise CommandError(error.message) from error
        self._tell(report)
        if report.blocked:
            raise CommandError(
                f"{report.blocked} instances cannot be migrated.", returncode=1
            )

    def _tell_batch(self, report: Report) -> None:
        self.stderr.write(f"{report.looked_at} instances looked at.")

    def _tell(self, report: Report) -> None:
        verb = "would be migrated" if report.dry_run else "migrated"
        self.stdout.write(f"{report.migrated} instances {verb}.")
        if report.gone:
            self.stdout.write(f"{report.gone} ended or were migrated in between.")
        for (_, message), count in report.reasons.most_common():
            self.stdout.write(f"{count} instances: {message}")
        for one in report.examples[:SHOWN]:
            self.stdout.write(f"  {one.instance_id} {one.business_key}".rstrip())
        if report.blocked > SHOWN:
            self.stdout.write(f"  and {report.blocked - SHOWN} more")


def _read_nodes(pairs: list[str]) -> dict[str, str]:
    nodes: dict[str, str] = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise CommandError(f"--map takes OLD=NEW, not {pair!r}.")
        nodes[old] = new
    return nodes
