"""The editor of a policy's rows: plain fields of a plain form, whatever kind it is.

What a body means is judged by the operations; here texts become a body and back, and
buttons add, move and take away rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms

from review.core.policies.policies import Fault
from review.core.policies.policy_inputs import MAX_INPUTS, TYPES
from review.core.states import PolicyKind
from review.forms.acts import ReasonForm
from review.forms.days import MomentField
from review.forms.policy_sheets import SHEETS, Column, Sheet

WEEKS: Final = ((2, "2 weeks"), (4, "4 weeks"), (8, "8 weeks"), (12, "12 weeks"))
_ACT: Final = re.compile(r"(add|remove|up|down|add-input|remove-input)(?:-(\d{1,3}))?")


@dataclass(slots=True)
class Editor:
    """The rows as typed. `faults` are sentences by the name of the field."""

    kind: PolicyKind
    rows: list[dict[str, str]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    inputs: list[dict[str, str]] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    focus: str = ""
    unread: str = ""
    """Words for all rows that were typed and cannot be read."""
    turn: int = 0
    """How often it was sent."""

    @property
    def sheet(self) -> Sheet:
        """Return how its kind is edited."""
        return SHEETS[self.kind]

    @property
    def columns(self) -> Sequence[Column]:
        """Return the columns of a row, in their order."""
        return self.sheet.list_columns(self.inputs, self.rows)

    @property
    def most(self) -> int:
        """Return how many rows there may be."""
        return self.sheet.most

    def to_body(self) -> dict[str, Any]:
        """Return the body that the texts stand for, sound or not."""
        return self.sheet.to_body(self.rows, self.fields, self.inputs)

    def take_words(self, text: str) -> None:
        """Let the rows be what these words say; where they cannot be read, say so."""
        try:
            self.rows = self.sheet.read_words(text)
        except ValueError as error:
            self.unread = text
            self.faults.setdefault("words", []).append(str(error))

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
        if len(self.rows) < self.most:
            self.rows.append({column.key: column.begins for column in self.columns})
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
    keys = editor.sheet.list_keys(editor.inputs)
    editor.rows = [
        {key: data.get(f"r{n}-{key}", "").strip() for key in keys}
        for n in range(_count(data.get("rows"), editor.most))
    ]
    editor.fields = {
        column.key: data.get(f"f-{column.key}", "").strip()
        for column in editor.sheet.fields
    }
    editor.turn = _count(data.get("turn"), 10**6) + 1
    typed = " ".join(data.get("words", "").split())
    if editor.sheet.has_words and typed != data.get("shown-words", ""):
        editor.take_words(typed)
    return editor


def read_body(kind: PolicyKind, body: Mapping[str, Any]) -> Editor:
    """Return the editor for a stored body."""
    sheet = SHEETS[kind]
    return Editor(
        kind,
        inputs=[{"type": "", **one} for one in body.get("inputs", ())],
        rows=sheet.read_rows(body),
        fields=sheet.read_fields(body),
    )


class ProposeForm(ReasonForm):
    """Why a policy is to change, and from when."""

    effective_at = MomentField(
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


def _count(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isdecimal() and len(text) < 10 else 0


def _field_name(fault: Fault) -> str:
    match fault.place:
        case ("rows", int(row), int(test)):
            return f"r{row}-t{test}"
        case ("rows", int(row), str(key)):
            return f"r{row}-{key}"
        case ("rows", int(row)):
            return f"r{row}"
        case ("fields", str(key)):
            return f"f-{key}"
        case ("inputs", int(place), *_):
            return f"i{place}-expression"
        case _:
            return ""
