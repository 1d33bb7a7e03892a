"""Attributes beyond the standard: the product's own, with the vendors' that map.

The product's namespace is `urn:countersign:bpmn:1`. Where both say something, ours
wins. Extensions of namespaces nobody here knows are left alone.
"""

from dataclasses import dataclass, field

from workflows.core.bpmn.expressions import feel_text
from workflows.core.bpmn.graph import RetrySpec, VariableMapping
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vendors import (
    MAX_ATTEMPTS,
    attributes,
    foreign_code,
    label,
    read_vendors,
)
from workflows.core.bpmn.vocabulary import BPMN, OWN
from workflows.core.iso8601 import Iso8601Error, parse_duration
from workflows.core.markup import Element

__all__ = [
    "Extensions",
    "check_foreign_code",
    "extras_of",
    "label",
    "read_extensions",
    "read_seconds",
]


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
    extras = extras_of(element)
    vendor = read_vendors(element, extras, problems)
    reading = _OwnElements(element, problems)
    retry = {
        name: vendor.own.pop(f"retry.{name}")
        for name in ("max", "base", "cap")
        if f"retry.{name}" in vendor.own
    }
    if retry:
        reading.read_retry(Element(OWN, "retry", retry, line=element.line))
    for extra in extras:
        if extra.namespace == OWN:
            reading.read(extra)
    own = {**vendor.own, **attributes(element, OWN)}
    check_foreign_code(element, element, handled="handler" in own, problems=problems)
    return Extensions(
        own=own,
        properties={**vendor.properties, **own},
        inputs=(*vendor.inputs, *reading.inputs),
        outputs=(*vendor.outputs, *reading.outputs),
        retry=reading.retry or vendor.retry,
    )


def extras_of(element: Element) -> tuple[Element, ...]:
    """Return an element's extension elements."""
    holder = element.first("extensionElements", namespace=BPMN)
    return holder.children if holder else ()


def check_foreign_code(
    element: Element, holder: Element, *, handled: bool, problems: Problems
) -> None:
    """Note code of another engine, unless a handler of ours does the work."""
    code = foreign_code(element)
    if code and not handled:
        problems.add(
            f"The attribute {code} names code of another engine, which is not run;"
            " name a handler with cs:handler instead.",
            element=label(holder),
            line=element.line,
        )


@dataclass(slots=True)
class _OwnElements:
    """Reads the product's own extension elements of `holder`."""

    holder: Element
    problems: Problems
    inputs: list[VariableMapping] = field(default_factory=list)
    outputs: list[VariableMapping] = field(default_factory=list)
    retry: RetrySpec | None = None

    def read(self, extra: Element) -> None:
        """Read one element, or note that it is not known."""
        match extra.name:
            case "input" | "output":
                self._mapping(extra)
            case "retry":
                self.read_retry(extra)
            case _:
                self._add(
                    f"cs:{extra.name} is not known; known are cs:input, cs:output"
                    " and cs:retry.",
                    extra,
                )

    def read_retry(self, extra: Element) -> None:
        """Read the attempts that an element says."""
        self.retry = self._retry(extra)

    def _add(self, message: str, extra: Element) -> None:
        self.problems.add(message, element=label(self.holder), line=extra.line)

    def _mapping(self, extra: Element) -> None:
        mapping = VariableMapping(
            target=extra.get("target"), source=feel_text(extra.get("source"))
        )
        if not mapping.target or not mapping.source:
            self._add(f"cs:{extra.name} needs both target and source.", extra)
        (self.inputs if extra.name == "input" else self.outputs).append(mapping)

    def _retry(self, extra: Element) -> RetrySpec | None:
        attempts = extra.get("max", "3")
        if not attempts.isdecimal() or not 1 <= int(attempts) <= MAX_ATTEMPTS:
            self._add(
                f"cs:retry max={attempts!r} must be a whole number from 1 to"
                f" {MAX_ATTEMPTS}.",
                extra,
            )
            return None
        holder, problems = self.holder, self.problems
        base = read_seconds(
            extra.get("base", "PT1S"), "cs:retry base", holder, problems
        )
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
