"""Tokens through every kind of node, on the real database."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.factories.processes import (
    TESTER,
    chain,
    deploy,
    flow,
    process,
    service_line,
)
from tests.integration.engine.conftest import Waiting
from workflows.models import AuditEntry, Instance, Step
from workflows.operations import advance, instances, steps
from workflows.operations.instances import Start

pytestmark = pytest.mark.django_db


def run(*processes: str, extra: str = "", **variables: object) -> UUID:
    """Start one instance and let it go as far as it can."""
    definition_id = deploy(*processes, extra=extra)
    (instance_id,) = instances.start_many(
        definition_id=definition_id,
        starts=[Start(variables=variables, initiator=TESTER)],
    )
    drain()
    return instance_id


def drain() -> None:
    while advance.advance_batch(worker="test").instances:
        pass


def ended(instance_id: UUID) -> list[str]:
    """Return the nodes whose steps are completed, in the order of their ids."""
    found = Step.objects.filter(instance_id=instance_id, state="COMPLETED")
    return list(found.order_by("id").values_list("node_id", flat=True))


def state(instance_id: UUID) -> str:
    return Instance.objects.get(pk=instance_id).state


def variables(instance_id: UUID) -> dict[str, Any]:
    return dict(Instance.objects.get(pk=instance_id).variables)


def waiting(instance_id: UUID, node_id: str) -> int:
    """Return the id of the step that waits at a node."""
    return Step.objects.get(
        instance_id=instance_id, node_id=node_id, state="WAITING"
    ).id


def answer(instance_id: UUID, node_id: str, **output: object) -> None:
    steps.complete(
        instance_id=instance_id,
        step_id=waiting(instance_id, node_id),
        output=output,
        actor=TESTER,
    )


LINE = process(
    '<startEvent id="s"/>'
    + service_line(["a", "b"], handler="test.double")
    + '<endEvent id="e"/>'
    + chain("s", "a", "b", "e")
)


def test_line_runs_to_its_end() -> None:
    instance_id = run(LINE, amount=21)
    assert state(instance_id) == "COMPLETED"
    assert ended(instance_id) == ["s", "a", "b", "e"]
    assert variables(instance_id) == {"amount": 21, "doubled": 42}


def test_every_step_has_its_entry_in_one_gapless_chain() -> None:
    instance_id = run(LINE, amount=1)
    entries = AuditEntry.objects.filter(chain=instance_id).order_by("seq")
    assert [entry.seq for entry in entries] == list(range(1, 7))
    assert [entry.kind for entry in entries] == [
        "instance.started",
        "step.completed",
        "step.completed",
        "step.completed",
        "step.completed",
        "instance.completed",
    ]


def exclusive(default: str = "") -> str:
    mark = f' default="{default}"' if default else ""
    return process(
        f'<startEvent id="s"/><exclusiveGateway id="x"{mark}/>'
        '<endEvent id="high"/><endEvent id="low"/>'
        + flow("s", "x")
        + flow("x", "high", condition="amount &gt; 100")
        + flow("x", "low", condition="" if default else "amount &lt; 10")
    )


@pytest.mark.parametrize(
    ("amount", "end"), [(500, "high"), (5, "low"), (Decimal("100.01"), "high")]
)
def test_exclusive_gateway_takes_the_true_condition(amount: object, end: str) -> None:
    assert ended(run(exclusive(), amount=amount)) == ["s", "x", end]


def test_exclusive_gateway_takes_the_default_when_a_value_is_missing() -> None:
    assert ended(run(exclusive("x-low"))) == ["s", "x", "low"]


def test_exclusive_gateway_without_a_way_is_an_incident() -> None:
    instance_id = run(exclusive(), amount=50)
    step = Step.objects.get(instance_id=instance_id, node_id="x")
    assert step.state == "INCIDENT"
    assert "no default" in step.incidents.get().message


PARALLEL = process(
    '<startEvent id="s"/><parallelGateway id="fork"/><parallelGateway id="join"/>'
    '<userTask id="u"/><userTask id="v"/><endEvent id="e"/>'
    + flow("s", "fork")
    + flow("fork", "u")
    + flow("fork", "v")
    + flow("u", "join")
    + flow("v", "join")
    + flow("join", "e")
)


def test_parallel_join_waits_for_every_branch(people: Waiting) -> None:
    instance_id = run(PARALLEL)
    answer(instance_id, "v")
    assert state(instance_id) == "ACTIVE"
    answer(instance_id, "u")
    assert state(instance_id) == "COMPLETED"
    assert ended(instance_id).count("join") == 1


INCLUSIVE = process(
    '<startEvent id="s"/><inclusiveGateway id="fork"/><inclusiveGateway id="join"/>'
    '<userTask id="u"/><userTask id="v"/><userTask id="w"/><endEvent id="e"/>'
    + flow("s", "fork")
    + flow("fork", "u", condition="a")
    + flow("fork", "v", condition="b")
    + flow("fork", "w", condition="c")
    + flow("u", "join")
    + flow("v", "join")
    + flow("w", "join")
    + flow("join", "e")
)


def test_inclusive_join_waits_only_for_tokens_that_can_come(people: Waiting) -> None:
    instance_id = run(INCLUSIVE, a=True, b=False, c=True)
    answer(instance_id, "u")
    assert state(instance_id) == "ACTIVE"
    answer(instance_id, "w")
    assert state(instance_id) == "COMPLETED"
    assert "v" not in ended(instance_id)


SUB = process(
    '<startEvent id="s"/><subProcess id="sub"><startEvent id="ss"/><userTask id="u"/>'
    '<endEvent id="se"/>' + chain("ss", "u", "se") + "</subProcess>"
    '<endEvent id="e"/>' + chain("s", "sub", "e")
)


def test_sub_process_ends_before_its_parent_goes_on(people: Waiting) -> None:
    instance_id = run(SUB)
    assert ended(instance_id) == ["s", "ss"]
    answer(instance_id, "u")
    assert state(instance_id) == "COMPLETED"
    assert set(ended(instance_id)) == {"s", "sub", "ss", "u", "se", "e"}


def test_terminate_end_cancels_what_is_still_open(people: Waiting) -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><parallelGateway id="fork"/><userTask id="u"/>'
            '<userTask id="v"/><endEvent id="t"><terminateEventDefinition/></endEvent>'
            '<endEvent id="e"/>'
            + flow("s", "fork")
            + flow("fork", "u")
            + flow("fork", "v")
            + flow("u", "t")
            + flow("v", "e")
        )
    )
    open_step = waiting(instance_id, "v")
    answer(instance_id, "u")
    assert state(instance_id) == "COMPLETED"
    assert Step.objects.get(pk=open_step).state == "CANCELED"
    assert people.canceled == [open_step]


ERROR = '<error id="err" errorCode="REFUSED"/>'
CAUGHT = process(
    '<startEvent id="s"/><serviceTask id="a" cs:handler="test.refuse"/>'
    '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/>'
    '</boundaryEvent><endEvent id="good"/><endEvent id="bad"/>'
    + flow("s", "a")
    + flow("a", "good")
    + flow("b", "bad")
)


def test_error_boundary_catches_a_business_error() -> None:
    instance_id = run(CAUGHT, extra=ERROR)
    assert state(instance_id) == "COMPLETED"
    assert Instance.objects.get(pk=instance_id).end_node_id == "bad"
    assert variables(instance_id)["error"]["code"] == "REFUSED"


def test_uncaught_business_error_is_an_incident() -> None:
    body = '<startEvent id="s"/><serviceTask id="a" cs:handler="test.refuse"/>'
    instance_id = run(process(body + '<endEvent id="e"/>' + chain("s", "a", "e")))
    step = Step.objects.get(instance_id=instance_id, node_id="a")
    assert step.incidents.get().code == "REFUSED"


def test_error_end_of_a_sub_process_is_caught_outside(people: Waiting) -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><subProcess id="sub"><startEvent id="ss"/>'
            '<parallelGateway id="f"/><userTask id="u"/>'
            '<endEvent id="se"><errorEventDefinition errorRef="err"/></endEvent>'
            '<endEvent id="so"/>'
            + chain("ss", "f", "u", "so")
            + flow("f", "se")
            + '</subProcess><boundaryEvent id="b" attachedToRef="sub">'
            '<errorEventDefinition errorRef="err"/></boundaryEvent>'
            '<endEvent id="good"/><endEvent id="bad"/>'
            + flow("s", "sub")
            + flow("sub", "good")
            + flow("b", "bad")
        ),
        extra=ERROR,
    )
    assert state(instance_id) == "COMPLETED"
    assert Instance.objects.get(pk=instance_id).end_node_id == "bad"


def test_script_sets_a_variable_by_feel() -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><scriptTask id="c" scriptFormat="feel"'
            ' cs:result="fee"><script>amount * 0.015</script></scriptTask>'
            '<endEvent id="e"/>' + chain("s", "c", "e")
        ),
        amount=1000,
    )
    assert variables(instance_id)["fee"] == 15


def test_call_activity_runs_another_process(people: Waiting) -> None:
    child = process(
        '<startEvent id="cs"/><userTask id="cu"/><endEvent id="ce"/>'
        + chain("cs", "cu", "ce"),
        process_id="child",
    )
    parent = process(
        '<startEvent id="s"/><callActivity id="call" calledElement="child"/>'
        '<endEvent id="e"/>' + chain("s", "call", "e")
    )
    instance_id = run(parent, child, amount=7)
    inner = Instance.objects.get(parent_instance_id=instance_id)
    answer(inner.id, "cu", seen=True)
    drain()
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["cu"] == {"seen": True}


def test_cancel_ends_steps_and_called_instances(people: Waiting) -> None:
    child = process(
        '<startEvent id="cs"/><userTask id="cu"/><endEvent id="ce"/>'
        + chain("cs", "cu", "ce"),
        process_id="child",
    )
    parent = process(
        '<startEvent id="s"/><callActivity id="call" calledElement="child"/>'
        '<endEvent id="e"/>' + chain("s", "call", "e")
    )
    instance_id = run(parent, child)
    instances.cancel(instance_id=instance_id, actor=TESTER, reason="not wanted")
    drain()
    inner = Instance.objects.get(parent_instance_id=instance_id)
    assert (state(instance_id), inner.state) == ("CANCELED", "CANCELED")


def test_loop_longer_than_one_advance_goes_on() -> None:
    instance_id = run(
        process(
            '<startEvent id="s"/><exclusiveGateway id="m"/>'
            '<scriptTask id="c" scriptFormat="feel" cs:result="n">'
            "<script>n + 1</script></scriptTask>"
            '<exclusiveGateway id="x" default="x-e"/><endEvent id="e"/>'
            + chain("s", "m", "c", "x")
            + flow("x", "m", condition="n &lt; 400")
            + flow("x", "e")
        ),
        n=0,
    )
    assert state(instance_id) == "COMPLETED"
    assert variables(instance_id)["n"] == 400
