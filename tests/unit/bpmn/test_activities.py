"""Activities: what they run, how they repeat, the scopes they open."""

import pytest

from tests.unit.bpmn.models import between, read, refusals
from workflows.core.bpmn.graph import (
    AdHocSpec,
    FailurePolicy,
    LoopKind,
    LoopSpec,
    Node,
    NodeKind,
)

ROOTS = '<message id="m" name="order placed"/>'


def node(written: str) -> Node:
    """Return the node `n` between a start and an end."""
    return read(between(written), roots=ROOTS).nodes["n"]


def task(loop: str, **attributes: str) -> str:
    """Return a task `n` with loop characteristics."""
    words = "".join(f' cs:{name}="{text}"' for name, text in attributes.items())
    return f'<task id="n"{words}>{loop}</task>'


def test_send_and_receive_tasks_name_their_message() -> None:
    send = node('<sendTask id="n" messageRef="m" cs:timeToLive="PT1H"/>')
    receive = node('<receiveTask id="n" messageRef="m" cs:correlation="=order.id"/>')
    assert (send.kind, send.message) == (NodeKind.SEND_TASK, "order placed")
    assert send.time_to_live == "PT1H"
    assert (receive.kind, receive.message) == (NodeKind.RECEIVE_TASK, "order placed")
    assert receive.correlation == "order.id"


@pytest.mark.parametrize(
    "written",
    [
        '<sendTask id="n" cs:handler="mail.send" cs:handlerVersion="1"/>',
        (
            '<intermediateThrowEvent id="n" cs:handler="mail.send"'
            ' cs:handlerVersion="1"><messageEventDefinition/></intermediateThrowEvent>'
        ),
        '<businessRuleTask id="n" cs:handler="mail.send" cs:handlerVersion="1"/>',
    ],
)
def test_handler_may_do_the_work_of_other_nodes(written: str) -> None:
    found = node(written)
    assert (found.handler, found.handler_version) == ("mail.send", "1")
    assert (found.message, found.decision) == ("", "")


def test_handler_means_nothing_where_none_is_run() -> None:
    assert node('<userTask id="n" cs:handler="mail.send"/>').handler == ""


def test_timeout_stands_on_every_activity() -> None:
    for kind in ("userTask", "callActivity", "receiveTask", "task"):
        words = 'calledElement="x"' if kind == "callActivity" else 'messageRef="m"'
        found = node(f'<{kind} id="n" {words} cs:timeout="PT5M"/>')
        assert found.timeout_seconds == 300


@pytest.mark.parametrize("policy", FailurePolicy)
def test_failure_policy_stands_on_gateways_and_multi_instances(
    policy: FailurePolicy,
) -> None:
    gateway = node(f'<parallelGateway id="n" cs:onFailure="{policy.value}"/>')
    activity = node(
        task(
            '<multiInstanceLoopCharacteristics cs:collection="items"/>',
            onFailure=policy.value,
        )
    )
    assert (gateway.on_failure, activity.on_failure) == (policy, policy)


def test_complex_gateway_keeps_its_activation_condition() -> None:
    found = node(
        '<complexGateway id="n"><activationCondition>= activationCount &gt; 1'
        "</activationCondition></complexGateway>"
    )
    assert found.condition == "activationCount > 1"


def test_multi_instance_over_a_collection_is_read() -> None:
    found = node(
        task(
            '<multiInstanceLoopCharacteristics isSequential="true" cs:collection="=items"'
            ' cs:element="item" cs:outputCollection="done" cs:outputElement="=r.sum">'
            "<completionCondition>= numberOfCompletedInstances &gt; 2"
            "</completionCondition></multiInstanceLoopCharacteristics>"
        )
    )
    assert found.loop == LoopSpec(
        kind=LoopKind.SEQUENTIAL,
        collection="items",
        element="item",
        output_collection="done",
        output_element="r.sum",
        condition="numberOfCompletedInstances > 2",
    )


def test_multi_instance_by_number_is_parallel_unless_told() -> None:
    found = node(
        task(
            "<multiInstanceLoopCharacteristics><loopCardinality>${count}"
            "</loopCardinality></multiInstanceLoopCharacteristics>"
        )
    )
    assert found.loop == LoopSpec(kind=LoopKind.PARALLEL, cardinality="count")


def test_multi_instance_by_the_standards_data_is_read() -> None:
    found = read(
        '<dataObject id="d1" name="orders"/><dataObject id="d2" name="answers"/>'
        + between(
            task(
                "<multiInstanceLoopCharacteristics><loopDataInputRef>d1"
                "</loopDataInputRef><loopDataOutputRef>d2</loopDataOutputRef>"
                '<inputDataItem id="i1" name="order"/><outputDataItem id="answer"/>'
                "</multiInstanceLoopCharacteristics>"
            )
        )
    )
    assert dict(found.data_objects) == {"d1": "orders", "d2": "answers"}
    assert found.nodes["n"].loop == LoopSpec(
        kind=LoopKind.PARALLEL,
        collection="orders",
        element="order",
        output_collection="answers",
        output_element="answer",
    )


