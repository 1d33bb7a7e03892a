"""Why a decision came out as it did: the tables that ran, as JSON for the audit."""

from collections.abc import Mapping

from workflows.core.dmn.tables import DecisionTable, Record
from workflows.core.feel.convert import from_feel
from workflows.core.feel.limits import MAX_DEPTH, measure

_MAX_REMEMBERED = 4096
MAX_SHOWN = 10_000


class Explanation:
    """The tables evaluated for one decision, innermost first, and the inputs used."""

    __slots__ = ("_inputs", "_records")

    def __init__(self, records: list[object], inputs: Mapping[str, object]) -> None:
        """`inputs` are the FEEL values of the input data that were read."""
        self._records = [record for record in records if isinstance(record, Record)]
        self._inputs = inputs

    @property
    def records(self) -> list[Record]:
        """One record per table evaluation, in the order they finished."""
        return self._records

    def to_json(self) -> dict[str, object]:
        """`{"inputs": {...}, "tables": [...]}`, JSON-able by way of `from_feel`.

        Each table: `decision`, `element` (its id), `hit_policy` (with the aggregator),
        `inputs` (`expression` and `value` of each column), `cells` (one string per
        rule, `T` or `F` per column), `matched` (rule numbers from 1), `rules` (ids of
        those), and `value`.
        """
        return {
            "inputs": {name: _shown(value) for name, value in self._inputs.items()},
            "tables": [_table_json(record) for record in self._records],
        }


def _table_json(record: Record) -> dict[str, object]:
    table = record.table
    policy = table.hit_policy
    return {
        "decision": table.name,
        "element": table.element,
        "hit_policy": f"{policy} {table.aggregation}" if table.aggregation else policy,
        "inputs": [
            {"expression": clause.text, "value": _shown(value)}
            for clause, value in zip(table.inputs, record.inputs, strict=True)
        ],
        "cells": list(_cells(table, record.passed)),
        "matched": [rule + 1 for rule in record.matched],
        "rules": [table.rule_ids[rule] for rule in record.matched],
        "value": _shown(record.value),
    }


def _shown(value: object) -> object:
    """The value for people and JSON; one that is endless when written out is named."""
    if type(value) is list or type(value) is dict:
        size = measure(value)
        if size.nodes > MAX_SHOWN or size.depth > MAX_DEPTH:
            return f"a value of {size.nodes:,} parts"
    return from_feel(value)


def _cells(table: DecisionTable, passed: list[int]) -> tuple[str, ...]:
    """One string per rule; remembered, since few combinations of cells ever occur."""
    key = tuple(passed)
    found = table.verdicts.get(key)
    if found is None:
        found = tuple(
            "".join("T" if mask >> rule & 1 else "F" for mask in passed)
            for rule in range(len(table.rows))
        )
        if len(table.verdicts) < _MAX_REMEMBERED:
            table.verdicts[key] = found
    return found
