"""One flow node: what its element, attributes and extensions say. No flows here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workflows.core.bpmn.activities import Work, handler_of, read_work
from workflows.core.bpmn.catalog import Catalog, Message, local_name
from workflows.core.bpmn.events import Event, read_event
from workflows.core.bpmn.expressions import feel_text, is_feel
from workflows.core.bpmn.extensions import (
    Extensions,
    label,
    read_extensions,
    read_seconds,
)
from workflows.core.bpmn.graph import FailurePolicy, Node, NodeKind
from workflows.core.bpmn.loops import read_ad_hoc, read_loop
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    ACTIVITIES,
    EVENTS,
    ID_LIMIT,
    NAME_LIMIT,
    TRUE,
)
from workflows.core.markup import Element


@dataclass(frozen=True, slots=True)
class Around:
    """What a node's place gives it: scope, flows, boundary events and lanes."""

    scope: str
    flows_in: Mapping[str, tuple[str, ...]]
    flows_out: Mapping[str, tuple[str, ...]]
    boundary: Mapping[str, tuple[str, ...]]
    lanes: Mapping[str, str]


def read_node(
    element: Element,
    kind: NodeKind,
    *,
    around: Around,
    catalog: Catalog,
    problems: Problems,
) -> Node:
    """Return the node of an element; problems are noted, never raised."""
    _check_words(element, problems)
    extensions = read_extensions(element, problems)
    properties = extensions.properties
    work, event = _meaning(
        element, kind, properties=properties, catalog=catalog, problems=problems
    )
    message = work.message or event.message or Message(name="")
    node = replace(
        _placed(element, kind, around),
        event=event.kind,
        timer=event.timer,
        message=message.name,
        signal=event.signal,
        correlation=_own_feel(properties, "correlation") or message.correlation,
        time_to_live=properties.get("timeToLive", "") or message.time_to_live,
        error_code=event.error_code,
        escalation_code=event.escalation_code,
        condition=event.condition or _activation(element, kind, problems),
        link=event.link,
        activity_ref=event.activity_ref,
        wait_for_completion=event.wait_for_completion,
        handler=work.handler,
        handler_version=properties.get("handlerVersion", ""),
        decision=work.decision,
        script=work.script,
        called=work.called,
        binding=work.binding,
        on_failure=_on_failure(element, properties, problems),
        result=properties.get("result", ""),
        inputs=extensions.inputs,
        outputs=extensions.outputs,
        retry=extensions.retry,
        timeout_seconds=_timeout(element, extensions, problems),
        properties=properties,
    )
    if kind in ACTIVITIES:
        loop = read_loop(element, catalog=catalog, problems=problems)
        node = replace(node, loop=loop)
    if kind is NodeKind.AD_HOC_SUB_PROCESS:
        node = replace(node, ad_hoc=read_ad_hoc(element, properties, problems))
    return node


def _placed(element: Element, kind: NodeKind, around: Around) -> Node:
    """Return a node with its place and what its own plain attributes say."""
    node_id = label(element)
    documentation = element.first("documentation")
    return Node(
        id=node_id,
        kind=kind,
        name=element.get("name"),
        scope=around.scope,
        flows_in=around.flows_in.get(node_id, ()),
        flows_out=around.flows_out.get(node_id, ()),
        default_flow=element.get("default"),
        attached_to=local_name(element.get("attachedToRef")),
        interrupting=_interrupts(element, kind),
        boundary=around.boundary.get(node_id, ()),
        event_scope=element.get("triggeredByEvent") in TRUE,
        for_compensation=element.get("isForCompensation") in TRUE,
        instantiate=element.get("instantiate") in TRUE,
        parallel_events=element.get("eventGatewayType") == "Parallel",
        lane=around.lanes.get(node_id, ""),
        documentation=documentation.text.strip() if documentation else "",
        line=element.line,
    )


def _meaning(
    element: Element,
    kind: NodeKind,
    *,
    properties: Mapping[str, str],
    catalog: Catalog,
    problems: Problems,
) -> tuple[Work, Event]:
    """Return what an activity runs and what an event waits for or throws."""
    if kind in EVENTS:
        event = read_event(
            element,
            kind,
            catalog=catalog,
            problems=problems,
            handled=bool(handler_of(kind, properties)),
        )
        return Work(handler=handler_of(kind, properties, event.kind)), event
    work = read_work(
        element, kind, properties=properties, catalog=catalog, problems=problems
    )
    return work, Event()


def _check_words(element: Element, problems: Problems) -> None:
    where = label(element)
    if not element.get("id"):
        problems.add(
            "A flow node needs an id, so that steps can name it.",
            element=where,
            line=element.line,
        )
    if len(element.get("id")) > ID_LIMIT or len(element.get("name")) > NAME_LIMIT:
        problems.add(
            f"An id may have {ID_LIMIT} characters and a name {NAME_LIMIT}.",
            element=where[:ID_LIMIT],
            line=element.line,
        )


def _interrupts(element: Element, kind: NodeKind) -> bool:
    """Tell whether an event stops what it hangs on; both attributes default to yes."""
    attribute = "isInterrupting" if kind is NodeKind.START_EVENT else "cancelActivity"
    return element.get(attribute, "true") in TRUE


def _activation(element: Element, kind: NodeKind, problems: Problems) -> str:
    """Return a complex gateway's activation condition (clause 10.6.5)."""
    condition = element.first("activationCondition")
    if kind is not NodeKind.COMPLEX_GATEWAY or condition is None:
        return ""
    if not is_feel(condition.get("language")):
        problems.add(
            f"The activationCondition is written in {condition.get('language')};"
            " only FEEL runs.",
            element=label(element),
            line=condition.line,
        )
        return ""
    return feel_text(condition.text)


def _on_failure(
    element: Element, properties: Mapping[str, str], problems: Problems
) -> FailurePolicy | None:
    word = properties.get("onFailure", "")
    if not word:
        return None
    words = [policy.value for policy in FailurePolicy]
    if word not in words:
        problems.add(
            f"cs:onFailure={word!r} must be one of: {', '.join(words)}.",
            element=label(element),
            line=element.line,
        )
        return None
    return FailurePolicy(word)


def _own_feel(properties: Mapping[str, str], name: str) -> str:
    return feel_text(properties.get(name, ""))


def _timeout(element: Element, extensions: Extensions, problems: Problems) -> float:
    text = extensions.own.get("timeout", "")
    if not text:
        return 0.0
    return read_seconds(text, "cs:timeout", element, problems) or 0.0
