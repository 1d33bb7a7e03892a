"""What a file declares beside its processes, by id: messages, errors, signals and so on.

Nothing is checked here; who refers to something that is missing notes the problem.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workflows.core.bpmn.expressions import feel_text
from workflows.core.bpmn.vocabulary import BPMN, EVENT_DEFINITIONS, OWN, ZEEBE
from workflows.core.markup import Element


@dataclass(frozen=True, slots=True)
class Message:
    """A declared message; `correlation` is FEEL for its key, empty when it has none."""

    name: str
    correlation: str = ""
    time_to_live: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The declarations of one file, each by its id.

    `operations` leads to the id of the message that an interface's operation takes;
    `definitions` are event definitions that events refer to; `data` names what a
    data input, output or object is called.
    """

    messages: Mapping[str, Message] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    signals: Mapping[str, str] = field(default_factory=dict)
    escalations: Mapping[str, str] = field(default_factory=dict)
    operations: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, Element] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)


_DATA = frozenset({
    "dataInput",
    "dataObject",
    "dataObjectReference",
    "dataOutput",
    "property",
})


def read_catalog(definitions: Element) -> Catalog:
    """Return what the root element declares."""
    return Catalog(
        messages={
            one.get("id"): _message(one)
            for one in definitions.each("message", namespace=BPMN)
        },
        errors=dict(_codes(definitions, "error", "errorCode")),
        signals=dict(_codes(definitions, "signal", "name")),
        escalations=dict(_codes(definitions, "escalation", "escalationCode")),
        operations=dict(_operations(definitions)),
        definitions={
            one.get("id"): one
            for one in definitions.children
            if one.namespace == BPMN and one.name in EVENT_DEFINITIONS
        },
        data={
            one.get("id"): one.get("name") or one.get("id")
            for one in definitions.walk()
            if one.namespace == BPMN and one.name in _DATA
        },
    )


def local_name(reference: str) -> str:
    """Return a QName reference without its prefix."""
    return reference.rpartition(":")[2]


def _message(element: Element) -> Message:
    correlation = element.attributes.get(f"{{{OWN}}}correlation", "")
    extras = element.first("extensionElements", namespace=BPMN)
    if extras is not None and not correlation:
        subscription = extras.first("subscription", namespace=ZEEBE)
        correlation = subscription.get("correlationKey") if subscription else ""
    return Message(
        name=element.get("name") or element.get("id"),
        correlation=feel_text(correlation),
        time_to_live=element.attributes.get(f"{{{OWN}}}timeToLive", "").strip(),
    )


def _codes(
    definitions: Element, name: str, attribute: str
) -> Iterator[tuple[str, str]]:
    for one in definitions.each(name, namespace=BPMN):
        yield one.get("id"), one.get(attribute) or one.get("name") or one.get("id")


def _operations(definitions: Element) -> Iterator[tuple[str, str]]:
    for interface in definitions.each("interface", namespace=BPMN):
        for operation in interface.each("operation"):
            message = operation.first("inMessageRef")
            if message is not None:
                yield operation.get("id"), local_name(message.text.strip())
