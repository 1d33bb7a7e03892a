"""The editor of a decision table: plain fields of a plain form, and what buttons do.

Rules of long tables are edited a window at a time: those outside it stay as they stand
in the file. What the texts mean is judged by the operations.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from workflows.core.dmn.editing import DASH, Ask, Input, Output, Rule, Sheet
from workflows.core.dmn.source import make_fit

Texts = dict[str, str]

MOST_FIELDS: Final = 900
"""Django reads 1,000 fields of a form."""
WINDOW: Final = 60
MOST_COLUMNS: Final = 40
INPUT_FIELDS: Final = ("label", "expression", "type", "allowed")
OUTPUT_FIELDS: Final = ("name", "label", "type", "allowed", "default")
_ACT: Final = re.compile(
    r"(add|copy|remove|up|down|ask)(?:-(input|output))?(?:-(\d{1,4}))?"
)
_AGGREGATED: Final = "COLLECT"


@dataclass(slots=True)
class TableEditor:
    """A table as typed. Each `from` names the place in the file, "" is new.

    Rules `first` to before `last` of the file are those that `rows` stand for.
    """

    policy: str = "UNIQUE"
    aggregation: str = ""
    result: str = ""
    inputs: list[Texts] = field(default_factory=list)
    outputs: list[Texts] = field(default_factory=list)
    rows: list[Texts] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    first: int = 0
    last: int = 0
    asks: list[str] = field(default_factory=list)
    focus: str = ""
    turn: int = 0
    refused: str = ""

    def act(self, word: str) -> bool:
        """Do what a button asks of rows and columns; tell whether it was such one."""
        match = _ACT.fullmatch(word)
        if match is None:
            return False
        name, part, place = match[1], match[2] or "", int(match[3] or 0)
        if part:
            self._act_on_columns(name, part, place)
            return True
        acts: dict[str, Callable[[int], None]] = {
            "add": self._add_row,
            "copy": self._copy_row,
            "remove": self._remove_row,
            "up": lambda n: self._swap_rows(n, n - 1),
            "down": lambda n: self._swap_rows(n, n + 1),
            "ask": self._ask,
        }
        acts[name](place)
        return True

    def to_sheet(self, standing: Sheet) -> Sheet:
        """Return what is typed, with the rules outside the window as they stand."""
        inputs = tuple(
            Input(
                label=one["label"],
                expression=one["expression"],
                type=one["type"],
                allowed=one["allowed"],
                origin=_origin(one),
            )
            for one in self.inputs
        )
        outputs = tuple(
            Output(
                name=one["name"],
                type=one["type"],
                allowed=one["allowed"],
                default=one["default"],
                label=one["label"],
                origin=_origin(one),
            )
            for one in self.outputs
        )
        tests = [one.origin for one in inputs]
        results = [one.origin for one in outputs]

        def keep(rule: Rule) -> Rule:
            return rule._replace(
                tests=tuple(DASH if n is None else rule.tests[n] for n in tests),
                results=tuple("" if n is None else rule.results[n] for n in results),
            )

        return Sheet(
            inputs=inputs,
            outputs=outputs,
            notes=standing.notes,
            hit_policy=self.policy,
            aggregation=self.aggregation if self.policy == _AGGREGATED else "",
            rules=(
                *map(keep, standing.rules[: self.first]),
                *map(self._read_rule, self.rows),
                *map(keep, standing.rules[self.last :]),
            ),
        )

    def list_asks(self) -> list[Ask]:
        """Return the inputs that the decision is to require, typed as their column."""
        types = {one["expression"]: one["type"] for one in self.inputs}
        return [Ask(name, types.get(name, "")) for name in self.asks]

    def list_keys(self) -> list[str]:
        """Return the names of a row's fields."""
        return [
            *(f"t{k}" for k in range(len(self.inputs))),
            *(f"o{k}" for k in range(len(self.outputs))),
            *(f"n{k}" for k in range(len(self.notes))),
            "d",
        ]

    def _read_rule(self, row: Texts) -> Rule:
        return Rule(
            tests=tuple(row.get(f"t{k}", "") for k in range(len(self.inputs))),
            results=tuple(row.get(f"o{k}", "") for k in range(len(self.outputs))),
            notes=tuple(row.get(f"n{k}", "") for k in range(len(self.notes))),
            description=row.get("d", ""),
            origin=_origin(row),
        )

    def _count_fields(self, *, rows: int = 0, columns: int = 0) -> int:
        cells = len(self.list_keys()) + 1 + columns
        heads = 6 * (len(self.inputs) + len(self.outputs) + columns)
        return (len(self.rows) + rows) * cells + heads + 50

    def _has_room(self, **more: int) -> bool:
        wide = len(self.inputs) + len(self.outputs) + more.get("columns", 0)
        if self._count_fields(**more) <= MOST_FIELDS and wide <= MOST_COLUMNS:
            return True
        self.refused = (
            "There are too many cells on this page for more. Save it; then fewer rules"
            f" are shown at a time. A table has {MOST_COLUMNS} columns at most here."
        )
        return False

    def _add_row(self, _place: int) -> None:
        self._insert(len(self.rows), {f"t{k}": DASH for k in range(len(self.inputs))})

    def _copy_row(self, place: int) -> None:
        if place < len(self.rows):
            self._insert(place + 1, {**self.rows[place], "from": ""})

    def _insert(self, place: int, row: Texts) -> None:
        if self._has_room(rows=1):
            self.rows.insert(place, row)
            self.focus = f"r{place}-{self.list_keys()[0]}"

    def _remove_row(self, place: int) -> None:
        if place < len(self.rows):
            del self.rows[place]
        self.focus = f"r{min(place, len(self.rows) - 1)}-{self.list_keys()[0]}"
        if not self.rows:
            self.focus = "add-row"

    def _swap_rows(self, place: int, other: int) -> None:
        if _swap(self.rows, place, other):
            self.focus = f"{'up' if other < place else 'down'}-{other}"

    def _ask(self, place: int) -> None:
        if place < len(self.inputs):
            name = self.inputs[place]["expression"].partition(".")[0].strip()
            if name and name not in self.asks:
                self.asks.append(name)
        self.focus = f"i{place}-expression"

    def _act_on_columns(self, name: str, part: str, place: int) -> None:
        columns, letter = (self.inputs, "t") if part == "input" else (self.outputs, "o")
        fields = INPUT_FIELDS if part == "input" else OUTPUT_FIELDS
        order = list(range(len(columns)))
        if name == "add":
            if not self._has_room(columns=1):
                return
            columns.append({"from": "", **dict.fromkeys(fields, "")})
            for row in self.rows:
                row[f"{letter}{len(order)}"] = DASH if part == "input" else ""
            second = fields[1] if part == "input" else fields[0]
            self.focus = f"{part[0]}{len(order)}-{second}"
        elif name == "remove" and place in order:
            order.remove(place)
            self.focus = f"add-{part}"
        elif name in {"up", "down"}:
            other = place - 1 if name == "up" else place + 1
            if _swap(order, place, other):
                self.focus = f"{name}-{part}-{other}"
        if name != "add":
            columns[:] = [columns[n] for n in order]
            for row in self.rows:
                texts = [row.get(f"{letter}{n}", "") for n in order]
                row |= {f"{letter}{n}": text for n, text in enumerate(texts)}


