"""Old state + hints = fresh fetch: what an act changes on an open page, it hints at.

For every act, and every page that somebody has open meanwhile: a live part of the page
(`data-topic` with `hx-get`) whose fresh fetch differs must have been hinted at, over
the real broker; and what is not a live part must not have changed at all, or the open
page would show the past until its reader loads it anew.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lxml.html
import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client, TestCase
from django.urls import reverse

from review.core.states import Decision
from review.live import hints_channel
from review.models import Person, Task
from review.operations.tasks import claims, tasks
from review.operations.verdicts import verdicts
from tests.factories.desk import World
from tests.factories.processes import TESTER
from workflows.operations import instances

CLOCKS = re.compile(r"\d{1,2}:\d\d(:\d\d)?|(\d+ (s|min|h|d)\b ?)+|just now")
# Nobody's list is reordered under the pointer, nobody's form is taken from under the
# hands: these wait for their reader, and a live part beside them says what is new.
WAITS = (
    ".//*[@id='task-rows'] | .//*[@id='instance-rows']"
    " | .//aside[contains(@class, 'verdict')]"
    " | .//*[@data-selection] | .//nav[contains(@class, 'pages')]"
    " | .//*[@id='task']/div[contains(@class, 'bar')]"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A live part of an open page, as it was fetched last."""

    url: str
    topics: frozenset[str]
    text: str


class Reader:
    """Somebody's browser, which fetches what several open pages have in common once."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.fetched: dict[str, str] = {}

    def fetch(self, url: str) -> str:
        """Return what a live part tells, as it was when it was first asked for."""
        if url not in self.fetched:
            answer = self.browser.get(url, headers={"HX-Request": "true"})
            assert answer.status_code in {200, 204}, url
            body = answer.content.decode()
            told = _told(lxml.html.fromstring(body)) if body.strip() else ""
            self.fetched[url] = told
        return self.fetched[url]


class Watcher:
    """Somebody with a page open."""

    def __init__(self, reader: Reader, url: str) -> None:
        self.reader, self.url = reader, url
        self.parts: dict[str, Part] = {}
        root = self._load()
        for element in root.xpath("//*[@data-topic][@hx-get]"):
            url = element.get("hx-get") or self.url
            self.parts[element.get("id") or url] = Part(
                url,
                frozenset(element.get("data-topic").split()),
                self.reader.fetch(url),
            )
        for element in root.xpath("//main//*[@data-topic][@data-standing]"):
            rows = element.xpath(".//tr[@data-row]/@id")
            ids = "&".join(f"id={row.partition('-')[2]}" for row in rows)
            url = f"{element.get('data-standing')}?{ids}"
            self.parts[url] = Part(
                url,
                frozenset(element.get("data-topic").split()),
                self.reader.fetch(url),
            )
        self.rest = _rest(root)

    def _load(self) -> Any:  # lxml's types mislead
        page = self.reader.browser.get(self.url)
        assert page.status_code == 200, self.url
        return lxml.html.fromstring(page.content.decode())

    def missed(self, hinted: set[str]) -> list[str]:
        """Return what this page would go on showing although it is past.

        A page whose notice has changed says itself that it is past.
        """
        stale = [
            f"{name}: {change}"
            for name, part in self.parts.items()
            if not part.topics & hinted
            for change in _differ(part.text, self.reader.fetch(part.url))
        ]
        notice = self.parts.get("task-notice")
        if notice and self.reader.fetch(notice.url) != notice.text:
            return stale
        return [*stale, *_differ(self.rest, _rest(self._load()))]


def _rest(page: Any) -> str:
    """Return what a page tells beside its live parts and what waits for its reader."""
    (main,) = page.xpath("//main")
    for element in main.xpath(f".//*[@data-topic][@hx-get] | {WAITS}"):
        element.drop_tree()
    return _told(main)


def _told(element: Any) -> str:
    return CLOCKS.sub("~ ", " ".join(" ".join(element.itertext()).split()))


def _differ(old: str, new: str) -> list[str]:
    """Return the words that are not on both sides, each with a sign."""
    told = difflib.ndiff(old.split(), new.split())
    words = " ".join(word for word in told if word[0] in "+-")
    return [words] if words else []


@pytest.fixture
def ear(servers: None) -> Iterator[Any]:
    """Hear the hints that other processes would hear."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    database = client.connection_pool.connection_kwargs.get("db") or 0
    with client.pubsub(ignore_subscribe_messages=True) as ear:
        ear.subscribe(hints_channel(database))
        ear.get_message(timeout=5)
        yield ear
    client.close()


