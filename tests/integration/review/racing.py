"""Run acts at the same moment, each on a thread and a connection of its own. No tests."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from django.db import connection

from workflows.operations.errors import Refused

Answer = TypeVar("Answer")
PATIENCE_SECONDS: Final = 60.0


class Track:
    """Lanes that keep their connections, for one race after the other."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._pool = ThreadPoolExecutor(lanes)

    def race(self, *acts: Callable[[], Answer]) -> list[Answer | Refused]:
        """Let acts begin together; return what each said, refusals among it.

        Anything else that an act raises (a deadlock, an integrity error) is raised.
        """
        if len(acts) > self._lanes:
            raise ValueError(f"{len(acts)} acts do not fit {self._lanes} lanes.")
        gate = threading.Barrier(len(acts), timeout=PATIENCE_SECONDS)
        running = [self._pool.submit(_begin_together, gate, act) for act in acts]
        return [one.result(PATIENCE_SECONDS) for one in running]

    def close(self) -> None:
        """Close every lane's connection, or the test database cannot be dropped."""
        self.race(*[_hang_up] * self._lanes)
        self._pool.shutdown()


@contextmanager
def track(lanes: int) -> Iterator[Track]:
    """Lay out a track and clear it away afterwards."""
    laid = Track(lanes)
    try:
        yield laid
    finally:
        laid.close()


def refusals(answers: Sequence[object]) -> list[Refused]:
    """Return the refusals among answers."""
    return [one for one in answers if isinstance(one, Refused)]


def _hang_up() -> None:
    connection.close()  # each thread has its own behind this name


def _begin_together(
    gate: threading.Barrier, act: Callable[[], Answer]
) -> Answer | Refused:
    gate.wait()
    try:
        return act()
    except Refused as refusal:
        return refusal