def read_stored(sheet: Sheet, *, result: str, first: int = 0) -> TableEditor:
    """Return the editor for a table as it stands, from one of its rules on."""
    size = window_size(sheet)
    first = min(max(first, 0), max(len(sheet.rules) - 1, 0)) // size * size
    last = min(first + size, len(sheet.rules))
    return TableEditor(
        policy=sheet.hit_policy,
        aggregation=sheet.aggregation,
        result=result,
        inputs=[_texts(one._asdict()) for one in sheet.inputs],
        outputs=[_texts(one._asdict()) for one in sheet.outputs],
        rows=[_row(one) for one in sheet.rules[first:last]],
        notes=sheet.notes,
        first=first,
        last=last,
    )


def read_posted(data: Mapping[str, str], standing: Sheet) -> TableEditor:
    """Return the editor as a form sends it; what is left out is empty."""
    rules = len(standing.rules)
    first = min(_number(data.get("first")), rules)
    editor = TableEditor(
        policy=data.get("policy", "UNIQUE"),
        aggregation=data.get("aggregation", ""),
        result=data.get("result", ""),
        notes=standing.notes,
        first=first,
        last=min(max(_number(data.get("last")), first), rules),
        turn=_number(data.get("turn")) + 1,
        asks=[
            _text(data, f"ask-{n}") for n in range(min(_number(data.get("asks")), 20))
        ],
    )
    told = [_texts(one._asdict()) for one in standing.inputs]
    editor.inputs = _columns(data, "i", INPUT_FIELDS, standing=told)
    told = [_texts(one._asdict()) for one in standing.outputs]
    editor.outputs = _columns(data, "o", OUTPUT_FIELDS, standing=told)
    keys = editor.list_keys()
    free = {str(n) for n in range(first, editor.last)}
    editor.rows = [
        {key: _text(data, f"r{n}-{key}") for key in keys}
        | {"from": _take(data.get(f"r{n}-from"), free)}
        for n in range(min(_number(data.get("rows")), MOST_FIELDS))
    ]
    return editor


