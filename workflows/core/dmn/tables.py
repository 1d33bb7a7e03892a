"""Decision tables: compiled rows, the choice of rules, and what explains it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from workflows.core.dmn import hits
from workflows.core.dmn.columns import Column
from workflows.core.feel.functions import Code, Variables
from workflows.core.feel.limits import Run
from workflows.core.feel.types import FeelType, coerce
from workflows.core.feel.values import kind_of

# A table within a function may run often; the first evaluations explain enough.
MAX_RECORDS = 200


@dataclass(frozen=True, slots=True)
class InputClause:
    """A column's expression, its label, and the values it may take.

    `domain` are the constants among the allowed values.
    """

    text: str
    label: str
    code: Code
    type: FeelType | None
    allowed: Callable[[object, Variables, Run], "bool | None"] | None
    domain: list[object] | None = None


@dataclass(frozen=True, slots=True)
class OutputClause:
    """An output column: its name (empty when alone), type, values and default."""

    name: str
    type: FeelType | None
    priorities: list[object]
    default: Code | None


class Record(NamedTuple):
    """One evaluation of a table: what `explain` turns into JSON."""

    table: "DecisionTable"
    inputs: list[object]
    passed: list[int]
    matched: list[int]
    value: object


class DecisionTable:
    """A compiled table; `evaluate` is its closure."""

    __slots__ = (
        "aggregation",
        "all_rules",
        "annotations",
        "columns",
        "element",
        "hit_policy",
        "inputs",
        "name",
        "outputs",
        "rows",
        "rule_ids",
        "texts",
        "verdicts",
    )

    def __init__(
        self,
        *,
        name: str,
        element: str,
        hit_policy: str,
        aggregation: str,
        inputs: list[InputClause],
        outputs: list[OutputClause],
        columns: list[Column],
        rows: list[list[Code]],
        rule_ids: list[str],
        texts: list[list[str]],
        annotations: list[str],
    ) -> None:
        """Hold the parts; `rows` are the output entries, `texts` their texts."""
        self.name = name
        self.element = element
        self.hit_policy = hit_policy
        self.aggregation = aggregation
        self.inputs = inputs
        self.outputs = outputs
        self.columns = columns
        self.rows = rows
        self.rule_ids = rule_ids
        self.texts = texts
        self.annotations = annotations
        self.all_rules = (1 << len(rows)) - 1
        # Explanations of cells by the sets of rules passed; see `explain`.
        self.verdicts: dict[tuple[int, ...], tuple[str, ...]] = {}

    def evaluate(self, variables: Variables, run: Run) -> object:
        """The table's value; adds a Record to the account's trace when there is one."""
        values = []
        matched = self.all_rules
        passed = []
        tracing = run.trace is not None
        for clause, column in zip(self.inputs, self.columns, strict=True):
            value = clause.code(variables, run)
            if (
                clause.type is not None
                and value is not None
                and not clause.type.accepts(value)
            ):
                # A value of another type is left to the cells, which say so.
                fitted, fits = coerce(value, clause.type)
                value = fitted if fits else value
            if clause.allowed is not None and not self._is_allowed(
                clause, value, variables, run
            ):
                return None
            values.append(value)
            among = self.all_rules if tracing else matched
            found = column.passing(value, among, variables, run)
            passed.append(found)
            matched &= found
        rules = _rules_of(matched)
        value = self._value(rules, variables, run)
        if run.trace is not None and len(run.trace) < MAX_RECORDS:
            run.trace.append(Record(self, values, passed, rules, value))
        return value

    def _is_allowed(
        self, clause: InputClause, value: object, variables: Variables, run: Run
    ) -> bool:
        assert clause.allowed is not None
        if clause.allowed(value, variables, run):
            return True
        run.note(
            f"{self.name}: the value of '{clause.text}' is not among its allowed values"
        )
        return False

    def _value(self, rules: list[int], variables: Variables, run: Run) -> object:
        if not rules:
            return self._default(variables, run)
        if self.hit_policy in ("FIRST", "UNIQUE"):
            if len(rules) > 1 and self.hit_policy == "UNIQUE":
                numbers = ", ".join(str(rule + 1) for rule in rules)
                return run.note(
                    f"{self.name}: hit policy UNIQUE, but rules {numbers} match"
                )
            return self._make(self._row(rules[0], variables, run))
        rows = [self._row(rule, variables, run) for rule in rules]
        if self.hit_policy == "ANY":
            return self._make(rows[0]) if hits.agree(rows, rules, run) else None
        if self.aggregation:
            return self._aggregate(rows, run)
        if self.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
            priorities = [clause.priorities for clause in self.outputs]
            rows.sort(key=lambda row: hits.rank(row, priorities))
        values = [self._make(row) for row in rows]
        return values[0] if self.hit_policy == "PRIORITY" else values

    def _row(self, rule: int, variables: Variables, run: Run) -> hits.Outputs:
        """The rule's outputs, fitted to their columns' types."""
        found: hits.Outputs = []
        for clause, code in zip(self.outputs, self.rows[rule], strict=True):
            value = code(variables, run)
            if (
                clause.type is not None
                and value is not None
                and not clause.type.accepts(value)
            ):
                fitted, fits = coerce(value, clause.type)
                if not fits:
                    run.note(
                        f"{self.name}, rule {rule + 1}: a {kind_of(value)} "
                        f"is not a {clause.type.name}"
                    )
                value = fitted
            found.append(value)
        return found

    def _make(self, row: hits.Outputs) -> object:
        if len(self.outputs) == 1:
            return row[0]
        return {
            clause.name: value for clause, value in zip(self.outputs, row, strict=True)
        }

    def _aggregate(self, rows: list[hits.Outputs], run: Run) -> object:
        if len(self.outputs) == 1 or self.aggregation == "COUNT":
            return hits.aggregate(self.aggregation, [row[0] for row in rows], run)
        return {
            clause.name: hits.aggregate(
                self.aggregation, [row[place] for row in rows], run
            )
            for place, clause in enumerate(self.outputs)
        }

    def _default(self, variables: Variables, run: Run) -> object:
        if any(clause.default is not None for clause in self.outputs):
            row = [
                None if clause.default is None else clause.default(variables, run)
                for clause in self.outputs
            ]
            value = self._make(row)
            is_list = self.hit_policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER")
            if is_list and not self.aggregation and not isinstance(value, list):
                return [value]
            return value
        if self.hit_policy == "COLLECT" and self.aggregation in ("", "COUNT"):
            return hits.aggregate("COUNT", [], run) if self.aggregation else []
        return run.note(f"{self.name}: no rule matches")


def _rules_of(mask: int) -> list[int]:
    """The rules of a set, in order."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
