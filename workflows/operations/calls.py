"""Run claimed work side by side, each call within its time limit. No database here.

A handler that is a coroutine function runs on one event loop; any other in a thread of
its own. A thread cannot be stopped: one that is past its limit is a stray, its answer
is nobody's. Strays count as long as they live, and a process with as many of them as
it may have threads takes no more work for threads; whoever runs it starts a new one.
"""

import asyncio
import heapq
import itertools
import os
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from workflows import failpoints
from workflows.core.contracts import VersionError
from workflows.core.engine import stimuli
from workflows.handlers import Handler, HandlerContext, UnknownHandler, registry
from workflows.operations.advance import failure

MOST_ANSWERS = 500
"""How many answers are handed over at once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed step with all that its handler needs.

    `probe` marks the call that finds out whether its connector's circuit may close.
    """

    step_id: int
    instance_id: UUID
    token: int
    handler: str
    handler_version: str
    timeout_seconds: float
    inputs: Mapping[str, Any]
    context: HandlerContext
    lease_seconds: float = 0.0
    probe: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """Return what tells this claim of the step from every other."""
        return self.step_id, self.token


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a piece of work."""

    work: Work
    stimulus: stimuli.Stimulus


@dataclass(slots=True)
class Room:
    """How much more may be under way; `connectors` those with a limit of their own."""

    threads: int
    calls: int
    connectors: dict[str, int] = field(default_factory=dict)

    def take(self, handler: Handler) -> bool:
        """Take a place for a call of this handler, if there is one."""
        left = self.calls if handler.is_async else min(self.calls, self.threads)
        if handler.concurrency:
            limit = self.connectors.setdefault(handler.connector, handler.concurrency)
            left = min(left, limit)
        if left <= 0:
            return False
        self.calls -= 1
        self.threads -= not handler.is_async
        if handler.concurrency:
            self.connectors[handler.connector] -= 1
        return True


@dataclass(slots=True)
class _Flight:
    work: Work
    handler: Handler | None
    extend_at: float
    task: "asyncio.Task[None] | None" = None
    thread: threading.Thread | None = None


class Pool:
    """Calls under way in this process: at most `calls`, at most `threads` in threads."""

    def __init__(self, *, threads: int, calls: int) -> None:
        self._threads = threads
        self._calls = calls
        self._flying: dict[tuple[int, int], _Flight] = {}
        self._deadlines: list[tuple[float, int, tuple[int, int]]] = []
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._count = itertools.count()

    def __len__(self) -> int:
        return len(self._flying)

    def room(self) -> Room:
        """Return how much more may be started now."""
        flights = self._flying.values()
        in_threads = sum(1 for flight in flights if flight.thread is not None)
        room = Room(
            threads=self._threads - in_threads if count_strays() < self._threads else 0,
            calls=self._calls - len(flights),
        )
        for flight in flights:
            handler = flight.handler
            if handler is not None and handler.concurrency:
                left = room.connectors.get(handler.connector, handler.concurrency)
                room.connectors[handler.connector] = left - 1
        return room

    def longest(self) -> float:
        """Return for how many seconds more a call under way may last."""
        last = max(
            (deadline for deadline, _, key in self._deadlines if key in self._flying),
            default=0.0,
        )
        return last - time.monotonic()

    def start(self, works: Sequence[Work]) -> None:
        """Start calls; their time runs from now."""
        now = time.monotonic()
        on_loop: list[_Flight] = []
        for work in works:
            handler = find_handler(work)
            flight = _Flight(work, handler, now + work.lease_seconds / 3)
            self._flying[work.key] = flight
            limit = work.timeout_seconds
            if handler is not None and handler.is_async:
                on_loop.append(flight)
                limit += 1  # the loop stops it in time, unless the loop itself hangs
            else:
                flight.thread = threading.Thread(
                    target=self._run_in_thread, args=(work,), daemon=True
                )
                flight.thread.start()
            heapq.heappush(self._deadlines, (now + limit, next(self._count), work.key))
        if on_loop:
            _loop().call_soon_threadsafe(self._start_on_loop, on_loop)

    def take(self, *, seconds: float) -> list[Answer]:
        """Wait up to so long for an answer; return all there are by then."""
        wait = seconds
        if self._deadlines:
            wait = min(wait, self._deadlines[0][0] - time.monotonic())
        answers: list[Answer] = []
        try:
            answers.append(self._answers.get(timeout=max(wait, 0.0)))
            while len(answers) < MOST_ANSWERS:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        # The answer of a stray, or to a lease that was lost, is nobody's any more.
        ours = [one for one in answers if self._flying.pop(one.work.key, None)]
        return [*ours, *self._take_overdue()]

    def list_to_extend(self) -> list[Work]:
        """Return the work whose lease must be made longer now, each for once."""
        now = time.monotonic()
        found = []
        for flight in self._flying.values():
            if flight.work.lease_seconds and flight.extend_at <= now:
                flight.extend_at = now + flight.work.lease_seconds / 3
                found.append(flight.work)
        return found

    def drop(self, works: Iterable[Work]) -> None:
        """Stop work whose lease was lost: its answer could not be used."""
        for work in works:
            flight = self._flying.pop(work.key, None)
            if flight is not None:
                _abandon(flight)

    def close(self) -> None:
        """Abandon whatever is still under way."""
        self.drop([flight.work for flight in self._flying.values()])

    def _take_overdue(self) -> list[Answer]:
        now = time.monotonic()
        found = []
        while self._deadlines and self._deadlines[0][0] <= now:
            flight = self._flying.pop(heapq.heappop(self._deadlines)[2], None)
            if flight is not None:
                _abandon(flight)
                found.append(Answer(flight.work, _too_late(flight.work)))
        return found

    def _run_in_thread(self, work: Work) -> None:
        self._answers.put(Answer(work, _run(work)))

    def _start_on_loop(self, flights: Sequence[_Flight]) -> None:
        for flight in flights:
            flight.task = asyncio.ensure_future(self._run_on_loop(flight))

    async def _run_on_loop(self, flight: _Flight) -> None:
        self._answers.put(Answer(flight.work, await _run_async(flight.work)))


def run_all(works: Sequence[Work], *, threads: int) -> list[Answer]:
    """Run work to its end, in the order given; nothing is raised."""
    pool = Pool(threads=threads, calls=len(works))
    waiting = list(works)
    answers: dict[tuple[int, int], Answer] = {}
    while waiting or len(pool):
        # One goes at least: strays of other work may not hold this up for ever.
        room = max(pool.room().threads, 0 if len(pool) else 1)
        pool.start(waiting[:room])
        waiting = waiting[room:]
        answers.update((one.work.key, one) for one in pool.take(seconds=1.0))
    return [answers[work.key] for work in works]


# --- strays ------------------------------------------------------------------------

_strays: set[threading.Thread] = set()


def count_strays() -> int:
    """Return how many threads of this process run on past their limit."""
    _strays.intersection_update([one for one in _strays if one.is_alive()])
    return len(_strays)


def _abandon(flight: _Flight) -> None:
    if flight.thread is not None and flight.thread.is_alive():
        _strays.add(flight.thread)
        log.warning(
            "handler_strays", handler=flight.work.handler, strays=count_strays()
        )
    elif flight.task is not None:
        _loop().call_soon_threadsafe(flight.task.cancel)


# --- the event loop ------------------------------------------------------------------

_loops: dict[int, asyncio.AbstractEventLoop] = {}


def _loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop; handlers may keep their clients on it.

    By process id, for a forked work-horse inherits the dictionary and not the thread.
    """
    loop = _loops.get(os.getpid())
    if loop is None:
        loop = _loops[os.getpid()] = asyncio.new_event_loop()
        threading.Thread(
            target=loop.run_forever, name="handlers-loop", daemon=True
        ).start()
    return loop


