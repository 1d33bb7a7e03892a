"""What start, catch, throw, boundary and end events wait for or throw. No tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workflows.core.bpmn.catalog import Catalog, Message, local_name
from workflows.core.bpmn.expressions import feel_text, is_feel, marked_text
from workflows.core.bpmn.extensions import check_foreign_code, label
from workflows.core.bpmn.graph import EventKind, NodeKind, TimerKind, TimerSpec
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    ALLOWED_EVENTS,
    BPMN,
    EVENT_DEFINITIONS,
    LABELS,
    TRUE,
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
_THROWING = frozenset({NodeKind.INTERMEDIATE_THROW_EVENT, NodeKind.END_EVENT})


@dataclass(frozen=True, slots=True)
class Event:
    """What one event node means; texts as on Node."""

    kind: EventKind = EventKind.NONE
    timer: TimerSpec | None = None
    message: Message | None = None
    signal: str = ""
    error_code: str = ""
    escalation_code: str = ""
    condition: str = ""
    link: str = ""
    activity_ref: str = ""
    wait_for_completion: bool = True


def read_event(
    element: Element,
    kind: NodeKind,
    *,
    catalog: Catalog,
    problems: Problems,
    handled: bool,
) -> Event:
    """Read the event definition of an event node; problems are noted.

    `handled` says that a handler of ours does what a throw event throws.
    """
    definition = _single_definition(element, catalog, problems)
    if definition is None:
        event = Event()
    elif definition.name not in EVENT_DEFINITIONS:
        return Event()
    else:
        event = _Definition(
            definition,
            element,
            catalog=catalog,
            problems=problems,
            throws=kind in _THROWING,
            handled=handled,
        ).event()
    if event.kind not in ALLOWED_EVENTS[kind]:
        allowed = ", ".join(sorted(one.value for one in ALLOWED_EVENTS[kind]))
        problems.add(
            f"A {event.kind.value} {LABELS[kind]} is not in the standard, so it is"
            f" not run; run are: {allowed}.",
            element=label(element),
            line=element.line,
        )
    return event


def _single_definition(
    element: Element, catalog: Catalog, problems: Problems
) -> Element | None:
    """Return the only event definition: the event's own, or one it refers to."""
    found = [
        child
        for child in element.children
        if child.namespace == BPMN and child.name.endswith("EventDefinition")
    ]
    for definition in found:
        if definition.name not in EVENT_DEFINITIONS:
            problems.add(
                f"<{definition.name}> is no event that is run.",
                element=label(element),
                line=definition.line,
            )
    for reference in element.each("eventDefinitionRef"):
        name = local_name(reference.text.strip())
        if name in catalog.definitions:
            found.append(catalog.definitions[name])
        else:
            problems.add(
                f"eventDefinitionRef names {name!r}, which this file does not declare.",
                element=label(element),
                line=reference.line,
            )
    if len(found) > 1:
        kinds = ", ".join(one.name.removesuffix("EventDefinition") for one in found)
        problems.add(
            f"This event has {len(found)} event definitions ({kinds}); an event must"
            " have exactly one event definition; draw one event for each.",
            element=label(element),
            line=found[1].line,
        )
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Definition:
    """Reads one event definition; `holder` is the event that has it."""

    element: Element
    holder: Element
    catalog: Catalog
    problems: Problems
    throws: bool
    handled: bool

    def event(self) -> Event:
        event = Event(kind=EVENT_DEFINITIONS[self.element.name])
        match event.kind:
            case EventKind.TIMER:
                event = replace(event, timer=self._timer())
            case EventKind.MESSAGE:
                event = replace(event, message=self._message())
            case EventKind.SIGNAL:
                event = replace(event, signal=self._signal())
            case EventKind.ERROR:
                event = replace(event, error_code=self._error())
            case EventKind.ESCALATION:
                event = replace(event, escalation_code=self._escalation())
            case EventKind.CONDITIONAL:
                event = replace(event, condition=self._condition())
            case EventKind.LINK:
                event = replace(event, link=self._link())
            case EventKind.COMPENSATION:
                waits = self.element.get("waitForCompletion", "true") in TRUE
                event = replace(
                    event,
                    activity_ref=local_name(self.element.get("activityRef")),
                    wait_for_completion=waits,
                )
            case _:
                pass
        return event

    def _add(self, message: str, *, line: int = 0) -> None:
        self.problems.add(
            message, element=label(self.holder), line=line or self.element.line
        )

    def _message(self) -> Message | None:
        check_foreign_code(
            self.element, self.holder, handled=self.handled, problems=self.problems
        )
        found = read_message(self.element, self.holder, self.catalog, self.problems)
        if found is None and not self.handled:
            self._add("A message event must name its message with messageRef.")
        return found

    def _signal(self) -> str:
        name = self._reference("signalRef", self.catalog.signals)
        if not name:
            self._add("A signal event must name its signal with signalRef.")
        return plain_name(name, "signal", self.holder, self.problems)

    def _error(self) -> str:
        code = self._reference("errorRef", self.catalog.errors)
        if not code and self.throws:
            self._add("An error end event must name its error with errorRef.")
        return code

    def _escalation(self) -> str:
        code = self._reference("escalationRef", self.catalog.escalations)
        if not code and self.throws:
            self._add(
                "An event that escalates must name its escalation with escalationRef."
            )
        return code

    def _condition(self) -> str:
        condition = self.element.first("condition")
        text = feel_text(condition.text) if condition else ""
        if condition is None or not text:
            self._add("A conditional event needs FEEL text in its condition element.")
            return ""
        if not is_feel(condition.get("language")):
            self._add(
                f"The condition is written in {condition.get('language')};"
                " only FEEL runs.",
                line=condition.line,
            )
            return ""
        return text

    def _link(self) -> str:
        name = self.element.get("name") or self.holder.get("name")
        if not name:
            self._add("A link event needs a name, which throw and catch share.")
        return name

    def _reference(self, attribute: str, known: Mapping[str, str]) -> str:
        wanted = local_name(self.element.get(attribute))
        if wanted and wanted not in known:
            self._add(
                f"{attribute} names {wanted!r}, which this file does not declare."
            )
        return known.get(wanted, "") or wanted

    def _timer(self) -> TimerSpec | None:
        forms = [one for one in self.element.children if one.name in _TIMER_FORMS]
        if len(forms) != 1 or not forms[0].text.strip():
            self._add(
                "A timer needs exactly one of timeDate, timeDuration and timeCycle."
            )
            return None
        kind = _TIMER_FORMS[forms[0].name]
        text = marked_text(forms[0].text)
        if text.startswith("="):
            return TimerSpec(kind=kind, text=text)
        reader = {
            TimerKind.DATE: parse_moment,
            TimerKind.DURATION: parse_duration,
            TimerKind.CYCLE: parse_repetition,
        }[kind]
        try:
            reader(text)
        except Iso8601Error as error:
            self._add(f"{error} FEEL needs a leading =.", line=forms[0].line)
        return TimerSpec(kind=kind, text=text)


