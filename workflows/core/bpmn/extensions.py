"""Attributes beyond the standard: the product's own, and other vendors' that map cleanly.

The product's namespace is `urn:countersign:bpmn:1`. Of Camunda 7, Zeebe (Camunda 8)
and Flowable only what means the same here is read; the rest is left alone, except
what would change the run, which is refused.
"""

from dataclasses import dataclass, field

from workflows.core.bpmn.graph import RetrySpec, VariableMapping
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import BPMN, CAMUNDA, FLOWABLE, OWN, ZEEBE
from workflows.core.iso8601 import Iso8601Error, parse_duration
from workflows.core.markup import Element

_CAMUNDA_ATTRIBUTES = {
    "assignee": "assignee",
    "candidateGroups": "candidate_groups",
    "candidateUsers": "candidate_users",
    "dueDate": "due_date",
    "followUpDate": "follow_up_date",
    "formKey": "form",
    "priority": "priority",
    "decisionRef": "decision",
    "resultVariable": "result",
    "topic": "handler",
}
_ZEEBE_ELEMENTS = {
    "assignmentDefinition": {
        "assignee": "assignee",
        "candidateGroups": "candidate_groups",
        "candidateUsers": "candidate_users",
    },
    "calledDecision": {"decisionId": "decision", "resultVariable": "result"},
    "calledElement": {"processId": "called"},
    "formDefinition": {"formId": "form"},
    "priorityDefinition": {"priority": "priority"},
    "script": {"expression": "script", "resultVariable": "result"},
    "taskDefinition": {"type": "handler"},
    "taskSchedule": {"dueDate": "due_date", "followUpDate": "follow_up_date"},
}
_REFUSED = {
    "executionListener": "an execution listener",
    "inputOutput": "an input/output mapping of Camunda 7; use cs:input and cs:output",
    "taskListener": "a task listener",
}
_RUNS_CODE = ("class", "delegateExpression", "expression")


@dataclass(slots=True)
class Extensions:
    """What the extensions of one element say.

    `own` are the product's attributes word for word; `properties` are those and
    the vendors' that map, under our names, ours first.
    """

    own: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    retry: RetrySpec | None = None


def read_extensions(element: Element, problems: Problems) -> Extensions:
    """Read attributes and `extensionElements` of a flow node or a process."""
    found = Extensions(own=_attributes(element, OWN))
    holder = element.first("extensionElements", namespace=BPMN)
    extras = holder.children if holder else ()
    vendor: dict[str, str] = {}
    for uri in (*sorted(CAMUNDA), FLOWABLE):
        _read_camunda(element, uri, into=vendor, problems=problems)
    inputs: list[VariableMapping] = []
    outputs: list[VariableMapping] = []
    for extra in extras:
        if extra.namespace == OWN:
            _read_own(extra, found, inputs, outputs, holder=element, problems=problems)
        elif extra.namespace == ZEEBE:
            _read_zeebe(extra, vendor, inputs, outputs)
            if extra.name == "taskDefinition" and found.retry is None:
                found.retry = _zeebe_retry(extra)
        elif extra.name in _REFUSED and extra.namespace in {*CAMUNDA, FLOWABLE}:
            problems.add(
                f"This element has {_REFUSED[extra.name]}, which is not run.",
                element=label(element),
                line=extra.line,
            )
    found.properties = {**vendor, **found.own}
    found.inputs = tuple(inputs)
    found.outputs = tuple(outputs)
    return found


def label(element: Element) -> str:
    """Return what a problem calls an element: its id, else its tag."""
    return element.get("id") or f"<{element.name}>"


def feel_text(text: str) -> str:
    """Return an expression without the leading `=` that some editors write."""
    return text.strip().removeprefix("=").strip()


def _attributes(element: Element, uri: str) -> dict[str, str]:
    prefix = f"{{{uri}}}"
    return {
        key.removeprefix(prefix): value.strip()
        for key, value in element.attributes.items()
        if key.startswith(prefix)
    }


def _read_camunda(
    element: Element, uri: str, *, into: dict[str, str], problems: Problems
) -> None:
    found = _attributes(element, uri)
    for theirs, ours in _CAMUNDA_ATTRIBUTES.items():
        if found.get(theirs):
            into.setdefault(ours, found[theirs])
    code = next((name for name in _RUNS_CODE if name in found), None)
    if code is not None:
        problems.add(
            f"The attribute {code} names code of another engine, which is not run;"
            " name a handler with cs:handler instead.",
            element=label(element),
            line=element.line,
        )


def _read_zeebe(
    extra: Element,
    into: dict[str, str],
    inputs: list[VariableMapping],
    outputs: list[VariableMapping],
) -> None:
    for theirs, ours in _ZEEBE_ELEMENTS.get(extra.name, {}).items():
        if extra.get(theirs):
            into.setdefault(ours, feel_text(extra.get(theirs)))
    if extra.name == "ioMapping":
        for child in extra.children:
            kept = inputs if child.name == "input" else outputs
            kept.append(_mapping(child))


def _zeebe_retry(extra: Element) -> RetrySpec | None:
    text = extra.get("retries")
    if not text.isdecimal():
        return None
    return RetrySpec(
        max_attempts=max(1, min(int(text), 100)), base_seconds=1, cap_seconds=60
    )


def _read_own(
    extra: Element,
    found: Extensions,
    inputs: list[VariableMapping],
    outputs: list[VariableMapping],
    *,
    holder: Element,
    problems: Problems,
) -> None:
    match extra.name:
        case "input" | "output":
            mapping = _mapping(extra)
            if not mapping.target or not mapping.source:
                problems.add(
                    f"cs:{extra.name} needs both target and source.",
                    element=label(holder),
                    line=extra.line,
                )
            (inputs if extra.name == "input" else outputs).append(mapping)
        case "retry":
            found.retry = _retry(extra, holder, problems)
        case _:
            problems.add(
                f"cs:{extra.name} is not known; known are cs:input, cs:output"
                " and cs:retry.",
                element=label(holder),
                line=extra.line,
            )


def _mapping(extra: Element) -> VariableMapping:
    return VariableMapping(
        target=extra.get("target"), source=feel_text(extra.get("source"))
    )


def _retry(extra: Element, holder: Element, problems: Problems) -> RetrySpec | None:
    attempts = extra.get("max", "3")
    if not attempts.isdecimal() or not 1 <= int(attempts) <= 100:
        problems.add(
            f"cs:retry max={attempts!r} must be a whole number from 1 to 100.",
            element=label(holder),
            line=extra.line,
        )
        return None
    base = read_seconds(extra.get("base", "PT1S"), "cs:retry base", holder, problems)
    cap = read_seconds(extra.get("cap", "PT60S"), "cs:retry cap", holder, problems)
    if base is None or cap is None:
        return None
    return RetrySpec(max_attempts=int(attempts), base_seconds=base, cap_seconds=cap)


def read_seconds(
    text: str, what: str, holder: Element, problems: Problems
) -> float | None:
    """Return the seconds of an ISO 8601 duration above zero, or note a problem."""
    try:
        duration = parse_duration(text)
    except Iso8601Error as error:
        problems.add(f"{what}: {error}", element=label(holder), line=holder.line)
        return None
    seconds = duration.exact.total_seconds()
    if duration.months or seconds <= 0:
        problems.add(
            f"{what}: {text!r} must be above zero and without years or months.",
            element=label(holder),
            line=holder.line,
        )
        return None
    return seconds
