"""The editor of a decision table as its template draws it: rows, faults, lights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from review.forms.decision_tables import TableEditor, Texts
from review.operations.definitions.draft_tables import Judged
from review.views.processes.sheets import AGGREGATIONS, POLICIES, light_rows
from workflows.core.dmn.checking import Fault

TYPES: Final = (
    "string",
    "number",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "Any",
)
_LONG: Final = 40


@dataclass(slots=True)
class _Said:
    """Faults and hints by the field and by the row they are about."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    hints: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)


def draw_editor(
    editor: TableEditor, judged: Judged, *, record: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what the template shows of a table as it was typed."""
    said = _sort(judged.faults, first=editor.first)
    types = _list_types(judged)
    hard = [one for one in judged.faults if not one.is_hint]
    return {
        "columns": _list_heads(editor),
        "rows": _draw_rules(editor, said, judged, record=record),
        "input_columns": _heads("Label", "Expression", "Type", "Allowed values"),
        "input_rows": _draw_columns(
            editor, editor.inputs, said, part="input", types=types
        ),
        "output_columns": _heads("Name", "Label", "Type", "Allowed values", "Default"),
        "output_rows": _draw_columns(
            editor, editor.outputs, said, part="output", types=types
        ),
        "policies": [(name, words) for name, words in POLICIES.items()],
        "policy": editor.policy,
        "aggregations": [("", "as a list"), *AGGREGATIONS.items()],
        "aggregation": editor.aggregation,
        "is_collected": editor.policy == "COLLECT",
        "says_result": judged.is_tried,
        "result": editor.result,
        "result_types": _with(types, editor.result),
        "result_faults": said.faults.get("result", []),
        "result_hints": said.hints.get("result", []),
        "asks": editor.asks,
        "first": editor.first,
        "last": editor.last,
        "turn": editor.turn,
        "focus": editor.focus,
        "refused": editor.refused,
        "faults": [one.message for one in hard if _is_elsewhere(one, editor)],
        "fault_count": len(hard),
    }


def _sort(faults: Sequence[Fault], *, first: int) -> _Said:
    said = _Said()
    for one in faults:
        name = _field_name(one, first=first)
        (said.hints if one.is_hint else said.faults).setdefault(name, []).append(
            one.message
        )
        if one.unknown:
            said.unknown[name] = one.unknown
    return said


def _field_name(fault: Fault, *, first: int) -> str:
    match fault.where:
        case ("rules", int(row), str(letter), int(column)):
            return f"r{row - first}-{letter}{column}"
        case ("inputs", int(column), str(name)):
            return f"i{column}-{name}"
        case ("outputs", int(column), str(name)):
            return f"o{column}-{name}"
        case ("result",):
            return "result"
        case _:
            return ""


def _is_elsewhere(fault: Fault, editor: TableEditor) -> bool:
    """Tell whether a fault has no row on the page that says it."""
    if not fault.where or fault.where[0] != "rules":
        return not fault.where
    return not 0 <= int(fault.where[1]) - editor.first < len(editor.rows)


def _list_heads(editor: TableEditor) -> list[dict[str, str]]:
    heads = [
        {
            "head": one["label"] or one["expression"] or f"Input {k + 1}",
            "below": one["expression"] if one["label"] else "",
            "kind": "input",
        }
        for k, one in enumerate(editor.inputs)
    ]
    for k, one in enumerate(editor.outputs):
        told = one["label"] or one["name"] or f"Output {k + 1}"
        heads.append({"head": told, "below": "", "kind": "output"})
    heads += [{"head": one, "below": "", "kind": "note"} for one in editor.notes]
    return [*heads, {"head": "Note", "below": "", "kind": "note"}]


def _draw_rules(
    editor: TableEditor,
    said: _Said,
    judged: Judged,
    *,
    record: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    heads = _list_heads(editor)
    keys = editor.list_keys()
    lights = light_rows(judged.table, record)
    verdicts = (record or {}).get("cells") or ()
    rows = []
    for n, row in enumerate(editor.rows):
        number = editor.first + n + 1
        passed = verdicts[number - 1] if number <= len(verdicts) else ""
        cells = [
            {
                **_cell(
                    editor,
                    f"r{n}-{key}",
                    row.get(key, ""),
                    said,
                    label=f"{head['head']} of rule {number}",
                ),
                "kind": head["kind"],
                "is_note": head["kind"] == "note",
                "is_code": head["kind"] != "note",
                "verdict": {"T": "pass", "F": "fail"}.get(
                    passed[place : place + 1], ""
                ),
                "size": "is-text" if head["kind"] == "note" else "",
            }
            for place, (key, head) in enumerate(zip(keys, heads, strict=True))
        ]
        rows.append(
            _row(
                editor, n, row, cells, said=said, prefix=f"r{n}", more=len(editor.rows)
            )
            | {"number": number, "light": lights.get(number, "")}
        )
    return rows


def _draw_columns(
    editor: TableEditor,
    columns: Sequence[Texts],
    said: _Said,
    *,
    part: str,
    types: Sequence[str],
) -> list[dict[str, Any]]:
    words = {
        "label": "Label",
        "expression": "Expression",
        "name": "Name",
        "type": "Type",
        "allowed": "Allowed values",
        "default": "Default",
    }
    fields = {
        "input": ("label", "expression", "type", "allowed"),
        "output": ("name", "label", "type", "allowed", "default"),
    }[part]
    rows = []
    for n, column in enumerate(columns):
        cells = [
            {
                **_cell(
                    editor,
                    f"{part[0]}{n}-{key}",
                    column[key],
                    said,
                    label=f"{words[key]} of {part} {n + 1}",
                ),
                "is_note": key in {"label", "name"},
                "choices": _with(types, column[key]) if key == "type" else (),
                "is_long": False,  # a column is a line; what breaks it is kept
            }
            for key in fields
        ]
        prefix = f"{part[0]}{n}"
        row = _row(
            editor, n, column, cells, said=said, prefix=prefix, more=len(columns)
        )
        row["focus"] = _focus_of(editor, f"-{part}-{n}")
        row["must_stay"] = part == "output" and len(columns) == 1
        row["offer"] = _offer(editor, n, column, said) if part == "input" else None
        rows.append(row)
    return rows


def _offer(
    editor: TableEditor, number: int, column: Texts, said: _Said
) -> dict[str, str] | None:
    """Return the button that lets the decision ask for what an input tests."""
    name = column["expression"].partition(".")[0].strip()
    if name not in said.unknown.get(f"i{number}-expression", ()):
        return None
    if name in editor.asks:
        return None
    return {"do": f"ask-{number}", "says": f"Let the decision ask for “{name}”"}


def _row(
    editor: TableEditor,
    number: int,
    texts: Texts,
    cells: Sequence[Mapping[str, Any]],
    *,
    said: _Said,
    prefix: str,
    more: int,
) -> dict[str, Any]:
    names = [one["name"] for one in cells]
    return {
        "n": number,
        "id": prefix,
        "number": number + 1,
        "origin": texts.get("from", ""),
        "origin_name": f"{prefix}-from",
        "cells": cells,
        "faults": [text for one in names for text in said.faults.get(one, ())],
        "hints": [text for one in names for text in said.hints.get(one, ())],
        "may_up": number > 0,
        "may_down": number < more - 1,
        "focus": _focus_of(editor, f"-{number}"),
    }


def _focus_of(editor: TableEditor, ending: str) -> str:
    for way in ("up", "down"):
        if editor.focus == f"{way}{ending}":
            return way
    return ""


def _cell(
    editor: TableEditor, name: str, value: str, said: _Said, *, label: str
) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "label": label,
        "is_long": "\n" in value or len(value) > _LONG,
        "lines": min(6, value.count("\n") + 1 + len(value) // 25),
        "is_wrong": name in said.faults,
        "has_focus": editor.focus == name,
    }


def _heads(*names: str) -> list[dict[str, str]]:
    return [{"head": one} for one in names]


def _list_types(judged: Judged) -> tuple[str, ...]:
    return ("", *TYPES, *sorted(set(judged.model.types) - set(TYPES)))


def _with(choices: Sequence[str], value: str) -> tuple[str, ...]:
    return tuple(choices) if value in choices else (*choices, value)
