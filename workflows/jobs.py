"""What RQ runs: look for work and do it until there is none. Jobs carry no work."""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection, connections

from workflows import dispatch, kinds
from workflows.operations import advance, external

SECONDS = 60
"""How long one job goes on before it gives the worker back and rings again."""


def drain_engine(**_: object) -> int:
    """Advance instances until nothing is due; return how many steps ended.

    Where a whole batch was due, more threads help: one computes while the database
    works for another. Alone, a bell's one instance pays for none of them.
    """
    until = time.monotonic() + SECONDS
    first = advance.advance_batch(worker=worker_name())
    helpers = settings.ENGINE_THREADS - 1
    if not first.more or not helpers or connection.in_atomic_block:
        return first.steps + _drain(until, went_on=bool(first.instances))
    with ThreadPoolExecutor(max_workers=helpers) as pool:
        helping = [pool.submit(_help, until) for _ in range(helpers)]
        steps = first.steps + _drain(until)
        return steps + sum(one.result() for one in helping)


def _drain(until: float, *, went_on: bool = True) -> int:
    """Advance batches until nothing is due; ring again where the time is over."""
    steps = 0
    while went_on:
        if time.monotonic() >= until:
            dispatch.ring("engine")
            return steps
        done = advance.advance_batch(worker=worker_name())
        steps += done.steps
        went_on = bool(done.instances or done.more)
    return steps


def _help(until: float) -> int:
    """Drain in a thread that has a connection of its own and closes it."""
    try:
        return _drain(until)
    finally:
        connections.close_all()


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


def drain_notices(**_: object) -> int:
    """Send what people are told until none is due; return how many went out."""
    return kinds.carrier().drain(seconds=SECONDS)


def drain_bundles(**_: object) -> int:
    """Do auditors' work for a while, such as bundles; return how much was finished."""
    return kinds.bundler().drain(seconds=SECONDS)


def worker_name() -> str:
    """Return what names this process in audit entries."""
    return f"{socket.gethostname()}:{os.getpid()}"
