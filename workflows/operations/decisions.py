"""Look at the decisions of deployed definitions, and try them. Nothing is written here.

How often rules matched is counted where pages are made; running instances ask their
decisions through the engine.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workflows.core.dmn import Finding, Model, lint
from workflows.core.feel.convert import quoted
from workflows.core.outline import (
    Logic,
    Outline,
    Question,
    list_questions,
    read_outline,
)
from workflows.decisions import Decide
from workflows.models import Definition, DefinitionFile
from workflows.operations import definitions
from workflows.operations.definitions import Reference
from workflows.operations.errors import NotFound

_RULES: Final = re.compile(r"\brules? (\d+)(?: and (\d+))?\b")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A decision of a deployed definition: what it says, and what decides."""

    definition: Reference
    outline: Outline
    logic: Logic
    model: Model

    @property
    def questions(self) -> list[Question]:
        """Return what must be known to evaluate the decision."""
        return list_questions(self.outline, self.logic, self.model)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a decision made of inputs; `value` is FEEL text, `explanation` as JSON."""

    value: str
    messages: tuple[str, ...]
    explanation: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Remark:
    """What the linter says of a table: severity, sentence, and the rules it is about."""

    code: str
    severity: str
    table_id: str
    message: str
    rules: tuple[int, ...]


@lru_cache(maxsize=128)
def list_outlines(definition_id: int) -> tuple[Outline, ...]:
    """Return what the DMN files of a definition say; kept, since they never change.

    Raises NotFound where there is no such definition.
    """
    rows = DefinitionFile.objects.filter(
        definition_id=definition_id, path__endswith=".dmn"
    ).order_by("path")
    found = tuple(read_outline(bytes(row.content), source=row.path) for row in rows)
    if not found:
        definitions.compiled(definition_id)
    return found


def get_sheet(*, definition_id: int, decision: str) -> Sheet:
    """Return a decision by its id or name. Raises NotFound."""
    for outline in list_outlines(definition_id):
        logic = outline.find_decision(decision)
        if logic is not None:
            package = definitions.compiled(definition_id)
            found = package.decisions[logic.id]
            assert isinstance(found, Decide)
            return Sheet(
                definition=package.definition,
                outline=outline,
                logic=logic,
                model=found.model,
            )
    raise NotFound(f"Definition {definition_id} has no decision {decision!r}.")


def find_sheet(*, definition_id: int, decision: str) -> Sheet | None:
    """Return a decision by its id or name, or None."""
    try:
        return get_sheet(definition_id=definition_id, decision=decision)
    except NotFound:
        return None


def try_decision(
    sheet: Sheet, *, inputs: Mapping[str, object], now: dt.datetime
) -> Tried:
    """Evaluate a decision over inputs by name, JSON-like or FEEL; it never raises."""
    return try_model(sheet.model, sheet.logic.id, inputs=inputs, now=now)


def try_model(
    model: Model, decision: str, *, inputs: Mapping[str, object], now: dt.datetime
) -> Tried:
    """Evaluate a decision of a model that need not be deployed, as `try_decision`."""
    decided = model.evaluate(decision, inputs, explain=True, now=now)
    told = decided.explanation.to_json() if decided.explanation else {}
    return Tried(
        value=quoted(decided.value), messages=decided.messages, explanation=told
    )


@lru_cache(maxsize=128)
def list_remarks(definition_id: int, source: str) -> tuple[Remark, ...]:
    """Return what the linter says of the tables of one DMN file."""
    for decide in definitions.compiled(definition_id).decisions.values():
        assert isinstance(decide, Decide)
        if decide.model.source == source:
            names = {table.element: table.name for table in decide.model.tables}
            return tuple(
                remark(finding, name=names.get(finding.element, ""))
                for finding in lint(decide.model)
            )
    return ()


def remark(finding: Finding, *, name: str) -> Remark:
    """Return a finding with the rules it is about; `name` is its table's."""
    return Remark(
        code=finding.code,
        severity=finding.severity,
        table_id=finding.element,
        message=finding.message,
        rules=_rules(finding.message, name),
    )


def list_versions(key: str) -> list[Reference]:
    """Return all versions of a definition, the newest first."""
    rows = Definition.objects.filter(key=key).order_by("-version_order")
    return [
        Reference(id=row.id, key=row.key, version=row.version, name=row.name)
        for row in rows.only("key", "version", "name")
    ]


def _rules(message: str, name: str) -> tuple[int, ...]:
    """Return the numbers of the rules that a sentence of the linter names."""
    match = _RULES.search(message.removeprefix(f"'{name}'"))
    return tuple(int(number) for number in match.groups() if number) if match else ()
