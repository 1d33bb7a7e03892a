"""The editor of a policy's rows: plain fields of a plain form, whatever kind it is.

What a body means is judged by the operations; here texts become a body and back, and
buttons add, move and take away rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms

from review.core.grid_table import CONTROLS, MAX_INPUTS, MAX_ROWS, REVEALS, TYPES
from review.core.objectives import COLUMNS as OBJECTIVE_COLUMNS
from review.core.objectives import HEADS, WINDOWS
from review.core.policies import Fault
from review.core.routing_policy import COLUMNS as ROUTING_COLUMNS
from review.core.states import PolicyKind
from review.forms.acts import ReasonForm

WEEKS: Final = ((2, "2 weeks"), (4, "4 weeks"), (8, "8 weeks"), (12, "12 weeks"))
_ACT: Final = re.compile(r"(add|remove|up|down|add-input|remove-input)(?:-(\d{1,3}))?")
_HINTS: Final = {"confidence": ">= 0.95", "impact": "< 10000", "when": "amount > 500"}
_SIZES: Final = {
    "name": "is-long",
    "when": "is-long",
    "exclude": "is-long",
    "class": "is-letter",
    "level": "is-letter",
}
_CHOICES: Final = {"class": ("", "A", "B", "C"), "window": WINDOWS}
_HINTS_OF_OBJECTIVES: Final = {
    "name": "in-time",
    "within": "PT8H",
    "share": "95",
    "least": "10",
    "burnt": "propose grid 3; slow loans to 20 an hour",
}
_SIZES_OF_OBJECTIVES: Final = {
    "share": "is-letter",
    "least": "is-letter",
    "burnt": "is-long",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the editor; with `choices` it is a list to choose from."""

    key: str
    head: str
    choices: tuple[str, ...] = ()
    placeholder: str = ""
    is_note: bool = False
    size: str = ""
    """How wide a text's field is drawn: a class of the style sheet, "" for the usual."""


@dataclass(slots=True)
class Editor:
    """The rows as typed. `faults` are sentences by the name of the field."""

    kind: PolicyKind
    rows: list[dict[str, str]] = field(default_factory=list)
    inputs: list[dict[str, str]] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    focus: str = ""

    @property
    def columns(self) -> list[Column]:
        """Return the columns of a row, in their order."""
        if self.kind is PolicyKind.OBJECTIVES:
            return [
                Column(
                    word,
                    HEADS[word],
                    choices=_CHOICES.get(word, ()),
                    placeholder=_HINTS_OF_OBJECTIVES.get(word, ""),
                    size=_SIZES_OF_OBJECTIVES.get(word, "is-word"),
                )
                for word in OBJECTIVE_COLUMNS
            ]
        if self.kind is PolicyKind.ROUTING:
            return [
                Column(
                    word,
                    word.capitalize(),
                    placeholder=_HINTS.get(word, ""),
                    size=_SIZES.get(word, "is-word"),
                )
                for word in ROUTING_COLUMNS
            ]
        return [
            Column("confidence", "Confidence", placeholder=_HINTS["confidence"]),
            Column("impact", "Impact", placeholder=_HINTS["impact"]),
            *(
                Column(f"t{n}", one["expression"] or f"Input {n + 1}")
                for n, one in enumerate(self.inputs)
            ),
            Column("control", "Control", choices=CONTROLS),
            Column("reveal", "Reveal", choices=REVEALS),
            Column("note", "Note", is_note=True),
        ]

    def to_body(self) -> dict[str, Any]:
        """Return the body that the texts stand for, sound or not."""
        if self.kind is PolicyKind.OBJECTIVES:
            return {"rows": [_strip(row) for row in self.rows]}
        if self.kind is PolicyKind.ROUTING:
            return {"rules": [_strip(row) for row in self.rows]}
        return {
            "inputs": [dict(one) for one in self.inputs],
            "rows": [
                {
                    **{k: v for k, v in row.items() if not re.fullmatch(r"t\d+", k)},
                    "tests": [row.get(f"t{n}", "") for n in range(len(self.inputs))],
                }
                for row in self.rows
            ],
        }

    def act(self, word: str) -> bool:
        """Do what a button asks of the rows; tell whether it was such a button."""
        match = _ACT.fullmatch(word)
        if match is None:
            return False
        place = int(match[2] or 0)
        acts: dict[str, Callable[[int], None]] = {
            "add": self._add,
            "remove": self._remove,
            "up": lambda n: self._swap(n, n - 1),
            "down": lambda n: self._swap(n, n + 1),
            "add-input": self._add_input,
            "remove-input": self._remove_input,
        }
        acts[match[1]](place)
        return True

    def blame(self, faults: Iterable[Fault]) -> None:
        """Keep faults at the fields they are about; "" is the whole."""
        for fault in faults:
            self.faults.setdefault(_field_name(fault), []).append(fault.message)

    def _add(self, _place: int) -> None:
        if len(self.rows) < MAX_ROWS:
            self.rows.append(_empty_row(self.columns))
        self.focus = f"r{len(self.rows) - 1}-{self.columns[0].key}"

    def _remove(self, place: int) -> None:
        if place < len(self.rows):
            del self.rows[place]
        self.focus = "add-row"

    def _swap(self, place: int, other: int) -> None:
        if 0 <= other < len(self.rows) and place < len(self.rows):
            rows = self.rows
            rows[place], rows[other] = rows[other], rows[place]
            self.focus = f"{'up' if other < place else 'down'}-{other}"

    def _add_input(self, _place: int) -> None:
        if len(self.inputs) < MAX_INPUTS:
            self.inputs.append({"expression": "", "type": ""})
        self.focus = f"i{len(self.inputs) - 1}-expression"

    def _remove_input(self, place: int) -> None:
        if place >= len(self.inputs):
            return
        del self.inputs[place]
        for row in self.rows:
            tests = [row.pop(f"t{n}", "") for n in range(len(self.inputs) + 1)]
            del tests[place]
            row |= {f"t{n}": text for n, text in enumerate(tests)}
        self.focus = "add-input"


