"""Words of Camunda, Zeebe and Flowable that mean the same here, and those that do not."""

import pytest

from tests.unit.bpmn.models import between, read, refusals
from workflows.core.bpmn.graph import Node, RetrySpec, VariableMapping


def node(written: str, *, roots: str = "") -> Node:
    """Return the node `n` between a start and an end."""
    return read(between(written), roots=roots).nodes["n"]


def extended(kind: str, extras: str, attributes: str = "") -> str:
    """Return an element `n` with extension elements."""
    return (
        f'<{kind} id="n" {attributes}><extensionElements>{extras}</extensionElements>'
        f"</{kind}>"
    )


@pytest.mark.parametrize("prefix", ["camunda", "flowable"])
def test_words_of_a_user_task_are_kept_under_our_names(prefix: str) -> None:
    words = {
        "assignee": ("kim", "assignee"),
        "candidateGroups": ("ops,finance", "candidate_groups"),
        "candidateUsers": ("lee", "candidate_users"),
        "dueDate": ("${due}", "due_date"),
        "followUpDate": ("2026-03-01T09:00:00Z", "follow_up_date"),
        "formKey": ("order", "form"),
        "priority": ("${rank}", "priority"),
    }
    written = " ".join(f'{prefix}:{word}="{text}"' for word, (text, _) in words.items())
    assert node(f'<userTask id="n" {written}/>').properties == {
        "assignee": "kim",
        "candidate_groups": "ops,finance",
        "candidate_users": "lee",
        "due_date": "=due",
        "follow_up_date": "2026-03-01T09:00:00Z",
        "form": "order",
        "priority": "=rank",
    }


def test_zeebe_words_are_read() -> None:
    user = node(
        extended(
            "userTask",
            '<zeebe:assignmentDefinition assignee="=who" candidateGroups="ops"/>'
            '<zeebe:taskSchedule dueDate="=due"/><zeebe:formDefinition formId="f"/>',
        )
    )
    rule = node(
        extended(
            "businessRuleTask",
            '<zeebe:calledDecision decisionId="limit" resultVariable="r"/>',
        )
    )
    script = node(
        extended("scriptTask", '<zeebe:script expression="=a + 1" resultVariable="b"/>')
    )
    assert user.properties["assignee"] == "who"
    assert user.properties["form"] == "f"
    assert (rule.decision, rule.result) == ("limit", "r")
    assert (script.script, script.result) == ("a + 1", "b")


def test_zeebe_message_brings_its_key() -> None:
    found = node(
        '<receiveTask id="n" messageRef="m"/>',
        roots='<message id="m" name="paid"><extensionElements>'
        '<zeebe:subscription correlationKey="=order.id"/></extensionElements></message>',
    )
    assert (found.message, found.correlation) == ("paid", "order.id")


@pytest.mark.parametrize(
    ("attributes", "binding", "version"),
    [
        ('camunda:calledElementBinding="latest"', "latest", ""),
        ('camunda:calledElementBinding="deployment"', "pinned", ""),
        (
            'camunda:calledElementBinding="version" camunda:calledElementVersion="1.2.0"',
            "pinned",
            "1.2.0",
        ),
        ('cs:binding="compatible" camunda:calledElementBinding="x"', "compatible", ""),
    ],
)
def test_called_version_is_read(attributes: str, binding: str, version: str) -> None:
    found = node(f'<callActivity id="n" calledElement="x" {attributes}/>')
    assert (found.called, found.binding) == ("x", binding)
    assert found.properties.get("version", "") == version


def test_zeebe_call_is_read() -> None:
    found = node(
        extended(
            "callActivity",
            '<zeebe:calledElement processId="x" bindingType="versionTag"'
            ' versionTag="2.0.0"/><zeebe:ioMapping><zeebe:input source="=a" target="b"/>'
            '<zeebe:output source="=c" target="d"/></zeebe:ioMapping>',
        )
    )
    assert (found.called, found.binding) == ("x", "pinned")
    assert found.properties["version"] == "2.0.0"
    assert found.inputs == (VariableMapping(target="b", source="a"),)
    assert found.outputs == (VariableMapping(target="d", source="c"),)


@pytest.mark.parametrize("prefix", ["camunda", "flowable"])
def test_mappings_of_a_call_are_read(prefix: str) -> None:
    found = node(
        extended(
            "callActivity",
            f'<{prefix}:in source="a" target="b"/>'
            f'<{prefix}:in sourceExpression="${{c.d + 1}}" target="e"/>'
            f'<{prefix}:out source="f" target="g"/><{prefix}:in businessKey="#{{k}}"/>',
            'calledElement="x"',
        )
    )
    assert found.inputs == (
        VariableMapping(target="b", source="a"),
        VariableMapping(target="e", source="c.d + 1"),
    )
    assert found.outputs == (VariableMapping(target="g", source="f"),)


def test_all_variables_are_what_a_call_without_mappings_gets() -> None:
    found = node(
        extended(
            "callActivity",
            '<camunda:in variables="all"/><camunda:out variables="all"/>',
            'calledElement="x"',
        )
    )
    assert (found.inputs, found.outputs) == ((), ())


