"""Prove that this installation protects its log: operations/protection.py."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from workflows.operations.log_key import KeyFolder
from workflows.operations.protection import check_protection
from workflows.store import database_now


class Command(BaseCommand):
    """Print one sentence for each thing that is not as it should be; exit 1 then."""

    help = (
        "Check triggers, functions, rights, the key's folder and the anchors: does this"
        " installation protect its audit log?"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        looked = check_protection(folder=KeyFolder.of_settings(), now=database_now())
        if options["json"]:
            findings = [one._asdict() for one in looked.findings]
            report = looked._asdict() | {"ok": not findings, "findings": findings}
            self.stdout.write(json.dumps(report))
        else:
            for finding in looked.findings:
                self.stdout.write(f"FINDING  {finding.message}")
            self.stdout.write(
                f"{looked.triggers} triggers on {looked.tables} tables,"
                f" {looked.functions} functions, {looked.anchors} anchors looked at."
            )
            count = len(looked.findings)
            self.stdout.write(f"{count} findings" if count else "OK")
        if looked.findings:
            raise SystemExit(1)
