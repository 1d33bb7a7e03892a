"""Processes that wait for messages and send them to each other, end to end."""

import datetime as dt
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.processes import TESTER, chain, deploy, flow, package, process
from tests.factories.waiting import publish
from tests.integration.engine.conftest import Waiting
from tests.integration.engine.test_paths import (
    answer,
    drain,
    ended,
    run,
    state,
    variables,
    waiting,
)
from tests.integration.engine.test_time import make_due, timer_boundary
from workflows.models import AuditEntry, Incident, Instance, Message, Subscription
from workflows.operations import correlation, definitions, instances, timers
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.operations.verification import verify_log

pytestmark = pytest.mark.django_db

PAID = '<message id="m" name="paid"/>'
ORDERED = '<message id="o" name="order"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'


def settle() -> None:
    """Match and advance until nothing moves, as workers and the sweeper would."""
    drain()
    while correlation.sweep(correlation.Round()).matched:
        drain()


def pay(key: str = "A-1", **brought: object) -> int:
    published = publish(key=key, variables=brought)
    settle()
    return published.id


def catch(inside: str = "", *, name: str = "w") -> str:
    return (
        f'<intermediateCatchEvent id="{name}" cs:correlation="order">{MESSAGE}{inside}'
        "</intermediateCatchEvent>"
    )


def line(*middle: str, nodes: tuple[str, ...]) -> str:
    return process(
        '<startEvent id="s"/>'
        + "".join(middle)
        + '<endEvent id="e"/>'
        + chain("s", *nodes, "e")
    )


CATCH = line(catch(), nodes=("w",))


def test_catch_event_goes_on_with_what_the_message_brought() -> None:
    instance_id = run(CATCH, extra=PAID, order="A-1")
    pay("B-2")
    assert state(instance_id) == "ACTIVE"
    number = pay(amount=12)
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["amount"] == 12
    assert not Subscription.objects.exists()
    entries = AuditEntry.objects.filter(chain=instance_id).order_by("seq")
    kinds = [entry.kind for entry in entries]
    assert kinds.index("message.received") < kinds.index("instance.completed")
    received = entries.get(kind="message.received")
    assert f'"message":{number}' in received.entry
    assert verify_log(folder=KeyFolder.of_settings()).ok


def test_process_without_messages_pays_no_statement_for_them(
    people: Waiting,
) -> None:
    definition_id = deploy(timer_boundary(interrupting=True))
    wish = Start(variables={}, initiator=TESTER)
    with CaptureQueriesContext(connection) as captured:
        (instance_id,) = instances.start_many(
            definition_id=definition_id, starts=[wish]
        )
        drain()
        answer(instance_id, "u")
    assert state(instance_id) == "COMPLETED"
    statements = "".join(query["sql"] for query in captured)
    assert "workflows_step" in statements
    assert "workflows_message" not in statements
    assert "workflows_subscription" not in statements


def test_message_that_came_before_the_instance_is_received() -> None:
    publish(key="A-1")
    instance_id = run(CATCH, extra=PAID, order="A-1")
    settle()
    assert state(instance_id) == "COMPLETED"


def test_number_as_a_key_is_its_text() -> None:
    instance_id = run(CATCH, extra=PAID, order=42)
    pay("42")
    assert state(instance_id) == "COMPLETED"


def test_receive_task_waits_like_a_catch_event() -> None:
    task = '<receiveTask id="r" messageRef="m" cs:correlation="order"/>'
    instance_id = run(line(task, nodes=("r",)), extra=PAID, order="A-1")
    pay()
    assert ended(instance_id) == ["s", "r", "e"]


def test_receive_task_that_timed_out_still_receives() -> None:
    task = (
        '<receiveTask id="r" messageRef="m" cs:correlation="order" cs:timeout="PT1H"/>'
    )
    instance_id = run(line(task, nodes=("r",)), extra=PAID, order="A-1")
    make_due("workflows_timer", "due_at")
    timers.fire_due()
    assert instance_id in incidents_of()
    pay()
    assert state(instance_id) == "COMPLETED"
    assert incidents_of() == set()


def incidents_of() -> set[UUID]:
    found = Incident.objects.filter(state="OPEN")
    return set(found.values_list("instance_id", flat=True))


def boundary(*, interrupting: bool) -> str:
    word = "true" if interrupting else "false"
    return process(
        '<startEvent id="s"/><userTask id="u"/>'
        f'<boundaryEvent id="b" attachedToRef="u" cancelActivity="{word}"'
        f' cs:correlation="order">{MESSAGE}</boundaryEvent><userTask id="late"/>'
        '<endEvent id="e"/><endEvent id="f"/>'
        + chain("s", "u", "e")
        + chain("b", "late", "f")
    )


