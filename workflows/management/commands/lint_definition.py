"""`manage.py lint_definition PATH`: read a package and say what is wrong or odd."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.core.bpmn.problems import Problem
from workflows.operations import packages
from workflows.operations.errors import Refused


class Command(BaseCommand):
    requires_system_checks = []
    help = (
        "Check a package without deploying it. Exit code 0: sound; 1: refused,"
        " or with --strict anything found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="folder or zip archive")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0")
        parser.add_argument("--strict", action="store_true", help="findings fail too")

    def handle(self, *args: Any, **options: Any) -> None:
        problems: tuple[Problem, ...] = ()
        findings: list[dict[str, str | int]] = []
        try:
            contents = packages.read_package(packages.load_package(options["path"]))
            findings = [finding.as_dict() for finding in contents.findings]
        except packages.PackageRefused as error:
            problems = error.problems
        except Refused as error:
            raise CommandError(error.message) from error
        if options["json"]:
            found = [
                {
                    "source": problem.source,
                    "line": problem.line,
                    "element": problem.element,
                    "message": problem.message,
                }
                for problem in problems
            ]
            self.stdout.write(json.dumps({"problems": found, "findings": findings}))
        elif options["sarif"]:
            self.stdout.write(json.dumps(_sarif(problems, findings), indent=1))
        else:
            self._print(problems, findings)
        if problems or (options["strict"] and findings):
            raise CommandError(
                f"{len(problems)} problems, {len(findings)} findings.", returncode=1
            )

    def _print(
        self, problems: tuple[Problem, ...], findings: list[dict[str, str | int]]
    ) -> None:
        for problem in problems:
            self.stdout.write(f"refused: {problem}")
        for finding in findings:
            self.stdout.write(
                f"{finding['severity']}: {finding['source']}:{finding['line']}:"
                f" {finding['element']}: {finding['message']} [{finding['code']}]"
            )
        if not problems and not findings:
            self.stdout.write("Nothing found.")


_LEVELS = {"error": "error", "warning": "warning", "advice": "note"}


def _sarif(
    problems: tuple[Problem, ...], findings: list[dict[str, str | int]]
) -> dict[str, object]:
    """Return the log of one run as OASIS SARIF 2.1.0, which code hosts can show."""
    refused = [
        {**asdict(one), "code": "refused", "severity": "error"} for one in problems
    ]
    results = [
        {
            "ruleId": one["code"],
            "level": _LEVELS[str(one["severity"])],
            "message": {"text": f"{one['element']}: {one['message']}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one["source"]},
                        "region": {"startLine": max(int(one["line"]), 1)},
                    }
                }
            ],
        }
        for one in [*refused, *findings]
    ]
    rules = [{"id": rule} for rule in dict.fromkeys(one["ruleId"] for one in results)]
    driver = {"name": "Countersign", "rules": rules}
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
