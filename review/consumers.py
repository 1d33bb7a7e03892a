"""Sockets that carry hints to open pages. One subscription per process feeds them all."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import Final

import redis.asyncio
import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from review.dashboards.hearing import Admission, Ask, admit
from review.live import hints_channel

MOST_TOPICS: Final = 64
MOST_LETTERS: Final = 16_384
MOST_OF_ONE: Final = 100
"""How many sockets one natural person may have open in one process."""
PATROL_SECONDS: Final = 1.0
RECHECK_SECONDS: Final = 15.0
MOST_UNSEEN_SECONDS: Final = 28.0
AT_ONCE: Final = 500
RETRY_SECONDS: Final = 1.0
REPLAY_SECONDS: Final = 10.0
MOST_RECENT: Final = 10_000
SIGNED_OUT: Final = 4401
RIGHTS_LOST: Final = 4403
TOO_MANY: Final = 4429
TOO_LONG: Final = 1009
TRY_LATER: Final = 1013
EVERYTHING: Final = '{"topic": "*"}'

log = structlog.get_logger(__name__)


class Door:
    """Asks the database who may listen; while one question runs the others gather.

    Ten thousand pages that come back at once so cost some dozens of questions, on one
    connection.
    """

    def __init__(self) -> None:
        self._asked: list[tuple[Ask, asyncio.Future[Admission | None]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask) -> Admission | None:
        """Return who asks and what they may hear, None for nobody who is let in."""
        answer: asyncio.Future[Admission | None]
        answer = asyncio.get_running_loop().create_future()
        self._asked.append((ask, answer))
        if self._answering is None or self._answering.done():
            self._answering = asyncio.create_task(self._answer())
        return await answer

    async def _answer(self) -> None:
        while self._asked:
            batch, self._asked = self._asked[:AT_ONCE], self._asked[AT_ONCE:]
            asking = database_sync_to_async(admit)([ask for ask, _ in batch])
            found: list[Admission | None] | BaseException
            (found,) = await asyncio.gather(asking, return_exceptions=True)
            for place, (_, answer) in enumerate(batch):
                if answer.done():  # whoever asked has gone meanwhile
                    continue
                if isinstance(found, BaseException):
                    answer.set_exception(found)
                else:
                    answer.set_result(found[place])


class Hub:
    """The process's one ear at the broker, and who listens to which topic here.

    Note [no hint is missed]: a page is read a moment before its socket stands. Whoever
    begins to listen is therefore given the hints of the last REPLAY_SECONDS, and when
    the ear itself opens, first or after a break, everybody fetches everything.
    """

    def __init__(self) -> None:
        self.door = Door()
        self.listeners: dict[str, set[HintsConsumer]] = {}
        # By when each was last asked about; the longest ago comes first.
        self._seen: dict[HintsConsumer, float] = {}
        self._of_person: Counter[int] = Counter()
        self._recent: dict[str, tuple[float, str]] = {}
        self._ear: asyncio.Task[None] | None = None
        self._round: asyncio.Task[None] | None = None

    def enter(self, listener: HintsConsumer) -> bool:
        """Let a socket in, unless its person has too many already."""
        if self._of_person[listener.person_id] >= MOST_OF_ONE:
            return False
        self._of_person[listener.person_id] += 1
        self._see(listener)
        if self._round is None:
            self._round = asyncio.create_task(self._patrol())
        return True

    def leave(self, listener: HintsConsumer) -> None:
        """Forget a socket that was let in; others are unknown here."""
        self.forget(listener)
        if self._seen.pop(listener, None) is not None:
            self._of_person[listener.person_id] -= 1
            if not self._of_person[listener.person_id]:
                del self._of_person[listener.person_id]

    async def listen(self, listener: HintsConsumer, topics: frozenset[str]) -> None:
        """Let a listener hear these topics and no others, from a moment ago on."""
        if listener not in self._seen:
            return  # it closed while its question was on its way
        self._see(listener)
        if topics == listener.heard:
            return
        new = topics - listener.heard
        self.forget(listener)
        listener.heard = topics
        for topic in topics:
            self.listeners.setdefault(topic, set()).add(listener)
        if self._ear is None:
            # It lives as long as the loop; opening it anew for each page costs hints.
            self._ear = asyncio.create_task(self._run())
        self._drop_old()
        for topic in new & self._recent.keys():
            await _send_all({listener}, self._recent[topic][1])

    def forget(self, listener: HintsConsumer) -> None:
        """Stop a listener's hints."""
        for topic in listener.heard:
            others = self.listeners.get(topic, set())
            others.discard(listener)
            if not others:
                self.listeners.pop(topic, None)
        listener.heard = frozenset()

    def _see(self, listener: HintsConsumer) -> None:
        self._seen.pop(listener, None)
        self._seen[listener] = asyncio.get_running_loop().time()

    async def _patrol(self) -> None:
        """Ask about every socket again and again: sessions and roles end meanwhile."""
        while True:
            await asyncio.sleep(PATROL_SECONDS)
            while len(await self._look_again()) == AT_ONCE:
                pass

    async def _look_again(self) -> list[HintsConsumer]:
        """Ask about those whose turn it is, so many at once; return them."""
        now = asyncio.get_running_loop().time()
        oldest = islice(self._seen.items(), AT_ONCE)
        due = [each for each, seen in oldest if seen < now - RECHECK_SECONDS]
        answers = await asyncio.gather(
            *(each.ask_again() for each in due), return_exceptions=True
        )
        if not any(isinstance(answer, BaseException) for answer in answers):
            return due
        log.warning("sockets_unasked", count=len(due))
        for each in due:
            # Who cannot be asked about for so long may have no right any more.
            if self._seen.get(each, now) < now - MOST_UNSEEN_SECONDS:
                await each.shut(TRY_LATER)
        return []

    async def _run(self) -> None:
        while True:
            with suppress(redis.RedisError, OSError):
                await self._hear()
            log.warning("hints_interrupted")
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        database = client.connection_pool.connection_kwargs.get("db") or 0
        async with client, client.pubsub() as ear:
            await ear.subscribe(hints_channel(database))
            async for message in ear.listen():
                if message["type"] == "subscribe":
                    everybody = set().union(*self.listeners.values())
                    await _send_all(everybody, EVERYTHING)
                else:
                    await self._pass_on(message["data"].decode())

    async def _pass_on(self, frame: str) -> None:
        topic = json.loads(frame)["topic"]
        self._recent[topic] = (asyncio.get_running_loop().time(), frame)
        if len(self._recent) > MOST_RECENT:
            # At this rate remembering costs more than a page's own refresh saves.
            self._recent.clear()
        await _send_all(self.listeners.get(topic, set()), frame)

    def _drop_old(self) -> None:
        since = asyncio.get_running_loop().time() - REPLAY_SECONDS
        self._recent = {
            topic: kept for topic, kept in self._recent.items() if kept[0] >= since
        }