def test_interrupting_boundary_message_ends_the_task(people: Waiting) -> None:
    instance_id = run(boundary(interrupting=True), extra=PAID, order="A-1")
    step_id = waiting(instance_id, "u")
    pay()
    assert people.canceled == [step_id]
    assert waiting(instance_id, "late")
    pay()
    assert Message.objects.filter(state="BUFFERED").count() == 1


def test_non_interrupting_boundary_message_comes_as_often_as_it_is_sent(
    people: Waiting,
) -> None:
    instance_id = run(boundary(interrupting=False), extra=PAID, order="A-1")
    for _ in range(3):
        pay()
    late = "SELECT count(*) FROM workflows_step WHERE node_id = 'late'"
    with connection.cursor() as cursor:
        cursor.execute(late)
        assert cursor.fetchone() == (3,)
    answer(instance_id, "u")
    assert not Subscription.objects.exists()
    pay()
    assert Message.objects.filter(state="BUFFERED").count() == 1


def test_task_done_before_the_message_is_heard_gives_the_message_back(
    people: Waiting,
) -> None:
    first = run(boundary(interrupting=True), extra=PAID, order="A-1")
    publish(key="A-1")
    correlation.match([("paid", "A-1")])
    answer(first, "u")  # before a worker lets the instance hear
    assert Message.objects.get().state == "BUFFERED"
    definition_id = Instance.objects.get(pk=first).definition_id
    (second,) = instances.start_many(
        definition_id=definition_id,
        starts=[Start(variables={"order": "A-1"}, initiator=TESTER)],
    )
    settle()
    assert Message.objects.get().instance_id == second
    assert waiting(second, "late")


def test_canceled_instance_gives_back_what_it_never_heard() -> None:
    instance_id = run(CATCH, extra=PAID, order="A-1")
    publish(key="A-1")
    correlation.match([("paid", "A-1")])
    assert Message.objects.get().state == "CORRELATED"
    instances.cancel(instance_id=instance_id, actor=TESTER, reason="withdrawn")
    row = Message.objects.get()
    assert (row.state, row.instance_id) == ("BUFFERED", None)
    assert not Subscription.objects.exists()


def test_suspended_instance_hears_its_message_when_resumed() -> None:
    instance_id = run(CATCH, extra=PAID, order="A-1")
    instances.suspend(instance_id=instance_id, actor=TESTER, reason="audit")
    pay()
    assert state(instance_id) == "SUSPENDED"
    assert Message.objects.get().state == "CORRELATED"
    instances.resume(instance_id=instance_id, actor=TESTER, reason="done")
    settle()
    assert state(instance_id) == "COMPLETED"


def event_sub_process(*, interrupting: bool) -> str:
    word = "true" if interrupting else "false"
    return process(
        '<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>'
        '<subProcess id="p" triggeredByEvent="true">'
        f'<startEvent id="ps" isInterrupting="{word}" cs:correlation="order">{MESSAGE}'
        '</startEvent><endEvent id="pe"/>'
        + flow("ps", "pe")
        + "</subProcess>"
        + chain("s", "u", "e")
    )


def test_interrupting_event_sub_process_ends_the_rest(people: Waiting) -> None:
    instance_id = run(event_sub_process(interrupting=True), extra=PAID, order="A-1")
    pay()
    assert state(instance_id) == "COMPLETED"
    assert "pe" in ended(instance_id)
    assert "u" not in ended(instance_id)


def test_non_interrupting_event_sub_process_runs_beside(people: Waiting) -> None:
    instance_id = run(event_sub_process(interrupting=False), extra=PAID, order="A-1")
    pay()
    pay()
    assert ended(instance_id).count("pe") == 2
    answer(instance_id, "u")
    assert state(instance_id) == "COMPLETED"
    assert not Subscription.objects.exists()


def test_message_for_an_instance_that_another_has_just_ended_goes_back() -> None:
    two = PAID + '<message id="n" name="refused"/>'
    model = process(
        '<startEvent id="s"/>'
        + catch()
        + '<endEvent id="e"/><subProcess id="p" triggeredByEvent="true">'
        '<startEvent id="ps" isInterrupting="false" cs:correlation="order">'
        '<messageEventDefinition messageRef="n"/></startEvent><endEvent id="pe"/>'
        + flow("ps", "pe")
        + "</subProcess>"
        + chain("s", "w", "e")
    )
    instance_id = run(model, extra=two, order="A-1")
    for name in ("paid", "refused"):
        publish(name, key="A-1")
        correlation.match([(name, "A-1")])
    drain()  # one advance hears both
    assert state(instance_id) == "COMPLETED"
    assert "pe" not in ended(instance_id)
    assert Message.objects.get(name="refused").state == "BUFFERED"


