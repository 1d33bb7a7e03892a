"""Write the evidence bundle of one case. What is in it: review/evidence/bundle.py."""

import shutil
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from review.evidence.bundle import Export, export_instance
from workflows.core.actors import COMMAND_LINE
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Export a case as a ZIP or a folder that verifies offline; audited."""

    help = "Export one case as an evidence bundle that verifies offline."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instance", type=UUID, metavar="INSTANCE")
        parser.add_argument(
            "--to",
            type=Path,
            required=True,
            metavar="DIR_OR_ZIP",
            help="a new file that ends in .zip, or a folder to put the bundle into",
        )
        parser.add_argument("--reason", default="", help="why; kept in the audit entry")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["to"]
        is_archive = target.suffix == ".zip"
        folder = target.parent if is_archive else target
        final = target if is_archive else target / f"evidence-{options['instance']}"
        if final.exists():
            raise CommandError(f"{final} exists; name another place with --to.")
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder; make it first.")
        try:
            export = export_instance(
                instance_id=options["instance"],
                actor=COMMAND_LINE,
                reason=options["reason"],
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        _put(export, final, is_archive=is_archive)
        self.stdout.write(f"{final}: {export.size} bytes zipped.")


def _put(export: Export, final: Path, *, is_archive: bool) -> None:
    with export.file:
        if is_archive:
            with final.open("xb") as out:
                shutil.copyfileobj(export.file, out)
        else:
            with zipfile.ZipFile(export.file) as archive:
                archive.extractall(final.parent)  # our own archive, just written