async def _send_all(listeners: set[HintsConsumer], frame: str) -> None:
    for listener in tuple(listeners):
        # A socket that is just closing has its own disconnect on the way.
        with suppress(RuntimeError, OSError):
            await listener.send(text_data=frame)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """Return the hub of the running event loop; a server process has one."""
    loop = asyncio.get_running_loop()
    for stale in [each for each in _hubs if each.is_closed()]:
        del _hubs[stale]
    return _hubs.setdefault(loop, Hub())


class HintsConsumer(AsyncWebsocketConsumer):
    """One page's socket: it names its topics, and hears hints about the allowed ones."""

    wanted: frozenset[str] = frozenset()
    heard: frozenset[str] = frozenset()
    session_key = ""
    person_id = 0

    async def connect(self) -> None:
        """Take in whoever is signed in."""
        cookies: dict[str, str] = self.scope["cookies"]
        self.session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        admission = await self._ask()
        if admission is None:
            await self.close(code=SIGNED_OUT)
            return
        self.person_id = admission.person_id
        if hub().enter(self):
            await self.accept()
        else:
            await self.close(code=TOO_MANY)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Hear `{"subscribe": [topic, ...]}`; anything else is not for us."""
        if len(text_data or bytes_data or "") > MOST_LETTERS:
            await self.shut(TOO_LONG)
            return
        try:
            wanted = json.loads(text_data or "")["subscribe"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(wanted, list):
            named = [topic for topic in wanted if isinstance(topic, str)]
            self.wanted = frozenset(named[:MOST_TOPICS])
            admission = await self._ask()
            if admission is None:
                await self.shut(SIGNED_OUT)
            else:
                await hub().listen(self, admission.heard)

    async def disconnect(self, code: int) -> None:
        """Stop listening."""
        hub().leave(self)

    async def ask_again(self) -> None:
        """Close where the session, or a right to what the page shows, is no more.

        The page then opens a new socket and fetches what its reader may still see.
        """
        wanted = self.wanted
        admission = await self._ask()
        if admission is None:
            await self.shut(SIGNED_OUT)
            return
        if wanted is not self.wanted:
            return  # the page wants other topics by now, and has asked about them itself
        if self.heard - admission.heard:
            await self.shut(RIGHTS_LOST)
        else:
            await hub().listen(self, admission.heard)

    async def shut(self, code: int) -> None:
        """Close, and hear nothing more from this moment on."""
        hub().leave(self)
        # Its page may have closed it in the same moment.
        with suppress(RuntimeError, OSError):
            await self.close(code=code)

    async def _ask(self) -> Admission | None:
        return await hub().door.ask(Ask(self.session_key, self.wanted))
