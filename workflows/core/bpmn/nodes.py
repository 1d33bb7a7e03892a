"""One flow node: what its element, attributes and extensions say. No flows here."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.core.bpmn.events import Catalog, Event, read_event
from workflows.core.bpmn.extensions import (
    Extensions,
    feel_text,
    label,
    read_extensions,
    read_seconds,
)
from workflows.core.bpmn.graph import Node, NodeKind
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    BPMN,
    EVENTS,
    ID_LIMIT,
    LABELS,
    NAME_LIMIT,
    UNSUPPORTED,
)
from workflows.core.markup import Element

_FEEL_WORDS = ("", "feel")


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
    node_id = element.get("id")
    _check_words(element, problems)
    _check_loops(element, problems)
    extensions = read_extensions(element, problems)
    properties = extensions.properties
    event = Event()
    if kind in EVENTS:
        event = read_event(element, kind, catalog, problems)
    documentation = element.first("documentation")
    return Node(
        id=node_id,
        kind=kind,
        name=element.get("name"),
        scope=around.scope,
        flows_in=around.flows_in.get(node_id, ()),
        flows_out=around.flows_out.get(node_id, ()),
        default_flow=element.get("default"),
        event=event.kind,
        timer=event.timer,
        message=event.message,
        error_code=event.error_code,
        attached_to=element.get("attachedToRef").rpartition(":")[2],
        interrupting=element.get("cancelActivity") not in {"false", "0"},
        boundary=around.boundary.get(node_id, ()),
        handler=_handler(element, kind, extensions, problems),
        handler_version=properties.get("handlerVersion", ""),
        decision=_decision(element, kind, extensions, problems),
        script=_script(element, kind, extensions, problems),
        called=_called(element, kind, extensions, problems),
        result=properties.get("result", ""),
        inputs=extensions.inputs,
        outputs=extensions.outputs,
        retry=extensions.retry,
        timeout_seconds=_timeout(element, extensions, problems),
        properties=properties,
        lane=around.lanes.get(node_id, ""),
        documentation=documentation.text.strip() if documentation else "",
        line=element.line,
    )


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


def _check_loops(element: Element, problems: Problems) -> None:
    for child in element.children:
        if child.namespace == BPMN and child.name.endswith("LoopCharacteristics"):
            what = UNSUPPORTED.get(child.name, child.name)
            problems.add(
                f"This is {what}; that is not run.",
                element=label(element),
                line=child.line,
            )
    flags = (
        ("isForCompensation", "a compensation activity"),
        ("triggeredByEvent", "an event sub-process"),
    )
    for flag, what in flags:
        if element.get(flag) in {"true", "1"}:
            problems.add(
                f"This is {what} ({flag}), which is not run.",
                element=label(element),
                line=element.line,
            )


def _handler(
    element: Element, kind: NodeKind, extensions: Extensions, problems: Problems
) -> str:
    name = extensions.properties.get("handler", "")
    if kind is not NodeKind.SERVICE_TASK:
        return ""
    if not name:
        problems.add(
            'A service task must name its handler, e.g. cs:handler="credit.check".',
            element=label(element),
            line=element.line,
        )
    return name


def _decision(
    element: Element, kind: NodeKind, extensions: Extensions, problems: Problems
) -> str:
    if kind is not NodeKind.BUSINESS_RULE_TASK:
        return ""
    name = extensions.properties.get("decision", "")
    if not name:
        problems.add(
            "A business rule task must name its decision with cs:decision.",
            element=label(element),
            line=element.line,
        )
    return name


def _script(
    element: Element, kind: NodeKind, extensions: Extensions, problems: Problems
) -> str:
    if kind is not NodeKind.SCRIPT_TASK:
        return ""
    language = element.get("scriptFormat").lower()
    if not is_feel(language):
        problems.add(
            f"The script is written in {element.get('scriptFormat')}; only FEEL runs.",
            element=label(element),
            line=element.line,
        )
        return ""
    script = element.first("script")
    text = feel_text(script.text) if script else ""
    text = text or extensions.properties.get("script", "")
    if not text:
        problems.add(
            "A script task needs FEEL text in its script element.",
            element=label(element),
            line=element.line,
        )
    return text


def is_feel(language: str) -> bool:
    """Tell whether a language attribute leaves or names FEEL (DMN 1.5, table 3)."""
    word = language.strip().lower()
    return word in _FEEL_WORDS or (word.endswith("/feel/") and "omg.org" in word)


def _called(
    element: Element, kind: NodeKind, extensions: Extensions, problems: Problems
) -> str:
    if kind is not NodeKind.CALL_ACTIVITY:
        return ""
    written = element.get("calledElement").rpartition(":")[2]
    name = written or extensions.properties.get("called", "")
    if not name:
        problems.add(
            "A call activity must name a process or definition with calledElement.",
            element=label(element),
            line=element.line,
        )
    if name.startswith("="):
        problems.add(
            "calledElement must be a name; an expression is not run here.",
            element=label(element),
            line=element.line,
        )
    return name


def _timeout(element: Element, extensions: Extensions, problems: Problems) -> float:
    text = extensions.own.get("timeout", "")
    if not text:
        return 0.0
    return read_seconds(text, "cs:timeout", element, problems) or 0.0


def describe(kind: NodeKind) -> str:
    """Return a node kind's name in prose."""
    return LABELS[kind]
