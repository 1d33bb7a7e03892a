"""Write a bundle of evidence. What is in it: docs/evidence.md."""

import shutil
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from review.core.evidence.bundles import Redaction
from review.core.evidence.facets import NAMES
from review.core.evidence.selections import Selection
from review.models import EvidenceBundle
from review.operations.evidence import building, bundles
from workflows.core.actors import COMMAND_LINE
from workflows.models import Instance
from workflows.operations.errors import Refused


class Command(BaseCommand):
    """Export cases as a ZIP or a folder that verifies offline; audited."""

    help = "Export cases as an evidence bundle that verifies offline."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instances", type=UUID, nargs="*", metavar="INSTANCE")
        parser.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="FACET=VALUE",
            help="all cases that an audit search with these facets finds",
        )
        parser.add_argument(
            "--to",
            type=Path,
            required=True,
            metavar="DIR_OR_ZIP",
            help="a new file that ends in .zip, or a folder to put the bundle into",
        )
        parser.add_argument("--reason", default="", help="why; kept in the audit entry")
        parser.add_argument("--title", default="", help="what the bundle is called")
        parser.add_argument(
            "--without-values",
            action="store_true",
            help="leave out personal values; everything still verifies",
        )
        parser.add_argument(
            "--without-field",
            action="append",
            default=[],
            metavar="FIELD",
            help="leave out the personal values of a field",
        )
        parser.add_argument(
            "--since",
            type=Path,
            metavar="CHECKPOINT",
            help="a checkpoint you hold, as a file: prove that the log grew out of it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        selection = _read_selection(options)
        target: Path = options["to"]
        is_archive = target.suffix == ".zip"
        folder = target.parent if is_archive else target
        if is_archive and target.exists():
            raise CommandError(f"{target} exists; name another place with --to.")
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder; make it first.")
        try:
            bundle_id = bundles.order_bundle(
                selection=selection,
                doer=COMMAND_LINE,
                redaction=Redaction(
                    without_disclosures=options["without_values"],
                    fields=tuple(options["without_field"]),
                ),
                reason=options["reason"],
                since=_read_note(options["since"]),
                here=True,
            )
            final = target if is_archive else target / f"evidence-{bundle_id}"
            _build(bundle_id)
            _put(bundle_id, final, is_archive=is_archive)
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        size = final.stat().st_size if is_archive else 0
        words = f" ({size} bytes)" if size else ""
        self.stdout.write(f"{final}{words}")


def _read_selection(options: dict[str, Any]) -> Selection:
    cases = tuple(dict.fromkeys(options["instances"]))
    facets = dict(part.partition("=")[::2] for part in options["where"])
    if bool(cases) == bool(facets):
        raise CommandError("Name cases, or facets of a search with --where.")
    if unknown := facets.keys() - NAMES:
        words = ", ".join(sorted(unknown))
        raise CommandError(f"No facet: {words}. There are: {', '.join(sorted(NAMES))}.")
    if facets:
        told = ", ".join(f"{name} {value}" for name, value in facets.items())
        title = options["title"] or f"Cases with {told}"
        return Selection(kind="query", title=title, facets=facets)
    known = set(Instance.objects.filter(pk__in=cases).values_list("pk", flat=True))
    for case in cases:
        if case not in known:
            raise CommandError(f"There is no instance {case}.")
    if len(cases) == 1:
        title = options["title"] or f"Case {cases[0]}"
        return Selection(kind="case", title=title, cases=cases)
    title = options["title"] or f"{len(cases)} cases"
    return Selection(kind="sample", title=title, cases=cases)


def _read_note(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def _build(bundle_id: int) -> None:
    """Build it here; raises CommandError where that fails."""
    if building.build_now(bundle_id):
        return
    bundle = EvidenceBundle.objects.get(pk=bundle_id)
    if bundle.state != "READY":
        words = bundle.error or "A worker has taken it up; fetch it from its page."
        raise CommandError(f"Bundle {bundle_id} is {bundle.state.lower()}: {words}")


def _put(bundle_id: int, final: Path, *, is_archive: bool) -> None:
    with bundles.open_download(bundle_id=bundle_id, doer=COMMAND_LINE) as file:
        if is_archive:
            with final.open("xb") as out:
                shutil.copyfileobj(file, out)
        else:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(final.parent)  # our own archive, just written
