"""What a step listens to while it waits: timers, messages, signals, conditions.

Kept by (step id, node id): the step that waits and the event that is then triggered.
For a catch event and a receive task the two are one; boundary events hang on their
host; the targets of an event-based gateway on the gateway; the start of an event
sub-process on the sub-process that holds it, or on no step at the top.
"""

from collections.abc import Iterable

from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.canonical import dumps
from workflows.core.engine import clocks
from workflows.core.engine.plan import PlanNode
from workflows.core.engine.run import Run
from workflows.core.engine.state import StepRow, Subscribe
from workflows.core.engine.variables import INDEX
from workflows.core.feel import from_feel

MESSAGE = "MESSAGE"
SIGNAL = "SIGNAL"
LISTENS = "listens"


def listen(run: Run, planned: PlanNode, step: StepRow) -> None:
    """Open all that a step that begins to wait listens to."""
    if not planned.listens or step.data.get(LISTENS):
        # A retried step keeps what it has listened to since it began.
        return
    step.data[LISTENS] = True
    if has_time_limit(planned, step):
        clocks.arm_timeout(run, planned, step)
    open_events(run, step, heard_events(planned, step))


def heard_events(planned: PlanNode, step: StepRow) -> list[tuple[Node, str]]:
    """Return the events that a waiting step listens to, with the kind of their timers.

    An iteration does not listen for its activity's boundary events: its body does,
    which in turn leaves to its iterations what a receive task waits for.
    """
    node = planned.node
    iteration = INDEX in step.data
    body = planned.loop is not None and not iteration
    events: list[tuple[Node, str]] = []
    if node.kind is NodeKind.EVENT_BASED_GATEWAY:
        events.extend((target, clocks.EVENT) for _, target in planned.targets)
    elif node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT or (
        node.kind is NodeKind.RECEIVE_TASK and not body
    ):
        events.append((node, clocks.CATCH))
    if not iteration:
        events.extend((event, clocks.BOUNDARY) for event in planned.attached)
    if iteration or planned.loop is None:
        events.extend((event, clocks.EVENT) for event in planned.inside)
    return events


def has_time_limit(planned: PlanNode, step: StepRow) -> bool:
    """Tell whether a waiting step has a time limit of its own; a worker keeps others'."""
    body = planned.loop is not None and INDEX not in step.data
    return planned.node.timeout_seconds > 0 and not step.external and not body


def listen_at_top(run: Run) -> None:
    """Open what the event sub-processes of the process itself listen to."""
    open_at_top(run, run.plan.inside)


def open_at_top(run: Run, events: Iterable[Node]) -> None:
    """Open starts of event sub-processes of the process itself."""
    for node in events:
        if node.event is EventKind.TIMER:
            clocks.arm_at_top(run, node)
        else:
            _subscribe(run, None, node)


def stop_listening(run: Run, step: StepRow | None, nodes: Iterable[Node]) -> None:
    """Close what a scope listens to for some events."""
    step_id = step.id if step is not None else None
    for node in nodes:
        if step is None or not step.new:
            run.changes.timers_off.append((step_id, node.id))
            run.changes.unsubscribed.append((step_id, node.id))
        run.drop_listening(step_id, node.id)


def open_events(run: Run, step: StepRow, events: Iterable[tuple[Node, str]]) -> None:
    """Open some events of a step, up to a timer that makes it an incident."""
    for node, kind in events:
        if node.event is EventKind.TIMER:
            if not clocks.arm_event(run, step, node=node, kind=kind):
                return
        else:
            _subscribe(run, step, node)


def _subscribe(run: Run, step: StepRow | None, node: Node) -> None:
    message = node.event is EventKind.MESSAGE or node.kind is NodeKind.RECEIVE_TASK
    if not message and node.event is not EventKind.SIGNAL:
        return
    planned = run.plan.nodes[node.id]
    run.changes.subscribed.append(
        Subscribe(
            step_id=step.id if step is not None else None,
            node_id=node.id,
            kind=MESSAGE if message else SIGNAL,
            name=node.message if message else node.signal,
            key=correlation_key(run, planned, step) if message else "",
            once=node.interrupting,
        )
    )


def correlation_key(run: Run, planned: PlanNode, step: StepRow | None) -> str:
    """Return the key of a message event as text, empty where there is none.

    A number or any other value is its canonical JSON: 5, 1.5, true.
    """
    if planned.correlation is None:
        return ""
    value = from_feel(run.variables.evaluate(planned.correlation, {}, step))
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value)