@pytest.mark.parametrize(
    "loop",
    [
        (
            '<multiInstanceLoopCharacteristics camunda:collection="${items}"'
            ' camunda:elementVariable="item"/>'
        ),
        (
            '<multiInstanceLoopCharacteristics flowable:collection="items"'
            ' flowable:elementVariable="item"/>'
        ),
        (
            "<multiInstanceLoopCharacteristics><extensionElements><zeebe:properties/>"
            '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>'
            "</extensionElements></multiInstanceLoopCharacteristics>"
        ),
    ],
)
def test_multi_instance_of_other_engines_is_read(loop: str) -> None:
    assert node(task(loop)).loop == LoopSpec(
        kind=LoopKind.PARALLEL, collection="items", element="item"
    )


def test_standard_loops_are_read() -> None:
    before = node(
        task(
            '<standardLoopCharacteristics testBefore="true" loopMaximum="5">'
            "<loopCondition>= open &gt; 0</loopCondition></standardLoopCharacteristics>"
        )
    )
    after = node(task('<standardLoopCharacteristics loopMaximum="3"/>'))
    assert before.loop == LoopSpec(
        kind=LoopKind.STANDARD, condition="open > 0", test_before=True, maximum=5
    )
    assert after.loop == LoopSpec(kind=LoopKind.STANDARD, condition="true", maximum=3)


def test_ad_hoc_sub_process_is_read() -> None:
    process = read(
        between(
            '<adHocSubProcess id="n" ordering="Sequential" cs:start="=chosen"'
            ' cancelRemainingInstances="false"><task id="a"/><task id="b"/>'
            '<sequenceFlow id="fi" sourceRef="a" targetRef="b"/><userTask id="c"/>'
            "<completionCondition>= enough</completionCondition></adHocSubProcess>"
        )
    )
    assert process.nodes["n"].ad_hoc == AdHocSpec(
        sequential=True, condition="enough", cancel_remaining=False, start="chosen"
    )
    assert [one.id for one in process.entries("n")] == ["a", "c"]


def test_scope_without_start_event_begins_with_what_no_flow_leads_into() -> None:
    process = read(
        '<task id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'
        '<task id="c"/><boundaryEvent id="d" attachedToRef="a"><errorEventDefinition/>'
        '</boundaryEvent><sequenceFlow id="g" sourceRef="d" targetRef="b"/>'
        '<task id="u" isForCompensation="true"/><subProcess id="ev"'
        ' triggeredByEvent="true"><startEvent id="es"><errorEventDefinition/>'
        '</startEvent></subProcess><intermediateThrowEvent id="lt">'
        '<linkEventDefinition name="x"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="lc"><linkEventDefinition name="x"/>'
        "</intermediateCatchEvent>"
    )
    assert [one.id for one in process.entries()] == ["a", "c", "lt"]


def test_scope_with_a_start_event_begins_there_only() -> None:
    process = read('<startEvent id="s"/><task id="a"/>')
    assert [one.id for one in process.entries()] == ["s"]
    triggered = read(
        '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
        '<task id="a"/>',
        roots=ROOTS,
    )
    assert triggered.entries() == ()


@pytest.mark.parametrize("kind", ["transaction", "subProcess"])
def test_sub_processes_may_begin_implicitly(kind: str) -> None:
    process = read(between(f'<{kind} id="n"><task id="a"/></{kind}>'))
    assert process.nodes["n"].kind == kind
    assert [one.id for one in process.entries("n")] == ["a"]


