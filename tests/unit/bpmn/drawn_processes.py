"""Random processes that the reader would accept, made of nested blocks."""

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from workflows.core.bpmn.graph import (
    AdHocSpec,
    EventKind,
    FailurePolicy,
    Flow,
    LoopKind,
    LoopSpec,
    Node,
    NodeKind,
    Process,
    RetrySpec,
    TimerKind,
    TimerSpec,
    VariableMapping,
)

WORDS = st.sampled_from(["", "Check & pay", 'Say "yes" < no', "Prüfen\tgenau"])
FEEL = st.sampled_from(["a > 1", 'name = "<&>"', "a in [1..3]\nand b"])
TIMERS = st.sampled_from([
    TimerSpec(TimerKind.DURATION, "PT2H"),
    TimerSpec(TimerKind.DATE, "2026-03-01T09:00:00Z"),
    TimerSpec(TimerKind.CYCLE, "R3/PT10M"),
    TimerSpec(TimerKind.DURATION, "=wait"),
])
TASKS = st.sampled_from([
    NodeKind.TASK,
    NodeKind.USER_TASK,
    NodeKind.MANUAL_TASK,
    NodeKind.SERVICE_TASK,
    NodeKind.SCRIPT_TASK,
    NodeKind.BUSINESS_RULE_TASK,
    NodeKind.CALL_ACTIVITY,
    NodeKind.SEND_TASK,
    NodeKind.RECEIVE_TASK,
])
LOOPS = st.sampled_from([
    None,
    None,
    LoopSpec(LoopKind.STANDARD, condition="a < 3", test_before=True, maximum=4),
    LoopSpec(LoopKind.PARALLEL, cardinality="3", condition="done"),
    LoopSpec(
        LoopKind.SEQUENTIAL,
        collection="items",
        element="item",
        output_collection="results",
        output_element="item + 1",
    ),
])


@dataclass
class Drawing:
    """Collects nodes and flows; what goes in and out is filled in at the end."""

    draw: st.DrawFn
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    def add(self, kind: NodeKind, scope: str, **given: object) -> str:
        """Add a node and return its id."""
        name = f"{kind.value}_{len(self.nodes)}"
        lane = self.draw(st.sampled_from(["", "", "Desk", "Back office"]))
        node = Node(id=name, kind=kind, scope=scope, name=self.draw(WORDS), lane=lane)
        self.nodes[name] = replace(node, **given)  # type: ignore[arg-type]
        return name

    def join(self, source: str, target: str, condition: str = "") -> str:
        """Add a flow and return its id."""
        name = f"flow_{len(self.flows)}"
        title = self.draw(st.sampled_from(["", "yes & no"]))
        self.flows[name] = Flow(name, source, target, condition, title)
        return name

    def change(self, name: str, **given: object) -> None:
        """Change a node."""
        self.nodes[name] = replace(self.nodes[name], **given)  # type: ignore[arg-type]

    def process(self) -> Process:
        """Return the process with every node's flows and boundary events."""
        for node in list(self.nodes.values()):
            self.change(
                node.id,
                flows_in=tuple(
                    f.id for f in self.flows.values() if f.target == node.id
                ),
                flows_out=tuple(
                    f.id for f in self.flows.values() if f.source == node.id
                ),
                boundary=tuple(
                    one.id for one in self.nodes.values() if one.attached_to == node.id
                ),
            )
        properties = self.draw(st.sampled_from([{}, {"retention": "P7Y"}]))
        data = self.draw(st.sampled_from([{}, {"data_1": "Letter"}]))
        return Process("p", "P & Q", self.nodes, self.flows, "", properties, data)


@st.composite
def processes(draw: st.DrawFn) -> Process:
    """Draw one process."""
    drawing = Drawing(draw)
    _scope(drawing, "", depth=2)
    if draw(st.booleans()):
        _event_scope(drawing)
    return drawing.process()


def _scope(drawing: Drawing, scope: str, *, depth: int) -> None:
    draw = drawing.draw
    last = drawing.add(NodeKind.START_EVENT, scope)
    for _ in range(draw(st.integers(0, 3))):
        first, end = _block(drawing, scope, depth=depth)
        drawing.join(last, first)
        last = end
    closing: dict[str, object] = draw(
        st.sampled_from([
            {},
            {"event": EventKind.TERMINATE},
            {"event": EventKind.ERROR, "error_code": "E1"},
            {"event": EventKind.ESCALATION, "escalation_code": "up"},
            {"event": EventKind.SIGNAL, "signal": "done & dusted"},
            {"event": EventKind.MESSAGE, "message": "paid", "time_to_live": "PT1H"},
        ])
    )
    drawing.join(last, drawing.add(NodeKind.END_EVENT, scope, **closing))


