"""Messages as rows: buffered, matched with one receiver, expired, forgotten."""

import datetime as dt
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories.processes import TESTER, chain, package, process
from tests.factories.waiting import heard_by, publish, subscribe
from tests.integration.engine.test_paths import drain, variables
from workflows.core.correlation import fit
from workflows.models import (
    AuditEntry,
    Definition,
    Instance,
    Message,
    MessageStart,
    Subscription,
)
from workflows.operations import correlation, definitions, instances, messages
from workflows.operations.errors import Invalid
from workflows.operations.messages import Publication
from workflows.sweeper import sweep

pytestmark = pytest.mark.django_db

STARTED_BY_ORDER = process(
    '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
    '<intermediateCatchEvent id="w"><timerEventDefinition>'
    "<timeDuration>PT1H</timeDuration></timerEventDefinition>"
    '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "w", "e")
)
ORDER = '<message id="m" name="order"/>'


def match(name: str = "paid", key: str = "") -> int:
    """Do what follows the commit, which a test's transaction never reaches."""
    return correlation.match([(name, key)])


def sweep_once() -> correlation.Kept:
    return correlation.sweep(correlation.Round())


def change(table: str, setting: str) -> None:
    """Let time have passed in an ungoverned table."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE workflows_{table} SET {setting}")  # noqa: S608


def deploy(version: str = "1.0.0", key: str = "orders") -> int:
    files = package(STARTED_BY_ORDER, key=key, version=version, extra=ORDER)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def started(definition_id: int) -> list[UUID]:
    found = Instance.objects.filter(definition_id=definition_id)
    return list(found.order_by("started_at").values_list("id", flat=True))


# --- pairing -----------------------------------------------------------------------


def test_message_reaches_who_waits_for_its_name_and_key() -> None:
    other_key, other_name = subscribe(key="B-2"), subscribe("shipped", key="A-1")
    waiting = subscribe(key="A-1")
    published = publish(key="A-1", variables={"amount": 5}, message_id="m-1")
    assert match(key="A-1") == 1
    (heard,) = heard_by(waiting)
    assert heard == {
        "node_id": "catch",
        "name": "paid",
        "key": "A-1",
        "variables": {"amount": 5},
        "message": published.id,
        "id": "m-1",
        "by": TESTER.ref,
        "source": "",
    }
    assert heard_by(other_key) == heard_by(other_name) == []
    row = Message.objects.get(pk=published.id)
    assert (row.state, row.instance_id, row.node_id) == ("CORRELATED", waiting, "catch")


def test_message_published_before_anybody_waits_is_buffered() -> None:
    publish(key="A-1")
    assert match(key="A-1") == 0
    waiting = subscribe(key="A-1")
    assert match(key="A-1") == 1
    assert len(heard_by(waiting)) == 1


def test_oldest_of_two_that_wait_receives_and_only_it() -> None:
    older, younger = subscribe(), subscribe()
    publish()
    match()
    assert len(heard_by(older)) == 1
    assert heard_by(younger) == []
    assert Subscription.objects.get().instance_id == younger


def test_second_of_two_messages_for_one_that_waits_stays_buffered() -> None:
    waiting = subscribe()
    first, second = publish(), publish()
    match()
    (heard,) = heard_by(waiting)
    assert heard["message"] == first.id
    assert Message.objects.get(pk=second.id).state == "BUFFERED"


def test_subscription_that_stays_takes_every_message_in_order() -> None:
    waiting = subscribe(once=False)
    count = 2 * correlation.BATCH + 7
    published = messages.publish_many([Publication(name="paid")] * count, actor=TESTER)
    assert match() == count
    assert [data["message"] for data in heard_by(waiting)] == [
        one.id for one in published
    ]
    assert Subscription.objects.get().instance_id == waiting


def test_long_key_is_compared_whole() -> None:
    waiting = subscribe(key=fit("k" * 500 + "a"))
    publish(key="k" * 500 + "b")
    publish(key="k" * 500 + "a")
    sweep_once()
    assert len(heard_by(waiting)) == 1


def test_message_of_a_suspended_instance_waits_with_it() -> None:
    deploy()
    publish("order")
    match("order")
    (instance_id,) = Instance.objects.values_list("id", flat=True)
    instances.suspend(instance_id=instance_id, actor=TESTER, reason="audit")
    Subscription.objects.create(
        kind="MESSAGE",
        name="paid",
        key="",
        instance_id=instance_id,
        step_id=1,
        node_id="w",
        once=True,
        opened_at=dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
    )
    publish()
    match()
    drain()
    assert len(heard_by(instance_id)) == 1
    assert Message.objects.get(name="paid").state == "CORRELATED"


# --- duplicates, time, retention ---------------------------------------------------


def test_second_message_of_an_id_is_ignored() -> None:
    waiting = subscribe(once=False)
    first = publish(message_id="m-1", variables={"n": 1})
    match()
    again = publish(message_id="m-1", variables={"n": 2})
    match()
    assert (again.id, again.created) == (first.id, False)
    assert [data["variables"] for data in heard_by(waiting)] == [{"n": 1}]


def test_same_id_under_another_name_is_another_message() -> None:
    publish(message_id="m-1")
    assert publish("shipped", message_id="m-1").created


def test_duplicates_in_one_batch_leave_the_first() -> None:
    wish = [
        Publication(name="paid", message_id="m-1", variables={"n": n}) for n in (1, 2)
    ]
    first, second = messages.publish_many(wish, actor=TESTER)
    assert (first.created, second.created) == (True, False)
    assert second.id == first.id
    assert Message.objects.get().variables == {"n": 1}


def test_message_without_duration_reaches_only_who_waits_already() -> None:
    waiting = subscribe()
    publish(time_to_live=dt.timedelta(0))
    assert match() == 1
    assert len(heard_by(waiting)) == 1
    publish(time_to_live=dt.timedelta(0))
    late = subscribe()
    assert match() == 0
    assert heard_by(late) == []


def test_late_message_expires_unless_somebody_waited_in_time() -> None:
    publish("nobody", time_to_live=dt.timedelta(minutes=1))
    waiting = subscribe()
    publish(time_to_live=dt.timedelta(minutes=1))
    change("subscription", "opened_at = opened_at - interval '1 hour'")
    change("message", "expires_at = expires_at - interval '2 minutes'")
    kept = sweep_once()
    assert (kept.matched, kept.expired) == (1, 1)
    assert len(heard_by(waiting)) == 1
    assert Message.objects.get(name="nobody").state == "EXPIRED"


def test_ended_message_is_forgotten_after_its_days_and_its_id_with_it() -> None:
    subscribe(once=False)
    publish(message_id="m-1", time_to_live=dt.timedelta(days=1))
    match()
    change("message", "ended_at = ended_at - interval '6 days 23 hours'")
    assert sweep_once().deleted == 0
    change("message", "ended_at = ended_at - interval '2 hours'")
    assert sweep_once().deleted == 0  # its own time still runs
    change("message", "expires_at = expires_at - interval '2 days'")
    assert sweep_once().deleted == 1
    assert publish(message_id="m-1").created


def test_sweep_finds_what_a_crash_left_behind_page_by_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correlation, "PAGE", 3)
    waiting = [subscribe(key=str(n)) for n in range(8)]
    for n in range(8):
        publish("unheard", key=str(n))
        publish(key=str(n))
    progress = correlation.Round()
    while True:
        correlation.sweep(progress)
        if not progress.after:
            break
    assert [len(heard_by(one)) for one in waiting] == [1] * 8


def test_message_taken_back_waits_for_others_while_its_time_runs() -> None:
    first, second = subscribe(), subscribe()
    publish()
    match()
    (heard,) = heard_by(first)
    correlation.return_message(heard)
    assert Message.objects.get().state == "BUFFERED"
    assert match() == 1
    assert len(heard_by(second)) == 1


def test_message_taken_back_after_its_time_has_expired() -> None:
    waiting = subscribe()
    publish()
    match()
    change("message", "expires_at = published_at")
    (heard,) = heard_by(waiting)
    correlation.return_message(heard)
    row = Message.objects.get()
    assert (row.state, row.instance_id) == ("EXPIRED", None)


# --- message start events ----------------------------------------------------------


def test_message_starts_an_instance_of_whom_it_names() -> None:
    definition_id = deploy()
    published = publish("order", key="A-1", variables={"amount": 7}, message_id="x")
    assert match("order", "A-1") == 1
    (instance_id,) = started(definition_id)
    drain()
    instance = Instance.objects.get(pk=instance_id)
    assert (instance.business_key, instance.initiator) == ("A-1", TESTER.ref)
    assert variables(instance_id) == {"amount": 7}
    assert Message.objects.get(pk=published.id).instance_id == instance_id
    entry = AuditEntry.objects.get(chain=instance_id, kind="message.received").entry
    for part in (f'"message":{published.id}', '"id":"x"', TESTER.ref):
        assert part in entry


def test_message_without_key_starts_one_instance_each() -> None:
    definition_id = deploy()
    for _ in range(3):
        publish("order")
    assert match("order") == 3
    assert len(started(definition_id)) == 3


def test_next_message_of_a_key_starts_when_the_one_before_has_ended() -> None:
    definition_id = deploy()
    for _ in range(2):
        publish("order", key="A-1")
    publish("order", key="B-2")
    assert sweep_once().matched == 2
    assert sweep_once().matched == 0
    drain()
    (first,) = Instance.objects.filter(business_key="A-1")
    instances.cancel(instance_id=first.id, actor=TESTER, reason="withdrawn")
    assert match("order", "A-1") == 1
    assert len(started(definition_id)) == 3
    assert MessageStart.objects.count() == 2


def test_one_message_starts_one_of_two_definitions() -> None:
    older, younger = deploy(key="orders"), deploy(key="more-orders")
    publish("order", key="A-1")
    publish("order", key="A-1")
    assert match("order", "A-1") == 2
    assert len(started(older)) == len(started(younger)) == 1


def test_instance_that_waits_comes_before_a_start_event() -> None:
    definition_id = deploy()
    waiting = subscribe("order", key="A-1")
    publish("order", key="A-1")
    match("order", "A-1")
    assert len(heard_by(waiting)) == 1
    assert started(definition_id) == []


def listening() -> list[str]:
    found = Definition.objects.filter(
        id__in=Subscription.objects.values_list("definition_id", flat=True)
    )
    return sorted(str(one) for one in found)


def test_only_the_newest_version_listens() -> None:
    deploy("1.0.0")
    second = deploy("2.0.0")
    deploy("1.1.0")
    deploy("3.0.0-rc1")
    assert listening() == ["orders 2.0.0"]
    definitions.retire(definition_id=second, actor=TESTER)
    assert listening() == ["orders 1.1.0"]
    for definition_id in Definition.objects.filter(retired_at=None).values_list(
        "id", flat=True
    ):
        definitions.retire(definition_id=definition_id, actor=TESTER)
    assert listening() == []


def test_every_process_of_a_package_listens() -> None:
    other = process(
        '<startEvent id="t"><messageEventDefinition messageRef="m"/></startEvent>'
        '<endEvent id="f"/>' + chain("t", "f"),
        process_id="other",
    )
    body = '<startEvent id="s"/><endEvent id="e"/>' + chain("s", "e")
    files = package(process(body), other, extra=ORDER)
    definitions.deploy(files=files, actor=TESTER)
    publish("order")
    match("order")
    drain()
    instance = Instance.objects.get()
    assert (instance.process_id, instance.state) == ("other", "COMPLETED")


# --- what is refused; the command --------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"name": " "}, "Name the message"),
        ({"name": "m", "message_id": "x" * 201}, "at most 200"),
        ({"name": "m", "time_to_live": dt.timedelta(-1)}, "between nothing and"),
        ({"name": "m", "variables": {"x": object()}}, "cannot be kept as JSON"),
        ({"name": "m", "variables": {"x": "a\x00"}}, "NUL"),
        ({"name": "m", "variables": {"x": "y" * 1_050_000}}, "longer than"),
    ],
)
def test_message_that_cannot_be_kept_is_refused(
    wish: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        publish(**wish)  # type: ignore[arg-type]
    assert not Message.objects.exists()


def test_command_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"key": "A-1", "variables": '{"amount": 1.5}', "id": "m", "ttl": "P2D"}
    call_command("publish_message", "paid", **options)
    call_command("publish_message", "paid", **options)
    row = Message.objects.get()
    assert (row.name, row.key, row.message_id) == ("paid", "A-1", "m")
    assert row.expires_at - row.published_at > dt.timedelta(days=1, hours=23)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"Published message {row.id}.",
        f"Ignored: message {row.id} has this name and id already.",
    ]


@pytest.mark.parametrize(
    "options", [{"variables": "[1]"}, {"variables": "{"}, {"ttl": "1h"}, {"ttl": "P1M"}]
)
def test_command_refuses_what_it_cannot_read(options: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("publish_message", "paid", **options)


def test_sweeper_matches_messages() -> None:
    subscribe()
    publish()
    sweep()
    assert Message.objects.get().state == "CORRELATED"
