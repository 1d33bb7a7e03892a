"""Verify the audit log in the database. What is checked: operations/verification.py."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from workflows.core.notes import NoteError, read_verifier_key
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import Report, verify_log


class Command(BaseCommand):
    """Recompute every chain and the tree; exit 1 where anything does not agree."""

    help = "Verify every audit chain, the Merkle tree over them and its checkpoints."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--instance",
            type=UUID,
            metavar="ID",
            help="only the chain of this instance",
        )
        parser.add_argument(
            "--key",
            action="append",
            default=[],
            metavar="VKEY",
            help="a further public key of checkpoints, name+id+key (repeatable)",
        )

        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            type=Path,
            metavar="PATH",
            help="a checkpoint kept elsewhere, or a folder of them (repeatable)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys = [read_verifier_key(text) for text in options["key"]]
        except NoteError as error:
            raise CommandError(f"--key: {error}") from error
        began = time.perf_counter()
        report = verify_log(
            folder=KeyFolder.of_settings(),
            chain=options["instance"],
            keys=keys,
            anchors=list(_read_anchors(options["anchor"])),
        )
        seconds = time.perf_counter() - began
        if options["instance"] and not report.entries:
            raise CommandError(f"There is no audit chain {options['instance']}.")
        if options["json"]:
            self.stdout.write(json.dumps(_to_json(report, seconds)))
        else:
            self._print(report, seconds)
        if not report.ok:
            raise SystemExit(1)

    def _print(self, report: Report, seconds: float) -> None:
        for epoch in report.epochs:
            self.stdout.write(f"EPOCH  {epoch}")
        for fault in report.faults:
            self.stdout.write(f"FAULT  {fault.message}")
        if report.fault_count > len(report.faults):
            self.stdout.write(
                f"... and {report.fault_count - len(report.faults)} more."
            )
        self.stdout.write(
            f"{report.entries} entries in {report.chains} chains,"
            f" {report.leaves} leaves, {report.checkpoints} checkpoints verified in"
            f" {seconds:.1f} s; {report.unsealed} entries not sealed yet."
        )
        if report.anchors:
            self.stdout.write(
                f"{report.anchors} checkpoints kept elsewhere agree, the largest over"
                f" {report.anchored} entries."
            )
        self.stdout.write("OK" if report.ok else f"{report.fault_count} faults")


def _read_anchors(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the notes in files and folders; what a crash tore off is passed over.

    A mail may be given as it came: the note is its last part.
    """
    for path in paths:
        try:
            files = sorted(path.glob("*.note")) if path.is_dir() else [path]
            texts = [file.read_text(encoding="utf-8") for file in files]
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--anchor: {path} cannot be read: {error}") from error
        if not texts:
            raise CommandError(f"--anchor: there is no .note file in {path}.")
        yield from (text for text in texts if text.endswith("\n"))


def _to_json(report: Report, seconds: float) -> dict[str, object]:
    return {
        "ok": report.ok,
        "entries": report.entries,
        "chains": report.chains,
        "leaves": report.leaves,
        "checkpoints": report.checkpoints,
        "unsealed": report.unsealed,
        "anchors": report.anchors,
        "anchored": report.anchored,
        "epochs": [
            {
                "origin": epoch.origin,
                "entry": epoch.seq,
                "at": epoch.at.isoformat(),
                "by": epoch.actor,
                "reason": epoch.reason,
                "old_origin": epoch.old_origin,
                "signed": epoch.signed,
                "kept": epoch.kept,
                "lost": epoch.lost,
            }
            for epoch in report.epochs
        ],
        "seconds": round(seconds, 3),
        "fault_count": report.fault_count,
        "faults": [
            {
                "chain": str(fault.chain) if fault.chain.int else None,
                "seq": fault.seq or None,
                "code": fault.code,
                "message": fault.message,
            }
            for fault in report.faults
        ],
    }
