"""Gateways beyond what the laws over random trees cover (BPMN 2.0, 13.4)."""

from tests.factories.processes import chain, flow
from tests.unit.engine.play import Case


def fan(kind: str, condition: str = "") -> str:
    """Return three user tasks that meet in a join."""
    inner = (
        f"<activationCondition>{condition}</activationCondition>" if condition else ""
    )
    return (
        '<startEvent id="s"/><parallelGateway id="p"/><userTask id="a"/>'
        f'<userTask id="b"/><userTask id="c"/><{kind} id="j">{inner}</{kind}>'
        '<userTask id="then"/><endEvent id="e"/>'
        + chain("s", "p", "a", "j", "then", "e")
        + chain("p", "b", "j")
        + chain("p", "c", "j")
    )


def test_complex_join_fires_at_two_of_three_and_takes_in_the_latecomer() -> None:
    case = Case(fan("complexGateway", "activationCount &gt;= 2")).start()
    assert case.done("a").waiting == ["b", "c", "j"]
    assert case.done("c").waiting == ["b", "j", "then"]
    assert case.done("then").state == "ACTIVE"
    assert case.done("b").is_over()
    assert case.completed.count("then") == 1


def test_complex_join_whose_condition_never_holds_is_an_incident() -> None:
    case = Case(fan("complexGateway", "activationCount &gt;= 4")).start()
    case.done("a").done("b").done("c")
    assert list(case.incidents.values()) == ["NO_ACTIVATION"]


def test_inclusive_join_does_not_wait_for_a_path_that_left_by_a_boundary_event() -> (
    None
):
    body = fan("inclusiveGateway") + (
        '<boundaryEvent id="x" attachedToRef="b"><timerEventDefinition><timeDuration>'
        "PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        '<endEvent id="e2"/>' + flow("x", "e2")
    )
    case = Case(body).start().done("a").done("c")
    assert "then" not in case.waiting
    assert case.fire("x").waiting == ["then"]


def ad_hoc(attributes: str, condition: str = "") -> str:
    inner = (
        f"<completionCondition>{condition}</completionCondition>" if condition else ""
    )
    return (
        f'<startEvent id="s"/><adHocSubProcess id="h" {attributes}>'
        f'<userTask id="a"/><userTask id="b"/><userTask id="c"/>{flow("b", "c")}{inner}'
        '</adHocSubProcess><endEvent id="e"/>' + chain("s", "h", "e")
    )


def test_ad_hoc_begins_all_that_no_flow_leads_into() -> None:
    case = Case(ad_hoc("")).start()
    assert case.waiting == ["a", "b", "h"]
    assert case.done("a").done("b").waiting == ["c", "h"]
    assert case.done("c").is_over()


def test_sequential_ad_hoc_begins_one_after_the_other() -> None:
    case = Case(ad_hoc('ordering="Sequential"')).start()
    assert case.waiting == ["a", "h"]
    assert case.done("a").waiting == ["b", "h"]
    assert case.done("b").done("c").is_over()


def test_ad_hoc_ends_what_still_runs_when_its_condition_holds() -> None:
    case = Case(ad_hoc("", "a.enough")).start().done("a", enough=True)
    assert case.is_over()
    assert "b:CANCELED" in case.ended


def test_ad_hoc_lets_the_rest_end_when_told_so() -> None:
    body = ad_hoc('cancelRemainingInstances="false"', "a.enough")
    case = Case(body).start().done("a", enough=True)
    assert case.waiting == ["b", "h"]
    assert case.done("b").done("c").is_over()


def test_ad_hoc_begins_what_its_expression_names() -> None:
    case = Case(ad_hoc('cs:start="wanted"'), variables={"wanted": ["b"]}).start()
    assert case.waiting == ["b", "h"]


def test_process_without_start_event_begins_everywhere() -> None:
    body = '<userTask id="a"/><userTask id="b"/><userTask id="c"/>' + flow("a", "c")
    case = Case(body).start()
    assert case.waiting == ["a", "b"]
    assert case.done("a").done("b").done("c").is_over()


def test_terminate_in_a_sub_process_ends_only_that() -> None:
    body = (
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>'
        '<parallelGateway id="p"/><userTask id="a"/><userTask id="b"/>'
        '<endEvent id="t"><terminateEventDefinition/></endEvent>'
        + chain("i", "p", "a", "t")
        + chain("p", "b")
        + '</subProcess><userTask id="then"/><endEvent id="e"/>'
        + chain("s", "sub", "then", "e")
    )
    assert Case(body).start().done("a").waiting == ["then"]
