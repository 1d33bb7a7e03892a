"""Events of every kind, wherever the standard lets them stand (table 10.93)."""

import pytest

from tests.unit.bpmn.models import between, read, refusals
from workflows.core.bpmn.graph import EventKind, Node

ROOTS = (
    '<message id="m" name="order placed" cs:correlation="order.id" cs:timeToLive="PT2H"/>'
    '<signal id="sg" name="alarm"/><error id="er" errorCode="E1"/>'
    '<escalation id="es" escalationCode="late"/>'
    '<timerEventDefinition id="td"><timeDuration>PT1S</timeDuration>'
    "</timerEventDefinition>"
)
DEFINITIONS = {
    EventKind.NONE: "",
    EventKind.TIMER: (
        "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
    ),
    EventKind.MESSAGE: '<messageEventDefinition messageRef="m"/>',
    EventKind.SIGNAL: '<signalEventDefinition signalRef="sg"/>',
    EventKind.ERROR: '<errorEventDefinition errorRef="er"/>',
    EventKind.ESCALATION: '<escalationEventDefinition escalationRef="es"/>',
    EventKind.CONDITIONAL: (
        "<conditionalEventDefinition><condition>= stock &lt; 5</condition>"
        "</conditionalEventDefinition>"
    ),
    EventKind.COMPENSATION: "<compensateEventDefinition/>",
    EventKind.LINK: '<linkEventDefinition name="over there"/>',
    EventKind.CANCEL: "<cancelEventDefinition/>",
    EventKind.TERMINATE: "<terminateEventDefinition/>",
}
# The columns of table 10.93, written out by hand: N T M S R(rror) E C(onditional)
# P(compensation) L X(cancel) Z(terminate).
LETTERS = dict(zip("NTMSRECPLXZ", DEFINITIONS, strict=True))
STANDING = {
    "top start": "NTMSC",
    "event start": "TMSRECP",
    "catch": "TMSCL",
    "throw": "NMSEPL",
    "boundary": "TMSRECP",
    "transaction boundary": "TMSRECPX",
    "end": "NMSREPZ",
    "transaction end": "NMSREPXZ",
}
ALL = [
    (place, kind, letter in letters)
    for place, letters in STANDING.items()
    for letter, kind in LETTERS.items()
]
INNER = '<startEvent id="is"/>{}<sequenceFlow id="fi" sourceRef="is" targetRef="{}"/>'


def _boundary(host: str, kind: EventKind) -> str:
    leads = (
        '<association id="as" sourceRef="n" targetRef="undo"/>'
        '<task id="undo" isForCompensation="true"/>'
        if kind is EventKind.COMPENSATION
        else '<sequenceFlow id="fb" sourceRef="n" targetRef="e"/>'
    )
    return (
        f'<startEvent id="s"/><{host} id="h">'
        + ('<task id="it"/>' if host == "transaction" else "")
        + f'</{host}><boundaryEvent id="n" attachedToRef="h">{DEFINITIONS[kind]}'
        f'</boundaryEvent>{leads}<endEvent id="e"/>'
    )


PLACES = {
    "top start": '<startEvent id="n">{}</startEvent>',
    "event start": (
        '<startEvent id="s"/><subProcess id="sub" triggeredByEvent="true">'
        '<startEvent id="n">{}</startEvent></subProcess>'
    ),
    "catch": between('<intermediateCatchEvent id="n">{}</intermediateCatchEvent>'),
    "throw": between('<intermediateThrowEvent id="n">{}</intermediateThrowEvent>'),
    "end": INNER.format('<endEvent id="n">{}</endEvent>', "n"),
    "transaction end": (
        '<transaction id="t">'
        + INNER.format('<endEvent id="n">{}</endEvent>', "n")
        + "</transaction>"
    ),
}
LINKS = {
    "catch": '<startEvent id="s"/><intermediateCatchEvent id="n">{}'
    "</intermediateCatchEvent>",
    "throw": (
        '<startEvent id="s"/><intermediateThrowEvent id="n">{0}'
        '</intermediateThrowEvent><intermediateCatchEvent id="lc">{0}'
        "</intermediateCatchEvent>"
    ),
}


def body(place: str, kind: EventKind) -> str:
    """Return a body in which an event `n` of a kind stands at a place."""
    if place.endswith("boundary"):
        return _boundary("transaction" if "transaction" in place else "task", kind)
    if kind is EventKind.LINK and place in LINKS:
        return LINKS[place].format(DEFINITIONS[kind])
    return PLACES[place].format(DEFINITIONS[kind])


@pytest.mark.parametrize(("place", "kind", "allowed"), ALL)
def test_event_stands_where_the_standard_lets_it(
    place: str, kind: EventKind, allowed: bool
) -> None:
    written = body(place, kind)
    if allowed:
        assert read(written, roots=ROOTS).nodes["n"].event is kind
    else:
        found = refusals(written, roots=ROOTS)
        assert "n" in {element for _, element, _ in found}, found


def _event(place: str, kind: EventKind) -> Node:
    return read(body(place, kind), roots=ROOTS).nodes["n"]


