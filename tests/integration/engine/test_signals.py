"""Signals: to all who wait at that moment, and to signal start events."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories.processes import TESTER, chain, deploy, flow, package, process
from tests.factories.waiting import heard_by, subscribe
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
from workflows.models import AuditEntry, Instance, Stimulus, Subscription
from workflows.operations import definitions, instances, signals
from workflows.operations.errors import Invalid
from workflows.operations.instances import Start
from workflows.operations.log_key import KeyFolder
from workflows.operations.signals import Broadcast
from workflows.operations.verification import verify_log

pytestmark = pytest.mark.django_db

ALARM = '<signal id="a" name="alarm"/>'
SIGNAL = '<signalEventDefinition signalRef="a"/>'
LISTENER = process(
    f'<startEvent id="s"/><intermediateCatchEvent id="w">{SIGNAL}'
    '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "w", "e")
)
STARTED_BY_ALARM = process(
    f'<startEvent id="s">{SIGNAL}</startEvent><endEvent id="e"/>' + flow("s", "e")
)


def broadcast(name: str = "alarm", **told: object) -> Broadcast:
    done = signals.broadcast(name=name, variables=told, actor=TESTER)
    drain()
    return done


def test_broadcast_reaches_a_hundred_instances_and_nobody_later() -> None:
    definition_id = deploy(LISTENER, extra=ALARM)
    wishes = [Start(variables={}, initiator=TESTER)] * 100
    listeners = instances.start_many(definition_id=definition_id, starts=wishes)
    drain()
    assert broadcast(level=3) == Broadcast(told=100, started=0)
    assert {state(one) for one in listeners} == {"COMPLETED"}
    assert {variables(one)["level"] for one in listeners} == {3}
    (late,) = instances.start_many(definition_id=definition_id, starts=wishes[:1])
    drain()
    assert state(late) == "ACTIVE"
    received = AuditEntry.objects.filter(kind="signal.received")
    assert set(received.values_list("chain", flat=True)) == set(listeners)
    assert all(TESTER.ref in entry.entry for entry in received)
    assert verify_log(folder=KeyFolder.of_settings()).ok


def test_broadcast_leaves_who_waits_for_something_else() -> None:
    subscribe("fire", kind="SIGNAL")
    subscribe("alarm", kind="MESSAGE")
    assert broadcast() == Broadcast(told=0, started=0)
    assert Subscription.objects.count() == 2


def test_subscription_that_stays_hears_every_broadcast() -> None:
    once = subscribe("alarm", kind="SIGNAL")
    always = subscribe("alarm", kind="SIGNAL", once=False)
    for number in (1, 2):
        signals.broadcast(name="alarm", variables={"n": number}, actor=TESTER)
    assert [data["variables"] for data in heard_by(once)] == [{"n": 1}]
    assert [data["variables"] for data in heard_by(always)] == [{"n": 1}, {"n": 2}]
    assert Subscription.objects.get().instance_id == always


def test_suspended_instance_hears_a_signal_once_it_is_resumed() -> None:
    instance_id = run(LISTENER, extra=ALARM)
    instances.suspend(instance_id=instance_id, actor=TESTER, reason="audit")
    broadcast()
    broadcast()
    assert Stimulus.objects.filter(instance_id=instance_id).count() == 1
    instances.resume(instance_id=instance_id, actor=TESTER, reason="done")
    drain()
    assert state(instance_id) == "COMPLETED"


def test_signal_starts_the_newest_version_of_each_key() -> None:
    for key, version in [("a", "1.0.0"), ("a", "1.1.0"), ("b", "1.0.0")]:
        files = package(STARTED_BY_ALARM, key=key, version=version, extra=ALARM)
        definitions.deploy(files=files, actor=TESTER)
    assert broadcast(level=1) == Broadcast(told=0, started=2)
    rows = Instance.objects.order_by("definition__key")
    assert [str(row.definition) for row in rows] == ["a 1.1.0", "b 1.0.0"]
    assert {row.state for row in rows} == {"COMPLETED"}
    assert {row.initiator for row in rows} == {TESTER.ref}
    assert [row.variables for row in rows] == [{"level": 1}] * 2


THROWER = process(
    '<startEvent id="s"/><intermediateThrowEvent id="t"><extensionElements>'
    f'<cs:input target="level" source="level"/></extensionElements>{SIGNAL}'
    '</intermediateThrowEvent><endEvent id="e"/>' + chain("s", "t", "e")
)


def test_thrown_signal_reaches_others_and_starts_others() -> None:
    listening = run(LISTENER, extra=ALARM)
    started_by = deploy(STARTED_BY_ALARM, key="started", extra=ALARM)
    thrower = deploy(THROWER, key="thrower", extra=ALARM)
    wish = Start(variables={"level": 2}, initiator=TESTER)
    (instance_id,) = instances.start_many(definition_id=thrower, starts=[wish])
    drain()
    assert state(instance_id) == state(listening) == "COMPLETED"
    assert variables(listening) == {"level": 2}
    begun = Instance.objects.get(definition_id=started_by)
    assert (begun.state, begun.initiator) == ("COMPLETED", TESTER.ref)
    entry = AuditEntry.objects.get(chain=listening, kind="signal.received").entry
    assert str(instance_id) in entry


def test_path_that_throws_and_then_waits_does_not_hear_itself() -> None:
    instance_id = run(
        process(
            f'<startEvent id="s"/><intermediateThrowEvent id="t">{SIGNAL}'
            f'</intermediateThrowEvent><intermediateCatchEvent id="w">{SIGNAL}'
            '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "t", "w", "e")
        ),
        extra=ALARM,
    )
    assert ended(instance_id) == ["s", "t"]
    broadcast()
    assert state(instance_id) == "COMPLETED"


def test_signal_reaches_a_branch_of_its_own_instance_that_waits(
    people: Waiting,
) -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/>'
            f'<intermediateThrowEvent id="t">{SIGNAL}</intermediateThrowEvent>'
            f'<intermediateCatchEvent id="w">{SIGNAL}</intermediateCatchEvent>'
            '<endEvent id="e"/><endEvent id="d"/>'
            + chain("s", "f", "u", "t", "e")
            + chain("f", "w", "d")
        ),
        extra=ALARM,
    )
    answer(instance_id, "u")
    drain()
    assert state(instance_id) == "COMPLETED"


@pytest.mark.parametrize("interrupting", [True, False])
def test_boundary_signal_ends_the_task_or_adds_a_path(
    people: Waiting, *, interrupting: bool
) -> None:
    word = "true" if interrupting else "false"
    instance_id = run(
        process(
            '<startEvent id="s"/><userTask id="u"/><boundaryEvent id="b"'
            f' attachedToRef="u" cancelActivity="{word}">{SIGNAL}</boundaryEvent>'
            '<userTask id="late"/><endEvent id="e"/><endEvent id="f"/>'
            + chain("s", "u", "e")
            + chain("b", "late", "f")
        ),
        extra=ALARM,
    )
    step_id = waiting(instance_id, "u")
    broadcast()
    assert waiting(instance_id, "late")
    assert people.canceled == ([step_id] if interrupting else [])
    assert Subscription.objects.exists() is not interrupting


def test_signal_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(Invalid, match="Name the signal"):
        signals.broadcast(name="", variables={}, actor=TESTER)
    with pytest.raises(Invalid, match="cannot be kept"):
        signals.broadcast(name="alarm", variables={"x": object()}, actor=TESTER)


def test_command_broadcasts(capsys: pytest.CaptureFixture[str]) -> None:
    listening = subscribe("alarm", kind="SIGNAL")
    call_command("broadcast_signal", "alarm", variables='{"level": 1}')
    assert capsys.readouterr().out == "Told 1 that waited, started 0.\n"
    assert [data["variables"] for data in heard_by(listening)] == [{"level": 1}]
    with pytest.raises(CommandError):
        call_command("broadcast_signal", "alarm", variables="level=1")