# --- one call ------------------------------------------------------------------------


def find_handler(work: Work) -> Handler | None:
    """Return the handler of a piece of work, None where it is not installed."""
    try:
        return registry.get(work.handler, work.handler_version)
    except (UnknownHandler, VersionError):
        return None  # said by `_run`, as the answer to the work


def _run(work: Work) -> stimuli.Stimulus:
    failpoints.reach("call.before")
    try:
        handler = registry.get(work.handler, work.handler_version)
        output = handler.run(work.inputs, work.context)
    except Exception as error:  # noqa: BLE001  whatever a handler raises is an answer
        return failure(work.step_id, error)
    finally:
        # This thread's own connection, if the handler opened one.
        connection.close()
        failpoints.reach("call.after")
    return stimuli.Done(step_id=work.step_id, output=output)


async def _run_async(work: Work) -> stimuli.Stimulus:
    failpoints.reach("call.before")
    limit = asyncio.timeout(work.timeout_seconds)
    try:
        handler = registry.get(work.handler, work.handler_version)
        async with limit:
            output = await handler.run_async(work.inputs, work.context)
    except TimeoutError as error:
        return _too_late(work) if limit.expired() else failure(work.step_id, error)
    except Exception as error:  # noqa: BLE001  whatever a handler raises is an answer
        return failure(work.step_id, error)
    finally:
        failpoints.reach("call.after")
    return stimuli.Done(step_id=work.step_id, output=output)


def _too_late(work: Work) -> stimuli.Stimulus:
    limit = f"{work.timeout_seconds:g} s"
    error = TimeoutError(f"{work.handler} did not answer within {limit}.")
    return failure(work.step_id, error)
