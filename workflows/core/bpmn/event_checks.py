"""May an event stand where it stands, and does what it leads to exist? No scopes."""

from collections import Counter
from collections.abc import Iterator

from workflows.core.bpmn.graph import EventKind, Node, NodeKind, Process
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    ACTIVITIES,
    ALWAYS_INTERRUPTING,
    LABELS,
    RACING_EVENTS,
)


def check_events(
    process: Process, *, refused: frozenset[str], problems: Problems
) -> None:
    """Note boundary, link, cancel and compensation events that cannot work.

    Also event-based gateways, which lead to events. `refused` are ids of elements
    that were refused already.
    """
    for node in process.nodes.values():
        if node.attached_to not in refused:
            _tell(_attachment(node, process), node, problems)
        _tell(_cancellation(node, process), node, problems)
        _tell(_compensation(node, process), node, problems)
        for message in (*_link(node, process), *_instantiation(node)):
            _tell(message, node, problems)
        if node.kind is NodeKind.EVENT_BASED_GATEWAY:
            _check_race(node, process, refused=refused, problems=problems)


def _tell(message: str, node: Node, problems: Problems) -> None:
    if message:
        problems.add(message, element=node.id, line=node.line)


def _attachment(node: Node, process: Process) -> str:
    if node.kind is not NodeKind.BOUNDARY_EVENT:
        return ""
    host = process.nodes.get(node.attached_to)
    if host is None:
        return (
            f"This boundary event is attached to {node.attached_to!r},"
            " which is no node of the process."
            if node.attached_to
            else "This boundary event is attached to nothing; set attachedToRef."
        )
    if host.kind not in ACTIVITIES or host.scope != node.scope:
        return (
            f"This boundary event is attached to {host.id!r}; only a task,"
            " sub-process or call activity of the same scope can carry one."
        )
    if host.event_scope:
        return (
            f"This boundary event is attached to the event sub-process {host.id!r},"
            " which can carry none."
        )
    return _boundary_turns(node)


def _boundary_turns(node: Node) -> str:
    if node.event in ALWAYS_INTERRUPTING and not node.interrupting:
        article = "An" if node.event is EventKind.ERROR else "A"
        return (
            f"{article} {node.event.value} boundary event always interrupts;"
            " drop cancelActivity."
        )
    if node.event is EventKind.COMPENSATION:
        if node.flows_out:
            return (
                "No sequence flow leaves a compensation boundary event; an association"
                " leads from it to the activity that compensates."
            )
        return ""
    return (
        ""
        if node.flows_out
        else "This boundary event leads nowhere; draw a flow from it."
    )


def _cancellation(node: Node, process: Process) -> str:
    """Say what is wrong with a cancel event (clauses 10.3.4, 10.5.6)."""
    if node.event is not EventKind.CANCEL:
        return ""
    if node.kind is NodeKind.BOUNDARY_EVENT:
        host = process.nodes.get(node.attached_to)
        if host is not None and host.kind is not NodeKind.TRANSACTION:
            return "A cancel boundary event stands on a transaction only."
        same = [
            name
            for name in (host.boundary if host else ())
            if process.nodes[name].event is EventKind.CANCEL
        ]
        if len(same) > 1 and same[0] != node.id:
            return "A transaction has one cancel boundary event; remove this one."
        return ""
    scope = process.nodes.get(node.scope)
    if scope is not None and scope.kind is NodeKind.TRANSACTION:
        return ""
    return "A cancel end event stands in a transaction only, in no scope between."


def enclosing(scope: str, process: Process) -> Iterator[Node]:
    """Yield the sub-processes around a scope, the innermost first."""
    seen: set[str] = set()
    # An id that is used twice, which is refused too, may make a scope its own parent.
    while scope and scope not in seen:
        seen.add(scope)
        node = process.nodes[scope]
        yield node
        scope = node.scope


def _compensation(node: Node, process: Process) -> str:
    """Say what is wrong with the activity a throw event compensates (10.7.2)."""
    if not node.activity_ref or node.event is not EventKind.COMPENSATION:
        return ""
    target = process.nodes.get(node.activity_ref)
    if target is None or target.kind not in ACTIVITIES:
        return (
            f"activityRef names {node.activity_ref!r}, which is no activity of the"
            " process."
        )
    seen = [node.scope]
    for scope in enclosing(node.scope, process):
        if not scope.event_scope:
            break
        seen.append(scope.scope)
    if target.scope not in seen:
        return (
            f"activityRef names {node.activity_ref!r} in another scope; compensate an"
            " activity of this event's own scope."
        )
    return ""


def _link(node: Node, process: Process) -> Iterator[str]:
    """Say what is wrong with a link, a flow drawn in two parts (clause 10.5.5)."""
    if node.event is not EventKind.LINK or not node.link:
        return
    if node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT:
        if node.flows_in:
            yield "No flow may lead into a link catch event; its throw events do."
        return
    if node.flows_out:
        yield "No flow may leave a link throw event; it goes on at its catch event."
    catches = [
        one.id
        for one in process.nodes.values()
        if one.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        and one.event is EventKind.LINK
        and (one.link, one.scope) == (node.link, node.scope)
    ]
    if not catches:
        yield f"No link catch event of this scope is named {node.link!r}; draw one."
    elif len(catches) > 1:
        yield (
            f"{len(catches)} link catch events are named {node.link!r}"
            f" ({', '.join(catches)}); keep one."
        )


def _instantiation(node: Node) -> Iterator[str]:
    """Say what is wrong with a node that may begin an instance (10.3.3, 10.6.6)."""
    if node.kind not in {NodeKind.RECEIVE_TASK, NodeKind.EVENT_BASED_GATEWAY}:
        return
    if node.instantiate and (node.flows_in or node.scope):
        yield (
            f"This {LABELS[node.kind]} begins instances (instantiate), so no flow"
            " leads into it and it stands in no sub-process."
        )
    if node.parallel_events and not node.instantiate:
        yield (
            "Only an event-based gateway that begins instances may be Parallel; set"
            ' instantiate="true" or eventGatewayType="Exclusive".'
        )


def _check_race(
    gateway: Node,
    process: Process,
    *,
    refused: frozenset[str],
    problems: Problems,
) -> None:
    """Note what an event-based gateway cannot wait for (clause 10.6.6)."""
    if not gateway.flows_out:
        _tell("This event-based gateway leads nowhere.", gateway, problems)
    targets = Counter(process.flows[name].target for name in gateway.flows_out)
    for name in targets:
        target = process.nodes.get(name)
        if target is None or name in refused:
            continue
        if message := _racer(target, instantiate=gateway.instantiate):
            problems.add(
                f"The event-based gateway {gateway.id!r} leads here; {message}",
                element=target.id,
                line=target.line,
            )


def _racer(target: Node, *, instantiate: bool) -> str:
    """Say why an event-based gateway cannot wait for a node; empty when it can."""
    receives = target.kind is NodeKind.RECEIVE_TASK
    catches = (
        target.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        and target.event in RACING_EVENTS
    )
    if not receives and not catches:
        return (
            "it waits for message, timer, signal and conditional catch events and"
            " receive tasks only."
        )
    if instantiate and not receives and target.event is not EventKind.MESSAGE:
        return "a gateway that begins instances waits for messages only."
    if len(target.flows_in) > 1:
        return "no other flow may."
    if target.boundary or target.loop:
        return "a receive task there has no boundary event and does not repeat."
    return ""
