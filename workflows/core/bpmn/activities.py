"""What an activity runs: handler, decision, script, called process, message. No events."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.core.bpmn.catalog import Catalog, Message, local_name
from workflows.core.bpmn.events import read_message
from workflows.core.bpmn.expressions import feel_text, is_feel
from workflows.core.bpmn.extensions import label
from workflows.core.bpmn.graph import EventKind, NodeKind
from workflows.core.bpmn.problems import Problems
from workflows.core.markup import Element

_HANDLED = frozenset({
    NodeKind.SERVICE_TASK,
    NodeKind.SEND_TASK,
    NodeKind.INTERMEDIATE_THROW_EVENT,
    NodeKind.END_EVENT,
})
_MESSAGE_TASKS = frozenset({NodeKind.SEND_TASK, NodeKind.RECEIVE_TASK})


@dataclass(frozen=True, slots=True)
class Work:
    """What one activity runs; what does not apply to its kind stays empty."""

    handler: str = ""
    decision: str = ""
    script: str = ""
    called: str = ""
    binding: str = ""
    message: Message | None = None


def read_work(
    element: Element,
    kind: NodeKind,
    *,
    properties: Mapping[str, str],
    catalog: Catalog,
    problems: Problems,
) -> Work:
    """Read what an activity runs; problems are noted."""
    reading = _Reading(element, properties, problems)
    match kind:
        case NodeKind.SERVICE_TASK:
            return Work(handler=reading.handler())
        case NodeKind.BUSINESS_RULE_TASK:
            return reading.rule()
        case NodeKind.SCRIPT_TASK:
            return Work(script=reading.script())
        case NodeKind.CALL_ACTIVITY:
            return Work(called=reading.called(), binding=properties.get("binding", ""))
        case NodeKind.SEND_TASK | NodeKind.RECEIVE_TASK:
            message = read_message(element, element, catalog, problems)
            handler = handler_of(kind, properties)
            if message is None and not handler:
                reading.no_message(kind)
            return Work(handler=handler, message=message)
        case _:
            return Work()


def handler_of(
    kind: NodeKind, properties: Mapping[str, str], event: EventKind = EventKind.MESSAGE
) -> str:
    """Return the handler that a node runs, empty where its kind runs none.

    A message that is thrown, and a send task, may have a handler that does the sending.
    """
    if kind not in _HANDLED or event is not EventKind.MESSAGE:
        return ""
    return properties.get("handler", "")


@dataclass(frozen=True, slots=True)
class _Reading:
    element: Element
    properties: Mapping[str, str]
    problems: Problems

    def _add(self, message: str) -> None:
        self.problems.add(message, element=label(self.element), line=self.element.line)

    def handler(self) -> str:
        name = self.properties.get("handler", "")
        if not name:
            self._add(
                'A service task must name its handler, e.g. cs:handler="credit.check".'
            )
        return name

    def rule(self) -> Work:
        """Read what rules a business rule task: a decision, else a handler."""
        decision = self.properties.get("decision", "")
        handler = "" if decision else self.properties.get("handler", "")
        if not decision and not handler:
            self._add(
                "A business rule task must name its decision with cs:decision, or a"
                " handler with cs:handler."
            )
        return Work(decision=decision, handler=handler)

    def script(self) -> str:
        if not is_feel(self.element.get("scriptFormat")):
            self._add(
                f"The script is written in {self.element.get('scriptFormat')};"
                " only FEEL runs."
            )
            return ""
        script = self.element.first("script")
        text = feel_text(script.text) if script else ""
        text = text or self.properties.get("script", "")
        if not text:
            self._add("A script task needs FEEL text in its script element.")
        return text

    def called(self) -> str:
        written = local_name(self.element.get("calledElement"))
        name = written or self.properties.get("called", "")
        if not name:
            self._add(
                "A call activity must name a process or definition with calledElement."
            )
        if name.startswith("=") or "${" in name or "#{" in name:
            self._add("calledElement must be a name; an expression is not run here.")
        return name

    def no_message(self, kind: NodeKind) -> None:
        if kind is NodeKind.SEND_TASK:
            self._add(
                "A send task must name its message with messageRef, or the handler"
                " that sends it with cs:handler."
            )
        else:
            self._add("A receive task must name its message with messageRef.")
