"""What a DMN file says, as values. Texts are FEEL as written; types are names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["input", "decision", "knowledge"]

_LETTERS: Final = {
    "UNIQUE": "U",
    "FIRST": "F",
    "PRIORITY": "P",
    "ANY": "A",
    "COLLECT": "C",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
}
_SIGNS: Final = {"SUM": "+", "COUNT": "#", "MIN": "<", "MAX": ">"}


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A column that is tested: its expression, and the values it may take."""

    label: str
    expression: str
    type: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column that is given: `default` is what comes where no rule matches."""

    name: str
    type: str = ""
    allowed: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row; `number` counts from 1, `id` is empty where none is written."""

    number: int
    id: str
    tests: tuple[str, ...]
    results: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table; `id` is its owner's name where it has none of its own."""

    id: str
    hit_policy: str
    aggregation: str
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    notes: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def mark(self) -> str:
        """Return the letter that stands in the table's corner (DMN 1.5, 8.2.8)."""
        return f"{_LETTERS.get(self.hit_policy, '?')}{_SIGNS.get(self.aggregation, '')}"

    @property
    def counts_first_only(self) -> bool:
        """Tell whether of the rules that match the first alone decides."""
        return self.hit_policy == "FIRST"


@dataclass(frozen=True, slots=True)
class Need:
    """What a decision or knowledge model requires; `id` is the target's."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Logic:
    """An input, a decision or a knowledge model of a file.

    `text` is its logic in FEEL, empty where that is a table (`table`) or nothing;
    `nested` are tables inside other expressions.
    """

    kind: Kind
    id: str
    name: str
    type: str = ""
    question: str = ""
    description: str = ""
    text: str = ""
    table: Table | None = None
    nested: tuple[Table, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return all its tables, its own first."""
        return ((self.table,) if self.table else ()) + self.nested


@dataclass(frozen=True, slots=True)
class Outline:
    """One DMN file: `items` by kind and id, in the order of the file."""

    source: str
    name: str
    items: Mapping[tuple[Kind, str], Logic] = field(default_factory=dict)

    @property
    def decisions(self) -> tuple[Logic, ...]:
        """Return the decisions in the order of the file."""
        return tuple(one for one in self.items.values() if one.kind == "decision")

    def find_decision(self, target: str) -> Logic | None:
        """Return the decision of that id, else of that name, or None."""
        found = self.items.get(("decision", target))
        named = (one for one in self.decisions if one.name == target)
        return found or next(named, None)
