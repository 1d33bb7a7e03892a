"""Events: who hears, who catches, what ends (BPMN 2.0, 10.5 and 13.5)."""

from tests.factories.processes import chain, flow
from tests.unit.engine.play import Case
from workflows.core.states import InstanceState

MESSAGE = '<message id="m1" name="paid"/><message id="m2" name="shipped"/>'
SIGNAL = '<signal id="s1" name="recall"/>'
ESCALATION = '<escalation id="e1" escalationCode="late"/>'
ERROR = '<error id="x1" errorCode="no-money"/>'


def on_message(ref: str = "m1") -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def host(boundary: str, *, interrupting: bool = True, task: str = "work") -> str:
    """Return a user task with a boundary event that leads to a manual task and end."""
    word = str(interrupting).lower()
    return (
        f'<startEvent id="s"/><userTask id="{task}"/><endEvent id="e"/>'
        f'<boundaryEvent id="b" attachedToRef="{task}" cancelActivity="{word}">'
        f'{boundary}</boundaryEvent><manualTask id="other"/><endEvent id="e2"/>'
        + chain("s", task, "e")
        + chain("b", "other", "e2")
    )


def event_scope(start: str, *, interrupting: bool = True) -> str:
    """Return an event sub-process with a user task inside."""
    word = str(interrupting).lower()
    return (
        f'<subProcess id="esp" triggeredByEvent="true">'
        f'<startEvent id="es" isInterrupting="{word}">{start}</startEvent>'
        f'<userTask id="care"/><endEvent id="ee"/>{chain("es", "care", "ee")}'
        "</subProcess>"
    )


LINE = '<startEvent id="s"/><userTask id="work"/><endEvent id="e"/>' + chain(
    "s", "work", "e"
)


def test_message_catch_waits_with_its_key_and_goes_on() -> None:
    body = (
        '<startEvent id="s"/><intermediateCatchEvent id="c" cs:correlation="order.id">'
        f'{on_message()}</intermediateCatchEvent><endEvent id="e"/>'
        + chain("s", "c", "e")
    )
    case = Case(body, extra=MESSAGE, variables={"order": {"id": "A7"}}).start()
    (wish,) = case.subscriptions
    assert (wish.kind, wish.name, wish.key, wish.once) == (
        "MESSAGE",
        "paid",
        "A7",
        True,
    )
    case.receive("paid", amount=5)
    assert case.is_over()
    assert case.row.variables["amount"] == 5


def test_receive_task_can_have_a_boundary_timer() -> None:
    body = (
        '<startEvent id="s"/><receiveTask id="r" messageRef="m1"/><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="r"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
        '<endEvent id="late"/>' + chain("s", "r", "e") + chain("b", "late")
    )
    assert Case(body, extra=MESSAGE).start().receive("paid").is_over()
    case = Case(body, extra=MESSAGE).start().fire("b")
    assert case.is_over()
    assert case.row.end_node_id == "late"


def test_interrupting_boundary_message_ends_its_activity() -> None:
    case = Case(host(on_message()), extra=MESSAGE).start().receive("paid")
    assert case.is_over()
    assert "work" not in case.completed
    assert case.completed[-3:] == ["b", "other", "e2"]


def test_boundary_message_that_does_not_interrupt_comes_as_often_as_it_is_sent() -> (
    None
):
    case = Case(host(on_message(), interrupting=False), extra=MESSAGE).start()
    case.receive("paid").receive("paid")
    assert case.waiting == ["work"]
    assert case.completed.count("other") == 2
    assert case.done("work").is_over()


def test_signal_boundary_is_heard_by_name() -> None:
    body = host('<signalEventDefinition signalRef="s1"/>')
    assert Case(body, extra=SIGNAL).start().receive("recall").is_over()


def test_thrown_signal_and_message_are_handed_out() -> None:
    body = (
        '<startEvent id="s"/>'
        '<intermediateThrowEvent id="t"><signalEventDefinition signalRef="s1"/>'
        '<extensionElements><cs:input target="a" source="1 + 1"/></extensionElements>'
        "</intermediateThrowEvent>"
        f'<endEvent id="e" cs:correlation="k">{on_message()}</endEvent>'
        + chain("s", "t", "e")
    )
    case = Case(body, extra=SIGNAL + MESSAGE, variables={"k": 7}).start()
    assert case.is_over()
    assert [(one.name, dict(one.variables)) for one in case.signals] == [
        ("recall", {"a": 2})
    ]
    assert [(one.name, one.key) for one in case.messages] == [("paid", "7")]


