"""Scopes, loops, compensation and escalation with their rows in the real database."""

from uuid import UUID

import pytest

from tests.factories.processes import TESTER, chain, process
from tests.integration.engine.conftest import Waiting
from tests.integration.engine.test_paths import (
    answer,
    drain,
    run,
    state,
    variables,
)
from tests.integration.engine.test_time import make_due
from workflows.core.chain import Head, Row, verify_chain
from workflows.models import AuditEntry, Instance, Step, Timer
from workflows.operations import instances, steps, timers
from workflows.operations.errors import Conflict
from workflows.sweeper import sweep

pytestmark = pytest.mark.django_db

OVER_ITEMS = (
    '<multiInstanceLoopCharacteristics {0} cs:collection="items" cs:element="item"'
    ' cs:outputCollection="all" cs:outputElement="{1}"/>'
)


def live(instance_id: UUID, node_id: str) -> list[Step]:
    """Return the live steps of a node that do its work, oldest first."""
    found = Step.objects.filter(
        instance_id=instance_id, node_id=node_id, ended_at=None
    ).order_by("id")
    return [step for step in found if "loop" not in step.data]


def finish(instance_id: UUID, step: Step, **output: object) -> None:
    steps.lock_instance(instance_id)
    steps.complete(
        instance_id=instance_id, step_id=step.id, output=output, actor=TESTER
    )


def is_sound(instance_id: UUID) -> bool:
    """Tell whether the chain verifies and every ended step's timers are off."""
    rows = (
        Row(*found)
        for found in AuditEntry.objects
        .filter(chain=instance_id)
        .order_by("seq")
        .values_list(*Row._fields)
    )
    assert verify_chain(rows, head=Head(chain=instance_id)) == []
    armed = Timer.objects.filter(instance_id=instance_id, state="ARMED")
    left = Step.objects.filter(instance_id=instance_id, ended_at=None)
    return not armed.exists() and not left.exists()


def test_people_answer_every_iteration(people: Waiting) -> None:
    body = (
        '<startEvent id="s"/><userTask id="u">'
        + OVER_ITEMS.format("", "u.points * item")
        + '</userTask><endEvent id="e"/>'
        + chain("s", "u", "e")
    )
    instance_id = run(process(body), items=[1, 10, 100])
    assert len(people.opened) == 3
    for points, step in reversed(list(enumerate(live(instance_id, "u"), start=1))):
        finish(instance_id, step, points=points)
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id) == {"items": [1, 10, 100], "all": [1, 20, 300]}
    assert is_sound(instance_id)


def test_canceled_instance_withdraws_every_iteration(people: Waiting) -> None:
    body = (
        '<startEvent id="s"/><userTask id="u">'
        + OVER_ITEMS.format("", "1")
        + '</userTask><endEvent id="e"/>'
        + chain("s", "u", "e")
    )
    instance_id = run(process(body), items=[1, 2])
    instances.cancel(instance_id=instance_id, actor=TESTER, reason="enough")
    assert len(people.canceled) >= 2
    assert set(people.opened) <= set(people.canceled)
    assert is_sound(instance_id)


def test_call_activity_runs_once_for_each_item() -> None:
    caller = process(
        '<startEvent id="s"/><callActivity id="c" calledElement="double">'
        '<extensionElements><cs:input target="amount" source="item"/>'
        "</extensionElements>"
        + OVER_ITEMS.format('isSequential="true"', "doubled")
        + '</callActivity><endEvent id="e"/>'
        + chain("s", "c", "e")
    )
    called = process(
        '<startEvent id="cs"/><serviceTask id="d" cs:handler="test.double"/>'
        '<endEvent id="ce"/>' + chain("cs", "d", "ce"),
        process_id="double",
    )
    instance_id = run(caller, called, items=[3, 4])
    drain()
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["all"] == [6, 8]
    assert Instance.objects.filter(parent_instance_id=instance_id).count() == 2


def test_timer_of_an_event_sub_process_at_the_top(people: Waiting) -> None:
    body = (
        '<startEvent id="s"/><userTask id="u"/><endEvent id="e"/>'
        '<subProcess id="esp" triggeredByEvent="true"><startEvent id="es">'
        "<timerEventDefinition><timeDuration>PT1H</timeDuration>"
        '</timerEventDefinition></startEvent><userTask id="care"/><endEvent id="ee"/>'
        + chain("es", "care", "ee")
        + "</subProcess>"
        + chain("s", "u", "e")
    )
    calm = run(process(body))
    answer(calm, "u")
    assert state(calm) == "COMPLETED"
    assert is_sound(calm)
    late = run(process(body))
    make_due("workflows_timer", "due_at")
    assert timers.fire_due() == 1
    assert Step.objects.get(instance_id=late, node_id="u").state == "CANCELED"
    answer(late, "care")
    assert state(late) == "COMPLETED"
    assert is_sound(late)


