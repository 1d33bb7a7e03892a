"""One flow node as an element: the other way round of `nodes`, `events` and `loops`."""

from collections.abc import Iterator, Mapping

from workflows.core.bpmn.expressions import feel_text
from workflows.core.bpmn.graph import (
    EventKind,
    LoopKind,
    LoopSpec,
    Node,
    NodeKind,
    RetrySpec,
)
from workflows.core.bpmn.vocabulary import BPMN, EVENT_DEFINITIONS, EVENTS, OWN
from workflows.core.bpmn.writer_catalog import Declared
from workflows.core.markup import Element

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DEFINITIONS = {kind: tag for tag, kind in EVENT_DEFINITIONS.items()}
_MESSAGE_TASKS = frozenset({NodeKind.SEND_TASK, NodeKind.RECEIVE_TASK})


def bpmn(
    tag: str,
    attributes: Mapping[str, str] | None = None,
    *,
    text: str = "",
    children: tuple[Element, ...] = (),
) -> Element:
    """Return an element of BPMN; attributes without a value are left out."""
    kept = {name: value for name, value in (attributes or {}).items() if value}
    return Element(
        namespace=BPMN, name=tag, attributes=kept, text=text, children=children
    )


def expression(tag: str, text: str) -> Element:
    """Return an element that holds FEEL."""
    return bpmn(tag, {f"{{{XSI}}}type": "tFormalExpression"}, text=text)


def own_attributes(properties: Mapping[str, str]) -> dict[str, str]:
    """Return properties as attributes of the product's namespace."""
    return {f"{{{OWN}}}{name}": value for name, value in properties.items()}


def write_node(
    node: Node, *, inner: tuple[Element, ...], declared: Declared
) -> Element:
    """Return the element of a node; `inner` is what lies in a sub-process."""
    children = [
        *_documentation(node),
        *_extensions(node),
        *_loop(node),
        *_event(node, declared),
        *inner,
        *_expressions(node),
    ]
    attributes = {
        "id": node.id,
        "name": node.name,
        "default": node.default_flow,
        "attachedToRef": node.attached_to,
        "calledElement": node.called,
        **_flags(node),
    }
    if node.kind in _MESSAGE_TASKS and node.message:
        attributes["messageRef"] = _message(node, declared)
    # An attribute of ours may be empty on purpose: it hides another vendor's.
    kept = {name: value for name, value in attributes.items() if value}
    return Element(
        namespace=BPMN,
        name=node.kind.value,
        attributes={**kept, **own_attributes(_properties(node))},
        children=tuple(children),
    )


def _flags(node: Node) -> dict[str, str]:
    """Return the attributes that differ from what the standard takes for granted."""
    flags = {
        "triggeredByEvent": node.event_scope,
        "isForCompensation": node.for_compensation,
        "instantiate": node.instantiate,
    }
    found = {name: "true" for name, is_set in flags.items() if is_set}
    if not node.interrupting:
        is_start = node.kind is NodeKind.START_EVENT
        found["isInterrupting" if is_start else "cancelActivity"] = "false"
    if node.parallel_events:
        found["eventGatewayType"] = "Parallel"
    if node.ad_hoc is not None:
        found["ordering"] = "Sequential" if node.ad_hoc.sequential else "Parallel"
        if not node.ad_hoc.cancel_remaining:
            found["cancelRemainingInstances"] = "false"
    return found


def _properties(node: Node) -> dict[str, str]:
    """Return the node's own attributes, with what only its fields say."""
    timeout = seconds_text(node.timeout_seconds) if node.timeout_seconds else ""
    fields = {
        "handler": node.handler,
        "handlerVersion": node.handler_version,
        "decision": node.decision,
        "result": node.result,
        "binding": node.binding,
        "onFailure": node.on_failure.value if node.on_failure else "",
        "timeout": timeout,
        "start": node.ad_hoc.start if node.ad_hoc else "",
    }
    found = dict(node.properties)
    for name, value in fields.items():
        if value:
            found.setdefault(name, value)
    return found


def seconds_text(seconds: float) -> str:
    """Return seconds as an ISO 8601 duration."""
    text = f"{seconds:.6f}".rstrip("0").rstrip(".")
    return f"PT{text}S"


