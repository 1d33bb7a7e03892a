"""Run the sweeper."""

import random
import signal
import threading
from argparse import ArgumentParser
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections, connection

from workflows.sweeper import sweep

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Sweep again and again until told to stop (SIGTERM or SIGINT)."""

    help = "Fire due timers and ring for work that nobody rang for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say how often, and whether only once."""
        parser.add_argument("--interval", type=float, default=1.0, help="seconds")
        parser.add_argument("--once", action="store_true")

    def handle(self, *_: Any, interval: float, once: bool, **__: Any) -> None:
        """Sweep until told to stop."""
        if once:
            swept = sweep()
            self.stdout.write(f"{swept.timers} timers fired")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            _sweep_once()
            # Several sweepers must not march in step.
            stop.wait(interval * random.uniform(0.75, 1.25))  # noqa: S311


def _sweep_once() -> None:
    """Sweep; a database that is away is waited for, anything else is logged."""
    close_old_connections()
    try:
        sweep()
    except OperationalError as error:
        log.warning("sweep_without_database", error=str(error))
        connection.close()
    except Exception:
        log.exception("sweep_failed")
        connection.close()