def _heard(ear: Any) -> set[str]:
    topics = set()
    while (message := ear.get_message(timeout=0.1)) is not None:
        topics.add(json.loads(message["data"])["topic"])
    return topics


def _person(world: World, name: str) -> Person:
    return world.people[name]


def _judge(world: World, task: Task, name: str, decision: Decision) -> None:
    person = _person(world, name)
    lease = claims.claim(task_id=task.pk, person=person)
    task.refresh_from_db()
    verdicts.submit(
        task_id=task.pk,
        person=person,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=decision,
        reason_code="documents-missing" if decision is Decision.REJECT else "",
        rationale="The second payslip is missing."
        if decision is Decision.REJECT
        else "",
    )


def _escalate(world: World, task: Task) -> None:
    lease = claims.claim(task_id=task.pk, person=_person(world, "bob"))
    tasks.escalate(
        task_id=task.pk,
        person=_person(world, "bob"),
        token=lease.token,
        reason="Who knows?",
        to_queue="senior",
    )


def _reassign(world: World, task: Task) -> None:
    tasks.reassign(
        task_id=task.pk,
        manager=_person(world, "carol"),
        to_person=_person(world, "alice"),
        reason="She knows the case.",
    )


def _release(world: World, task: Task) -> None:
    person = _person(world, "bob")
    lease = claims.claim(task_id=task.pk, person=person)
    claims.release(task_id=task.pk, person=person, token=lease.token)


def _cancel(_: World, task: Task) -> None:
    instances.cancel(
        instance_id=task.instance_id, actor=TESTER, reason="Not needed any more."
    )


def _suspend(_: World, task: Task) -> None:
    instances.suspend(instance_id=task.instance_id, actor=TESTER, reason="Wait.")


ACTS: dict[str, Callable[[World, Task], object]] = {
    "another case arrives": lambda world, _: world.start(),
    "somebody claims": lambda world, task: claims.claim(
        task_id=task.pk, person=_person(world, "bob")
    ),
    "somebody gives back": _release,
    "somebody approves": lambda world, task: _judge(
        world, task, "bob", Decision.APPROVE
    ),
    "somebody rejects": lambda world, task: _judge(world, task, "bob", Decision.REJECT),
    "somebody escalates": _escalate,
    "a manager reassigns": _reassign,
    "the case is canceled": _cancel,
    "the case is held": _suspend,
}
PAGES = {
    "my-work": "alice",
    "queue-list": "alice",
    "queue-detail": "alice",
    "task-detail": "alice",
    "instance-detail": "carol",
    "instance-list": "carol",
    "dashboard": "carol",
}


@pytest.mark.parametrize(
    ("act", "quorum"),
    [
        *((act, "one") for act in ACTS),
        ("somebody approves", "dual"),
        ("somebody rejects", "dual"),
    ],
)
def test_what_an_act_changes_on_open_pages_it_hints_at(
    act: str, quorum: str, world: World, ear: Any
) -> None:
    world.start()
    task = world.open_task(quorum=quorum)
    arguments: dict[str, list[object]] = {
        "queue-detail": ["desk"],
        "task-detail": [task.pk],
        "instance-detail": [task.instance_id],
    }
    readers = {who: Reader(world.browser(who)) for who in PAGES.values()}
    open_pages = {
        name: Watcher(readers[who], reverse(name, args=arguments.get(name, [])))
        for name, who in PAGES.items()
    }
    # Hints of one transaction gather in its first hook; the stage's are not of the act.
    connection.run_on_commit.clear()
    _heard(ear)
    with TestCase.captureOnCommitCallbacks(execute=True):
        ACTS[act](world, task)
    hinted = _heard(ear)
    for reader in readers.values():
        reader.fetched.clear()
    missed = {name: page.missed(hinted) for name, page in open_pages.items()}
    assert [f"{name}: {line}" for name, lines in missed.items() for line in lines] == []