MULTI = "<multiInstanceLoopCharacteristics {}/>"
WRONG = {
    "how often": (task(MULTI.format("")), "needs a loopCardinality or a collection"),
    "what comes out": (
        task(MULTI.format('cs:collection="a" cs:outputCollection="b"')),
        "needs cs:outputElement",
    ),
    "behaviour": (
        task(MULTI.format('cs:collection="a" behavior="One"')),
        "throws events between",
    ),
    "misspelt": (
        task(MULTI.format('cs:colection="a" cs:collection="a"')),
        "did you mean cs:collection?",
    ),
    "two loops": (
        task(
            MULTI.format('cs:collection="a"')
            + '<standardLoopCharacteristics loopMaximum="2"/>'
        ),
        "repeats in two ways",
    ),
    "unknown loop": (task("<oddLoopCharacteristics/>"), "no loop that is run"),
    "endless loop": (task("<standardLoopCharacteristics/>"), "would never end"),
    "no number": (
        task('<standardLoopCharacteristics loopMaximum="many"/>'),
        "loopMaximum='many'",
    ),
    "loop of another language": (
        task(
            "<standardLoopCharacteristics><loopCondition language='groovy'>a"
            "</loopCondition></standardLoopCharacteristics>"
        ),
        "loopCondition is written in groovy",
    ),
    "broken collection": (
        task(MULTI.format('cs:collection="a +"')),
        "cs:collection is no FEEL",
    ),
    "policy word": (
        '<parallelGateway id="n" cs:onFailure="ignore"/>',
        "must be one of: fail-all, wait-all, degraded",
    ),
    "policy of what runs once": (
        '<task id="n" cs:onFailure="degraded"/>',
        "this activity runs once",
    ),
    "binding": (
        '<callActivity id="n" calledElement="x" cs:binding="newest"/>',
        "must be one of: latest, compatible, pinned",
    ),
    "called by expression": (
        '<callActivity id="n" calledElement="${x}"/>',
        "must be a name",
    ),
    "receive nothing": ('<receiveTask id="n"/>', "must name its message"),
    "send nothing": ('<sendTask id="n"/>', "must name its message with messageRef, or"),
    "activation in another language": (
        (
            '<complexGateway id="n"><activationCondition language="java">a'
            "</activationCondition></complexGateway>"
        ),
        "activationCondition is written in java",
    ),
    "empty sub-process": (
        '<subProcess id="n"/>',
        "nothing else to begin with",
    ),
    "empty ad-hoc": ('<adHocSubProcess id="n"/>', "no activity to begin with"),
    "ordering": (
        '<adHocSubProcess id="n" ordering="Any"><task id="a"/></adHocSubProcess>',
        "must be Parallel or Sequential",
    ),
    "two plain starts": (
        '<subProcess id="n"><startEvent id="a"/><startEvent id="b"/></subProcess>',
        "2 start events without a trigger (a, b)",
    ),
    "event sub-process in the flow": (
        (
            '<subProcess id="n" triggeredByEvent="true"><startEvent id="a">'
            "<errorEventDefinition/></startEvent></subProcess>"
        ),
        "No sequence flow leads into or out",
    ),
}


@pytest.mark.parametrize(("written", "words"), WRONG.values(), ids=WRONG)
def test_activity_that_cannot_run_is_refused(written: str, words: str) -> None:
    found = refusals(between(written))
    assert any(name == "n" and words in text for _, name, text in found), found


EVENT_SCOPE = '<startEvent id="s"/><subProcess id="n" triggeredByEvent="true">{}'
SCOPES = {
    "two starts": (
        EVENT_SCOPE.format('<startEvent id="a"/><startEvent id="b"/></subProcess>'),
        "n",
        "exactly one start event, with a trigger; here are 2",
    ),
    "error that lets go on": (
        EVENT_SCOPE.format(
            '<startEvent id="a" isInterrupting="false"><errorEventDefinition/>'
            "</startEvent></subProcess>"
        ),
        "a",
        "for error always interrupts",
    ),
    "loop": (
        EVENT_SCOPE.format(
            '<startEvent id="a"><errorEventDefinition/></startEvent>'
            '<standardLoopCharacteristics loopMaximum="2"/></subProcess>'
        ),
        "n",
        "neither repeats",
    ),
    "boundary event": (
        EVENT_SCOPE.format(
            '<startEvent id="a"><errorEventDefinition/></startEvent></subProcess>'
            '<boundaryEvent id="b" attachedToRef="n"><errorEventDefinition/>'
            '</boundaryEvent><task id="t"/>'
            '<sequenceFlow id="f" sourceRef="b" targetRef="t"/>'
        ),
        "b",
        "which can carry none",
    ),
    "transaction": (
        (
            '<startEvent id="s"/><transaction id="n" triggeredByEvent="true">'
            '<startEvent id="a"><errorEventDefinition/></startEvent></transaction>'
        ),
        "n",
        "A transaction is no event sub-process",
    ),
    "trigger inside a sub-process": (
        between(
            '<subProcess id="n"><startEvent id="a"><signalEventDefinition'
            ' signalRef="sg"/></startEvent></subProcess>'
        ),
        "a",
        "begins with one start event without a trigger",
    ),
    "start in an ad-hoc": (
        between(
            '<adHocSubProcess id="n"><startEvent id="a"/><task id="t"/>'
            "</adHocSubProcess>"
        ),
        "a",
        "has no start event",
    ),
}


@pytest.mark.parametrize(("body", "element", "words"), SCOPES.values(), ids=SCOPES)
def test_scope_that_cannot_begin_is_refused(
    body: str, element: str, words: str
) -> None:
    found = refusals(body, roots='<signal id="sg" name="a"/>')
    assert any(name == element and words in text for _, name, text in found), found
