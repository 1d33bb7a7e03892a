"""Findings: what runs, but deserves a look."""

import pytest

from tests.unit.bpmn.models import between, read
from workflows.core.bpmn.linter import lint_process

CHOICE = (
    '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="g"/>'
    '<exclusiveGateway id="g"{}/><sequenceFlow id="a" sourceRef="g" targetRef="e">'
    "<conditionExpression>x</conditionExpression></sequenceFlow>"
    '<sequenceFlow id="b" sourceRef="g" targetRef="e">'
    '<conditionExpression>y</conditionExpression></sequenceFlow><endEvent id="e"/>'
)
CASES = {
    "unreachable-node": (between('<task id="n"/>') + '<task id="lost"/>', "lost"),
    "no-default-flow": (CHOICE.format(""), "g"),
    "condition-on-default": (CHOICE.format(' default="a"'), "a"),
    "name-with-and": (between('<task id="n" name="Check and pay"/>'), "n"),
    "unknown-attribute": (between('<userTask id="n" cs:qeue="x"/>'), "n"),
    "deep-nesting": (
        between(
            '<subProcess id="n"><startEvent id="s1"/><subProcess id="n2">'
            '<startEvent id="s2"/><subProcess id="n3"><startEvent id="s3"/>'
            "</subProcess></subProcess></subProcess>"
        ),
        "n3",
    ),
}


@pytest.mark.parametrize(("code", "case"), CASES.items())
def test_finding_names_rule_and_element(code: str, case: tuple[str, str]) -> None:
    body, element = case
    found = [(one.code, one.element) for one in lint_process(read(body))]
    assert (code, element) in found


def test_misspelt_attribute_is_told_the_near_one() -> None:
    (finding,) = lint_process(read(between('<userTask id="n" cs:qeue="x"/>')))
    assert finding.message.endswith("did you mean cs:queue?")
    assert finding.as_dict()["line"] == 3


def test_sound_process_has_no_findings() -> None:
    assert lint_process(read(between('<userTask id="n" cs:queue="x"/>'))) == []


def test_nodes_behind_boundary_events_are_reached() -> None:
    body = between(
        '<task id="n"/><boundaryEvent id="b" attachedToRef="n"><errorEventDefinition/>'
        '</boundaryEvent><sequenceFlow id="f3" sourceRef="b" targetRef="x"/>'
        '<task id="x"/>'
    )
    assert lint_process(read(body)) == []