def test_time_limit_fires_once_and_is_caught(people: Waiting) -> None:
    body = (
        '<startEvent id="s"/><userTask id="u" cs:timeout="PT1H"/><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="u"><errorEventDefinition errorRef="t"/>'
        '</boundaryEvent><endEvent id="late"/>'
        + chain("s", "u", "e")
        + chain("b", "late")
    )
    extra = '<error id="t" errorCode="cs.timeout"/>'
    instance_id = run(process(body), extra=extra)
    make_due("workflows_timer", "due_at")
    sweep()
    assert Instance.objects.get(pk=instance_id).end_node_id == "late"
    assert is_sound(instance_id)


def test_compensation_survives_between_transactions(people: Waiting) -> None:
    def undoable(name: str) -> str:
        return (
            f'<manualTask id="{name}"/><boundaryEvent id="on-{name}"'
            f' attachedToRef="{name}"><compensateEventDefinition/></boundaryEvent>'
            f'<userTask id="undo-{name}" isForCompensation="true"/>'
            f'<association id="as-{name}" associationDirection="One"'
            f' sourceRef="on-{name}" targetRef="undo-{name}"/>'
        )

    body = (
        f'<startEvent id="s"/>{undoable("x")}{undoable("y")}<userTask id="ask"/>'
        '<endEvent id="e"><compensateEventDefinition/></endEvent>'
        + chain("s", "x", "y", "ask", "e")
    )
    instance_id = run(process(body))
    answer(instance_id, "ask")
    answer(instance_id, "undo-y")
    answer(instance_id, "undo-x")
    assert state(instance_id) == "COMPLETED"
    assert is_sound(instance_id)


def test_canceling_with_compensation_takes_back_before_it_ends(
    people: Waiting,
) -> None:
    body = (
        '<startEvent id="s"/><manualTask id="x"/><boundaryEvent id="on"'
        ' attachedToRef="x"><compensateEventDefinition/></boundaryEvent>'
        '<userTask id="undo" isForCompensation="true"/><association id="as"'
        ' associationDirection="One" sourceRef="on" targetRef="undo"/>'
        '<userTask id="ask"/><endEvent id="e"/>' + chain("s", "x", "ask", "e")
    )
    instance_id = run(process(body))
    instances.cancel(
        instance_id=instance_id, actor=TESTER, reason="changed", compensate=True
    )
    assert state(instance_id) == "ACTIVE"
    answer(instance_id, "undo")
    assert state(instance_id) == "CANCELED"
    assert is_sound(instance_id)


def test_called_process_escalates_to_its_caller(people: Waiting) -> None:
    escalation = '<escalation id="x" escalationCode="late"/>'
    caller = process(
        '<startEvent id="s"/><callActivity id="c" calledElement="inner"/>'
        '<endEvent id="e"/><boundaryEvent id="b" attachedToRef="c"'
        ' cancelActivity="false"><escalationEventDefinition escalationRef="x"/>'
        '</boundaryEvent><userTask id="boss"/><endEvent id="e2"/>'
        + chain("s", "c", "e")
        + chain("b", "boss", "e2")
    )
    inner = process(
        '<startEvent id="i"/><intermediateThrowEvent id="t">'
        '<escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>'
        '<endEvent id="ie"/>' + chain("i", "t", "ie"),
        process_id="inner",
    )
    instance_id = run(caller, inner, extra=escalation)
    drain()
    answer(instance_id, "boss")
    drain()
    assert state(instance_id) == "COMPLETED"
    assert is_sound(instance_id)


def test_ad_hoc_activity_begins_again_on_a_persons_word(people: Waiting) -> None:
    body = (
        '<startEvent id="s"/><adHocSubProcess id="h"><userTask id="a"/>'
        "<completionCondition>a.enough</completionCondition></adHocSubProcess>"
        '<endEvent id="e"/>' + chain("s", "h", "e")
    )
    instance_id = run(process(body))
    finish(instance_id, live(instance_id, "a")[0], enough=False)
    assert state(instance_id) == "ACTIVE"
    (held,) = live(instance_id, "h")
    with pytest.raises(Conflict, match="no such activities"):
        instances.activate(
            instance_id=instance_id,
            step_id=held.id,
            node_ids=["e"],
            actor=TESTER,
            reason="once more",
        )
    instances.activate(
        instance_id=instance_id,
        step_id=held.id,
        node_ids=["a"],
        actor=TESTER,
        reason="once more",
    )
    finish(instance_id, live(instance_id, "a")[0], enough=True)
    assert state(instance_id) == "COMPLETED"
    assert is_sound(instance_id)