def read_posted(kind: PolicyKind, data: Mapping[str, str]) -> Editor:
    """Return the editor as a form sends it; what is left out is empty."""
    editor = Editor(kind)
    editor.inputs = [
        {
            "expression": data.get(f"i{n}-expression", "").strip(),
            "type": data.get(f"i{n}-type", ""),
        }
        for n in range(_count(data.get("inputs"), MAX_INPUTS))
    ]
    keys = [column.key for column in editor.columns]
    editor.rows = [
        {key: data.get(f"r{n}-{key}", "").strip() for key in keys}
        for n in range(_count(data.get("rows"), MAX_ROWS))
    ]
    return editor


def read_body(kind: PolicyKind, body: Mapping[str, Any]) -> Editor:
    """Return the editor for a stored body."""
    if kind is PolicyKind.OBJECTIVES:
        rows = [
            {word: str(row.get(word, "")) for word in OBJECTIVE_COLUMNS}
            for row in body.get("rows", ())
        ]
        return Editor(kind, rows=rows)
    if kind is PolicyKind.ROUTING:
        rows = [
            {word: str(rule.get(word, "")) for word in ROUTING_COLUMNS}
            for rule in body.get("rules", ())
        ]
        return Editor(kind, rows=rows)
    return Editor(
        kind,
        inputs=[dict(one) for one in body.get("inputs", ())],
        rows=[
            {
                **{key: row[key] for key in ("confidence", "impact")},
                **{f"t{n}": text for n, text in enumerate(row["tests"])},
                **{key: row[key] for key in ("control", "reveal", "note")},
            }
            for row in body.get("rows", ())
        ],
    )


class ProposeForm(ReasonForm):
    """Why a policy is to change, and from when."""

    effective_at = forms.DateTimeField(
        label="In force from",
        required=False,
        help_text="Your time. Left empty: as soon as it is approved.",
        widget=forms.DateTimeInput(
            attrs={"class": "input", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )


class WeeksForm(forms.Form):
    """How far back a preview looks."""

    weeks = forms.TypedChoiceField(
        label="Replay the last",
        choices=WEEKS,
        coerce=int,
        initial=4,
        widget=forms.Select(attrs={"class": "input is-short"}),
    )

    @classmethod
    def read(cls, data: Mapping[str, str]) -> int:
        """Return the weeks asked for; anything else is four."""
        form = cls(data)
        return int(form.cleaned_data["weeks"]) if form.is_valid() else 4


def list_types() -> tuple[tuple[str, str], ...]:
    """Return the types of further inputs with their labels."""
    return tuple((word, word or "any") for word in TYPES)


def _empty_row(columns: Iterable[Column]) -> dict[str, str]:
    row = {column.key: "" for column in columns}
    if "control" in row:
        row |= {"control": "review", "reveal": "on request"}
    return row


def _strip(row: Mapping[str, str]) -> dict[str, str]:
    return {word: text for word, text in row.items() if text}


def _count(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isdecimal() else 0


def _field_name(fault: Fault) -> str:
    match fault.place:
        case ("rows", int(row), int(test)):
            return f"r{row}-t{test}"
        case ("rows", int(row), str(key)):
            return f"r{row}-{key}"
        case ("rows", int(row)):
            return f"r{row}"
        case ("inputs", int(place), *_):
            return f"i{place}-expression"
        case _:
            return ""
