"""Two versions of a process beside each other: what is added, gone and changed."""

from tests.unit.bpmn.models import read
from workflows.core.bpmn.differences import Difference, Mark, compare_processes
from workflows.core.bpmn.graph import Process

BODY = (
    '<startEvent id="s"/>'
    '<userTask id="look" name="Look" cs:queue="credit" cs:sla="PT4H"/>'
    '<exclusiveGateway id="which" default="no"/>'
    '<serviceTask id="pay" name="Pay" cs:handler="money.pay"><extensionElements>'
    '<cs:input target="amount" source="=amount"/><cs:retry max="3"/>'
    "</extensionElements></serviceTask>"
    '<endEvent id="e"/>'
    '<sequenceFlow id="a" sourceRef="s" targetRef="look"/>'
    '<sequenceFlow id="b" sourceRef="look" targetRef="which"/>'
    '<sequenceFlow id="yes" name="good" sourceRef="which" targetRef="pay">'
    "<conditionExpression>amount &lt; 100</conditionExpression></sequenceFlow>"
    '<sequenceFlow id="no" sourceRef="which" targetRef="e"/>'
    '<sequenceFlow id="c" sourceRef="pay" targetRef="e"/>'
)


def differ(*changes: tuple[str, str], body: str = BODY) -> list[Difference]:
    """Compare the process with one in which some text was replaced."""
    changed = body
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new)
    return list(compare_processes(read(body), read(changed)))


def sentences(found: Difference) -> list[str]:
    return [detail.sentence for detail in found.details]


def test_same_process_elsewhere_in_its_file_does_not_differ() -> None:
    assert differ() == []
    assert differ(('<startEvent id="s"/>', '\n\n<startEvent id="s"/>')) == []


def test_words_of_a_node_that_changed_are_told_with_both_values() -> None:
    (look,) = differ(('cs:sla="PT4H"', 'cs:sla="PT2H" cs:quorum="dual"'))
    assert (look.mark, look.element_id) == (Mark.CHANGED, "look")
    assert look.label == "user task “Look”"
    assert sentences(look) == [
        "cs:sla was “PT4H”, is now “PT2H”",
        "cs:quorum is now “dual”",
    ]


def test_handler_input_and_retry_are_told_once_each() -> None:
    (pay,) = differ(
        ("money.pay", "money.send"), ('source="=amount"', 'source="=net"'),
        ('max="3"', 'max="5"'),
    )  # fmt: skip
    assert sorted(detail.what for detail in pay.details) == [
        "the handler",
        "the input “amount”",
        "the retries",
    ]


def test_condition_of_a_flow_is_told_at_the_flow() -> None:
    (yes,) = differ(("amount &lt; 100", "amount &lt; 250"))
    assert (yes.part, yes.label) == ("flow", "flow “good” from which to Pay")
    assert sentences(yes) == ["the condition was “amount < 100”, is now “amount < 250”"]


def test_flows_of_a_node_that_was_renamed_are_the_same() -> None:
    (look,) = differ(('name="Look"', 'name="Look well"'))
    assert sentences(look) == ["the name was “Look”, is now “Look well”"]


def test_flow_to_another_node_of_the_same_name_is_told_by_ids() -> None:
    twin = '<userTask id="twin" name="Look"/><endEvent id="e"/>'
    (changed,) = differ(
        ('targetRef="look"', 'targetRef="twin"'),
        body=BODY.replace('<endEvent id="e"/>', twin),
    )
    assert sentences(changed) == ["where it leads was “look”, is now “twin”"]


def test_added_and_removed_nodes_come_with_their_flows() -> None:
    found = differ(
        ('<userTask id="look" name="Look" cs:queue="credit" cs:sla="PT4H"/>',
         '<manualTask id="file"/>'),
        ('targetRef="look"', 'targetRef="file"'),
        ('sourceRef="look"', 'sourceRef="file"'),
    )  # fmt: skip
    marks = {(one.element_id, one.mark) for one in found}
    assert marks == {
        ("file", Mark.ADDED),
        ("look", Mark.REMOVED),
        ("a", Mark.CHANGED),
        ("b", Mark.CHANGED),
    }


def test_flow_that_only_got_another_id_is_no_difference() -> None:
    assert differ(('id="c"', 'id="Flow_0abc"')) == []
    (gone, *rest) = differ(
        ('<sequenceFlow id="c" sourceRef="pay" targetRef="e"/>',
         '<sequenceFlow id="d" sourceRef="pay" targetRef="look"/>'),
    )  # fmt: skip
    assert {one.mark for one in (gone, *rest)} == {Mark.ADDED, Mark.REMOVED}


def test_words_of_the_process_itself_are_told() -> None:
    old = read(BODY)
    new = Process(
        id=old.id,
        name="Q",
        nodes=old.nodes,
        flows=old.flows,
        properties={"sla": "P2D"},
    )
    (whole,) = compare_processes(old, new)
    assert whole.part == "process"
    assert sentences(whole) == [
        "the process's name was “P”, is now “Q”",
        "cs:sla is now “P2D”",
    ]
