"""Seal the audit log again and again, and leave checkpoints at its anchors.

What sealing is: operations/checkpoints.py; what anchors are: operations/anchors.py.
"""

import signal
from argparse import ArgumentParser
from threading import Event, Thread
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from workflows.core.actors import COMMAND_LINE
from workflows.operations.anchors import Tried, anchor_due, targets_of_settings
from workflows.operations.checkpoints import Floor, Sealed, begin_anew, seal
from workflows.operations.errors import Refused
from workflows.operations.log_key import KeyFolder
from workflows.store import database_now

_LONGEST_PAUSE_SECONDS = 30.0
_ANCHOR_LOOK_SECONDS = 1.0
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Put audit entries into the Merkle tree and sign checkpoints, until stopped."""

    help = "Put audit entries into one Merkle tree and sign checkpoints of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="seal what there is, then end"
        )
        parser.add_argument(
            "--interval",
            type=float,
            default=2.0,
            metavar="SECONDS",
            help="pause between two looks (default: 2)",
        )
        parser.add_argument(
            "--new-key",
            metavar="REASON",
            help="put the signing key aside and go on with a new one; audited",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = KeyFolder.of_settings()
        try:
            if options["new_key"]:
                self._replace_key(folder, reason=options["new_key"])
            elif options["once"]:
                self._seal_all(folder)
            else:
                self._run(folder, pause=options["interval"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _replace_key(self, folder: KeyFolder, *, reason: str) -> None:
        verifier = begin_anew(
            folder=folder, actor=COMMAND_LINE, reason=reason, now=database_now()
        )
        self.stdout.write(f"New key. Give this to your auditors:\n{verifier}")

    def _seal_all(self, folder: KeyFolder) -> None:
        floor, entries, size = Floor(), 0, None
        while True:
            sealed = seal(folder=folder, now=database_now(), floor=floor)
            if sealed.busy:
                raise CommandError("Another sealer is at work; it does the same.")
            entries += sealed.entries
            size = sealed.size or size
            if not sealed.more:
                break
        signed = f"signed {size}" if size else "nothing new to sign"
        self.stdout.write(f"{entries} entries sealed, {signed}.")
        for tried in anchor_due(folder=folder, clock=database_now):
            what = tried.error or f"holds {tried.size} entries."
            self.stdout.write(f"{tried.target}: {what}")

    def _run(self, folder: KeyFolder, *, pause: float) -> None:
        stop = _stop_on_signals()
        # An anchor may take ten seconds to answer, or never do: sealing goes on.
        anchoring = Thread(target=_keep_anchoring, args=(folder, stop), daemon=True)
        if targets_of_settings():
            anchoring.start()
        floor, failures = Floor(), 0
        while not stop.is_set():
            try:
                sealed = seal(folder=folder, now=database_now(), floor=floor)
            except (DatabaseError, InterfaceError) as error:
                # The database is away or was restarted: what was written before is
                # whole, so wait, connect anew and go on.
                failures += 1
                log.warning("sealer.database_away", error=str(error), failures=failures)
                connection.close()
                stop.wait(min(_LONGEST_PAUSE_SECONDS, pause * 2 ** min(failures, 8)))
                continue
            failures = 0
            _tell(sealed)
            if not sealed.more:
                stop.wait(pause)


def _keep_anchoring(folder: KeyFolder, stop: Event) -> None:
    """Leave checkpoints at anchors until told to stop; survives what goes wrong."""
    failures = 0
    while not stop.wait(_ANCHOR_LOOK_SECONDS * 2 ** min(failures, 5)):
        try:
            for tried in anchor_due(folder=folder, clock=database_now):
                _tell_tried(tried)
            failures = 0
        except Exception as error:
            # The sealer must go on, and so must the other anchors, whatever this is.
            failures += 1
            log.exception("anchors.interrupted", error=str(error), failures=failures)
            connection.close()
    connection.close()


def _tell_tried(tried: Tried) -> None:
    if tried.error:
        log.warning("anchors.failed", target=tried.target, error=tried.error)
    else:
        log.info("anchors.left", target=tried.target, size=tried.size)


def _tell(sealed: Sealed) -> None:
    if sealed.size:
        log.info("sealer.signed", entries=sealed.entries, size=sealed.size)


def _stop_on_signals() -> Event:
    """Return an event that SIGTERM and SIGINT set; work at hand is finished first."""
    stop = Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop
