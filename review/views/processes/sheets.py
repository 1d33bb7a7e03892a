"""Decision tables as the page draws them: cells, verdicts, hits, marks. No queries.

The template is components/decision_table.html.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.dashboards.decisions import Hits
from review.views.formats import Bar, format_value
from workflows.core.feel import to_feel
from workflows.core.feel.convert import quoted
from workflows.core.outline import InputColumn, OutputColumn, Rule, Side, Table
from workflows.core.outline.compare import Column, list_columns

POLICIES: Final = {
    "UNIQUE": "Unique: at most one rule may match",
    "FIRST": "First: of the rules that match, the first decides",
    "PRIORITY": "Priority: the match whose output ranks highest decides",
    "ANY": "Any: several may match if they say the same",
    "COLLECT": "Collect: the outputs of all matches, in any order",
    "RULE ORDER": "Rule order: the outputs of all matches, in the rules' order",
    "OUTPUT ORDER": "Output order: the outputs of all matches, ranked",
}
AGGREGATIONS: Final = {
    "SUM": "added up",
    "COUNT": "counted",
    "MIN": "the smallest",
    "MAX": "the largest",
}
ROW_WORDS: Final = {"changed": "changed", "only": "only here", "moved": "moved"}


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `verdict` is pass, fail or "" where nothing was evaluated."""

    text: str
    verdict: str = ""
    is_changed: bool = False
    kind: str = "input"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One rule; `light` is lit (it decided), also (it matched too) or ""."""

    number: int
    anchor: str
    cells: Sequence[Cell]
    light: str = ""
    mark: str = ""
    hits: Bar | None = None
    remarks: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """One column's head."""

    label: str
    kind: str
    expression: str = ""
    type: str = ""
    allowed: str = ""
    given: str = ""
    is_changed: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """A whole table, ready to be drawn."""

    caption: str
    mark: str
    policy: str
    heads: Sequence[Head]
    rows: Sequence[Row]
    is_lit: bool = False
    has_hits: bool = False
    answer: str = ""
    default: str = ""


def build_sheet(
    table: Table,
    *,
    caption: str,
    record: Mapping[str, Any] | None = None,
    hits: Hits | None = None,
    remarks: Mapping[int, Sequence[str]] | None = None,
    side: Side | None = None,
    anchor: str = "rule",
) -> Sheet:
    """Return a table ready to be drawn.

    `record` lights it: one table of a stored explanation. `side` marks what another
    version has differently. `anchor` begins the ids of the rows.
    """
    lights = light_rows(table, record)
    counts = hits if hits is not None and hits.evaluations else None
    cells = (record or {}).get("cells") or ()
    return Sheet(
        caption=caption,
        mark=table.mark,
        policy=_describe_policy(table),
        heads=_heads(table, record, side),
        rows=[
            _row(
                table,
                rule,
                light=lights.get(rule.number, ""),
                verdicts=cells[rule.number - 1] if rule.number <= len(cells) else "",
                hits=counts,
                remarks=(remarks or {}).get(rule.number, ()),
                side=side,
                anchor=anchor,
            )
            for rule in table.rules
        ],
        is_lit=record is not None,
        has_hits=counts is not None,
        answer=write_json(record["value"]) if record and "value" in record else "",
        default=", ".join(one.default for one in table.outputs if one.default),
    )


def find_record(
    explanation: Mapping[str, Any], *, owner: str, table: Table
) -> Mapping[str, Any] | None:
    """Return the last evaluation of a table in a stored explanation, or None.

    A shortened explanation names the table's owner alone.
    """
    found = None
    for record in explanation.get("tables") or ():
        if record["decision"] == owner and record.get("element", table.id) == table.id:
            found = record
    return found


def write_json(value: object) -> str:
    """Return a stored JSON value as FEEL text: what a person may type in again."""
    try:
        return quoted(to_feel(value))
    except TypeError:
        return format_value(value)


def _describe_policy(table: Table) -> str:
    words = POLICIES.get(table.hit_policy, table.hit_policy)
    sign = AGGREGATIONS.get(table.aggregation)
    return f"{words}; {sign}" if sign else words


def light_rows(table: Table, record: Mapping[str, Any] | None) -> dict[int, str]:
    """Return how each rule is lit that matched, by its number."""
    matched = list((record or {}).get("matched") or ())
    if not matched:
        return {}
    if not table.counts_first_only:
        return dict.fromkeys(matched, "lit")
    return {**dict.fromkeys(matched, "also"), matched[0]: "lit"}


def _heads(
    table: Table, record: Mapping[str, Any] | None, side: Side | None
) -> list[Head]:
    columns = side.columns if side else frozenset()
    given = [
        write_json(each.get("value")) for each in (record or {}).get("inputs") or ()
    ]
    given += [""] * (len(table.inputs) - len(given))
    heads = [
        _input_head(column, value, columns)
        for column, value in zip(table.inputs, given, strict=True)
    ]
    heads += [_output_head(column, columns) for column in table.outputs]
    return heads + [
        Head(label=name, kind="note", is_changed=("note", name) in columns)
        for name in table.notes
    ]


def _input_head(column: InputColumn, given: str, only: frozenset[Column]) -> Head:
    return Head(
        label=column.label,
        kind="input",
        expression=column.expression if column.expression != column.label else "",
        type=column.type,
        allowed=column.allowed,
        given=given,
        is_changed=("input", column.expression) in only,
    )


def _output_head(column: OutputColumn, only: frozenset[Column]) -> Head:
    return Head(
        label=column.name or "Answer",
        kind="output",
        type=column.type,
        allowed=column.allowed,
        is_changed=("output", column.name) in only,
    )


def _row(
    table: Table,
    rule: Rule,
    *,
    light: str,
    verdicts: str,
    hits: Hits | None,
    remarks: Sequence[str],
    side: Side | None,
    anchor: str,
) -> Row:
    texts = (*rule.tests, *rule.results, *rule.notes)
    words = {"T": "pass", "F": "fail"}
    cells = [
        Cell(
            text=text,
            verdict=words.get(verdicts[place : place + 1], ""),
            is_changed=side is not None and (rule.number, column) in side.cells,
            kind=column[0],
        )
        for place, (column, text) in enumerate(
            zip(list_columns(table), texts, strict=True)
        )
    ]
    return Row(
        number=rule.number,
        anchor=f"{anchor}-{rule.number}",
        cells=cells,
        light=light,
        mark=ROW_WORDS.get(side.rows.get(rule.number, ""), "") if side else "",
        hits=_bar(hits, rule.number) if hits else None,
        remarks=remarks,
    )


def _bar(hits: Hits, rule: int) -> Bar:
    """Return a rule's share of the evaluations; a rare hit is never called none."""
    count = hits.by_rule.get(rule, 0)
    share = 100 * count / hits.evaluations
    words = "under 1 %" if 0 < share < 1 else f"{share:.0f} %"
    return Bar(
        percent=round(share),
        label=f"{count:,} \N{MIDDLE DOT} {words}",
        title=f"{count:,} of {hits.evaluations:,} evaluations",
    )