def event_gateway() -> str:
    return process(
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        + catch(name="yes")
        + '<intermediateCatchEvent id="no" cs:correlation="order">'
        '<messageEventDefinition messageRef="n"/></intermediateCatchEvent>'
        '<endEvent id="paid"/><endEvent id="refused"/>'
        + flow("s", "g")
        + chain("g", "yes", "paid")
        + chain("g", "no", "refused")
    )


def test_event_gateway_takes_the_first_message_and_gives_the_other_back() -> None:
    two = PAID + '<message id="n" name="refused"/>'
    instance_id = run(event_gateway(), extra=two, order="A-1")
    publish("refused", key="A-1")
    publish(key="A-1")
    settle()
    assert ended(instance_id)[-1] == "refused"
    states = {row.name: row.state for row in Message.objects.all()}
    assert states == {"refused": "CORRELATED", "paid": "BUFFERED"}
    assert not Subscription.objects.exists()


def shop_and_till() -> dict[str, bytes]:
    """An order asks for its payment and waits for the reply of its own till."""
    shop = process(
        '<startEvent id="s"/>'
        '<sendTask id="ask" messageRef="o" cs:correlation="order"><extensionElements>'
        '<cs:input target="order" source="order"/>'
        '<cs:input target="amount" source="amount"/></extensionElements></sendTask>'
        + catch(name="reply")
        + '<endEvent id="e"/>'
        + chain("s", "ask", "reply", "e"),
        process_id="main",
    )
    till = process(
        '<startEvent id="ts"><messageEventDefinition messageRef="o"/></startEvent>'
        '<serviceTask id="double" cs:handler="test.double"/>'
        '<endEvent id="te" cs:correlation="order"><extensionElements>'
        '<cs:input target="doubled" source="doubled"/></extensionElements>'
        f"{MESSAGE}</endEvent>" + chain("ts", "double", "te"),
        process_id="till",
    )
    return package(shop, till, key="shop", extra=PAID + ORDERED)


def test_request_and_reply_find_each_other_by_their_key() -> None:
    deployed = definitions.deploy(files=shop_and_till(), actor=TESTER)
    wishes = [
        Start(variables={"order": f"O-{n}", "amount": n}, initiator=TESTER)
        for n in range(20)
    ]
    orders = instances.start_many(definition_id=deployed.definition_id, starts=wishes)
    settle()
    assert {state(one) for one in orders} == {"COMPLETED"}
    assert [variables(one)["doubled"] for one in orders] == [2 * n for n in range(20)]
    tills = Instance.objects.filter(process_id="till")
    assert {row.state for row in tills} == {"COMPLETED"}
    # What a message starts counts as begun by who began the thrower: four eyes.
    assert {row.initiator for row in tills} == {TESTER.ref}
    assert {row.state for row in Message.objects.all()} == {"CORRELATED"}
    assert verify_log(folder=KeyFolder.of_settings()).ok


def test_message_thrown_to_nobody_expires_after_its_own_time() -> None:
    thrower = process(
        '<startEvent id="s"/><endEvent id="e" cs:timeToLive="PT2H">'
        f"{MESSAGE}</endEvent>" + flow("s", "e")
    )
    instance_id = run(thrower, extra=PAID)
    row = Message.objects.get()
    assert row.expires_at - row.published_at == dt.timedelta(hours=2)
    assert row.source_instance_id == instance_id


def test_receive_task_begins_an_instance_and_does_not_wait_again() -> None:
    model = process(
        '<receiveTask id="r" instantiate="true" messageRef="m"/><endEvent id="e"/>'
        + flow("r", "e")
    )
    deploy(model, extra=PAID)
    pay(amount=3)
    instance = Instance.objects.get()
    assert (instance.state, instance.variables) == ("COMPLETED", {"amount": 3})
    assert ended(instance.id) == ["r", "e"]


def test_event_gateway_begins_an_instance_at_the_event_that_came() -> None:
    two = PAID + '<message id="n" name="refused"/>'
    model = process(
        '<eventBasedGateway id="g" instantiate="true"/>'
        f'<intermediateCatchEvent id="yes">{MESSAGE}</intermediateCatchEvent>'
        '<intermediateCatchEvent id="no"><messageEventDefinition messageRef="n"/>'
        '</intermediateCatchEvent><endEvent id="paid"/><endEvent id="refused"/>'
        + chain("g", "yes", "paid")
        + chain("g", "no", "refused")
    )
    deploy(model, extra=two)
    publish("refused")
    settle()
    (instance_id,) = Instance.objects.values_list("id", flat=True)
    assert state(instance_id) == "COMPLETED"
    assert ended(instance_id)[-2:] == ["no", "refused"]
    assert not Subscription.objects.filter(instance_id=instance_id).exists()
