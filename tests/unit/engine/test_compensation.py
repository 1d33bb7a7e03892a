"""Taking back what was done (BPMN 2.0, 10.7 and 13.5.5)."""

from tests.factories.processes import chain
from tests.unit.engine.play import Case, Facts
from workflows.core.actors import ENGINE
from workflows.core.engine import stimuli
from workflows.core.states import InstanceState

THROW = "<compensateEventDefinition/>"


def undoable(name: str, *, kind: str = "manualTask") -> str:
    """Return an activity with a compensation handler, a user task `undo-NAME`."""
    return (
        f'<{kind} id="{name}"/><boundaryEvent id="on-{name}" attachedToRef="{name}">'
        "<compensateEventDefinition/></boundaryEvent>"
        f'<userTask id="undo-{name}" isForCompensation="true"/>'
        f'<association id="as-{name}" associationDirection="One" sourceRef="on-{name}"'
        f' targetRef="undo-{name}"/>'
    )


def test_compensation_runs_in_reverse_order_of_completion() -> None:
    body = (
        f'<startEvent id="s"/>{undoable("a")}{undoable("b")}{undoable("c")}'
        f'<intermediateThrowEvent id="t">{THROW}</intermediateThrowEvent>'
        '<endEvent id="e"/>' + chain("s", "a", "b", "c", "t", "e")
    )
    case = Case(body).start()
    for name in ("c", "b", "a"):
        assert case.waiting == sorted(["t", f"undo-{name}"])
        case.done(f"undo-{name}")
    assert case.is_over()


def test_what_did_not_complete_is_not_taken_back() -> None:
    body = (
        f'<startEvent id="s"/>{undoable("a")}'
        f'<intermediateThrowEvent id="t">{THROW}</intermediateThrowEvent>'
        f'{undoable("b")}<endEvent id="e"/>' + chain("s", "a", "t", "b", "e")
    )
    case = Case(body).start()
    assert case.waiting == ["t", "undo-a"]
    assert case.done("undo-a").is_over()


def test_one_activity_can_be_named() -> None:
    body = (
        f'<startEvent id="s"/>{undoable("a")}{undoable("b")}'
        '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="a"/>'
        '</intermediateThrowEvent><endEvent id="e"/>' + chain("s", "a", "b", "t", "e")
    )
    assert Case(body).start().done("undo-a").is_over()


def test_compensation_that_nobody_waits_for_goes_on_beside_it() -> None:
    body = (
        f'<startEvent id="s"/>{undoable("a")}<intermediateThrowEvent id="t">'
        '<compensateEventDefinition waitForCompletion="false"/>'
        '</intermediateThrowEvent><userTask id="next"/><endEvent id="e"/>'
        + chain("s", "a", "t", "next", "e")
    )
    case = Case(body).start()
    assert case.waiting == ["next", "t", "undo-a"]
    assert case.done("next").done("undo-a").is_over()


def sub(inner: str, *, kind: str = "subProcess", more: str = "") -> str:
    return f'<{kind} id="sub"><startEvent id="i"/>{inner}<endEvent id="ie"/>{more}</{kind}>'


def test_ended_sub_process_is_taken_back_from_within() -> None:
    inner = undoable("a") + undoable("b") + chain("i", "a", "b", "ie")
    body = (
        f'<startEvent id="s"/>{undoable("z")}{sub(inner)}'
        f'<endEvent id="e">{THROW}</endEvent>' + chain("s", "z", "sub", "e")
    )
    case = Case(body).start()
    for name in ("b", "a", "z"):
        assert f"undo-{name}" in case.waiting
        case.done(f"undo-{name}")
    assert case.is_over()


def test_sub_process_with_its_own_compensation_decides_itself() -> None:
    own = (
        '<subProcess id="esp" triggeredByEvent="true"><startEvent id="es">'
        f'{THROW}</startEvent><userTask id="care"/><endEvent id="ee"/>'
        + chain("es", "care", "ee")
        + "</subProcess>"
    )
    inner = undoable("a") + chain("i", "a", "ie") + own
    body = (
        f'<startEvent id="s"/>{sub(inner)}<endEvent id="e">{THROW}</endEvent>'
        + chain("s", "sub", "e")
    )
    case = Case(body).start()
    assert "care" in case.waiting
    assert "undo-a" not in case.waiting
    assert case.done("care").is_over()