def is_too_wide(sheet: Sheet) -> bool:
    """Tell whether a table has more columns than a form can send."""
    return len(sheet.inputs) + len(sheet.outputs) + len(sheet.notes) > MOST_COLUMNS


def window_size(sheet: Sheet) -> int:
    """Return how many rules are edited at a time."""
    columns = len(sheet.inputs) + len(sheet.outputs) + len(sheet.notes) + 2
    return max(10, min(WINDOW, 600 // columns))


def _columns(
    data: Mapping[str, str],
    letter: str,
    fields: Sequence[str],
    *,
    standing: Sequence[Texts],
) -> list[Texts]:
    """Read columns; a field of one line is no reason to change a text of several."""
    free = {one["from"] for one in standing}
    found = []
    for n in range(min(_number(data.get(f"{letter}s")), 100)):
        origin = _take(data.get(f"{letter}{n}-from"), free)
        column = {name: _line(_text(data, f"{letter}{n}-{name}")) for name in fields}
        before = standing[int(origin)] if origin else {}
        kept = {
            name: before[name]
            for name in fields
            if before and _line(before[name]) == column[name]
        }
        found.append({**column, **kept, "from": origin})
    return found


def _row(rule: Rule) -> Texts:
    return {
        "from": str(rule.origin),
        "d": rule.description,
        **{f"t{k}": text for k, text in enumerate(rule.tests)},
        **{f"o{k}": text for k, text in enumerate(rule.results)},
        **{f"n{k}": text for k, text in enumerate(rule.notes)},
    }


def _texts(column: Mapping[str, object]) -> Texts:
    told = {name: str(text) for name, text in column.items() if name != "origin"}
    return {**told, "from": str(column["origin"])}


def _text(data: Mapping[str, str], name: str) -> str:
    return make_fit(data.get(name, "")).strip()


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _take(text: str | None, free: set[str]) -> str:
    """Return a place in the file as sent; "" for one that is taken, or never was."""
    if text not in free:
        return ""
    free.discard(text)
    return text


def _line(text: str) -> str:
    return " ".join(text.split())


def _origin(texts: Mapping[str, str]) -> int | None:
    return int(texts["from"]) if texts.get("from") else None


def _swap(items: list[Any], place: int, other: int) -> bool:
    if not (0 <= other < len(items) and place < len(items)):
        return False
    items[place], items[other] = items[other], items[place]
    return True