def test_input_and_output_parameters_are_read() -> None:
    found = node(
        extended(
            "serviceTask",
            "<camunda:inputOutput>"
            '<camunda:inputParameter name="a">${b}</camunda:inputParameter>'
            '<camunda:inputParameter name="c">say "hi"</camunda:inputParameter>'
            '<camunda:outputParameter name="d">${e.f}</camunda:outputParameter>'
            "</camunda:inputOutput>",
            'camunda:topic="credit.check" camunda:type="external"',
        )
    )
    assert found.handler == "credit.check"
    assert found.inputs == (
        VariableMapping(target="a", source="b"),
        VariableMapping(target="c", source='"say \\"hi\\""'),
    )
    assert found.outputs == (VariableMapping(target="d", source="e.f"),)


def test_retries_are_read() -> None:
    found = node(
        extended(
            "serviceTask",
            "<camunda:failedJobRetryTimeCycle>R3/PT10S"
            "</camunda:failedJobRetryTimeCycle>",
            'cs:handler="a"',
        )
    )
    assert found.retry == RetrySpec(max_attempts=3, base_seconds=10, cap_seconds=10)


def test_retries_that_are_no_number_are_left_alone() -> None:
    extras = '<zeebe:taskDefinition type="a" retries="=n"/>'
    found = node(extended("serviceTask", extras))
    assert (found.handler, found.retry) == ("a", None)


def test_handler_of_ours_takes_the_place_of_foreign_code() -> None:
    found = node('<serviceTask id="n" cs:handler="a" camunda:class="x.Y"/>')
    assert found.handler == "a"


def test_script_in_juel_runs_where_it_maps() -> None:
    found = node(
        '<scriptTask id="n" scriptFormat="juel" camunda:resultVariable="i">'
        "<script>${i+1}</script></scriptTask>"
    )
    assert (found.script, found.result) == ("i + 1", "i")


@pytest.mark.parametrize(
    ("form", "text", "kept"),
    [
        ("timeDuration", "${wait}", "=wait"),
        ("timeDate", "#{order.due}", "=order.due"),
    ],
)
def test_timer_in_juel_is_translated(form: str, text: str, kept: str) -> None:
    found = node(
        '<intermediateCatchEvent id="n"><timerEventDefinition>'
        f"<{form}>{text}</{form}></timerEventDefinition></intermediateCatchEvent>"
    )
    assert found.timer is not None
    assert found.timer.text == kept


def test_condition_in_juel_is_translated() -> None:
    process = read(
        '<startEvent id="s"/><task id="t"/><endEvent id="e"/>'
        '<sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
        '<sequenceFlow id="g" sourceRef="t" targetRef="e"><conditionExpression'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        " xsi:type=\"tFormalExpression\">${input > 3 &amp;&amp; b != 'x'}"
        "</conditionExpression></sequenceFlow>"
    )
    assert process.flows["g"].condition == 'input > 3 and b != "x"'


def test_extensions_of_namespaces_nobody_knows_are_left_alone() -> None:
    found = node(
        extended("task", '<x:y xmlns:x="urn:x"><x:input target=""/></x:y>', 'id2="1"')
    )
    assert (found.inputs, dict(found.properties)) == ((), {})


WRONG = {
    "listener": (
        extended("task", "<zeebe:executionListeners/>"),
        "an execution listener",
    ),
    "half a mapping": (
        extended(
            "task", '<zeebe:ioMapping><zeebe:input target="a"/></zeebe:ioMapping>'
        ),
        "The mapping of 'a' needs both",
    ),
    "all and one": (
        extended(
            "callActivity",
            '<camunda:in variables="all"/><camunda:in source="a" target="b"/>',
            'calledElement="x"',
        ),
        "pass all, or name each",
    ),
    "nested parameter": (
        extended(
            "task",
            '<camunda:inputOutput><camunda:inputParameter name="a"><camunda:list/>'
            "</camunda:inputParameter></camunda:inputOutput>",
        ),
        "The parameter 'a' is a list",
    ),
    "text with an expression": (
        extended(
            "task",
            '<camunda:inputOutput><camunda:inputParameter name="a">to ${b}'
            "</camunda:inputParameter></camunda:inputOutput>",
        ),
        "cs:input of 'a' is no FEEL",
    ),
    "retries": (
        extended(
            "task",
            "<camunda:failedJobRetryTimeCycle>R0/never</camunda:failedJobRetryTimeCycle>",
        ),
        "'R0/never' are not of the form R3/PT10S",
    ),
    "retries without a pause": (
        extended(
            "task",
            "<camunda:failedJobRetryTimeCycle>R3/Pnever"
            "</camunda:failedJobRetryTimeCycle>",
        ),
        "not of the form R3/PT10S",
    ),
    "cron": (
        (
            '<intermediateCatchEvent id="n"><timerEventDefinition><timeCycle>0 0/5 * * * ?'
            "</timeCycle></timerEventDefinition></intermediateCatchEvent>"
        ),
        "no ISO 8601 repetition",
    ),
    "method": (
        '<scriptTask id="n"><script>${order.ship()}</script></scriptTask>',
        "it calls 'ship', which is code of that engine",
    ),
}


@pytest.mark.parametrize(("written", "words"), WRONG.values(), ids=WRONG)
def test_what_has_no_sure_meaning_is_refused(written: str, words: str) -> None:
    found = refusals(between(written))
    assert any(name == "n" and words in text for _, name, text in found), found