def test_condition_becomes_true_by_another_path() -> None:
    body = (
        '<startEvent id="s"/><parallelGateway id="p"/>'
        '<intermediateCatchEvent id="c"><conditionalEventDefinition>'
        "<condition>work.ok = true</condition></conditionalEventDefinition>"
        '</intermediateCatchEvent><userTask id="work"/>'
        '<endEvent id="e1"/><endEvent id="e2"/>'
        + chain("s", "p", "c", "e1")
        + chain("p", "work", "e2")
    )
    case = Case(body).start()
    assert case.waiting == ["c", "work"]
    case.done("work", ok=True)
    assert case.is_over()


def test_condition_that_holds_at_once_does_not_wait() -> None:
    body = (
        '<startEvent id="s"/><intermediateCatchEvent id="c">'
        "<conditionalEventDefinition><condition>n &gt; 3</condition>"
        "</conditionalEventDefinition></intermediateCatchEvent>"
        '<endEvent id="e"/>' + chain("s", "c", "e")
    )
    assert Case(body, variables={"n": 4}).start().is_over()
    assert Case(body, variables={"n": 3}).start().waiting == ["c"]


def test_boundary_condition_fires_again_only_after_it_was_false() -> None:
    condition = (
        "<conditionalEventDefinition><condition>n &gt; 3</condition>"
        "</conditionalEventDefinition>"
    )
    setting = "".join(
        f'<userTask id="{name}"><extensionElements><cs:output target="n"'
        ' source="given"/></extensionElements></userTask>'
        for name in ("u1", "u2", "u3")
    )
    body = (
        '<startEvent id="s"/><parallelGateway id="p"/><userTask id="work"/>'
        '<boundaryEvent id="b" attachedToRef="work" cancelActivity="false">'
        f'{condition}</boundaryEvent><manualTask id="other"/>{setting}'
        '<endEvent id="e1"/><endEvent id="e2"/>'
        + chain("s", "p", "work", "e1")
        + chain("p", "u1", "u2", "u3", "e2")
        + chain("b", "other")
    )
    case = Case(body, variables={"n": 4}).start()
    assert case.completed.count("other") == 1
    assert case.done("u1", given=5).completed.count("other") == 1
    assert case.done("u2", given=1).completed.count("other") == 1
    assert case.done("u3", given=9).completed.count("other") == 2
    assert case.done("work").is_over()


def test_event_gateway_takes_the_first_event_and_forgets_the_others() -> None:
    body = (
        '<startEvent id="s"/><eventBasedGateway id="g"/>'
        f'<intermediateCatchEvent id="c1">{on_message()}</intermediateCatchEvent>'
        '<receiveTask id="c2" messageRef="m2"/>'
        '<intermediateCatchEvent id="c3"><timerEventDefinition><timeDuration>PT1H'
        "</timeDuration></timerEventDefinition></intermediateCatchEvent>"
        '<endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/>'
        + chain("s", "g", "c1", "e1")
        + chain("g", "c2", "e2")
        + chain("g", "c3", "e3")
    )
    for name, end in (("paid", "e1"), ("shipped", "e2"), ("", "e3")):
        case = Case(body, extra=MESSAGE).start()
        assert case.waiting == ["g"]
        case = case.receive(name) if name else case.fire("c3")
        assert case.is_over()
        assert case.row.end_node_id == end


def test_escalation_from_inside_does_not_end_what_it_leaves() -> None:
    body = (
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>'
        '<intermediateThrowEvent id="t"><escalationEventDefinition escalationRef="e1"/>'
        '</intermediateThrowEvent><userTask id="work"/><endEvent id="ie"/>'
        f'{chain("i", "t", "work", "ie")}</subProcess><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="sub" cancelActivity="false">'
        '<escalationEventDefinition escalationRef="e1"/></boundaryEvent>'
        '<userTask id="boss"/><endEvent id="e2"/>'
        + chain("s", "sub", "e")
        + chain("b", "boss", "e2")
    )
    case = Case(body, extra=ESCALATION).start()
    assert case.waiting == ["boss", "sub", "work"]
    assert case.done("work").waiting == ["boss"]
    assert case.done("boss").is_over()


def test_interrupting_escalation_ends_the_sub_process() -> None:
    body = (
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>'
        '<endEvent id="ie"><escalationEventDefinition escalationRef="e1"/></endEvent>'
        f'{chain("i", "ie")}</subProcess><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="sub">'
        "<escalationEventDefinition/></boundaryEvent>"
        '<endEvent id="e2"/>' + chain("s", "sub", "e") + chain("b", "e2")
    )
    case = Case(body, extra=ESCALATION).start()
    assert case.is_over()
    assert case.row.end_node_id == "e2"
    assert case.row.variables["escalation"]["code"] == "late"