def _documentation(node: Node) -> Iterator[Element]:
    if node.documentation:
        yield bpmn("documentation", text=node.documentation)


def _extensions(node: Node) -> Iterator[Element]:
    extras = [
        Element(
            namespace=OWN,
            name=name,
            attributes={"target": one.target, "source": one.source},
        )
        for name, mappings in (("input", node.inputs), ("output", node.outputs))
        for one in mappings
    ]
    if node.retry is not None:
        extras.append(_retry(node.retry))
    if extras:
        yield bpmn("extensionElements", children=tuple(extras))


def _retry(retry: RetrySpec) -> Element:
    return Element(
        namespace=OWN,
        name="retry",
        attributes={
            "max": str(retry.max_attempts),
            "base": seconds_text(retry.base_seconds),
            "cap": seconds_text(retry.cap_seconds),
        },
    )


def _loop(node: Node) -> Iterator[Element]:
    loop = node.loop
    if loop is None:
        return
    if loop.kind is LoopKind.STANDARD:
        yield bpmn(
            "standardLoopCharacteristics",
            {
                "testBefore": "true" if loop.test_before else "",
                "loopMaximum": str(loop.maximum) if loop.maximum else "",
            },
            children=(expression("loopCondition", loop.condition),),
        )
        return
    yield _multi_instance(loop)


def _multi_instance(loop: LoopSpec) -> Element:
    own = {
        "collection": loop.collection,
        "element": loop.element,
        "outputCollection": loop.output_collection,
        "outputElement": loop.output_element,
    }
    texts = {
        "loopCardinality": loop.cardinality,
        "completionCondition": loop.condition,
    }
    is_sequential = loop.kind is LoopKind.SEQUENTIAL
    return bpmn(
        "multiInstanceLoopCharacteristics",
        {"isSequential": "true" if is_sequential else "", **own_attributes(own)},
        children=tuple(expression(tag, text) for tag, text in texts.items() if text),
    )


def _expressions(node: Node) -> Iterator[Element]:
    """Yield what stands last in an element: script, activation, completion."""
    if node.kind is NodeKind.SCRIPT_TASK and node.script:
        yield bpmn("script", text=node.script)
    if node.kind is NodeKind.COMPLEX_GATEWAY and node.condition:
        yield expression("activationCondition", node.condition)
    if node.ad_hoc is not None and node.ad_hoc.condition:
        yield expression("completionCondition", node.ad_hoc.condition)


def _event(node: Node, declared: Declared) -> Iterator[Element]:
    if node.kind not in EVENTS or node.event is EventKind.NONE:
        return
    attributes: dict[str, str] = {}
    children: tuple[Element, ...] = ()
    match node.event:
        case EventKind.TIMER if node.timer is not None:
            form = f"time{node.timer.kind.value.capitalize()}"
            children = (expression(form, node.timer.text),)
        case EventKind.CONDITIONAL:
            children = (expression("condition", node.condition),)
        case EventKind.LINK:
            attributes = {"name": node.link}
        case EventKind.COMPENSATION:
            attributes = {
                "activityRef": node.activity_ref,
                "waitForCompletion": "" if node.wait_for_completion else "false",
            }
        case _:
            attributes = _reference(node, declared)
    yield bpmn(_DEFINITIONS[node.event], attributes, children=children)


def _reference(node: Node, declared: Declared) -> dict[str, str]:
    """Return the reference of an event to what the file declares."""
    match node.event:
        case EventKind.MESSAGE if node.message:
            return {"messageRef": _message(node, declared)}
        case EventKind.SIGNAL:
            return {"signalRef": declared.signal(node.signal)}
        case EventKind.ERROR if node.error_code:
            return {"errorRef": declared.error(node.error_code)}
        case EventKind.ESCALATION if node.escalation_code:
            return {"escalationRef": declared.escalation(node.escalation_code)}
        case _:
            return {}


def _message(node: Node, declared: Declared) -> str:
    """Declare a node's message, with what its own attributes do not say already."""
    own = node.properties
    says_key = bool(feel_text(own.get("correlation", "")))
    return declared.message(
        node.message,
        correlation="" if says_key else node.correlation,
        time_to_live="" if own.get("timeToLive") else node.time_to_live,
    )
