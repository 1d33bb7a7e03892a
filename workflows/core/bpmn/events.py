"""What start, catch, throw, boundary and end events wait for or throw. No tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.core.bpmn.extensions import feel_text, label
from workflows.core.bpmn.graph import EventKind, NodeKind, TimerKind, TimerSpec
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    ALLOWED_EVENTS,
    BPMN,
    EVENT_DEFINITIONS,
    LABELS,
    UNSUPPORTED,
)
from workflows.core.iso8601 import (
    Iso8601Error,
    parse_duration,
    parse_moment,
    parse_repetition,
)
from workflows.core.markup import Element

_TIMER_FORMS = {
    "timeDate": TimerKind.DATE,
    "timeDuration": TimerKind.DURATION,
    "timeCycle": TimerKind.CYCLE,
}


@dataclass(frozen=True, slots=True)
class Catalog:
    """Messages and errors that the file declares beside its processes, by id."""

    messages: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """What one event node means."""

    kind: EventKind = EventKind.NONE
    timer: TimerSpec | None = None
    message: str = ""
    error_code: str = ""


def read_catalog(definitions: Element) -> Catalog:
    """Return the names of messages and the codes of errors."""
    return Catalog(
        messages={
            message.get("id"): message.get("name") or message.get("id")
            for message in definitions.each("message", namespace=BPMN)
        },
        errors={
            error.get("id"): error.get("errorCode")
            or error.get("name")
            or error.get("id")
            for error in definitions.each("error", namespace=BPMN)
        },
    )


def read_event(
    element: Element, kind: NodeKind, catalog: Catalog, problems: Problems
) -> Event:
    """Read the event definition of an event node; problems are noted."""
    definition = _single_definition(element, problems)
    if definition is None:
        event = Event()
    elif definition.name not in EVENT_DEFINITIONS:
        return Event()
    else:
        event = _read_definition(definition, element, catalog, problems)
    if event.kind not in ALLOWED_EVENTS[kind]:
        allowed = ", ".join(sorted(one.value for one in ALLOWED_EVENTS[kind]))
        problems.add(
            f"A {event.kind.value} {LABELS[kind]} is not run; run are: {allowed}.",
            element=label(element),
            line=element.line,
        )
    return event


def _single_definition(element: Element, problems: Problems) -> Element | None:
    found = [
        child
        for child in element.children
        if child.namespace == BPMN and child.name.endswith("EventDefinition")
    ]
    for definition in found:
        if definition.name not in EVENT_DEFINITIONS:
            what = UNSUPPORTED.get(definition.name, f"of the kind {definition.name}")
            problems.add(
                f"This is {what}; that is not run.",
                element=label(element),
                line=definition.line,
            )
    if len(found) > 1 or element.first("eventDefinitionRef") is not None:
        problems.add(
            "An event must hold exactly one event definition of its own;"
            " draw one event for each.",
            element=label(element),
            line=element.line,
        )
    return found[0] if found else None


def _read_definition(
    definition: Element, element: Element, catalog: Catalog, problems: Problems
) -> Event:
    kind = EVENT_DEFINITIONS[definition.name]
    match kind:
        case EventKind.TIMER:
            return Event(kind=kind, timer=_timer(definition, element, problems))
        case EventKind.MESSAGE:
            message = _reference(
                definition,
                "messageRef",
                catalog.messages,
                element=element,
                problems=problems,
            )
            if not message:
                problems.add(
                    "A message event must name its message with messageRef.",
                    element=label(element),
                    line=definition.line,
                )
            return Event(kind=kind, message=message)
        case EventKind.ERROR:
            code = _reference(
                definition,
                "errorRef",
                catalog.errors,
                element=element,
                problems=problems,
            )
            if not code and element.name == "endEvent":
                problems.add(
                    "An error end event must name its error with errorRef.",
                    element=label(element),
                    line=definition.line,
                )
            return Event(kind=kind, error_code=code)
        case _:
            return Event(kind=kind)


def _reference(
    definition: Element,
    attribute: str,
    known: Mapping[str, str],
    *,
    element: Element,
    problems: Problems,
) -> str:
    wanted = definition.get(attribute).rpartition(":")[2]
    if wanted and wanted not in known:
        problems.add(
            f"{attribute} names {wanted!r}, which this file does not declare.",
            element=label(element),
            line=definition.line,
        )
    return known.get(wanted, "") or wanted


def _timer(
    definition: Element, element: Element, problems: Problems
) -> TimerSpec | None:
    forms = [child for child in definition.children if child.name in _TIMER_FORMS]
    if len(forms) != 1 or not forms[0].text.strip():
        problems.add(
            "A timer needs exactly one of timeDate, timeDuration and timeCycle.",
            element=label(element),
            line=definition.line,
        )
        return None
    kind = _TIMER_FORMS[forms[0].name]
    text = forms[0].text.strip()
    if text.startswith("="):
        return TimerSpec(kind=kind, text="=" + feel_text(text))
    reader = {
        TimerKind.DATE: parse_moment,
        TimerKind.DURATION: parse_duration,
        TimerKind.CYCLE: parse_repetition,
    }[kind]
    try:
        reader(text)
    except Iso8601Error as error:
        problems.add(
            f"{error} FEEL needs a leading =.",
            element=label(element),
            line=forms[0].line,
        )
    return TimerSpec(kind=kind, text=text)
