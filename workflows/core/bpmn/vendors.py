"""What Camunda 7, Zeebe (Camunda 8) and Flowable write that means the same here.

Only reading: words under our names, mappings, retries. What would change the run and
is not run is a problem; all else of theirs is left alone.
"""

import re
from dataclasses import dataclass, field

from workflows.core.bpmn.expressions import feel_text, marked_text
from workflows.core.bpmn.graph import RetrySpec, VariableMapping
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import CAMUNDA, FLOWABLE, ZEEBE
from workflows.core.iso8601 import Iso8601Error, parse_duration
from workflows.core.markup import Element

JUEL_VENDORS = frozenset({*CAMUNDA, FLOWABLE})
MAX_ATTEMPTS = 100
OWN_PREFIX = "cs:"
"""How extension properties are named that stand for our own attributes."""

_ATTRIBUTES = {
    "assignee": "assignee",
    "calledElementBinding": "binding",
    "calledElementVersion": "version",
    "calledElementVersionTag": "version",
    "candidateGroups": "candidate_groups",
    "candidateUsers": "candidate_users",
    "decisionRef": "decision",
    "dueDate": "due_date",
    "followUpDate": "follow_up_date",
    "formKey": "form",
    "priority": "priority",
    "resultVariable": "result",
    "resultVariableName": "result",
    "topic": "handler",
}
_ZEEBE_ELEMENTS = {
    "adHoc": {"activeElementsCollection": "start"},
    "assignmentDefinition": {
        "assignee": "assignee",
        "candidateGroups": "candidate_groups",
        "candidateUsers": "candidate_users",
    },
    "calledDecision": {"decisionId": "decision", "resultVariable": "result"},
    "calledElement": {
        "bindingType": "binding",
        "processId": "called",
        "versionTag": "version",
    },
    "formDefinition": {"formId": "form"},
    "priorityDefinition": {"priority": "priority"},
    "publishMessage": {"correlationKey": "correlation", "timeToLive": "timeToLive"},
    "script": {"expression": "script", "resultVariable": "result"},
    "taskDefinition": {"type": "handler"},
    "taskSchedule": {"dueDate": "due_date", "followUpDate": "follow_up_date"},
}
# Names of things, not expressions: JUEL or FEEL in them is kept word for word.
_NAMES = frozenset({"called", "decision", "form", "handler", "result", "version"})
_BINDINGS = {
    "deployment": "pinned",
    "latest": "latest",
    "version": "pinned",
    "versionTag": "pinned",
}
_REFUSED = {
    "executionListener": "an execution listener",
    "executionListeners": "an execution listener",
    "taskListener": "a task listener",
    "taskListeners": "a task listener",
}
_RUNS_CODE = ("class", "delegateExpression", "expression")
_RETRY_CYCLE = re.compile(r"R(\d{1,4})/(P.+)")


@dataclass(slots=True)
class VendorWords:
    """What vendors' extensions of one element say; `code` is foreign code it names.

    `own` are our own attributes, as modelers write them that know only properties:
    those named `cs:NAME`.
    """

    properties: dict[str, str] = field(default_factory=dict)
    inputs: list[VariableMapping] = field(default_factory=list)
    outputs: list[VariableMapping] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)
    retry: RetrySpec | None = None
    code: str = ""


def read_vendors(
    element: Element, extras: tuple[Element, ...], problems: Problems
) -> VendorWords:
    """Read vendors' attributes and extension elements of one element."""
    found = VendorWords(code=foreign_code(element))
    for uri in (*sorted(CAMUNDA), FLOWABLE):
        for theirs, text in attributes(element, uri).items():
            if theirs in _ATTRIBUTES and text:
                _keep(found, _ATTRIBUTES[theirs], text)
    for extra in extras:
        reader = _ExtraReader(extra, element, found, problems)
        if extra.namespace == ZEEBE:
            reader.zeebe()
        elif extra.namespace in JUEL_VENDORS:
            reader.camunda()
        if extra.name == "properties" and extra.namespace in {*JUEL_VENDORS, ZEEBE}:
            _read_properties(extra, found)
        if extra.name in _REFUSED and extra.namespace in {*JUEL_VENDORS, ZEEBE}:
            reader.add(f"This element has {_REFUSED[extra.name]}, which is not run.")
    _check_all_variables(element, extras, found, problems)
    if "binding" in found.properties:
        written = found.properties["binding"]
        found.properties["binding"] = _BINDINGS.get(written, written)
    return found


def _read_properties(extra: Element, found: VendorWords) -> None:
    """Take our own attributes from extension properties; an empty one says nothing."""
    for child in extra.children:
        name, value = child.get("name"), child.get("value").strip()
        if name.startswith(OWN_PREFIX) and value:
            found.own.setdefault(name.removeprefix(OWN_PREFIX), value)


