"""Ten thousand pages' sockets at a real site: promises 21 and 11, counted.

`sockets COUNT WEB_PID` connects in waves, rings, drops all, lets all come back at once,
and ends some sessions and roles meanwhile. Prints what it saw; `kept` says whether no
connection grew with the sockets, all heard, and the right ones were closed in time.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import django

django.setup()

import httpx  # noqa: E402
import psycopg  # noqa: E402
import redis  # noqa: E402
from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import (  # noqa: E402
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
)
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from config.local.supervisor import WEB_POOL  # noqa: E402
from review.core.states import Role  # noqa: E402
from review.live import send_now  # noqa: E402
from review.models import Person, Queue, User  # noqa: E402
from review.operations import queues  # noqa: E402
from review.operations.people import people  # noqa: E402
from tests.factories.processes import TESTER  # noqa: E402
from tests.factories.tasks import AT_ONCE, PASSWORD  # noqa: E402
from tests.faults.frames import Page, Pages  # noqa: E402

Told = dict[str, Any]

ROUNDS: Final = 3
WAVES: Final = 10
TABS: Final = 5
SESSIONS: Final = 4
BROWSERS: Final = TABS * SESSIONS
MOST_ENDED: Final = 50
PROMISED_SECONDS: Final = 30.0
TOPIC: Final = "queue.sockets"
OURS: Final = "socket-run"  # this program's own connection, which is not counted
CONNECTIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> %s
"""


# --- who has the pages open -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """One natural person, and the sessions of his browsers."""

    person: Person
    sessions: tuple[str, ...]


