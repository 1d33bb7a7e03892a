"""Publishers, receivers and matchers at the same moment: one receiver, none missed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial as act
from uuid import UUID

import pytest
from django.db import connection, transaction

from tests.factories.processes import TESTER, package
from tests.factories.waiting import publish, subscribe
from tests.integration.engine.test_messages import ORDER, STARTED_BY_ORDER
from tests.integration.review.racing import (
    PATIENCE_SECONDS,
    Track,
    refusals,
    track,
)
from workflows.core.correlation import Waiting
from workflows.models import (
    Definition,
    Instance,
    Message,
    MessageStart,
    Stimulus,
    Subscription,
)
from workflows.operations import correlation, definitions, instances
from workflows.store import matching
from workflows.sweeper import sweep

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LANES = 16
KEYS = ("A", "B", "")
EACH = 40
PAID = [("paid", "")]


@pytest.fixture
def crowd() -> Iterator[Track]:
    with track(LANES) as laid:
        yield laid


def keys(seed: int) -> list[str]:
    chosen = random.Random(seed)  # noqa: S311  an order, no secret
    return [chosen.choice(KEYS) for _ in range(EACH)]


def publish_some(seed: int) -> list[UUID]:
    for key in keys(seed):
        publish(key=key)
    return []


def wait_for_some(seed: int) -> list[UUID]:
    """Begin to wait as an advance does: the row commits, then somebody matches."""
    waiting = []
    for key in keys(seed):
        with transaction.atomic():
            waiting.append(subscribe(key=key))
            correlation.match_after_commit([("paid", key)])
    return waiting


def leave_some(seed: int) -> list[UUID]:
    """Wait, then close half of it as an advance does, under the row's own lock."""
    waiting = wait_for_some(seed)
    for instance_id in waiting[::2]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM workflows_subscription WHERE instance_id = %s",
                [instance_id],
            )
    return waiting


def told() -> Counter[UUID]:
    found = Stimulus.objects.filter(kind="RECEIVED")
    return Counter(found.values_list("instance_id", flat=True))


def left_on_both_sides() -> set[str]:
    buffered = Message.objects.filter(state="BUFFERED").values_list("key", flat=True)
    waiting = Subscription.objects.values_list("key", flat=True)
    return set(buffered) & set(waiting)


def test_eight_publishers_and_eight_that_wait_pair_off_without_a_sweep(
    crowd: Track,
) -> None:
    acts: list[Callable[[], list[UUID]]] = [
        *(act(publish_some, seed) for seed in range(8)),
        *(act(wait_for_some, seed) for seed in range(100, 108)),
    ]
    answers = crowd.race(*acts)
    assert not refusals(answers)
    received = told()
    assert set(received.values()) == {1}
    given = Message.objects.filter(state="CORRELATED")
    assert set(given.values_list("instance_id", flat=True)) == received.keys()
    numbers = [
        row["message"] for row in Stimulus.objects.values_list("data", flat=True)
    ]
    assert len(numbers) == len(set(numbers)) == given.count()
    # Whoever committed last looked last: no sweeper was needed.
    assert left_on_both_sides() == set()


def test_one_who_begins_to_wait_while_a_matcher_looks_is_not_missed(
    crowd: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first matcher holds both messages and has looked before the second waits."""
    looked, go_on = threading.Event(), threading.Event()
    read = matching.lock_waiting

    def read_and_linger(
        topics: Sequence[matching.Topic], *, limit: int
    ) -> dict[matching.Topic, list[Waiting]]:
        found = read(topics, limit=limit)
        if not looked.is_set():
            looked.set()
            assert go_on.wait(PATIENCE_SECONDS)
        return found

    monkeypatch.setattr(matching, "lock_waiting", read_and_linger)

    def come_late() -> int:
        assert looked.wait(PATIENCE_SECONDS)
        try:
            subscribe()
            return correlation.match(PAID)
        finally:
            go_on.set()

    def let_go() -> int:
        """Let the first go on once the second waits for it, or has come and gone."""
        while not go_on.is_set():
            if is_held_up():
                go_on.set()
            time.sleep(0.01)
        return 0

    subscribe()
    with transaction.atomic():
        for _ in range(2):
            publish()
        # Not the match that follows the commit, but the two below.
        transaction.get_connection().run_on_commit.clear()
    answers = crowd.race(act(correlation.match, PAID), come_late, let_go)
    assert not refusals(answers)
    assert Message.objects.filter(state="BUFFERED").count() == 0
    assert sorted(told().values()) == [1, 1]


def is_held_up() -> bool:
    """Tell whether somebody waits for a matcher's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE locktype = 'advisory' AND NOT granted)"
        )
        return bool(cursor.fetchone()[0])


def test_who_stops_waiting_has_either_received_or_not(crowd: Track) -> None:
    answers = crowd.race(
        *(act(publish_some, seed) for seed in range(6)),
        *(act(leave_some, seed) for seed in range(200, 206)),
        *[act(sweep_often)] * 2,
    )
    assert not refusals(answers)
    everybody = {one for found in answers if isinstance(found, list) for one in found}
    received = told()
    open_still = set(Subscription.objects.values_list("instance_id", flat=True))
    assert set(received.values()) <= {1}
    assert received.keys() <= everybody
    assert open_still.isdisjoint(received)
    given = Message.objects.filter(state="CORRELATED").count()
    assert given == len(received)
    sweep()
    assert left_on_both_sides() == set()


def sweep_often() -> list[UUID]:
    progress = correlation.Round()
    for _ in range(20):
        correlation.sweep(progress)
    return []


def test_one_id_published_by_eight_at_once_is_one_message(crowd: Track) -> None:
    for number in range(10):
        same = act(publish, message_id=f"m-{number}")
        answers = crowd.race(*[same] * 8)
        assert not refusals(answers)
        created = [one.created for one in answers if not isinstance(one, Exception)]
        assert sum(created) == 1
        assert len({one.id for one in answers if not isinstance(one, Exception)}) == 1


def deploy(version: str) -> int:
    files = package(STARTED_BY_ORDER, key="orders", version=version, extra=ORDER)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def test_messages_of_one_key_start_one_instance_at_a_time(crowd: Track) -> None:
    deploy("1.0.0")
    for _ in range(5):
        crowd.race(*[act(publish, "order", "A-1")] * 8)
        (running,) = Instance.objects.filter(state="ACTIVE")
        # Its end lets the next one start, whatever else is published just then.
        crowd.race(
            act(instances.cancel, instance_id=running.id, actor=TESTER, reason="over"),
            *[act(publish, "order", "A-1")] * 4,
        )
        assert Instance.objects.filter(state="ACTIVE").count() == 1
        assert MessageStart.objects.count() == 1
    assert Instance.objects.count() == 6


def test_versions_deployed_at_once_leave_the_newest_listening(crowd: Track) -> None:
    for major in range(1, 6):
        crowd.race(*(act(deploy, f"{major}.{minor}.0") for minor in range(4)))
        listening = Subscription.objects.values_list("definition_id")
        assert Definition.objects.get(pk__in=listening).version == f"{major}.3.0"