def foreign_code(element: Element) -> str:
    """Return the name of an attribute that names code of another engine, if any."""
    for uri in JUEL_VENDORS:
        given = attributes(element, uri)
        for name in _RUNS_CODE:
            if name in given:
                return name
    return ""


def attributes(element: Element, uri: str) -> dict[str, str]:
    """Return an element's attributes of one namespace, by local name."""
    prefix = f"{{{uri}}}"
    return {
        key.removeprefix(prefix): value.strip()
        for key, value in element.attributes.items()
        if key.startswith(prefix)
    }


def label(element: Element) -> str:
    """Return what a problem calls an element: its id, else its tag."""
    return element.get("id") or f"<{element.name}>"


def _keep(found: VendorWords, ours: str, text: str) -> None:
    kept = text if ours in _NAMES else marked_text(text)
    found.properties.setdefault(ours, kept)


def _check_all_variables(
    element: Element,
    extras: tuple[Element, ...],
    found: VendorWords,
    problems: Problems,
) -> None:
    """Note `variables="all"` beside single mappings: it is one or the other here."""
    for side, mappings in (("in", found.inputs), ("out", found.outputs)):
        for extra in extras:
            if extra.name == side and extra.get("variables") and mappings:
                problems.add(
                    f'This call passes variables="{extra.get("variables")}" {side} and'
                    " single ones too; pass all, or name each.",
                    element=label(element),
                    line=extra.line,
                )


@dataclass(frozen=True, slots=True)
class _ExtraReader:
    """Reads one extension element of `holder` into what was found."""

    extra: Element
    holder: Element
    found: VendorWords
    problems: Problems

    def add(self, message: str) -> None:
        """Note a problem of the element that has this extension."""
        self.problems.add(message, element=label(self.holder), line=self.extra.line)

    def zeebe(self) -> None:
        """Read one of Zeebe's."""
        for theirs, ours in _ZEEBE_ELEMENTS.get(self.extra.name, {}).items():
            if self.extra.get(theirs):
                text = self.extra.get(theirs)
                feel = text if ours == "called" else feel_text(text)
                self.found.properties.setdefault(ours, feel)
        if self.extra.name == "ioMapping":
            for child in self.extra.children:
                inward = child.name == "input"
                self._map(child.get("target"), child.get("source"), inward=inward)
        if self.extra.name == "taskDefinition" and self.extra.get("retries"):
            self.found.retry = _attempts(self.extra.get("retries"))

    def camunda(self) -> None:
        """Read one of Camunda 7's or Flowable's, which began as one engine."""
        match self.extra.name:
            case "in" | "out":
                source = self.extra.get("sourceExpression") or self.extra.get("source")
                if source:
                    inward = self.extra.name == "in"
                    self._map(self.extra.get("target"), source, inward=inward)
            case "inputOutput":
                for child in self.extra.children:
                    self._parameter(child)
            case "failedJobRetryTimeCycle":
                self._retry_cycle(self.extra.text.strip())
            case _:
                pass

    def _map(self, target: str, source: str, *, inward: bool) -> None:
        mapping = VariableMapping(target=target, source=feel_text(source))
        (self.found.inputs if inward else self.found.outputs).append(mapping)

    def _parameter(self, child: Element) -> None:
        if child.children:
            self.add(
                f"The parameter {child.get('name')!r} is a {child.children[0].name};"
                " only a text or an expression is read; use cs:input and cs:output."
            )
            return
        text = child.text.strip()
        if "${" not in text and "#{" not in text:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            text = f'"{escaped}"'
        self._map(child.get("name"), text, inward=child.name == "inputParameter")

    def _retry_cycle(self, text: str) -> None:
        match = _RETRY_CYCLE.fullmatch(text)
        try:
            pause = parse_duration(match[2]).exact.total_seconds() if match else 0
        except Iso8601Error:
            pause = 0
        if match is None or not int(match[1]) or pause <= 0:
            self.add(
                f"The retries {text!r} are not of the form R3/PT10S; write that, or"
                " use cs:retry."
            )
            return
        self.found.retry = RetrySpec(
            max_attempts=min(int(match[1]), MAX_ATTEMPTS),
            base_seconds=pause,
            cap_seconds=pause,
        )


def _attempts(text: str) -> RetrySpec | None:
    if not text.isdecimal():
        return None
    attempts = max(1, min(int(text), MAX_ATTEMPTS))
    return RetrySpec(max_attempts=attempts, base_seconds=1, cap_seconds=60)