def test_events_keep_what_they_wait_for_or_throw() -> None:
    message = _event("throw", EventKind.MESSAGE)
    assert (message.message, message.correlation) == ("order placed", "order.id")
    assert message.time_to_live == "PT2H"
    assert _event("catch", EventKind.SIGNAL).signal == "alarm"
    assert _event("end", EventKind.ERROR).error_code == "E1"
    assert _event("end", EventKind.ESCALATION).escalation_code == "late"
    assert _event("catch", EventKind.CONDITIONAL).condition == "stock < 5"
    assert _event("throw", EventKind.LINK).link == "over there"


def test_own_correlation_wins_over_that_of_the_message() -> None:
    node = read(
        between(
            '<intermediateCatchEvent id="n" cs:correlation="= customer" cs:timeout="P1D">'
            '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        ),
        roots=ROOTS,
    ).nodes["n"]
    assert (node.correlation, node.timeout_seconds) == ("customer", 86400)


def test_message_of_an_operation_is_found() -> None:
    node = read(
        between('<sendTask id="n" operationRef="op"/>'),
        roots='<message id="m" name="Ask"/><interface id="i"><operation id="op">'
        "<inMessageRef>m</inMessageRef></operation></interface>",
    ).nodes["n"]
    assert (node.message, node.handler) == ("Ask", "")


def test_event_definition_of_the_file_is_found() -> None:
    node = read(
        between(
            '<intermediateCatchEvent id="n"><eventDefinitionRef>td</eventDefinitionRef>'
            "</intermediateCatchEvent>"
        ),
        roots=ROOTS,
    ).nodes["n"]
    assert node.timer is not None
    assert node.timer.text == "PT1S"


def test_events_without_codes_catch_everything() -> None:
    process = read(
        '<startEvent id="s"/><task id="t"/>'
        '<boundaryEvent id="b1" attachedToRef="t"><errorEventDefinition/></boundaryEvent>'
        '<boundaryEvent id="b2" attachedToRef="t" cancelActivity="false">'
        "<escalationEventDefinition/></boundaryEvent>"
        '<sequenceFlow id="f1" sourceRef="b1" targetRef="e"/>'
        '<sequenceFlow id="f2" sourceRef="b2" targetRef="e"/><endEvent id="e"/>'
    )
    assert process.nodes["b1"].error_code == ""
    assert process.nodes["b2"].escalation_code == ""
    assert not process.nodes["b2"].interrupting


def test_start_of_an_event_sub_process_may_let_its_scope_go_on() -> None:
    process = read(
        '<startEvent id="s"/><subProcess id="sub" triggeredByEvent="true">'
        '<startEvent id="n" isInterrupting="false">'
        '<signalEventDefinition signalRef="sg"/></startEvent></subProcess>',
        roots=ROOTS,
    )
    assert not process.nodes["n"].interrupting
    assert [one.id for one in process.event_scopes()] == ["sub"]
    assert process.entries("sub") == ()


def test_compensation_is_joined_to_what_it_compensates() -> None:
    process = read(
        between(
            '<task id="n"/><boundaryEvent id="b" attachedToRef="n">'
            '<compensateEventDefinition/></boundaryEvent><task id="undo"'
            ' isForCompensation="true"/><textAnnotation id="ta"/>'
            '<association id="a1" sourceRef="b" targetRef="undo"/>'
            '<association id="a2" sourceRef="b" targetRef="ta"/>'
            '<intermediateThrowEvent id="c"><compensateEventDefinition activityRef="n"'
            ' waitForCompletion="false"/></intermediateThrowEvent>'
        )
    )
    assert process.nodes["n"].compensated_by == "undo"
    assert process.nodes["b"].compensated_by == "undo"
    assert process.nodes["undo"].for_compensation
    assert process.nodes["c"].activity_ref == "n"
    assert not process.nodes["c"].wait_for_completion


def test_event_gateway_may_begin_instances_in_parallel() -> None:
    process = read(
        '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
        '<receiveTask id="r" messageRef="m"/><intermediateCatchEvent id="c">'
        '<messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        '<sequenceFlow id="f1" sourceRef="g" targetRef="r"/>'
        '<sequenceFlow id="f2" sourceRef="g" targetRef="c"/>',
        roots=ROOTS,
    )
    gateway = process.nodes["g"]
    assert (gateway.instantiate, gateway.parallel_events) == (True, True)
    assert process.entries() == ()


def test_event_sub_process_may_compensate_what_its_scope_did() -> None:
    process = read(
        '<startEvent id="s"/><task id="t"/><subProcess id="ev" triggeredByEvent="true">'
        '<startEvent id="es"><errorEventDefinition/></startEvent>'
        '<intermediateThrowEvent id="n"><compensateEventDefinition activityRef="t"/>'
        '</intermediateThrowEvent><sequenceFlow id="f" sourceRef="es" targetRef="n"/>'
        "</subProcess>"
    )
    assert process.nodes["n"].activity_ref == "t"
