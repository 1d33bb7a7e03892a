"""A queue's reason codes as a policy: what people may say why, and what it rests on.

A code that is offered no more stays in the list as retired, or may be left out; what
was decided with it keeps it either way. `instead` of a retired one says which code is
given from then on: the two are merged.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review.core.policies.policies import MAX_LINES, Fault, Line
from review.core.states import Decision

COLUMNS: Final = (
    "code", "label", "decision", "policy", "words", "text", "retired", "instead",
)  # fmt: skip
HEADS: Final[Mapping[str, str]] = {
    "code": "Code",
    "label": "What the list shows",
    "decision": "Decision",
    "policy": "Policy it rests on",
    "words": "Words too",
    "text": "Rationale to begin with",
    "retired": "Retired",
    "instead": "Instead",
}
DECISIONS: Final[Mapping[str, Decision]] = {
    word.value.lower().replace("_", " "): word for word in Decision
}
YES: Final = "yes"
LONGEST_LABEL: Final = 200
LONGEST_TEXT: Final = 2_000
_CODE: Final = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Reason:
    """One code of a queue."""

    code: str
    label: str
    decision: Decision
    policy: str = ""
    text: str = ""
    needs_words: bool = False
    is_retired: bool = False
    instead: str = ""

    def to_row(self) -> dict[str, str]:
        """Return it as a row of a body."""
        row = {
            "code": self.code,
            "label": self.label,
            "decision": name_decision(self.decision),
            "policy": self.policy,
            "words": YES if self.needs_words else "",
            "text": self.text,
            "retired": YES if self.is_retired else "",
            "instead": self.instead,
        }
        return {word: text for word, text in row.items() if text}


def name_decision(decision: Decision) -> str:
    """Return a decision as bodies name it: "edit and approve"."""
    return decision.value.lower().replace("_", " ")


def read_reasons(body: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Return the codes of a sound body, in their order."""
    return tuple(
        Reason(
            code=row["code"],
            label=row["label"],
            decision=DECISIONS[row["decision"]],
            policy=row.get("policy", ""),
            text=row.get("text", ""),
            needs_words=row.get("words") == YES,
            is_retired=row.get("retired") == YES,
            instead=row.get("instead", ""),
        )
        for row in body["rows"]
    )


class ReasonRules:
    """The kind REASONS; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its cell."""
        if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
            return [Fault((), 'Reason codes are an object with "rows".')]
        rows = body["rows"]
        faults = []
        if len(rows) > MAX_LINES:
            faults.append(Fault(("rows",), f"A queue has at most {MAX_LINES} codes."))
        for place, row in enumerate(rows):
            label = f"Row {place + 1}"
            faults += [
                Fault(("rows", place, word) if word else ("rows", place), said)
                for word, said in _find_faults(row, label)
            ]
        return faults or _find_crossed([_tidy(row) for row in rows])

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the codes with what is empty left out: they digest alike."""
        assert isinstance(body, Mapping)  # checked before
        return {"rows": [_tidy(row) for row in body["rows"]]}

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return "": where codes stood before, a change takes two anyway."""
        return ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return tuple(HEADS[word] for word in COLUMNS)

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each code."""
        return [
            Line(row.get("code", ""), tuple(row.get(word, "") for word in COLUMNS))
            for row in body.get("rows", ())
        ]


def _tidy(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row in its one form; texts of several lines keep their lines."""
    tidy = {}
    for word in COLUMNS:
        text = str(row.get(word) or "").replace("\r\n", "\n").strip()
        if word not in {"policy", "text"}:
            text = " ".join(text.split())
        if word in {"decision", "words", "retired"}:
            text = text.lower()
        if text and not (word in {"words", "retired"} and text == "no"):
            tidy[word] = text
    return tidy


def _find_faults(row: object, label: str) -> list[tuple[str, str]]:
    if not isinstance(row, Mapping):
        return [("", f"{label} is an object.")]
    unknown = sorted(set(map(str, row)) - set(COLUMNS))
    faults = [("", f"{label}: nobody knows the word {word!r}.") for word in unknown]
    tidy = _tidy(row)
    code = tidy.get("code", "")
    if not _CODE.fullmatch(code) or len(code) > 60:
        faults.append((
            "code",
            f"{label}: a code is 1 to 60 letters and digits, joined by hyphens.",
        ))
    if not 0 < len(tidy.get("label", "")) <= LONGEST_LABEL:
        faults.append((
            "label",
            f"{label}: say in 1 to {LONGEST_LABEL} characters what the list shows.",
        ))
    if tidy.get("decision", "") not in DECISIONS:
        known = ", ".join(DECISIONS)
        faults.append(("decision", f"{label}: the decision is one of {known}."))
    faults += [
        (word, f"{label}: keep it under {LONGEST_TEXT:,} characters.")
        for word in ("policy", "text")
        if len(tidy.get(word, "")) > LONGEST_TEXT
    ]
    faults += [
        (word, f"{label}: write yes, or nothing.")
        for word in ("words", "retired")
        if tidy.get(word, "") not in {"", YES}
    ]
    return faults


def _find_crossed(rows: Sequence[Mapping[str, str]]) -> list[Fault]:
    """Return what is wrong between rows: a code twice, a successor that is none."""
    faults = []
    offered = {row["code"]: row for row in rows if "retired" not in row}
    for place, row in enumerate(rows):
        label = f"Row {place + 1}"
        if any(row["code"] == other["code"] for other in rows[:place]):
            said = f"{label}: the code {row['code']} stands above already."
            faults.append(Fault(("rows", place, "code"), said))
        instead = row.get("instead", "")
        if not instead:
            continue
        where = ("rows", place, "instead")
        if "retired" not in row:
            said = f"{label}: only what is retired is given as another code instead."
            faults.append(Fault(where, said))
        elif instead not in offered:
            faults.append(Fault(where, f"{label}: {instead} is not offered here."))
        elif offered[instead]["decision"] != row["decision"]:
            said = f"{label}: {instead} is for {offered[instead]['decision']}."
            faults.append(Fault(where, said))
    return faults
