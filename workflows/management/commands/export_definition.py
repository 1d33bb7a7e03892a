"""`manage.py export_definition KEY [--version V] --out PATH`: give a definition back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.operations import exports
from workflows.operations.errors import Refused


class Command(BaseCommand):
    requires_system_checks = []
    help = (
        "Write a deployed definition: PATH.zip its package, PATH.bpmn its main model"
        " with ids and a diagram, any other PATH a folder with the package's files."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key")
        # Django's own --version is in the way of the obvious destination.
        parser.add_argument("--version", dest="wanted", default="", help="else newest")
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument(
            "--force", action="store_true", help="overwrite what is there"
        )

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, conflict_handler="resolve", **kwargs
        )

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if out.exists() and not options["force"]:
            raise CommandError(f"{out} is there already; give --force to overwrite it.")
        try:
            definition = exports.get_definition(
                key=options["key"], version=options["wanted"]
            )
            written = _write(definition.id, out)
        except Refused as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error}.") from error
        label = f"{definition.key} {definition.version} ({definition.digest[:12]})"
        self.stdout.write(f"Wrote {label} to {out}: {written:,} bytes.")


def _write(definition_id: int, out: Path) -> int:
    """Write what the path's ending asks for; return how many bytes."""
    match out.suffix.lower():
        case ".zip":
            content = exports.export_package(definition_id=definition_id).content
        case ".bpmn":
            content = exports.export_model(definition_id=definition_id).content
        case _:
            files = exports.read_files(definition_id=definition_id)
            for path, data in files.items():
                (out / path).parent.mkdir(parents=True, exist_ok=True)
                (out / path).write_bytes(data)
            return sum(len(data) for data in files.values())
    out.write_bytes(content)
    return len(content)
