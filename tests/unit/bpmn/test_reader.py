"""What the reader makes of the elements it knows."""

import pytest

from tests.unit.bpmn.models import between, model, read
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import EventKind, NodeKind, TimerKind, VariableMapping

TASKS = {
    "task": NodeKind.TASK,
    "userTask": NodeKind.USER_TASK,
    "manualTask": NodeKind.MANUAL_TASK,
    "parallelGateway": NodeKind.PARALLEL_GATEWAY,
    "exclusiveGateway": NodeKind.EXCLUSIVE_GATEWAY,
    "inclusiveGateway": NodeKind.INCLUSIVE_GATEWAY,
    "intermediateThrowEvent": NodeKind.INTERMEDIATE_THROW_EVENT,
}


@pytest.mark.parametrize(("element", "kind"), TASKS.items())
def test_plain_element_becomes_its_kind(element: str, kind: NodeKind) -> None:
    process = read(between(f'<{element} id="n" name="Do it"/>'))
    node = process.nodes["n"]
    assert (node.kind, node.name, node.line) == (kind, "Do it", 3)
    assert (node.flows_in, node.flows_out) == (("f1",), ("f2",))
    assert process.source == "p.bpmn"


def test_service_task_keeps_handler_retry_timeout_and_mappings() -> None:
    node = read(
        between(
            '<serviceTask id="n" cs:handler="credit.check" cs:handlerVersion="&gt;=1"'
            ' cs:timeout="PT1M30S" cs:result="credit"><extensionElements>'
            '<cs:input target="who" source="=applicant.name"/>'
            '<cs:output target="score" source="score * 2"/>'
            '<cs:retry max="5" base="PT2S" cap="PT1M"/>'
            "</extensionElements></serviceTask>"
        )
    ).nodes["n"]
    assert (node.handler, node.handler_version) == ("credit.check", ">=1")
    assert (node.timeout_seconds, node.result) == (90, "credit")
    assert node.inputs == (VariableMapping(target="who", source="applicant.name"),)
    assert node.outputs == (VariableMapping(target="score", source="score * 2"),)
    assert node.retry is not None
    assert (node.retry.max_attempts, node.retry.base_seconds) == (5, 2)
    assert node.retry.cap_seconds == 60


def test_user_task_keeps_own_words_as_properties() -> None:
    node = read(
        between(
            '<userTask id="n" cs:queue="q" cs:grid="g" cs:sla="PT4H"'
            ' cs:title="&quot;Loan of &quot; + name"/>'
        )
    ).nodes["n"]
    assert dict(node.properties) == {
        "queue": "q",
        "grid": "g",
        "sla": "PT4H",
        "title": '"Loan of " + name',
    }


@pytest.mark.parametrize("warn", ["PT1H", "75%", "0.75"])
def test_warning_may_be_a_duration_or_a_share(warn: str) -> None:
    node = read(between(f'<userTask id="n" cs:sla="P2D" cs:warn="{warn}"/>')).nodes["n"]
    assert node.properties["warn"] == warn


def test_script_decision_and_call_name_what_they_run() -> None:
    script = read(between('<scriptTask id="n"><script>= a + 1</script></scriptTask>'))
    decision = read(between('<businessRuleTask id="n" cs:decision="limit"/>'))
    call = read(between('<callActivity id="n" calledElement="x:sub" cs:version="1"/>'))
    assert script.nodes["n"].script == "a + 1"
    assert decision.nodes["n"].decision == "limit"
    assert call.nodes["n"].called == "sub"
    assert call.nodes["n"].properties["version"] == "1"


def test_condition_and_default_flow_are_read() -> None:
    process = read(
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="g"/>'
        '<exclusiveGateway id="g" default="no"/>'
        '<sequenceFlow id="yes" name="large" sourceRef="g" targetRef="e">'
        "<conditionExpression>= amount &gt; 100</conditionExpression></sequenceFlow>"
        '<sequenceFlow id="no" sourceRef="g" targetRef="e"/><endEvent id="e"/>'
    )
    assert process.flows["yes"].condition == "amount > 100"
    assert process.flows["yes"].name == "large"
    assert process.nodes["g"].default_flow == "no"
    assert process.nodes["e"].flows_in == ("yes", "no")


@pytest.mark.parametrize(
    ("form", "text", "kind"),
    [
        ("timeDuration", "PT2H", TimerKind.DURATION),
        ("timeDate", "2026-03-01T09:00:00Z", TimerKind.DATE),
        ("timeCycle", "R3/PT10M", TimerKind.CYCLE),
        ("timeDuration", "=duration(wait)", TimerKind.DURATION),
    ],
)
def test_timer_keeps_its_text(form: str, text: str, kind: TimerKind) -> None:
    node = read(
        between(
            '<intermediateCatchEvent id="n"><timerEventDefinition>'
            f"<{form}> {text} </{form}></timerEventDefinition></intermediateCatchEvent>"
        )
    ).nodes["n"]
    assert node.event is EventKind.TIMER
    assert node.timer is not None
    assert (node.timer.kind, node.timer.text) == (kind, text)


