"""Whatever is published, awaited, left, expired and swept in whatever order."""

import datetime as dt
from collections import Counter
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.factories.waiting import publish, subscribe
from workflows.models import Message, Stimulus, Subscription
from workflows.operations import correlation

pytestmark = pytest.mark.django_db

KEYS = st.sampled_from(["", "A", "B"])
PLACES = st.integers(0, 50)


class Exchange(RuleBasedStateMachine):
    """Publishers and those who wait, one step after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.once: dict[UUID, str] = {}
        self.always: dict[UUID, str] = {}
        self.seen_ids: dict[str, int] = {}

    @rule(key=KEYS, message_id=st.sampled_from(["", "", "one", "two"]))
    def publish(self, key: str, message_id: str) -> None:
        published = publish(key=key, message_id=message_id)
        if message_id:
            assert published.created == (message_id not in self.seen_ids)
            assert published.id == self.seen_ids.setdefault(message_id, published.id)

    @rule(key=KEYS, once=st.booleans())
    def begin_to_wait(self, key: str, *, once: bool) -> None:
        kept = self.once if once else self.always
        kept[subscribe(key=key, once=once)] = key

    @rule(place=PLACES)
    def stop_waiting(self, place: int) -> None:
        everybody = [*self.once, *self.always]
        if everybody:
            gone = everybody[place % len(everybody)]
            Subscription.objects.filter(instance_id=gone).delete()

    @rule(place=PLACES)
    def let_time_run_out(self, place: int) -> None:
        waiting = list(Message.objects.filter(state="BUFFERED").order_by("id"))
        if waiting:
            row = waiting[place % len(waiting)]
            row.expires_at = row.published_at - dt.timedelta(hours=1)
            row.save()

    @rule(place=PLACES)
    def never_hear(self, place: int) -> None:
        """The receiver has gone on: what it was told goes back."""
        told = list(Stimulus.objects.filter(kind="RECEIVED").order_by("id"))
        if told:
            stimulus = told[place % len(told)]
            stimulus.delete()
            correlation.return_message(stimulus.data)
            self.once.pop(stimulus.instance_id, None)

    @rule(key=KEYS)
    def match(self, key: str) -> None:
        correlation.match([("paid", key)])

    @rule()
    def sweep(self) -> None:
        correlation.sweep(correlation.Round())

    @invariant()
    def nobody_receives_twice(self) -> None:
        told = Stimulus.objects.filter(kind="RECEIVED")
        heard = list(told.values_list("instance_id", "data__message"))
        assert len({message for _, message in heard}) == len(heard)
        times = Counter(instance_id for instance_id, _ in heard)
        waits = set(Subscription.objects.values_list("instance_id", flat=True))
        for instance_id in self.once:
            assert times[instance_id] <= 1
            assert not (instance_id in waits and times[instance_id])

    @invariant()
    def a_correlated_message_is_told_and_no_other(self) -> None:
        given = Message.objects.filter(state="CORRELATED").values_list("id", "key")
        told = Stimulus.objects.filter(kind="RECEIVED").values_list("data", flat=True)
        assert {(data["message"], data["key"]) for data in told} == set(given)

    def teardown(self) -> None:
        correlation.sweep(correlation.Round())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM workflows_message m JOIN workflows_subscription s"
                " ON s.kind = 'MESSAGE' AND s.name = m.name AND s.key = m.key"
                " WHERE m.state = 'BUFFERED' AND s.opened_at <= m.expires_at"
            )
            (unmatched,) = cursor.fetchone()
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)
        assert unmatched == 0


def test_every_order_of_events_leaves_each_message_at_most_one_receiver() -> None:
    run_state_machine_as_test(
        Exchange,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
