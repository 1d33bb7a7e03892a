"""Element templates: our attributes as forms, for our own page and for other modelers.

One table says which element has which groups of attributes. It is written as Camunda
element templates for Camunda 7 and for Camunda 8 diagrams, where an attribute is an
extension property named `cs:NAME` (vendors.py reads those), and for the modeler page,
where it is the attribute itself. Pure: plain JSON values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.bpmn.template_words import WORDS, Group, Word

VERSION: Final = 1
"""Raise it when a template changes: modelers then offer the newer one."""

_SCHEMAS: Final = "https://unpkg.com/@camunda"
_TIME: Final = ("sla", "warn", "calendar", "escalate_to", "ladder")
_FAILS: Final = Group("failure", "When it fails", ("onFailure",))
_SENT: Final = Group("message", "Message", ("correlation", "timeToLive"))
_HEARD: Final = Group("message", "Message", ("correlation",))
_RESULT: Final = Group("result", "Result", ("result", "timeout"))
_WORK: Final = Group(
    "work",
    "Who does it",
    ("handler", "handlerVersion", "retry.max", "retry.base", "retry.cap"),
)


class Dialect(StrEnum):
    """For whom templates are written."""

    OWN = "own"
    CAMUNDA_7 = "camunda-7"
    CAMUNDA_8 = "camunda-8"


@dataclass(frozen=True, slots=True)
class Template:
    """A form for elements of some types."""

    key: str
    name: str
    about: str
    elements: tuple[str, ...]
    groups: tuple[Group, ...]


TEMPLATES: Final[Sequence[Template]] = (
    Template(
        "user-task",
        "Human decision",
        "A task in a queue, judged by people.",
        ("bpmn:UserTask",),
        (
            Group("task", "Task", ("queue", "title", "form", "proposal")),
            Group(
                "control",
                "Who has to look",
                (
                    "grid",
                    "confidence",
                    "impact",
                    "quorum",
                    "reject",
                    "initiator",
                    "exclude",
                ),
            ),
            Group("clock", "Time", _TIME),
            Group(
                "lane",
                "Routing",
                ("priority", "region", "skill", "level", "routing"),
            ),
            _RESULT,
            _FAILS,
        ),
    ),
    Template(
        "service-task",
        "Handler call",
        "Work of a registered handler.",
        ("bpmn:ServiceTask",),
        (_WORK, _RESULT, _FAILS),
    ),
    Template(
        "decision-task",
        "Decision table",
        "A DMN decision of the package, or a handler.",
        ("bpmn:BusinessRuleTask",),
        (Group("rule", "Decision", ("decision",)), _WORK, _RESULT, _FAILS),
    ),
    Template(
        "send-task",
        "Message out",
        "Publishes a message, by itself or by a handler.",
        ("bpmn:SendTask",),
        (_SENT, _WORK, _RESULT, _FAILS),
    ),
    Template(
        "throw-event",
        "Event that tells",
        "Publishes a message, by itself or by a handler.",
        ("bpmn:IntermediateThrowEvent", "bpmn:EndEvent"),
        (_SENT, _WORK, _RESULT),
    ),
    Template(
        "receive-task",
        "Message in",
        "Waits for a message of this name and key.",
        ("bpmn:ReceiveTask",),
        (_HEARD, _RESULT, _FAILS),
    ),
    Template(
        "catch-event",
        "Event that waits",
        "Waits for a message of this name and key, a moment or a condition.",
        ("bpmn:IntermediateCatchEvent",),
        (_HEARD, _RESULT),
    ),
    Template(
        "boundary-event",
        "Boundary event",
        "Waits while its activity runs.",
        ("bpmn:BoundaryEvent",),
        (Group("message", "What it catches", ("correlation", "result")),),
    ),
    Template(
        "start-event",
        "Beginning",
        "What a start must bring.",
        ("bpmn:StartEvent",),
        (Group("begin", "Start", ("form", "correlation", "result")),),
    ),
    Template(
        "call-activity",
        "Call",
        "Calls a process of this package or another definition.",
        ("bpmn:CallActivity",),
        (Group("call", "Called version", ("binding", "version")), _RESULT, _FAILS),
    ),
    Template(
        "gateway",
        "Parallel paths",
        "What happens when one of the paths fails for good.",
        ("bpmn:ParallelGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway"),
        (Group("failure", "When a path fails", ("onFailure", "result")),),
    ),
    Template(
        "ad-hoc",
        "Ad-hoc work",
        "Activities in no drawn order.",
        ("bpmn:AdHocSubProcess",),
        (Group("begin", "Start", ("start",)), _RESULT, _FAILS),
    ),
    Template(
        "activity",
        "Activity",
        "Time limit and result.",
        (
            "bpmn:Task",
            "bpmn:ManualTask",
            "bpmn:ScriptTask",
            "bpmn:SubProcess",
            "bpmn:Transaction",
        ),
        (_RESULT, _FAILS),
    ),
    Template(
        "process",
        "Process",
        "A clock of the whole case, and whose data it holds.",
        ("bpmn:Process",),
        (
            Group("clock", "Time", ("sla", "warn", "calendar", "ladder")),
            Group("people", "Personal data", ("personal", "subject")),
        ),
    ),
)


def write_templates(dialect: Dialect) -> list[dict[str, Any]]:
    """Return all templates as JSON values, one for each form."""
    return [_template(one, dialect) for one in TEMPLATES]


def _template(template: Template, dialect: Dialect) -> dict[str, Any]:
    written: dict[str, Any] = {
        "$schema": _schema(dialect),
        "name": f"Countersign: {template.name}",
        "id": f"countersign.{template.key}",
        "description": template.about,
        "version": VERSION,
        "appliesTo": list(template.elements),
    }
    if len(template.elements) == 1:
        written["elementType"] = {"value": template.elements[0]}
    written["groups"] = [{"id": one.key, "label": one.label} for one in template.groups]
    written["properties"] = [
        _property(name, WORDS[name], group, dialect)
        for group in template.groups
        for name in group.words
    ]
    return written


def _property(name: str, word: Word, group: Group, dialect: Dialect) -> dict[str, Any]:
    # Camunda 7 knows no long texts in extension properties.
    is_long = word.is_long and dialect is Dialect.OWN
    kind = "Dropdown" if word.choices else "Text" if is_long else "String"
    written: dict[str, Any] = {
        "id": name,
        "label": word.label,
        "description": word.hint,
        "type": kind,
        "group": group.key,
        "binding": _binding(name, dialect),
    }
    constraints: dict[str, object] = {}
    if dialect is Dialect.CAMUNDA_8:
        # What is optional and empty is left out of the file.
        written["optional"] = True
        constraints["notEmpty"] = False
    if word.choices:
        chosen = [{"name": "As usual", "value": ""}]
        chosen += [{"name": label, "value": value} for value, label in word.choices]
        written["choices"] = chosen
    if word.pattern:
        # Empty is always right: what is not said is as usual.
        value = f"^({word.pattern})?$"
        constraints["pattern"] = {"value": value, "message": word.wrong}
    if constraints:
        written["constraints"] = constraints
    return written


def _binding(name: str, dialect: Dialect) -> dict[str, str]:
    match dialect:
        case Dialect.OWN:
            return {"type": "property", "name": f"cs:{name}"}
        case Dialect.CAMUNDA_7:
            return {"type": "camunda:property", "name": f"cs:{name}"}
        case Dialect.CAMUNDA_8:
            return {"type": "zeebe:property", "name": f"cs:{name}"}


def _schema(dialect: Dialect) -> str:
    name = "zeebe-element" if dialect is Dialect.CAMUNDA_8 else "element"
    return f"{_SCHEMAS}/{name}-templates-json-schema/resources/schema.json"