def test_link_goes_on_at_its_other_end() -> None:
    link = '<linkEventDefinition name="A"/>'
    body = (
        f'<startEvent id="s"/><intermediateThrowEvent id="t">{link}'
        f'</intermediateThrowEvent><intermediateCatchEvent id="c">{link}'
        '</intermediateCatchEvent><endEvent id="e"/>'
        + chain("s", "t")
        + chain("c", "e")
    )
    assert Case(body).start().completed == ["s", "t", "c", "e"]


def test_event_sub_process_at_the_top_interrupts_everything() -> None:
    case = Case(LINE + event_scope(on_message()), extra=MESSAGE).start()
    assert case.receive("paid").waiting == ["care", "esp"]
    assert case.subscriptions == []
    assert case.done("care").is_over()


def test_event_sub_process_beside_the_work_can_come_twice() -> None:
    body = LINE + event_scope(on_message(), interrupting=False)
    case = Case(body, extra=MESSAGE).start().receive("paid").receive("paid")
    assert case.waiting == ["care", "care", "esp", "esp", "work"]
    assert case.done("work").done("care").state == "ACTIVE"
    assert case.done("care").is_over()


def test_timer_event_sub_process_in_a_sub_process_ends_with_it() -> None:
    timer = (
        "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    )
    body = (
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>'
        f'<userTask id="work"/><endEvent id="ie"/>{chain("i", "work", "ie")}'
        f"{event_scope(timer)}</subProcess>"
        '<endEvent id="e"/>' + chain("s", "sub", "e")
    )
    assert Case(body).start().done("work").is_over()
    case = Case(body).start().fire("es")
    assert case.waiting == ["care", "esp", "sub"]
    assert case.done("care").is_over()
    assert case.completed[-2:] == ["sub", "e"]


def test_error_event_sub_process_catches_before_the_boundary() -> None:
    error = '<errorEventDefinition errorRef="x1"/>'
    body = (
        '<startEvent id="s"/><subProcess id="sub"><startEvent id="i"/>'
        f'<userTask id="work"/><endEvent id="ie"/>{chain("i", "work", "ie")}'
        f"{event_scope(error)}</subProcess>"
        f'<boundaryEvent id="b" attachedToRef="sub">{error}</boundaryEvent>'
        '<endEvent id="e2"/><endEvent id="e"/>'
        + chain("s", "sub", "e")
        + chain("b", "e2")
    )
    case = Case(body, extra=ERROR).start().fault("work", "no-money")
    assert case.waiting == ["care", "esp", "sub"]
    # What the event sub-process throws goes to the boundary, not to itself.
    case.fault("care", "no-money")
    assert case.is_over()
    assert case.row.end_node_id == "e2"


def test_error_end_event_that_nobody_catches_fails_the_instance() -> None:
    body = (
        '<startEvent id="s"/><endEvent id="e">'
        '<errorEventDefinition errorRef="x1"/></endEvent>' + flow("s", "e")
    )
    assert Case(body, extra=ERROR).start().is_over(InstanceState.FAILED)


def test_parallel_start_by_events_waits_for_all_of_them() -> None:
    body = (
        '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
        f'<intermediateCatchEvent id="c1">{on_message()}</intermediateCatchEvent>'
        f'<intermediateCatchEvent id="c2">{on_message("m2")}</intermediateCatchEvent>'
        '<endEvent id="e1"/><endEvent id="e2"/>'
        + chain("g", "c1", "e1")
        + chain("g", "c2", "e2")
    )
    case = Case(body, extra=MESSAGE).start(node_id="c2")
    assert case.waiting == ["c1"]
    assert case.receive("paid").is_over()


def test_time_limit_of_a_waiting_step_is_caught_by_its_code() -> None:
    body = (
        '<startEvent id="s"/><receiveTask id="r" messageRef="m1" cs:timeout="PT1H"/>'
        '<endEvent id="e"/><boundaryEvent id="b" attachedToRef="r">'
        '<errorEventDefinition errorRef="t1"/></boundaryEvent><endEvent id="late"/>'
        + chain("s", "r", "e")
        + chain("b", "late")
    )
    extra = MESSAGE + '<error id="t1" errorCode="cs.timeout"/>'
    case = Case(body, extra=extra).start().fire("r")
    assert case.is_over()
    assert case.row.end_node_id == "late"


def test_time_limit_that_nobody_catches_is_an_incident() -> None:
    body = (
        '<startEvent id="s"/><receiveTask id="r" messageRef="m1" cs:timeout="PT1H"/>'
        '<endEvent id="e"/>' + chain("s", "r", "e")
    )
    case = Case(body, extra=MESSAGE).start().fire("r")
    assert list(case.incidents.values()) == ["cs.timeout"]