def _block(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    """Add a block; return its first and its last node."""
    shapes = [_task, _catch]
    if depth:
        shapes += [_choice, _race, _sub_process]
    return drawing.draw(st.sampled_from(shapes))(drawing, scope, depth=depth)


def _task(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    draw = drawing.draw
    kind = draw(TASKS)
    given: dict[str, object] = {
        "documentation": draw(st.sampled_from(["", "Why: <because> & so"])),
        "loop": draw(LOOPS),
        "inputs": draw(st.sampled_from([(), (VariableMapping("x", "a < b"),)])),
        "outputs": draw(st.sampled_from([(), (VariableMapping("y", "result"),)])),
    }
    own: dict[str, str] = draw(st.sampled_from([{}, {"result": "out"}]))
    match kind:
        case NodeKind.SERVICE_TASK:
            own = {**own, "handler": "test.double", "timeout": "PT5S"}
            given |= {
                "handler": "test.double",
                "timeout_seconds": 5.0,
                "retry": draw(st.sampled_from([None, RetrySpec(5, 0.25, 90)])),
            }
        case NodeKind.SCRIPT_TASK:
            given["script"] = draw(FEEL)
        case NodeKind.BUSINESS_RULE_TASK:
            own = {**own, "decision": "grid"}
            given["decision"] = "grid"
        case NodeKind.CALL_ACTIVITY:
            own = {**own, "binding": "latest"}
            given |= {"called": "other", "binding": "latest"}
        case NodeKind.SEND_TASK:
            given |= {"message": "sent", "correlation": "key + 1"}
        case NodeKind.RECEIVE_TASK:
            own = {**own, "correlation": "=order.id"}
            given |= {"message": "got", "correlation": "order.id"}
        case NodeKind.USER_TASK:
            own = {**own, "queue": "desk", "title": '="Case " + id'}
        case _:
            pass
    loop = given["loop"]
    if isinstance(loop, LoopSpec) and loop.kind is LoopKind.PARALLEL:
        own = {**own, "onFailure": "degraded"}
        given["on_failure"] = FailurePolicy.DEGRADED
    given |= {"properties": own, "result": own.get("result", "")}
    task = drawing.add(kind, scope, **given)
    _boundary(drawing, task, scope)
    return task, task


def _boundary(drawing: Drawing, host: str, scope: str) -> None:
    draw = drawing.draw
    which = draw(st.sampled_from(["", "", "timer", "error", "compensation"]))
    if not which:
        return
    event = drawing.add(
        NodeKind.BOUNDARY_EVENT, scope, attached_to=host, event=EventKind(which)
    )
    if which == "compensation":
        undo = drawing.add(NodeKind.TASK, scope, for_compensation=True)
        drawing.change(event, compensated_by=undo)
        drawing.change(host, compensated_by=undo)
        return
    if which == "timer":
        timer = draw(TIMERS)
        drawing.change(event, timer=timer, interrupting=draw(st.booleans()))
    else:
        drawing.change(event, error_code=draw(st.sampled_from(["", "E1", "E2"])))
    drawing.join(event, drawing.add(NodeKind.END_EVENT, scope))


def _catch(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    given: dict[str, object] = drawing.draw(
        st.sampled_from([
            {"event": EventKind.TIMER, "timer": TimerSpec(TimerKind.DURATION, "PT1M")},
            {"event": EventKind.MESSAGE, "message": "got", "correlation": "id"},
            {"event": EventKind.SIGNAL, "signal": "go"},
            {"event": EventKind.CONDITIONAL, "condition": "a > 1"},
        ])
    )
    name = drawing.add(NodeKind.INTERMEDIATE_CATCH_EVENT, scope, **given)
    return name, name


def _choice(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    draw = drawing.draw
    kind = draw(
        st.sampled_from([
            NodeKind.EXCLUSIVE_GATEWAY,
            NodeKind.INCLUSIVE_GATEWAY,
            NodeKind.PARALLEL_GATEWAY,
        ])
    )
    own: dict[str, str] = {}
    policy = None
    if kind is NodeKind.PARALLEL_GATEWAY and draw(st.booleans()):
        own, policy = {"onFailure": "wait-all"}, FailurePolicy.WAIT_ALL
    first = drawing.add(kind, scope, properties=own, on_failure=policy)
    last = drawing.add(kind, scope)
    for number in range(draw(st.integers(2, 3))):
        # Paths under a policy all meet; a boundary event could end one before.
        block = _catch if policy else _block
        begin, end = block(drawing, scope, depth=depth - 1)
        needs = kind is not NodeKind.PARALLEL_GATEWAY and number > 0
        flow = drawing.join(first, begin, draw(FEEL) if needs else "")
        if kind is not NodeKind.PARALLEL_GATEWAY and number == 0:
            drawing.change(first, default_flow=flow)
        drawing.join(end, last)
    return first, last


def _race(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    first = drawing.add(NodeKind.EVENT_BASED_GATEWAY, scope)
    last = drawing.add(NodeKind.EXCLUSIVE_GATEWAY, scope)
    for _ in range(2):
        event, _ = _catch(drawing, scope, depth=depth)
        drawing.join(first, event)
        drawing.join(event, last)
    return first, last


def _sub_process(drawing: Drawing, scope: str, *, depth: int) -> tuple[str, str]:
    draw = drawing.draw
    kind = draw(
        st.sampled_from([
            NodeKind.SUB_PROCESS,
            NodeKind.TRANSACTION,
            NodeKind.AD_HOC_SUB_PROCESS,
        ])
    )
    name = drawing.add(kind, scope, loop=draw(LOOPS))
    if kind is NodeKind.AD_HOC_SUB_PROCESS:
        spec = AdHocSpec(
            sequential=draw(st.booleans()),
            condition=draw(st.sampled_from(["", "a > 1"])),
            cancel_remaining=draw(st.booleans()),
        )
        drawing.change(name, ad_hoc=spec)
        for _ in range(2):
            drawing.add(NodeKind.MANUAL_TASK, name)
    else:
        _scope(drawing, name, depth=depth - 1)
    return name, name


def _event_scope(drawing: Drawing) -> None:
    name = drawing.add(NodeKind.SUB_PROCESS, "", event_scope=True)
    start = drawing.add(
        NodeKind.START_EVENT,
        name,
        event=EventKind.MESSAGE,
        message="stop",
        interrupting=drawing.draw(st.booleans()),
    )
    drawing.join(start, drawing.add(NodeKind.END_EVENT, name))
