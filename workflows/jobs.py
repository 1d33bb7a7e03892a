"""What RQ runs: look for work and do it until there is none. Jobs carry no work."""

import os
import socket
import time

from django.conf import settings

from workflows import dispatch
from workflows.operations import advance, external

SECONDS = 60
"""How long one job goes on before it gives the worker back and rings again."""


def drain_engine(*, seconds: float = SECONDS, **_: object) -> int:
    """Advance instances until nothing is due; return how many steps ended."""
    steps = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done = advance.advance_batch(worker=worker_name())
        steps += done.steps
        if not done.instances and not done.more:
            return steps
    dispatch.ring("engine")
    return steps


def drain_services(*, seconds: float = SECONDS, **_: object) -> int:
    """Work off external steps until none is due; return how many there were."""
    steps = external.work_off(
        worker=worker_name(),
        limit=settings.SERVICE_CALLS,
        threads=settings.SERVICE_THREADS,
        seconds=seconds,
    )
    if external.is_due():
        dispatch.ring("services")
    return steps


def worker_name() -> str:
    """Return what names this process in audit entries."""
    return f"{socket.gethostname()}:{os.getpid()}"