def read_message(
    element: Element, holder: Element, catalog: Catalog, problems: Problems
) -> Message | None:
    """Return the message that an event definition or a task refers to, if any.

    That is its messageRef, else the message that the operation of its operationRef
    takes in (BPMN 2.0, 8.4.3).
    """
    wanted = local_name(element.get("messageRef"))
    reference = element.first("operationRef")
    operation = element.get("operationRef") or (
        reference.text.strip() if reference else ""
    )
    if not wanted and operation:
        operation = local_name(operation)
        if operation not in catalog.operations:
            problems.add(
                f"operationRef names {operation!r}, which no interface of this file"
                " declares with a message.",
                element=label(holder),
                line=element.line,
            )
            return Message(name=operation)
        wanted = catalog.operations[operation]
    if not wanted:
        return None
    found = catalog.messages.get(wanted)
    if found is None:
        problems.add(
            f"messageRef names {wanted!r}, which this file does not declare.",
            element=label(holder),
            line=element.line,
        )
        return Message(name=wanted)
    plain_name(found.name, "message", holder, problems)
    return found


def plain_name(name: str, what: str, holder: Element, problems: Problems) -> str:
    """Return a name, or note that it is an expression, which names cannot be."""
    if name.startswith("=") or "${" in name or "#{" in name:
        problems.add(
            f"The {what}'s name {name!r} is an expression; write the name itself,"
            " and what differs from case to case into cs:correlation.",
            element=label(holder),
            line=holder.line,
        )
    return name