def gather(count: int) -> list[Reader]:
    """Make as many reviewers as have so many pages open among them."""
    queue = queues.define_queue(
        key="sockets", name="Sockets", actor=TESTER, rules=AT_ONCE
    )
    readers = []
    for number in range(-(-count // BROWSERS)):
        name = f"reader-{number}"
        person = people.create_person(
            name=name, actor=TESTER, username=name, password=PASSWORD
        )
        people.grant_role(person=person, role=Role.REVIEWER, queue=queue, actor=TESTER)
        user = User.objects.get(username=name)
        sessions = tuple(_sign_in(user) for _ in range(SESSIONS))
        readers.append(Reader(person, sessions))
    return readers


def _sign_in(user: User) -> str:
    """Make the session that signing in would; five thousand forms would take long."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def open_pages(pages: Pages, readers: list[Reader], count: int) -> list[Page]:
    """Return the pages, not yet connected, each with what it asks to hear."""
    return [
        Page(
            pages,
            number=number,
            session=reader.sessions[number // TABS % SESSIONS],
            topics=(TOPIC, f"person.{reader.person.id}"),
        )
        for number in range(count)
        for reader in [readers[number // BROWSERS]]
    ]


# --- what is counted ------------------------------------------------------------------


class Counts:
    """Looks at broker, database and web process twice a second."""

    def __init__(self, web_pid: int) -> None:
        self._web_pid = web_pid
        self.most: Counter[str] = Counter()
        self.slowest_page = 0.0
        self._broker = redis.Redis.from_url(settings.REDIS_URL)
        database = settings.DATABASES["default"]
        self._database = psycopg.connect(
            host=database["HOST"],
            port=database["PORT"],
            user=database["USER"],
            dbname=database["NAME"],
            application_name=OURS,
            autocommit=True,
        )

    def look(self) -> dict[str, int]:
        """Return what is there now; remember the most of each."""
        row = self._database.execute(CONNECTIONS, [OURS]).fetchone()
        assert row is not None
        found = {
            "database_connections": int(row[0]),
            "broker_clients": len(self._broker.client_list()) - 1,
            "broker_channels": len(self._broker.pubsub_channels()),
            "web_files": len(list(Path(f"/proc/{self._web_pid}/fd").iterdir())),
            "web_kib": _resident_kib(self._web_pid),
        }
        self.most |= Counter(found)
        return found

    async def settle(self) -> dict[str, int]:
        """Return what is there once the site's workers have all connected."""
        found: list[dict[str, int]] = []
        while (
            len(found) < 4 or len({each["broker_clients"] for each in found[-4:]}) > 1
        ):
            await asyncio.sleep(1.0)
            found.append(self.look())
        self.most.clear()
        return found[-1]

    async def go_on(self, url: str, *, session: str) -> None:
        """Look until canceled, and fetch a page each time as a reader does."""
        cookies = {settings.SESSION_COOKIE_NAME: session}
        async with httpx.AsyncClient(cookies=cookies, timeout=60) as client:
            while True:
                await asyncio.to_thread(self.look)
                began = time.monotonic()
                answer = await client.get(url)
                assert answer.status_code == 200, answer.status_code
                self.slowest_page = max(self.slowest_page, time.monotonic() - began)
                await asyncio.sleep(0.5)


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (each for each in status.splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1])


# --- the run --------------------------------------------------------------------------


async def run(count: int, web_pid: int) -> Told:
    """Connect, ring, drop and come back; then let some lose what let them in."""
    readers = await sync_to_async(gather)(count)
    site = urlsplit(settings.ORIGINS[0])
    assert site.hostname is not None
    assert site.port is not None
    pages = Pages(site.hostname, site.port)
    all_pages = open_pages(pages, readers, count)
    counts = Counts(web_pid)
    before = await counts.settle()
    watching = asyncio.create_task(
        counts.go_on(
            f"{site.geturl()}/queues/sockets/", session=readers[-1].sessions[-1]
        )
    )
    opened, heard, seconds, kib = [], [], [], []
    for number in range(ROUNDS):
        began = time.monotonic()
        # The first time they come in waves, then all at once, as after a restart.
        waves = WAVES if number == 0 else 1
        for wave in range(waves):
            await pages.connect(all_pages[wave::waves])
        seconds.append(round(time.monotonic() - began, 1))
        heard.append(await _ring(pages, all_pages))
        opened.append(sum(page.is_open for page in all_pages))
        kib.append(counts.look()["web_kib"])
        if number < ROUNDS - 1:
            for page in all_pages:
                page.drop()
            await _wait_dropped(counts, before)
    pages.closed.clear()
    ended = await _end_some(pages, all_pages, readers)
    watching.cancel()
    for page in all_pages:
        page.drop()
    after = await _wait_dropped(counts, before)
    told = {
        "sockets": count,
        "sessions": len(readers) * SESSIONS,
        "persons": len(readers),
        "refused": pages.refused,
        "open_each_round": opened,
        "heard_each_round": heard,
        "seconds_to_connect": seconds,
        "before": before,
        "most": dict(counts.most),
        "after": after,
        "web_kib_each_round": kib,
        "kib_per_socket": round((kib[0] - before["web_kib"]) / count, 1),
        "slowest_page_seconds": round(counts.slowest_page, 2),
        **ended,
    }
    return told | {"kept": _is_kept(told)}


async def _ring(pages: Pages, all_pages: list[Page]) -> int:
    """Ring until every open page has heard, or for so long; return how many have."""
    pages.heard.clear()
    deadline = time.monotonic() + PROMISED_SECONDS
    while True:
        await sync_to_async(send_now)(TOPIC)
        await asyncio.sleep(1.0)
        heard = len(pages.heard.get(TOPIC, ()))
        if heard == len(all_pages) or time.monotonic() > deadline:
            return heard


async def _wait_dropped(counts: Counts, before: dict[str, int]) -> dict[str, int]:
    """Wait until the site has noticed that everybody is gone; return what is left."""
    deadline = time.monotonic() + 2 * PROMISED_SECONDS
    while True:
        await asyncio.sleep(0.5)
        found = counts.look()
        if found["web_files"] < before["web_files"] + 30 or time.monotonic() > deadline:
            return found


async def _end_some(pages: Pages, all_pages: list[Page], readers: list[Reader]) -> Told:
    """Sign some browsers out, take the role from some persons; see when they close."""
    half = min(MOST_ENDED, max(1, len(readers) // 3))
    leaving, dismissed = readers[:half], readers[half : 2 * half]
    began = time.monotonic()
    for reader in leaving:
        await sync_to_async(_sign_out)(reader.sessions[0])
    for reader in dismissed:
        await sync_to_async(_dismiss)(reader.person)
    acted = time.monotonic()
    gone = {reader.sessions[0]: 4401 for reader in leaving}
    gone |= {each: 4403 for reader in dismissed for each in reader.sessions}
    expected = {
        page.number: gone[page.session] for page in all_pages if page.session in gone
    }
    while time.monotonic() < acted + PROMISED_SECONDS + 5:
        if expected.keys() <= pages.closed.keys():
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(2.0)  # for those who should not be closed
    closed = dict(pages.closed)
    rightly = [
        number
        for number, code in expected.items()
        if closed.pop(number, (0.0, 0))[1] == code
    ]
    times = [pages.closed[number][0] - began for number in rightly]
    return {
        "should_close": len(expected),
        "closed_as_they_should": len(rightly),
        "closed_though_they_should_not": len(closed),
        # Reckoned from the first act on, so rather too long than too short.
        "longest_to_close_seconds": round(max(times, default=0.0), 1),
    }


def _sign_out(session_key: str) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    assert client.post(reverse("sign-out")).status_code == 302


def _dismiss(person: Person) -> None:
    people.revoke_role(
        person=person,
        role=Role.REVIEWER,
        queue=Queue.objects.get(key="sockets"),
        actor=TESTER,
    )


def _is_kept(told: Told) -> bool:
    """Compare with what does not depend on how many sockets there are."""
    count, before, most = told["sockets"], told["before"], told["most"]
    return bool(
        told["open_each_round"] == told["heard_each_round"] == [count] * ROUNDS
        and told["refused"] == 0
        and most["web_files"] >= count  # they were there
        and most["database_connections"] <= before["database_connections"] + WEB_POOL
        and most["broker_clients"] <= before["broker_clients"] + 3
        and most["broker_channels"] <= before["broker_channels"] + 1
        and told["after"]["web_files"] < before["web_files"] + 30
        and told["should_close"] == told["closed_as_they_should"] > 0
        and told["closed_though_they_should_not"] == 0
        and told["longest_to_close_seconds"] <= PROMISED_SECONDS
    )


def main() -> None:
    """Run once, with as many files as the system lets us open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    told = asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