def test_message_and_error_are_named_by_what_the_file_declares() -> None:
    process = read(
        '<startEvent id="s"><messageEventDefinition messageRef="m1"/></startEvent>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="n"/><task id="n"/>'
        '<boundaryEvent id="b" attachedToRef="n">'
        '<errorEventDefinition errorRef="e1"/></boundaryEvent>'
        '<sequenceFlow id="f2" sourceRef="b" targetRef="e"/>'
        '<endEvent id="e"><errorEventDefinition errorRef="e2"/></endEvent>',
        roots='<message id="m1" name="order placed"/>'
        '<error id="e1" errorCode="REFUSED"/><error id="e2" name="Gone"/>',
    )
    assert process.nodes["s"].message == "order placed"
    assert process.nodes["b"].error_code == "REFUSED"
    assert process.nodes["e"].error_code == "Gone"


def test_boundary_events_hang_on_their_task() -> None:
    process = read(
        between(
            '<userTask id="n"/><boundaryEvent id="b1" attachedToRef="n"'
            ' cancelActivity="false"><timerEventDefinition><timeDuration>P1D'
            "</timeDuration></timerEventDefinition></boundaryEvent>"
            '<boundaryEvent id="b2" attachedToRef="n"><errorEventDefinition/>'
            '</boundaryEvent><sequenceFlow id="f3" sourceRef="b1" targetRef="e"/>'
            '<sequenceFlow id="f4" sourceRef="b2" targetRef="e"/>'
        )
    )
    assert process.nodes["n"].boundary == ("b1", "b2")
    assert not process.nodes["b1"].interrupting
    assert process.nodes["b2"].interrupting
    assert process.nodes["b2"].error_code == ""


def test_sub_process_is_a_scope_of_its_own() -> None:
    process = read(
        between(
            '<subProcess id="n"><startEvent id="is"/><endEvent id="ie"/>'
            '<sequenceFlow id="if" sourceRef="is" targetRef="ie"/></subProcess>'
        )
    )
    assert process.nodes["is"].scope == "n"
    assert [node.id for node in process.starts()] == ["s"]
    assert [node.id for node in process.starts("n")] == ["is"]


def test_lanes_and_documentation_are_kept_and_data_is_passed_over() -> None:
    process = read(
        '<laneSet id="ls"><lane id="l" name="Desk"><flowNodeRef>n</flowNodeRef></lane>'
        '</laneSet><dataObject id="d"/><textAnnotation id="t"><text>x</text>'
        '</textAnnotation><association id="a" sourceRef="n" targetRef="t"/>'
        + between('<task id="n"><documentation> Why. </documentation></task>')
    )
    assert process.nodes["n"].lane == "Desk"
    assert process.nodes["n"].documentation == "Why."
    assert set(process.nodes) == {"s", "n", "e"}


def test_flows_without_ids_get_the_same_ones_each_time() -> None:
    body = (
        '<startEvent id="s"/><sequenceFlow sourceRef="s" targetRef="g"/>'
        '<parallelGateway id="g"/><sequenceFlow sourceRef="g" targetRef="e"/>'
        '<sequenceFlow sourceRef="g" targetRef="e"/><endEvent id="e"/>'
    )
    assert list(read(body).flows) == ["s--g", "g--e", "g--e-2"]
    assert read(body).flows == read(body).flows


def test_attributes_of_other_engines_that_mean_the_same_are_read() -> None:
    camunda = read(
        between('<userTask id="n" camunda:assignee="kim" camunda:formKey="f"/>')
    ).nodes["n"]
    zeebe = read(
        between(
            '<serviceTask id="n"><extensionElements>'
            '<zeebe:taskDefinition type="credit.check" retries="4"/>'
            '<zeebe:ioMapping><zeebe:input source="=a" target="b"/></zeebe:ioMapping>'
            "</extensionElements></serviceTask>"
        )
    ).nodes["n"]
    flowable = read(between('<userTask id="n" flowable:candidateGroups="ops"/>'))
    assert camunda.properties == {"assignee": "kim", "form": "f"}
    assert zeebe.handler == "credit.check"
    assert zeebe.retry is not None
    assert zeebe.retry.max_attempts == 4
    assert zeebe.inputs == (VariableMapping(target="b", source="a"),)
    assert flowable.nodes["n"].properties == {"candidate_groups": "ops"}


def test_own_attribute_wins_over_another_engines() -> None:
    node = read(
        between('<userTask id="n" cs:form="ours" camunda:formKey="theirs"/>')
    ).nodes["n"]
    assert node.properties["form"] == "ours"


def test_drawn_process_is_passed_over_beside_an_executable_one() -> None:
    data = model(between('<task id="n"/>')).replace(
        b"</definitions>",
        b'<process id="q" isExecutable="false"><complexGateway id="c"/></process>'
        b"</definitions>",
    )
    assert [process.id for process in read_bpmn(data, source="p.bpmn")] == ["p"]
