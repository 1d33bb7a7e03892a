"""`manage.py replay_log FILE`: drive real instances by a recorded event log."""

import gzip
import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from review.core.evidence.xes import XesError, read_traces
from review.core.replaying import LogMap
from review.demo.travel_log import TRAVEL_LOG
from review.operations.replay.casting import REPLAY
from review.operations.replay.replay import Report, replay
from workflows.operations import definitions
from workflows.operations.errors import Refused
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log

LOG_MAPS: Final[dict[str, LogMap]] = {"travel-declaration": TRAVEL_LOG}
PACKAGES: Final = Path(__file__).parents[2] / "demo" / "packages"
CHUNK: Final = 256 * 1024


class Command(BaseCommand):
    help = "Replay an XES event log as real instances and compare paths and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="FILE.xes or FILE.xes.gz")
        parser.add_argument(
            "--definition", required=True, choices=sorted(LOG_MAPS), help="its key"
        )
        parser.add_argument("--limit", type=int, help="replay the first N cases only")
        parser.add_argument(
            "--processes",
            type=int,
            default=min(2, os.cpu_count() or 1),
            help="how many processes work side by side (default: 2)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        _check_numbers(options)
        began = time.perf_counter()
        log_map = LOG_MAPS[options["definition"]]
        try:
            definition_id = _find_definition(options["definition"])
            with _open(options["path"]) as file:
                traces = itertools.islice(read_traces(_chunks(file)), options["limit"])
                report = replay(
                    traces=traces,
                    definition_id=definition_id,
                    log_map=log_map,
                    processes=options["processes"],
                )
        except (OSError, EOFError, XesError) as error:
            raise CommandError(f"{options['path']}: {error}") from error
        except Refused as error:
            raise CommandError(error.message) from error
        replayed = time.perf_counter() - began
        verification = verify_log(folder=KeyFolder.of_settings())
        told = _tell(report, seconds=replayed) | {
            "chains_verified": verification.ok,
            "seconds_verifying": round(time.perf_counter() - began - replayed, 1),
            "assumptions": list(log_map.assumptions),
        }
        self._print(told, as_json=options["json"])
        if not verification.ok or report.stuck_reasons:
            raise SystemExit(1)

    def _print(self, told: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(told, indent=2))
            return
        for name, value in told.items():
            if isinstance(value, dict):
                self.stdout.write(f"{name}:")
                for reason, count in value.items():
                    self.stdout.write(f"  {count:6}  {reason}")
            elif isinstance(value, list):
                self.stdout.write(f"{name}:")
                for line in value:
                    self.stdout.write(f"  - {line}")
            else:
                self.stdout.write(f"{name}: {value}")


def _check_numbers(options: dict[str, Any]) -> None:
    for name in ("limit", "processes"):
        if options[name] is not None and options[name] < 1:
            raise CommandError(f"--{name} must be at least 1.")


def _find_definition(key: str) -> int:
    """Return the newest version; a demo package that is not there yet is deployed."""
    found = definitions.find_definition(key=key)
    if found is not None:
        return found.id
    files = definitions.load_package(PACKAGES / key)
    return definitions.deploy(files=files, actor=REPLAY).definition_id


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if compressed:
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _tell(report: Report, *, seconds: float) -> dict[str, Any]:
    return {
        "instances": report.instances,
        "conforming": report.conforming,
        "deviating": report.deviations.total(),
        "reasons": dict(report.deviations.most_common()),
        "stuck": report.stuck_reasons.total(),
        "stuck_reasons": dict(report.stuck_reasons.most_common()),
        "events": report.events,
        "verdicts": report.verdicts,
        "inferred_withdrawals": report.inferred,
        "audit_entries": report.audit_entries,
        "steps": report.steps,
        "seconds": round(seconds, 1),
        "steps_per_s": round(report.steps / seconds, 1) if seconds else 0,
    }
