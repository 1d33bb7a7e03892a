"""`manage.py deploy_definition PATH`: deploy a package from a folder or a zip."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.actors import COMMAND_LINE
from workflows.operations import definitions
from workflows.operations.errors import Refused


class Command(BaseCommand):
    requires_system_checks = []
    help = "Deploy a package (folder or zip) as an immutable definition."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="folder or zip archive")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = definitions.load_package(options["path"])
            deployed = definitions.deploy(files=files, actor=COMMAND_LINE)
        except Refused as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(
                json.dumps({
                    "definition_id": deployed.definition_id,
                    "key": deployed.key,
                    "version": deployed.version,
                    "digest": deployed.digest,
                    "created": deployed.created,
                    "findings": list(deployed.findings),
                })
            )
            return
        for finding in deployed.findings:
            self.stdout.write(
                f"{finding['source']}:{finding['line']}: {finding['element']}:"
                f" {finding['message']} [{finding['code']}]"
            )
        verb = "Deployed" if deployed.created else "Unchanged:"
        self.stdout.write(
            f"{verb} {deployed.key} {deployed.version} ({deployed.digest[:12]})."
        )