def test_canceled_transaction_undoes_all_and_leaves_by_its_cancel_event() -> None:
    inner = (
        f'{undoable("a")}<userTask id="ask"/><parallelGateway id="p"/>'
        '<userTask id="other"/><endEvent id="stop"><cancelEventDefinition/></endEvent>'
        + chain("i", "a", "p", "ask", "stop")
        + chain("p", "other", "ie")
    )
    body = (
        f'<startEvent id="s"/>{sub(inner, kind="transaction")}<endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="sub"><cancelEventDefinition/>'
        '</boundaryEvent><endEvent id="e2"/>'
        + chain("s", "sub", "e")
        + chain("b", "e2")
    )
    case = Case(body).start().done("ask")
    assert case.waiting == ["stop", "sub", "undo-a"]
    assert "other:CANCELED" in case.ended
    assert case.done("undo-a").is_over()
    assert case.row.end_node_id == "e2"
    good = Case(body).start().done("other")
    assert good.state == "ACTIVE"


def test_handlers_that_name_their_compensation_are_called_with_what_they_gave() -> None:
    task = '<serviceTask id="{0}" cs:handler="book.{0}" cs:result="{0}"/>'
    body = (
        f'<startEvent id="s"/>{task.format("hotel")}{task.format("flight")}'
        f'<endEvent id="e">{THROW}</endEvent>' + chain("s", "hotel", "flight", "e")
    )
    names = ("hotel", "flight")
    case = Case(
        body,
        variables={"trip": 1},
        handlers={name: Facts(compensation=f"cancel.{name}") for name in names},
        undo={name: Facts() for name in names},
    ).start()
    assert case.is_over()
    assert [call.handler for call in case.called] == [
        "book.hotel",
        "book.flight",
        "cancel.flight",
        "cancel.hotel",
    ]
    assert case.called[-1].inputs["trip"] == 1


def test_error_in_a_compensation_is_thrown_from_where_it_runs() -> None:
    body = (
        f'<startEvent id="s"/>{undoable("a")}<endEvent id="e">{THROW}</endEvent>'
        + chain("s", "a", "e")
    )
    case = Case(body).start().fault("undo-a", "broken")
    assert list(case.incidents.values()) == ["broken"]


def test_iterations_are_taken_back_one_by_one() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics isSequential="true" cs:collection="items"'
        ' cs:element="item"/>'
    )
    body = (
        f'<startEvent id="s"/>{undoable("a").replace("/>", f">{loop}</manualTask>", 1)}'
        f'<endEvent id="e">{THROW}</endEvent>' + chain("s", "a", "e")
    )
    case = Case(body, variables={"items": ["x", "y"]}).start()
    assert case.find("undo-a").data["vars"]["item"] == "y"
    case.done("undo-a")
    assert case.find("undo-a").data["vars"]["item"] == "x"
    assert case.done("undo-a").is_over()


def test_hazard_leaves_by_the_error_event_without_compensation() -> None:
    inner = undoable("a") + '<userTask id="ask"/>' + chain("i", "a", "ask", "ie")
    body = (
        f'<startEvent id="s"/>{sub(inner, kind="transaction")}<endEvent id="e"/>'
        + chain("s", "sub", "e")
    )
    case = Case(body).start().fault("ask", "hazard")
    assert list(case.incidents.values()) == ["hazard"]
    assert case.state == InstanceState.ACTIVE


def test_canceling_a_case_can_take_back_all_that_was_done() -> None:
    inner = undoable("a") + '<userTask id="ask"/>' + chain("i", "a", "ask", "ie")
    body = f'<startEvent id="s"/>{undoable("z")}{sub(inner)}<endEvent id="e"/>' + chain(
        "s", "z", "sub", "e"
    )
    case = Case(body).start()
    case.hear(stimuli.Cancel(reason="stop", actor=ENGINE, compensate=True))
    assert case.waiting == ["sub", "undo-a"]
    assert case.done("undo-a").waiting == ["undo-z"]
    assert case.done("undo-z").is_over(InstanceState.CANCELED)
    assert "ask:CANCELED" in case.ended


def test_missing_compensating_handler_is_an_incident_not_a_gap() -> None:
    body = (
        '<startEvent id="s"/><serviceTask id="a" cs:handler="book"/>'
        f'<endEvent id="e">{THROW}</endEvent>' + chain("s", "a", "e")
    )
    case = Case(body, handlers={"a": Facts(compensation="cancel")}).start()
    assert list(case.incidents.values()) == ["NO_HANDLER"]
