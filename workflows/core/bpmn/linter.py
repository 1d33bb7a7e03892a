"""What runs but deserves a look before it is deployed. Findings never refuse.

The rules stand beside, by family: linter_flow, linter_shape, linter_failure,
linter_personal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from workflows.core.bpmn import (
    linter_failure,
    linter_flow,
    linter_personal,
    linter_shape,
)
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.linter_view import Found, LintedHandler, Rule, View
from workflows.core.bpmn.problems import Finding


class Severity(StrEnum):
    """How much a finding matters: it will fail, it may fail, or it could be better."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


RULES: Final = MappingProxyType({
    "call-in-disguise": Severity.ADVICE,
    "catches-nothing": Severity.WARNING,
    "condition-on-default": Severity.WARNING,
    "dead-join": Severity.ERROR,
    "deep-nesting": Severity.ADVICE,
    "doubled-path": Severity.WARNING,
    "endless-loop": Severity.ERROR,
    "endless-wait": Severity.WARNING,
    "god-process": Severity.ADVICE,
    "hidden-command": Severity.ADVICE,
    "loop-without-exit": Severity.WARNING,
    "name-with-and": Severity.ADVICE,
    "no-compensation": Severity.WARNING,
    "no-default-flow": Severity.WARNING,
    "no-queue": Severity.WARNING,
    "no-sla": Severity.ADVICE,
    "no-subject": Severity.WARNING,
    "no-timeout": Severity.WARNING,
    "open-subject": Severity.WARNING,
    "race-of-one": Severity.WARNING,
    "uncaught-error": Severity.WARNING,
    "uncaught-escalation": Severity.WARNING,
    "unknown-attribute": Severity.WARNING,
    "unreachable-node": Severity.WARNING,
})
"""Every code with its severity; docs/bpmn.md says what each is about."""

_FAMILIES: Final[Sequence[Rule]] = (
    linter_flow.find_unreachable,
    linter_flow.find_choices,
    linter_flow.find_joins,
    linter_flow.find_loops,
    linter_shape.find_size,
    linter_shape.find_names,
    linter_shape.find_attributes,
    linter_shape.find_people,
    linter_failure.find_waits,
    linter_failure.find_effects,
    linter_failure.find_errors,
    linter_personal.find_subjects,
)


def lint_process(
    process: Process, *, handlers: Mapping[str, LintedHandler] | None = None
) -> list[Finding]:
    """Return the findings of one process, in the order of lines.

    `handlers` are those of its steps by node id; without them the rules about calls
    have nothing to look at.
    """
    view = View(process, handlers or {})
    return _findings(
        (process.source, one) for family in _FAMILIES for one in family(view)
    )


def lint_package(
    processes: Sequence[Process],
    *,
    handlers: Mapping[str, Mapping[str, LintedHandler]],
) -> list[Finding]:
    """Return the findings of processes that are deployed together.

    `handlers` are by process id and node id.
    """
    findings = [
        one
        for process in processes
        for one in lint_process(process, handlers=handlers.get(process.id))
    ]
    return [*findings, *_findings(linter_shape.find_calls_in_disguise(processes))]


def _findings(found: Iterable[tuple[str, Found]]) -> list[Finding]:
    return sorted(_told(found), key=lambda one: (one.source, one.line, one.code))


def _told(found: Iterable[tuple[str, Found]]) -> Iterator[Finding]:
    for source, one in found:
        yield Finding(
            code=one.code,
            severity=RULES[one.code].value,
            source=source,
            line=one.line,
            element=one.element,
            message=one.message,
        )
