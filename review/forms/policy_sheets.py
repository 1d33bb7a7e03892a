"""How each kind of policy is edited: the fields above, and the columns of its rows.

A sheet says what is asked and how a body is read into texts and back; what the texts
mean is judged by the operations.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.figures.objectives import COLUMNS as OBJECTIVE_COLUMNS
from review.core.figures.objectives import HEADS as OBJECTIVE_HEADS
from review.core.figures.objectives import WINDOWS
from review.core.policies.calendar_policy import FIELDS as CALENDAR_FIELDS
from review.core.policies.calendar_policy import MOST_DAYS
from review.core.policies.clock_policy import WHERES
from review.core.policies.grid_table import CONTROLS, REVEALS
from review.core.policies.ladder_policy import (
    LAST_ACTS,
    MAX_ACTS,
    PLAIN_ACTS,
    read_words,
    write_words,
)
from review.core.policies.policies import MAX_LINES
from review.core.policies.reason_policy import DECISIONS
from review.core.policies.reason_policy import HEADS as REASON_HEADS
from review.core.policies.routing_policy import COLUMNS as ROUTING_COLUMNS
from review.core.states import PolicyKind
from workflows.core.ladders import MAX_RUNGS

_TEST: Final = re.compile(r"t\d+")
_FEWEST_ACTS: Final = 3


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
    is_long: bool = False
    """A text of more than a line."""
    begins: str = ""
    """What a new row has there."""
    offers: str = ""
    """What the installation adds to the choices: its calendars, its queues."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind that is edited as rows of texts, `rows` being their name in the body.

    `fields` stand above the rows, each a text by its own name in the body. Where a kind
    asks for inputs of the case, their tests stand before the column `asks_at`. With
    `has_words` all its rows may be typed as one text as well.
    """

    columns: tuple[Column, ...]
    rows: str = "rows"
    fields: tuple[Column, ...] = ()
    most: int = MAX_LINES
    asks_at: int | None = None
    has_types: bool = False
    has_words: bool = False

    def list_columns(
        self, inputs: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]]
    ) -> Sequence[Column]:
        """Return the columns of these rows, in their order."""
        tests = (
            Column(f"t{n}", one["expression"] or f"Input {n + 1}")
            for n, one in enumerate(inputs)
        )
        at = len(self.columns) if self.asks_at is None else self.asks_at
        return (*self.columns[:at], *tests, *self.columns[at:])

    def list_keys(self, inputs: Sequence[Mapping[str, str]]) -> list[str]:
        """Return the names of all fields that a row may have."""
        return [column.key for column in self.list_columns(inputs, ())]

    def to_body(
        self,
        rows: Sequence[Mapping[str, str]],
        fields: Mapping[str, str],
        inputs: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        """Return the body that the texts stand for, sound or not."""
        body: dict[str, Any] = {word: text for word, text in fields.items() if text}
        body[self.rows] = [
            {k: text for k, text in row.items() if text and not _TEST.fullmatch(k)}
            for row in rows
        ]
        if self.asks_at is not None:
            names = ("expression", "type") if self.has_types else ("expression",)
            body["inputs"] = [{name: one[name] for name in names} for one in inputs]
            for told, row in zip(body[self.rows], rows, strict=True):
                told["tests"] = [row.get(f"t{n}", "") for n in range(len(inputs))]
        return body

    def read_rows(self, body: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the texts of a body's rows."""
        return [
            {
                **{column.key: str(row.get(column.key, "")) for column in self.columns},
                **{f"t{n}": text for n, text in enumerate(row.get("tests", ()))},
            }
            for row in body.get(self.rows, ())
        ]

    def read_fields(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Return the texts of the fields above the rows."""
        return {column.key: str(body.get(column.key, "")) for column in self.fields}

    def read_words(self, text: str) -> list[dict[str, str]]:
        """Return the rows that words stand for. Raises ValueError that says what not."""
        raise NotImplementedError

    def write_words(self, rows: Sequence[Mapping[str, str]]) -> str:
        """Return the rows as words, "" where the kind has none."""
        return ""


class LadderSheet(Sheet):
    """Rungs: when, and up to six acts, each chosen with its argument; or as words."""

    __slots__ = ()

    def list_columns(
        self, inputs: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, str]]
    ) -> Sequence[Column]:
        """Return one column of acts more than are used, and three at least."""
        used = max(
            (n for row in rows for n in range(1, MAX_ACTS + 1) if row.get(f"act{n}")),
            default=0,
        )
        shown = min(MAX_ACTS, max(_FEWEST_ACTS, used + 1))
        return (*self.columns, *(_act(n) for n in range(1, shown + 1)))

    def list_keys(self, inputs: Sequence[Mapping[str, str]]) -> list[str]:
        """Return the names of all fields that a rung may have."""
        return ["at", *(f"act{n}" for n in range(1, MAX_ACTS + 1))]

    def to_body(
        self,
        rows: Sequence[Mapping[str, str]],
        fields: Mapping[str, str],
        inputs: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        """Return the body that the texts stand for, sound or not."""
        return {
            "rungs": [
                {"at": row.get("at", ""), "acts": _list_acts(row)} for row in rows
            ]
        }

    def read_rows(self, body: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the texts of a body's rungs."""
        return [
            {"at": rung["at"]}
            | {f"act{n}": act for n, act in enumerate(rung["acts"], 1)}
            for rung in body["rungs"]
        ]

    def read_words(self, text: str) -> list[dict[str, str]]:
        """Return the rungs that words stand for. Raises LadderError."""
        return self.read_rows(read_words(text))

    def write_words(self, rows: Sequence[Mapping[str, str]]) -> str:
        """Return the rungs as words, whether or not they can be read."""
        return write_words(self.to_body(rows, {}, ()))


def _list_acts(row: Mapping[str, str]) -> list[str]:
    acts = (row.get(f"act{n}", "") for n in range(1, MAX_ACTS + 1))
    return [act for act in acts if act]


def _act(number: int) -> Column:
    return Column(
        f"act{number}",
        "Does" if number == 1 else f"and {number}",
        choices=("", *PLAIN_ACTS, *LAST_ACTS),
        offers="escalations",
    )


_ROUTING_SIZES: Final = {
    "name": "is-long",
    "when": "is-long",
    "exclude": "is-long",
    "class": "is-letter",
    "level": "is-letter",
}
_OBJECTIVE_HINTS: Final = {
    "name": "in-time",
    "within": "PT8H",
    "share": "95",
    "least": "10",
    "burnt": "propose grid 3; slow loans to 20 an hour",
}
_OBJECTIVE_SIZES: Final = {
    "share": "is-letter",
    "least": "is-letter",
    "burnt": "is-long",
}
_OBJECTIVE_CHOICES: Final = {"class": ("", "A", "B", "C"), "window": WINDOWS}

_CALENDAR_HINTS: Final = {
    "zone": "Europe/Berlin",
    "country": "DE",
    "part": "BE",
    "mon": "09:00-12:30, 13:30-17:30",
}

SHEETS: Final[Mapping[PolicyKind, Sheet]] = {
    PolicyKind.GRID: Sheet(
        (
            Column("confidence", "Confidence", placeholder=">= 0.95"),
            Column("impact", "Impact", placeholder="< 10000"),
            Column("control", "Control", choices=CONTROLS, begins="review"),
            Column("reveal", "Reveal", choices=REVEALS, begins="on request"),
            Column("note", "Note", is_note=True),
        ),
        asks_at=2,
        has_types=True,
    ),
    PolicyKind.CLOCKS: Sheet(
        (
            Column("class", "Class", placeholder="A, B", size="is-letter"),
            Column("process", "Process", placeholder="loans", size="is-word"),
            Column("step", "Step", placeholder="judge", size="is-word"),
            Column("goal", "Goal", placeholder="PT8H", size="is-word"),
            Column("warn", "Warn", placeholder="75%", size="is-word"),
            Column("calendar", "Calendar", choices=("",), offers="calendars"),
            Column("where", "Where", choices=WHERES, begins=WHERES[0]),
            Column("note", "Note", is_note=True),
        ),
        asks_at=3,
    ),
    PolicyKind.LADDER: LadderSheet(
        (Column("at", "At", placeholder="75%", size="is-word"),),
        rows="rungs",
        most=MAX_RUNGS,
        has_words=True,
    ),
    PolicyKind.ROUTING: Sheet(
        tuple(
            Column(
                word,
                word.capitalize(),
                placeholder="amount > 500" if word == "when" else "",
                size=_ROUTING_SIZES.get(word, "is-word"),
            )
            for word in ROUTING_COLUMNS
        ),
        rows="rules",
    ),
    PolicyKind.OBJECTIVES: Sheet(
        tuple(
            Column(
                word,
                OBJECTIVE_HEADS[word],
                choices=_OBJECTIVE_CHOICES.get(word, ()),
                placeholder=_OBJECTIVE_HINTS.get(word, ""),
                size=_OBJECTIVE_SIZES.get(word, "is-word"),
            )
            for word in OBJECTIVE_COLUMNS
        )
    ),
    PolicyKind.QUORUM: Sheet((
        Column("class", "Class", choices=("", "A", "B", "C")),
        Column("process", "Process", placeholder="any", size="is-word"),
        Column("step", "Step", placeholder="any", size="is-word"),
        Column("impact", "Impact", placeholder=">= 10000", size="is-word"),
        Column("quorum", "Quorum", placeholder="2 of 3 parallel", begins="dual"),
        Column("note", "Note", is_note=True),
    )),
    PolicyKind.REASONS: Sheet((
        Column(
            "code", REASON_HEADS["code"], placeholder="income-unproven", size="is-text"
        ),
        Column("label", REASON_HEADS["label"], is_note=True, size="is-text"),
        Column(
            "decision",
            REASON_HEADS["decision"],
            choices=tuple(DECISIONS),
            begins="reject",
            size="is-long",
        ),
        Column("policy", REASON_HEADS["policy"], is_note=True, is_long=True),
        Column("words", REASON_HEADS["words"], choices=("", "yes"), size="is-letter"),
        Column("text", REASON_HEADS["text"], is_note=True, is_long=True),
        Column(
            "retired", REASON_HEADS["retired"], choices=("", "yes"), size="is-letter"
        ),
        Column("instead", REASON_HEADS["instead"], size="is-word"),
    )),
    PolicyKind.CALENDAR: Sheet(
        (
            Column("date", "Day", placeholder="2026-12-24", size="is-word"),
            Column("name", "Name", is_note=True, placeholder="Company holiday"),
        ),
        fields=tuple(
            Column(word, head, placeholder=_CALENDAR_HINTS.get(word, "off"))
            for word, head in CALENDAR_FIELDS.items()
        ),
        most=MOST_DAYS,
    ),
}
"""Every kind that is offered."""
