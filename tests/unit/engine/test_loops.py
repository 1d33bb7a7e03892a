"""Activities that repeat (BPMN 2.0, 10.3.7, 13.3.6 and 13.3.7)."""

import pytest

from tests.factories.processes import chain
from tests.unit.engine.play import Case
from workflows.core.states import InstanceState

ERROR = '<error id="x1" errorCode="no"/>'


def many(attributes: str = "", inner: str = "", *, loop: str = "", **words: str) -> str:
    """Return a line with a user task that repeats over `items`."""
    over = attributes or 'cs:collection="items" cs:element="item"'
    loop = loop or (
        f"<multiInstanceLoopCharacteristics {over}>{inner}"
        "</multiInstanceLoopCharacteristics>"
    )
    own = " ".join(f'cs:{name}="{value}"' for name, value in words.items())
    return (
        f'<startEvent id="s"/><userTask id="work" {own}>{loop}</userTask>'
        '<endEvent id="e"/>' + chain("s", "work", "e")
    )


def items(*values: object) -> dict[str, object]:
    return {"items": list(values)}


def test_parallel_iterations_see_their_own_element() -> None:
    case = Case(many(), variables=items("a", "b", "c")).start()
    own = [step.data["vars"] for step in case.live if "index" in step.data]
    assert own == [
        {"loopCounter": 1, "item": "a"},
        {"loopCounter": 2, "item": "b"},
        {"loopCounter": 3, "item": "c"},
    ]
    case.done("work").done("work")
    assert case.state == "ACTIVE"
    assert case.done("work").is_over()
    assert case.row.variables == items("a", "b", "c")


def test_sequential_iterations_come_one_after_the_other() -> None:
    body = many('isSequential="true" cs:collection="items" cs:element="item"')
    case = Case(body, variables=items(7, 8)).start()
    assert case.find("work").data["vars"]["item"] == 7
    case.done("work")
    assert case.find("work").data["vars"]["item"] == 8
    assert case.done("work").is_over()


@pytest.mark.parametrize("way", ['isSequential="true"', ""])
def test_outputs_are_collected_in_the_order_of_the_collection(way: str) -> None:
    body = many(
        f'{way} cs:collection="items" cs:element="item" cs:outputCollection="all"'
        ' cs:outputElement="work.n + item"'
    )
    case = Case(body, variables=items(10, 20)).start()
    # The oldest live iteration answers first; in parallel take the younger one first.
    case.done("work", n=1).done("work", n=2)
    assert case.is_over()
    assert case.row.variables["all"] == [11, 22]
    assert "work" not in case.row.variables


@pytest.mark.parametrize("way", ['isSequential="true"', ""])
def test_empty_collection_goes_on_at_once(way: str) -> None:
    body = many(
        f'{way} cs:collection="items" cs:outputCollection="all" cs:outputElement="1"'
    )
    case = Case(body, variables=items()).start()
    assert case.is_over()
    assert case.row.variables["all"] == []


def test_cardinality_is_an_expression() -> None:
    body = many(inner="<loopCardinality>n + 1</loopCardinality>", attributes=" ")
    case = Case(body, variables={"n": 2}).start()
    assert case.waiting.count("work") == 4  # three and their body


def test_what_is_no_collection_is_an_incident_that_can_be_mended() -> None:
    case = Case(many(), variables={"items": 5}).start()
    assert list(case.incidents.values()) == ["BAD_LOOP"]


def test_completion_condition_ends_the_others() -> None:
    body = many(
        inner="<completionCondition>numberOfCompletedInstances &gt;= 2"
        "</completionCondition>"
    )
    case = Case(body, variables=items(1, 2, 3, 4)).start()
    case.done("work").done("work")
    assert case.is_over()
    assert case.ended.count("work:CANCELED") == 2


def test_standard_loop_goes_round_while_its_condition_holds() -> None:
    loop = (
        "<standardLoopCharacteristics><loopCondition>work.again</loopCondition>"
        "</standardLoopCharacteristics>"
    )
    case = Case(many(loop=loop)).start()
    case.done("work", again=True).done("work", again=True)
    assert case.state == "ACTIVE"
    assert case.done("work", again=False).is_over()
    assert case.completed.count("work") == 4


def test_standard_loop_that_tests_before_may_never_run() -> None:
    loop = (
        '<standardLoopCharacteristics testBefore="true"><loopCondition>n &gt; 0'
        "</loopCondition></standardLoopCharacteristics>"
    )
    assert Case(many(loop=loop), variables={"n": 0}).start().is_over()


def test_standard_loop_stops_at_its_maximum() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="2"/>'
    case = Case(many(loop=loop)).start().done("work").done("work")
    assert case.is_over()


SUB = (
    '<startEvent id="s"/><subProcess id="sub">'
    '<multiInstanceLoopCharacteristics cs:collection="items" cs:element="item"'
    ' cs:outputCollection="all" cs:outputElement="twice"/>'
    '<startEvent id="i"/><scriptTask id="calc" scriptFormat="feel" cs:result="twice">'
    '<script>item * 2</script></scriptTask><userTask id="work"/><endEvent id="ie"/>'
    + chain("i", "calc", "work", "ie")
    + '</subProcess><endEvent id="e"/>'
    + chain("s", "sub", "e")
)


def test_iterations_of_a_sub_process_do_not_see_each_other() -> None:
    case = Case(SUB, variables=items(1, 2, 3)).start()
    for _ in range(3):
        case.done("work")
    assert case.is_over()
    assert case.row.variables["all"] == [2, 4, 6]
    assert "twice" not in case.row.variables


def test_boundary_event_hangs_on_the_whole_and_ends_all_iterations() -> None:
    body = many() + (
        '<boundaryEvent id="b" attachedToRef="work"><errorEventDefinition'
        ' errorRef="x1"/></boundaryEvent><endEvent id="e2"/>' + chain("b", "e2")
    )
    case = Case(body, extra=ERROR, variables=items(1, 2)).start().fault("work", "no")
    assert case.is_over()
    assert case.row.end_node_id == "e2"


def test_failed_iteration_goes_on_degraded() -> None:
    body = many(onFailure="degraded")
    case = Case(body, variables=items(1, 2)).start().fail("work").done("work")
    assert case.is_over()
    assert case.row.variables["failures"][0]["index"] == 0


def test_failed_iteration_fails_all_at_once() -> None:
    case = Case(many(onFailure="fail-all"), variables=items(1, 2)).start().fail("work")
    assert case.is_over(InstanceState.FAILED)


def test_failed_iteration_waits_for_the_others_and_fails() -> None:
    case = Case(many(onFailure="wait-all"), variables=items(1, 2)).start().fail("work")
    assert case.state == "ACTIVE"
    assert case.done("work").is_over(InstanceState.FAILED)


def test_small_budget_does_not_lose_iterations() -> None:
    case = Case(SUB, variables=items(*range(20)), budget=3).start()
    assert case.waiting.count("work") == 20
    for _ in range(20):
        case.done("work")
    assert case.is_over()
    assert case.row.variables["all"] == [2 * n for n in range(20)]
