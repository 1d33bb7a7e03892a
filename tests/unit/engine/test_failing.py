"""Failures for good: drawn fallbacks, the policy of a block, incidents."""

import pytest

from tests.factories.processes import chain, flow
from tests.unit.engine.play import Case
from workflows.core.bpmn.problems import BpmnError
from workflows.core.engine import stimuli
from workflows.core.states import InstanceState

FAILURE = '<error id="f1" errorCode="cs.failure"/><error id="x1" errorCode="no"/>'


def block(policy: str, *, join: str = "parallelGateway") -> str:
    """Return two user tasks side by side between a split with a policy and a join."""
    return (
        f'<startEvent id="s"/><{join} id="split" cs:onFailure="{policy}"/>'
        '<userTask id="a"/><manualTask id="after-a"/><userTask id="b"/>'
        f'<{join} id="join"/><userTask id="then"/><endEvent id="e"/>'
        + chain("s", "split", "a", "after-a", "join", "then", "e")
        + chain("split", "b", "join")
    )


@pytest.mark.parametrize("join", ["parallelGateway", "inclusiveGateway"])
def test_degraded_block_goes_on_with_the_failures_told(join: str) -> None:
    case = Case(block("degraded", join=join)).start().fail("a")
    assert case.waiting == ["b", "join"]
    assert case.done("b").waiting == ["then"]
    (failure,) = case.row.variables["failures"]
    assert (failure["node"], failure["code"]) == ("a", "ConnectionError")
    assert case.done("then").is_over()


def test_block_waits_for_all_then_fails() -> None:
    case = Case(block("wait-all")).start().fail("a")
    assert case.state == "ACTIVE"
    assert case.done("b").is_over(InstanceState.FAILED)


def test_block_fails_all_at_once() -> None:
    case = Case(block("fail-all")).start().fail("b")
    assert case.is_over(InstanceState.FAILED)
    assert "a:CANCELED" in case.ended


def test_failed_block_in_a_sub_process_is_caught_at_its_border() -> None:
    inner = block("fail-all")
    body = (
        f'<startEvent id="s0"/><subProcess id="sub">{inner}</subProcess>'
        '<endEvent id="e0"/><boundaryEvent id="x" attachedToRef="sub">'
        '<errorEventDefinition errorRef="f1"/></boundaryEvent><endEvent id="e1"/>'
        + chain("s0", "sub", "e0")
        + chain("x", "e1")
    )
    case = Case(body, extra=FAILURE).start().fail("a")
    assert case.is_over()
    assert case.row.end_node_id == "e1"


def test_failure_without_policy_waits_for_a_person() -> None:
    body = '<startEvent id="s"/><userTask id="a"/><endEvent id="e"/>' + chain(
        "s", "a", "e"
    )
    case = Case(body).start().fail("a")
    assert list(case.incidents.values()) == ["ConnectionError"]


@pytest.mark.parametrize(("ref", "caught"), [("f1", True), ("x1", False), ("", False)])
def test_fallback_is_drawn_with_the_reserved_code_only(ref: str, caught: bool) -> None:
    name = f' errorRef="{ref}"' if ref else ""
    body = (
        '<startEvent id="s"/><userTask id="a"/><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="a">'
        f'<errorEventDefinition{name}/></boundaryEvent><userTask id="by-hand"/>'
        '<endEvent id="e2"/>' + chain("s", "a", "e") + chain("b", "by-hand", "e2")
    )
    case = Case(body, extra=FAILURE).start().fail("a")
    assert (case.waiting == ["by-hand"]) is caught


def test_failure_deep_inside_a_block_fails_the_path_that_holds_it() -> None:
    inner = (
        '<subProcess id="deep"><startEvent id="i"/><userTask id="c"/>'
        '<endEvent id="ie"/>' + chain("i", "c", "ie") + "</subProcess>"
    )
    body = (
        block("degraded")
        .replace('<userTask id="a"/>', inner)
        .replace(chain("split", "a", "after-a"), chain("split", "deep", "after-a"))
    )
    case = Case(body).start().fail("c")
    assert case.done("b").waiting == ["then"]
    assert "deep:CANCELED" in case.ended


def test_answer_that_comes_while_suspended_is_not_lost() -> None:
    body = (
        '<startEvent id="s"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>'
        + chain("s", "a", "b", "e")
    )
    case = Case(body).start()
    case.row.state = InstanceState.SUSPENDED
    case.done("a")
    (left,) = case.live
    assert (left.node_id, left.state) == ("b", "READY")
    case.row.state = InstanceState.ACTIVE
    assert case.hear(stimuli.Go(step_id=left.id)).done("b").is_over()


def test_policy_of_paths_that_never_meet_is_refused() -> None:
    body = block("degraded").replace(flow("b", "join"), "")
    with pytest.raises(BpmnError, match="where all paths from here meet"):
        Case(body)
