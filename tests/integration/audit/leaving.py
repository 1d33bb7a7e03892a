"""What tests of anchors share: a clock, a log that grows, servers beside. No tests."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer

from pytest_django import Settings

from tests.integration.audit.rows import NOW, an_instance
from workflows.core.anchors import read_targets
from workflows.core.egress import read_allowed
from workflows.operations.checkpoints import seal
from workflows.operations.log_key import KeyFolder


class Clock:
    """A clock that goes only when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def name(settings: Settings, *words: str) -> None:
    settings.ANCHORS = read_targets(words)


def grow(keys: KeyFolder, clock: Clock, *, entries: int = 3) -> int:
    an_instance(entries=entries)
    size = seal(folder=keys, now=clock()).size
    assert size
    return size


@contextmanager
def serving(server: HTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def allow(settings: Settings, *words: str) -> None:
    settings.EGRESS_HOSTS = read_allowed(words)
