"""Calls to outside systems: many at once, within their limits, under kept leases."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connection
from pydantic import BaseModel

from tests.factories.processes import TESTER, chain, deploy, process
from workflows.core.engine import stimuli
from workflows.handlers import HandlerContext, Retry, handler
from workflows.models import Incident, Instance, Step
from workflows.operations import calls, external, instances
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db

CROWD = 120
ONCE = Retry(max_attempts=1, base_seconds=1, cap_seconds=1)


class Nothing(BaseModel):
    """No fields."""


class Meeting:
    """Lets nobody through before everybody is there."""

    def __init__(self) -> None:
        self.present = 0
        self.everybody: asyncio.Event | None = None

    async def join(self) -> None:
        self.everybody = self.everybody or asyncio.Event()
        self.present += 1
        if self.present == CROWD:
            self.everybody.set()
        await self.everybody.wait()


meeting = Meeting()
released = threading.Event()


@handler("outside.meet", version="1.0.0", kind="external", timeout_seconds=20)
async def meet(request: Nothing, context: HandlerContext) -> Nothing:
    """Answer once as many calls as CROWD are under way."""
    await meeting.join()
    return request


@handler(
    "outside.hang", version="1.0.0", kind="external", timeout_seconds=0.05, retry=ONCE
)
def hang(request: Nothing, context: HandlerContext) -> Nothing:
    """Block a thread until the test lets go."""
    released.wait(30)
    return request


@handler(
    "outside.sleep", version="1.0.0", kind="external", timeout_seconds=0.05, retry=ONCE
)
async def sleep(request: Nothing, context: HandlerContext) -> Nothing:
    """Wait for what never comes, as a coroutine."""
    await asyncio.Event().wait()
    return request


@handler("outside.reply", version="1.0.0", kind="external")
def reply(request: Nothing, context: HandlerContext) -> Nothing:
    """Answer at once."""
    return request


@handler(
    "outside.narrow",
    version="1.0.0",
    kind="external",
    connector="narrow",
    concurrency=2,
)
async def narrow(request: Nothing, context: HandlerContext) -> Nothing:
    """Call a system that takes two calls at a time."""
    return request


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Begin with no strays; end them after the test."""
    released.clear()
    yield
    released.set()
    for thread in list(calls._strays):
        thread.join(10)


def start(name: str, *, count: int = 1) -> list[Instance]:
    body = (
        f'<startEvent id="s"/><serviceTask id="call" cs:handler="{name}"/>'
        '<endEvent id="e"/>' + chain("s", "call", "e")
    )
    key = name.replace(".", "-")
    definition_id = deploy(process(body), key=key)
    starts = [Start(variables={}, initiator=TESTER)] * count
    ids = instances.start_and_advance(definition_id=definition_id, starts=starts)
    return list(Instance.objects.filter(id__in=ids))


def states() -> set[str]:
    return set(Instance.objects.values_list("state", flat=True))


def test_coroutines_are_all_under_way_at_once() -> None:
    start("outside.meet", count=CROWD)
    assert external.work_off(worker="w", limit=CROWD, threads=1) == CROWD
    assert states() == {"COMPLETED"}


def test_more_work_than_room_is_claimed_while_others_run() -> None:
    start("outside.reply", count=25)
    assert external.work_off(worker="w", limit=4, threads=2) == 25
    assert states() == {"COMPLETED"}


@pytest.mark.parametrize("name", ["outside.hang", "outside.sleep"])
def test_call_past_its_limit_fails(name: str) -> None:
    start(name)
    assert external.work_off(worker="w") == 1
    incident = Incident.objects.get()
    assert "did not answer within 0.05 s" in incident.message


def test_threads_past_their_limit_use_up_the_room_until_they_end() -> None:
    start("outside.hang", count=2)
    external.work_off(worker="w", threads=2)
    assert calls.count_strays() == 2
    assert calls.Pool(threads=2, calls=9).room() == calls.Room(threads=0, calls=9)
    start("outside.reply")
    assert external.work_off(worker="w", threads=2) == 0
    released.set()
    for thread in list(calls._strays):
        thread.join(10)
    assert external.work_off(worker="w", threads=2) == 1


def test_connector_takes_no_more_calls_than_it_may() -> None:
    start("outside.narrow", count=5)
    pool = calls.Pool(threads=9, calls=9)
    first = external.claim(worker="w", limit=9, room=pool.room())
    assert len(first) == 2
    left = Step.objects.filter(state="READY")
    assert set(left.values_list("attempt", flat=True)) == {0}


def test_lease_is_made_longer_for_its_holder_only() -> None:
    start("outside.reply")
    (slow,) = external.claim(worker="slow", limit=5, lease_seconds=5)
    before = Step.objects.get(pk=slow.step_id).lease_until
    longer = replace(slow, lease_seconds=60)
    assert external.extend([longer]) == []
    after = Step.objects.get(pk=slow.step_id).lease_until
    assert before is not None
    assert after is not None
    assert after - before > dt.timedelta(seconds=50)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_step SET lease_until = now() - interval '1 second'"
        )
    (quick,) = external.claim(worker="quick", limit=5)
    assert external.extend([longer, quick]) == [longer]


def test_work_whose_lease_was_lost_is_dropped() -> None:
    start("outside.hang")
    (work,) = external.claim(worker="w", limit=5)
    pool = calls.Pool(threads=1, calls=1)
    pool.start([work])
    pool.drop([work])
    assert len(pool) == 0
    assert calls.count_strays() == 1
    assert pool.take(seconds=0.2) == []


def test_answer_to_a_call_that_nobody_waits_for_is_left_out() -> None:
    start("outside.reply")
    (work,) = external.claim(worker="w", limit=5)
    external.finish(
        [calls.Answer(work, stimuli.Done(step_id=work.step_id, output={}))], worker="w"
    )
    assert external.extend([work]) == [work]
