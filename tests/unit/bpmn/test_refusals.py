"""What is refused, with the place and the sentence a modeller reads."""

import pytest

from tests.unit.bpmn.models import between, model, refusals
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.problems import BpmnError

WAIT = "<timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
CASES = {
    "receive task": ('<receiveTask id="n"/>', "receive task"),
    "send task": ('<sendTask id="n"/>', "send task"),
    "unknown": ('<teaBreak id="n"/>', "<teaBreak> is not run"),
    "multi instance": (
        '<task id="n"><multiInstanceLoopCharacteristics/></task>',
        "multi-instance",
    ),
    "loop": ('<task id="n"><standardLoopCharacteristics/></task>', "standard loop"),
    "signal": (
        (
            '<intermediateCatchEvent id="n"><signalEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "signal event",
    ),
    "link": (
        '<intermediateThrowEvent id="n"><linkEventDefinition/></intermediateThrowEvent>',
        "link event",
    ),
    "two triggers": (
        (
            f'<intermediateCatchEvent id="n">{WAIT.format("PT1S") * 2}'
            "</intermediateCatchEvent>"
        ),
        "exactly one event definition",
    ),
    "no trigger": ('<intermediateCatchEvent id="n"/>', "A none intermediate catch"),
    "bad duration": (
        (
            f'<intermediateCatchEvent id="n">{WAIT.format("2 hours")}'
            "</intermediateCatchEvent>"
        ),
        "no ISO 8601 duration",
    ),
    "timer without text": (
        (
            '<intermediateCatchEvent id="n"><timerEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "exactly one of timeDate",
    ),
    "message without name": (
        (
            '<intermediateCatchEvent id="n"><messageEventDefinition/>'
            "</intermediateCatchEvent>"
        ),
        "must name its message",
    ),
    "unknown message": (
        (
            '<intermediateCatchEvent id="n"><messageEventDefinition messageRef="m"/>'
            "</intermediateCatchEvent>"
        ),
        "'m', which this file does not declare",
    ),
    "no handler": ('<serviceTask id="n"/>', "must name its handler"),
    "foreign code": (
        '<serviceTask id="n" camunda:class="x.Y"/>',
        "code of another engine",
    ),
    "foreign listener": (
        (
            '<task id="n"><extensionElements><camunda:executionListener event="end"/>'
            "</extensionElements></task>"
        ),
        "execution listener",
    ),
    "no decision": ('<businessRuleTask id="n"/>', "must name its decision"),
    "no script": ('<scriptTask id="n"/>', "needs FEEL text"),
    "script language": (
        '<scriptTask id="n" scriptFormat="groovy"><script>1</script></scriptTask>',
        "written in groovy",
    ),
    "broken script": (
        '<scriptTask id="n"><script>1 +</script></scriptTask>',
        "The script is no FEEL",
    ),
    "nothing called": ('<callActivity id="n"/>', "must name a process"),
    "broken mapping": (
        (
            '<task id="n"><extensionElements><cs:input target="a" source="(("/>'
            "</extensionElements></task>"
        ),
        "cs:input of 'a' is no FEEL",
    ),
    "half a mapping": (
        (
            '<task id="n"><extensionElements><cs:output target="a"/></extensionElements>'
            "</task>"
        ),
        "needs both target and source",
    ),
    "unknown extension": (
        '<task id="n"><extensionElements><cs:inptu/></extensionElements></task>',
        "cs:inptu is not known",
    ),
    "retry": (
        (
            '<serviceTask id="n" cs:handler="a"><extensionElements><cs:retry max="0"/>'
            "</extensionElements></serviceTask>"
        ),
        "from 1 to 100",
    ),
    "retry pause": (
        (
            '<serviceTask id="n" cs:handler="a"><extensionElements>'
            '<cs:retry base="soon"/></extensionElements></serviceTask>'
        ),
        "cs:retry base: 'soon'",
    ),
    "long name": (f'<task id="n" name="{"x" * 301}"/>', "a name 300"),
    "timeout": (
        '<serviceTask id="n" cs:handler="a" cs:timeout="P1M"/>',
        "without years or months",
    ),
    "quorum": ('<userTask id="n" cs:quorum="two"/>', "must be one, dual, 2 of 3"),
    "initiator": ('<userTask id="n" cs:initiator="yes"/>', "allowed, excluded"),
    "goal": ('<userTask id="n" cs:sla="8 hours"/>', "cs:sla: '8 hours' is no ISO"),
    "long goal": ('<userTask id="n" cs:sla="P1M"/>', "without years or months"),
    "warning": ('<userTask id="n" cs:warn="soon"/>', "cs:warn: 'soon' is no ISO"),
    "priority": ('<userTask id="n" cs:priority="if a"/>', "cs:priority is no FEEL"),
    "title": ('<userTask id="n" cs:title="a +"/>', "cs:title is no FEEL"),
}


@pytest.mark.parametrize(("node", "words"), CASES.values(), ids=CASES)
def test_element_is_refused_by_line_id_and_sentence(node: str, words: str) -> None:
    found = refusals(between(node))
    assert found, node
    assert [(line, element) for line, element, _ in found] == [(3, "n")] * len(found)
    assert any(words in message for _, _, message in found), found


FLOWS = {
    "dangling target": (
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="x"/>',
        "f",
        "targetRef of this flow names 'x'",
    ),
    "no start": ("", "p", "There is no start event"),
    "two starts": (
        '<startEvent id="a"/><startEvent id="b"/>',
        "p",
        "2 start events without a trigger (a, b)",
    ),
    "into a start": (
        (
            '<startEvent id="s"/><task id="n"/>'
            '<sequenceFlow id="f" sourceRef="n" targetRef="s"/>'
        ),
        "s",
        "No flow may lead into a start event",
    ),
    "out of an end": (
        between('<task id="n"/>')
        + '<sequenceFlow id="g" sourceRef="e" targetRef="n"/>',
        "e",
        "No flow may leave an end event",
    ),
    "across a border": (
        between(
            '<subProcess id="n"><startEvent id="is"/></subProcess>'
            '<sequenceFlow id="g" sourceRef="is" targetRef="e"/>'
        ),
        "g",
        "may not cross",
    ),
    "attached to nothing": (
        between(
            f'<task id="n"/><boundaryEvent id="b">{WAIT.format("PT1S")}</boundaryEvent>'
        ),
        "b",
        "attached to nothing",
    ),
    "attached to an event": (
        between(
            f'<task id="n"/><boundaryEvent id="b" attachedToRef="e">'
            f"{WAIT.format('PT1S')}</boundaryEvent>"
        ),
        "b",
        "only a task, sub-process or call activity",
    ),
    "leads nowhere": (
        between(
            f'<task id="n"/><boundaryEvent id="b" attachedToRef="n">'
            f"{WAIT.format('PT1S')}</boundaryEvent>"
        ),
        "b",
        "leads nowhere",
    ),
    "choice without condition": (
        between('<exclusiveGateway id="n"/>')
        + '<sequenceFlow id="g" sourceRef="n" targetRef="e"/>',
        "f2",
        "leaves the exclusive gateway 'n' without a condition",
    ),
    "foreign default": (
        between('<exclusiveGateway id="n" default="f1"/>'),
        "n",
        "default flow 'f1' does not leave",
    ),
    "condition on parallel": (
        (
            '<startEvent id="s"/><parallelGateway id="n"/>'
            '<sequenceFlow id="f" sourceRef="s" targetRef="n"/>'
            '<sequenceFlow id="g" sourceRef="n" targetRef="e">'
            "<conditionExpression>true</conditionExpression></sequenceFlow>"
            '<endEvent id="e"/>'
        ),
        "g",
        "A parallel gateway takes every flow",
    ),
    "broken condition": (
        (
            '<startEvent id="s"/><exclusiveGateway id="n"/>'
            '<sequenceFlow id="f" sourceRef="s" targetRef="n"/>'
            '<sequenceFlow id="g" sourceRef="n" targetRef="e">'
            "<conditionExpression>${amount()}</conditionExpression></sequenceFlow>"
            '<endEvent id="e"/>'
        ),
        "g",
        "it calls 'amount'",
    ),
    "scope within itself": (
        between(
            '<transaction id="n"><transaction id="n"><endEvent id="c">'
            "<cancelEventDefinition/></endEvent></transaction></transaction>"
        ),
        "n",
        "used twice, first on line 3",
    ),
    "same id twice": (
        between('<task id="n"/>') + '<task id="n"/>',
        "n",
        "used twice, first on line 3",
    ),
}


@pytest.mark.parametrize(("body", "element", "words"), FLOWS.values(), ids=FLOWS)
def test_unsound_graph_is_refused(body: str, element: str, words: str) -> None:
    found = refusals(body)
    assert any(name == element and words in text for _, name, text in found), found


def test_what_points_at_a_refused_element_is_no_second_problem() -> None:
    assert len(refusals(between('<receiveTask id="n"/>'))) == 1
    attached = '<boundaryEvent id="b" attachedToRef="n"><errorEventDefinition/>'
    tea = between(
        f'<teaBreak id="n"/>{attached}</boundaryEvent><task id="t"/>'
        '<sequenceFlow id="g" sourceRef="b" targetRef="t"/>'
    )
    assert [element for _, element, _ in refusals(tea)] == ["n"]


def test_node_without_an_id_is_refused() -> None:
    found = refusals('<startEvent id="s"/><task name="Do it"/>')
    assert any(
        element == "<task>" and "needs an id" in words for _, element, words in found
    )


def test_process_without_an_id_is_refused() -> None:
    data = model(between('<task id="n"/>')).replace(b'id="p" ', b"")
    with pytest.raises(BpmnError, match="A process needs an id"):
        read_bpmn(data, source="p.bpmn")


def test_all_problems_are_told_at_once_in_order() -> None:
    found = refusals(
        '<startEvent id="s"/>\n<serviceTask id="a"/>\n<receiveTask id="b"/>'
    )
    assert [(line, element) for line, element, _ in found] == [(3, "a"), (4, "b")]


def test_file_without_an_executable_process_is_refused() -> None:
    with pytest.raises(BpmnError, match='set isExecutable="true"'):
        read_bpmn(model("", executable="false"), source="p.bpmn")


def test_file_of_another_kind_is_refused() -> None:
    with pytest.raises(BpmnError, match=r"no BPMN 2\.0 file"):
        read_bpmn(b"<html/>", source="p.bpmn")


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"\xff\xfe\x00", b"not xml", b"<a/><b/>"]
)
def test_malformed_bytes_are_refused_with_a_line(data: bytes) -> None:
    with pytest.raises(BpmnError) as caught:
        read_bpmn(data, source="p.bpmn")
    assert caught.value.problems[0].element == "<xml>"
