"""Rules about what goes wrong: limits of waiting, taking back, errors and their catch."""

from collections.abc import Iterator
from typing import Final

from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.bpmn.linter_view import Found, View, found
from workflows.core.bpmn.vocabulary import SCOPES

_ANSWERS: Final = frozenset({
    EventKind.MESSAGE,
    EventKind.SIGNAL,
    EventKind.CONDITIONAL,
})
_RESERVED: Final = "cs."
# What can raise an error whose code is nowhere in the model.
_UNKNOWN_ERRORS: Final = frozenset({
    NodeKind.SERVICE_TASK,
    NodeKind.SEND_TASK,
    NodeKind.USER_TASK,
    NodeKind.BUSINESS_RULE_TASK,
    NodeKind.CALL_ACTIVITY,
})


def find_waits(view: View) -> Iterator[Found]:
    """Calls and waits that nothing limits."""
    for node in view.nodes.values():
        handler = view.handlers.get(node.id)
        if handler is not None and handler.external:
            if not (node.timeout_seconds or handler.timeout_given):
                yield found(
                    "no-timeout",
                    node,
                    f"Neither this step nor the handler {handler.name} says how long"
                    ' the call may take; say cs:timeout="PT30S" or'
                    " timeout_seconds=... on the handler.",
                )
        elif _waits_for_others(node) and not _is_limited(view, node):
            yield found(
                "endless-wait",
                node,
                f"What this waits for may never come; say cs:timeout, or put a timer"
                f" {'beside it' if node.kind is NodeKind.RECEIVE_TASK else 'around it'}.",
            )


def _waits_for_others(node: Node) -> bool:
    if node.kind is NodeKind.RECEIVE_TASK:
        return not node.instantiate
    return node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT and node.event in _ANSWERS


def _is_limited(view: View, node: Node) -> bool:
    def timed(host: Node) -> bool:
        return bool(host.timeout_seconds) or any(
            event.event is EventKind.TIMER and event.interrupting
            for event in view.boundary(host)
        )

    raced = any(
        view.nodes[view.process.flows[flow].source].kind is NodeKind.EVENT_BASED_GATEWAY
        for flow in node.flows_in
    )
    by_event_scope = any(
        start.event is EventKind.TIMER and start.interrupting
        for scope in (node.scope, "")
        for one in view.process.event_scopes(scope)
        for start in view.process.starts(one.id)
    )
    return (
        raced
        or timed(node)
        or any(timed(holder) for holder in view.around(node))
        or by_event_scope
    )


def find_effects(view: View) -> Iterator[Found]:
    """External steps of a transaction or saga that nothing takes back."""
    saga = any(
        node.event is EventKind.COMPENSATION and node.kind is not NodeKind.START_EVENT
        for node in view.nodes.values()
    )
    for node in view.nodes.values():
        handler = view.handlers.get(node.id)
        if handler is None or not handler.external or node.for_compensation:
            continue
        inside = any(one.kind is NodeKind.TRANSACTION for one in view.around(node))
        drawn = any(
            event.event is EventKind.COMPENSATION for event in view.boundary(node)
        )
        if (saga or inside) and not drawn and not handler.compensation:
            where = "transaction" if inside else "process"
            yield found(
                "no-compensation",
                node,
                f"This {where} takes back what it did, but not this call: draw a"
                f" compensation boundary event, or let {handler.name} name its"
                " compensation=... handler.",
            )


def find_errors(view: View) -> Iterator[Found]:
    """Errors and escalations that nothing catches, and events that catch nothing."""
    for node in view.nodes.values():
        if node.kind is NodeKind.END_EVENT and node.event is EventKind.ERROR:
            if node.scope and not _is_caught(view, node):
                yield found(
                    "uncaught-error",
                    node,
                    f"Nothing catches the error {node.error_code!r}, so that it ends"
                    " the whole case; draw a boundary event on the sub-process.",
                )
        elif _escalates(node) and not _is_caught(view, node):
            if node.scope:
                yield found(
                    "uncaught-escalation",
                    node,
                    f"Nothing hears the escalation {node.escalation_code!r}; draw a"
                    " boundary event on the sub-process.",
                )
        elif node.kind is NodeKind.BOUNDARY_EVENT:
            yield from _catches_nothing(view, node)


def _escalates(node: Node) -> bool:
    return node.event is EventKind.ESCALATION and node.kind in {
        NodeKind.END_EVENT,
        NodeKind.INTERMEDIATE_THROW_EVENT,
    }


def _is_caught(view: View, node: Node) -> bool:
    for holder in [*view.around(node), None]:
        scope = holder.id if holder is not None else ""
        catchers = [
            start
            for one in view.process.event_scopes(scope)
            for start in view.process.starts(one.id)
        ]
        if holder is not None:
            catchers.extend(view.boundary(holder))
        if any(_matches(catcher, node) for catcher in catchers):
            return True
    return False


def _matches(catcher: Node, thrower: Node) -> bool:
    if catcher.event is not thrower.event:
        return False
    if catcher.event is EventKind.ERROR:
        return catcher.error_code in {"", thrower.error_code}
    return catcher.escalation_code in {"", thrower.escalation_code}


def _catches_nothing(view: View, event: Node) -> Iterator[Found]:
    if event.event not in {EventKind.ERROR, EventKind.ESCALATION, EventKind.CANCEL}:
        return
    if event.error_code.startswith(_RESERVED):
        return
    host = view.nodes[event.attached_to]
    inside = [host, *(view.inside(host.id) if host.kind in SCOPES else ())]
    if any(_may_throw(node, event) for node in inside):
        return
    code = event.error_code or event.escalation_code
    what = f"the {event.event.value} {code!r}" if code else f"a {event.event.value}"
    yield found(
        "catches-nothing",
        event,
        f"Nothing in {host.id!r} throws {what}; remove the event, or throw it.",
    )


def _may_throw(node: Node, event: Node) -> bool:
    match event.event:
        case EventKind.ERROR if node.kind in _UNKNOWN_ERRORS:
            return True
        case EventKind.ESCALATION if node.kind is NodeKind.CALL_ACTIVITY:
            return True
        case EventKind.ESCALATION:
            return _escalates(node) and _matches(event, node)
        case EventKind.ERROR:
            return node.kind is NodeKind.END_EVENT and _matches(event, node)
        case _:
            return node.kind is NodeKind.END_EVENT and node.event is EventKind.CANCEL
