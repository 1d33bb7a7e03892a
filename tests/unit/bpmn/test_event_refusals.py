"""Events that cannot work where they stand: where, and what a modeller reads."""

import pytest

from tests.unit.bpmn.models import between, refusals

ROOTS = (
    '<message id="m" name="order placed"/><message id="mx" name="${x}"/>'
    '<signal id="sg" name="alarm"/><interface id="i"><operation id="op"/></interface>'
)
CATCH = (
    '<intermediateCatchEvent id="{}"><signalEventDefinition signalRef="sg"/>'
    "</intermediateCatchEvent>"
)
RACE = (
    '<startEvent id="s"/><eventBasedGateway id="g"/>'
    '<sequenceFlow id="f0" sourceRef="s" targetRef="g"/>'
)
FLOW = '<sequenceFlow id="{0}{1}" sourceRef="{0}" targetRef="{1}"/>'
WRONG = {
    "race to a task": (
        RACE + '<task id="t"/>' + FLOW.format("g", "t"),
        "t",
        "waits for",
    ),
    "race to a shared event": (
        RACE + CATCH.format("c") + FLOW.format("g", "c") + FLOW.format("s", "c"),
        "c",
        "no other flow may",
    ),
    "race to a guarded task": (
        RACE
        + '<receiveTask id="r" messageRef="m"/><boundaryEvent id="b" attachedToRef="r">'
        "<errorEventDefinition/></boundaryEvent>"
        + FLOW.format("g", "r")
        + FLOW.format("b", "s2")
        + '<endEvent id="s2"/>',
        "r",
        "no boundary event",
    ),
    "race with a condition": (
        RACE
        + CATCH.format("c")
        + '<sequenceFlow id="f" sourceRef="g" targetRef="c"><conditionExpression>true'
        "</conditionExpression></sequenceFlow>",
        "f",
        "first event comes",
    ),
    "race to nothing": (RACE, "g", "leads nowhere"),
    "instances begun by a signal": (
        '<eventBasedGateway id="g" instantiate="true"/>'
        + CATCH.format("c")
        + FLOW.format("g", "c"),
        "c",
        "messages only",
    ),
    "instances begun in the middle": (
        '<startEvent id="s"/><receiveTask id="r" messageRef="m" instantiate="true"/>'
        + FLOW.format("s", "r"),
        "r",
        "begins instances",
    ),
    "parallel race in the middle": (
        RACE.replace('id="g"', 'id="g" eventGatewayType="Parallel"')
        + CATCH.format("c")
        + FLOW.format("g", "c"),
        "g",
        "may be Parallel",
    ),
    "link without catch": (
        (
            '<startEvent id="s"/><intermediateThrowEvent id="n"><linkEventDefinition'
            ' name="x"/></intermediateThrowEvent>'
        ),
        "n",
        "No link catch event of this scope is named 'x'",
    ),
    "link with two catches": (
        '<startEvent id="s"/><intermediateThrowEvent id="n">'
        '<linkEventDefinition name="x"/></intermediateThrowEvent>'
        + "".join(
            f'<intermediateCatchEvent id="{one}"><linkEventDefinition name="x"/>'
            "</intermediateCatchEvent>"
            for one in "ab"
        ),
        "n",
        "2 link catch events are named 'x' (a, b)",
    ),
    "flow into a link catch": (
        between(
            '<intermediateCatchEvent id="n"><linkEventDefinition name="x"/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "No flow may lead into a link catch",
    ),
    "link without a name": (
        (
            '<startEvent id="s"/><intermediateThrowEvent id="n"><linkEventDefinition/>'
            "</intermediateThrowEvent>"
        ),
        "n",
        "needs a name",
    ),
    "error that lets go on": (
        between(
            '<task id="n"/><boundaryEvent id="b" attachedToRef="n"'
            ' cancelActivity="false"><errorEventDefinition/></boundaryEvent>'
        )
        + FLOW.format("b", "e"),
        "b",
        "An error boundary event always interrupts",
    ),
    "cancel outside a transaction": (
        between('<task id="n"/>')
        + '<boundaryEvent id="b" attachedToRef="n"><cancelEventDefinition/>'
        "</boundaryEvent>" + FLOW.format("b", "e"),
        "b",
        "on a transaction only",
    ),
    "two cancels": (
        '<startEvent id="s"/><endEvent id="e"/><transaction id="t"><task id="i"/>'
        "</transaction>"
        + "".join(
            f'<boundaryEvent id="{one}" attachedToRef="t"><cancelEventDefinition/>'
            "</boundaryEvent>" + FLOW.format(one, "e")
            for one in "ab"
        ),
        "b",
        "one cancel boundary event",
    ),
    "compensation with a flow": (
        between('<task id="n"/>')
        + '<boundaryEvent id="b" attachedToRef="n"><compensateEventDefinition/>'
        '</boundaryEvent><task id="u" isForCompensation="true"/>'
        '<association id="a" sourceRef="b" targetRef="u"/>' + FLOW.format("b", "e"),
        "b",
        "No sequence flow leaves a compensation",
    ),
    "compensation without an activity": (
        between('<task id="n"/>')
        + '<boundaryEvent id="b" attachedToRef="n"><compensateEventDefinition/>'
        "</boundaryEvent>",
        "b",
        "here are 0",
    ),
    "compensation by an ordinary task": (
        between('<task id="n"/>')
        + '<boundaryEvent id="b" attachedToRef="n"><compensateEventDefinition/>'
        '</boundaryEvent><association id="a" sourceRef="b" targetRef="n"/>',
        "b",
        "is not for compensation",
    ),
    "compensation in another scope": (
        between(
            '<subProcess id="n"><task id="u" isForCompensation="true"/><task id="i"/>'
        ).replace('<task id="i"/>', '<task id="i"/></subProcess>')
        + '<boundaryEvent id="b" attachedToRef="n"><compensateEventDefinition/>'
        '</boundaryEvent><association id="a" sourceRef="b" targetRef="u"/>',
        "b",
        "in another scope",
    ),
    "second compensation": (
        between('<task id="n"/>')
        + '<task id="u" isForCompensation="true"/>'
        + "".join(
            f'<boundaryEvent id="{one}" attachedToRef="n"><compensateEventDefinition/>'
            f'</boundaryEvent><association id="a{one}" sourceRef="{one}" targetRef="u"/>'
            for one in "bc"
        ),
        "c",
        "second compensation boundary event",
    ),
    "flow into a compensation": (
        between('<task id="n" isForCompensation="true"/>'),
        "n",
        "has no sequence flows",
    ),
    "compensating nothing": (
        between(
            '<intermediateThrowEvent id="n"><compensateEventDefinition activityRef="x"/>'
            "</intermediateThrowEvent>"
        ),
        "n",
        "'x', which is no activity",
    ),
    "compensating elsewhere": (
        between(
            '<intermediateThrowEvent id="n"><compensateEventDefinition activityRef="i"/>'
            '</intermediateThrowEvent><subProcess id="sub"><task id="i"/></subProcess>'
        ),
        "n",
        "'i' in another scope",
    ),
    "unknown definition": (
        between(
            '<intermediateCatchEvent id="n"><eventDefinitionRef>zz</eventDefinitionRef>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "'zz', which this file does not declare",
    ),
    "unknown operation": (
        between('<sendTask id="n" operationRef="zz"/>'),
        "n",
        "'zz', which no interface",
    ),
    "name that is an expression": (
        between(
            '<intermediateCatchEvent id="n"><messageEventDefinition messageRef="mx"/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "is an expression",
    ),
    "condition of another language": (
        between(
            '<intermediateCatchEvent id="n"><conditionalEventDefinition>'
            '<condition language="groovy">x</condition></conditionalEventDefinition>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "written in groovy",
    ),
    "condition without text": (
        between(
            '<intermediateCatchEvent id="n"><conditionalEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "needs FEEL text",
    ),
    "broken condition": (
        between(
            '<intermediateCatchEvent id="n"><conditionalEventDefinition><condition>1 +'
            "</condition></conditionalEventDefinition></intermediateCatchEvent>"
        ),
        "n",
        "The condition is no FEEL",
    ),
    "escalation without a code": (
        between(
            '<intermediateThrowEvent id="n"><escalationEventDefinition/>'
            "</intermediateThrowEvent>"
        ),
        "n",
        "with escalationRef",
    ),
    "broken correlation": (
        between('<receiveTask id="n" messageRef="m" cs:correlation="a +"/>'),
        "n",
        "cs:correlation is no FEEL",
    ),
    "broken time to live": (
        between('<sendTask id="n" messageRef="m" cs:timeToLive="2 hours"/>'),
        "n",
        "cs:timeToLive: '2 hours'",
    ),
    "message sent by foreign code": (
        between(
            '<intermediateThrowEvent id="n"><messageEventDefinition messageRef="m"'
            ' camunda:class="x.Y"/></intermediateThrowEvent>'
        ),
        "n",
        "code of another engine",
    ),
    "no event at all": (
        between(
            '<intermediateCatchEvent id="n"><oddEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "<oddEventDefinition> is no event that is run",
    ),
    "error without a code": (
        '<startEvent id="s"/><endEvent id="n"><errorEventDefinition/></endEvent>',
        "n",
        "must name its error",
    ),
    "undeclared signal": (
        between(
            '<intermediateCatchEvent id="n"><signalEventDefinition signalRef="zz"/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "signalRef names 'zz'",
    ),
    "undeclared message": (
        between('<receiveTask id="n" messageRef="zz"/>'),
        "n",
        "messageRef names 'zz'",
    ),
    "signal without a name": (
        between(
            '<intermediateCatchEvent id="n"><signalEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "n",
        "must name its signal",
    ),
    "race to what is refused": (
        RACE + '<teaBreak id="tea"/>' + FLOW.format("g", "tea"),
        "tea",
        "<teaBreak> is not run",
    ),
    "compensation of what is gone": (
        (
            '<startEvent id="s"/><boundaryEvent id="b" attachedToRef="x">'
            "<compensateEventDefinition/></boundaryEvent>"
            '<task id="u" isForCompensation="true"/>'
            '<association id="a" sourceRef="b" targetRef="u"/>'
        ),
        "b",
        "'x', which is no node",
    ),
    "compensating around": (
        between(
            '<task id="t"/><subProcess id="n"><intermediateThrowEvent id="c">'
            '<compensateEventDefinition activityRef="t"/></intermediateThrowEvent>'
            "</subProcess>"
        ),
        "c",
        "'t' in another scope",
    ),
    "operation without a message": (
        between('<sendTask id="n" operationRef="op"/>'),
        "n",
        "'op', which no interface of this file declares with a message",
    ),
    "cancel in a scope between": (
        (
            '<transaction id="t"><subProcess id="in"><startEvent id="s"/><endEvent id="n">'
            '<cancelEventDefinition/></endEvent><sequenceFlow id="f" sourceRef="s"'
            ' targetRef="n"/></subProcess></transaction>'
        ),
        "n",
        "in no scope between",
    ),
}


@pytest.mark.parametrize(("written", "element", "words"), WRONG.values(), ids=WRONG)
def test_event_that_cannot_work_is_refused(
    written: str, element: str, words: str
) -> None:
    found = refusals(written, roots=ROOTS)
    assert any(name == element and words in text for _, name, text in found), found
