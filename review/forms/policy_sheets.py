"""How each kind of policy is edited: the fields above, and the columns of its rows.

A sheet says what is asked and how a body is read into texts and back; what the texts
mean is judged by the operations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.objectives import COLUMNS as OBJECTIVE_COLUMNS
from review.core.objectives import HEADS as OBJECTIVE_HEADS
from review.core.objectives import WINDOWS
from review.core.policies import MAX_LINES
from review.core.reason_policy import DECISIONS
from review.core.reason_policy import HEADS as REASON_HEADS
from review.core.routing_policy import COLUMNS as ROUTING_COLUMNS
from review.core.states import PolicyKind


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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind that is edited as rows of texts, `rows` being their name in the body.

    `fields` stand above the rows, each a text by its own name in the body.
    """

    columns: tuple[Column, ...]
    rows: str = "rows"
    fields: tuple[Column, ...] = ()
    most: int = MAX_LINES

    def to_body(
        self, rows: Sequence[Mapping[str, str]], fields: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the body that the texts stand for, sound or not."""
        return {
            **{word: text for word, text in fields.items() if text},
            self.rows: [{k: text for k, text in row.items() if text} for row in rows],
        }

    def read_rows(self, body: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the texts of a body's rows."""
        return [
            {column.key: str(row.get(column.key, "")) for column in self.columns}
            for row in body.get(self.rows, ())
        ]

    def read_fields(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Return the texts of the fields above the rows."""
        return {column.key: str(body.get(column.key, "")) for column in self.fields}


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

SHEETS: Final[Mapping[PolicyKind, Sheet]] = {
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
        Column("code", REASON_HEADS["code"], placeholder="income-unproven"),
        Column("label", REASON_HEADS["label"], is_note=True, size="is-long"),
        Column(
            "decision",
            REASON_HEADS["decision"],
            choices=tuple(DECISIONS),
            begins="reject",
        ),
        Column("policy", REASON_HEADS["policy"], is_note=True, is_long=True),
        Column("words", REASON_HEADS["words"], choices=("", "yes")),
        Column("text", REASON_HEADS["text"], is_note=True, is_long=True),
        Column("retired", REASON_HEADS["retired"], choices=("", "yes")),
        Column("instead", REASON_HEADS["instead"], size="is-word"),
    )),
}
"""Every kind but the grid, whose columns are its own to name (forms/policies.py)."""
