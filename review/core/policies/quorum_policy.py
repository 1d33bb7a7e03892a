"""A queue's quorum rules: how many persons decide on which of its cases.

The first row that matches a case says so. It is a policy of the queue and may only
raise what the step and the grid ask (see quorum_strictness.py); where the step says
nothing, the row counts in full.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from review.core.policies.policies import MAX_LINES, Fault, Line
from review.core.policies.quorum_strictness import raise_plan
from review.core.states import Control
from review.core.verdicts.quorum import Plan, make_plan, raise_by_control
from workflows.core.bpmn.quorum_words import QuorumWord, read_quorum
from workflows.core.feel import FeelSyntaxError, UnaryTests, compile_unary_tests
from workflows.core.feel.expressions import BUILT_IN_NAMES
from workflows.core.feel.trees import free_names

COLUMNS: Final = ("class", "process", "step", "impact", "quorum", "note")
HEADS: Final[Mapping[str, str]] = {
    "class": "Class",
    "process": "Process",
    "step": "Step",
    "impact": "Impact",
    "quorum": "Quorum",
    "note": "Note",
}
ANY: Final = ("", "-")
CLASSES: Final = ("A", "B", "C")
MAX_CELL: Final = 200


@dataclass(frozen=True, slots=True)
class Ask:
    """What a case is told by: its class, process, step, and impact (None: unknown)."""

    priority: str
    process: str
    step: str
    impact: Decimal | None


@dataclass(frozen=True)
class QuorumRow:
    """One row: which cases it is for ("" is any), and the quorum's word."""

    priority: str = ""
    process: str = ""
    step: str = ""
    impact: str = ""
    quorum: str = "one"

    @cached_property
    def word(self) -> QuorumWord:
        """Return the quorum's word as read."""
        return read_quorum(self.quorum)

    @cached_property
    def test(self) -> UnaryTests | None:
        """Return the test of the impact, None where any will do."""
        return None if self.impact in ANY else compile_unary_tests(self.impact)

    def may_match(self, ask: Ask) -> bool:
        """Tell whether the row is for a case whatever its impact is."""
        return (
            self.priority in {"", ask.priority}
            and self.process in {"", ask.process}
            and self.step in {"", ask.step}
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules ask of a case: rows by their numbers from 1, and their words.

    More than one where the impact is unknown: then every amount must be thought of.
    """

    rows: tuple[int, ...]
    words: tuple[QuorumWord, ...]

    def make_plan(self, impact: Decimal | None) -> Plan:
        """Return the plan that the rows ask for, by themselves."""
        plans = [
            make_plan(word=word, control=Control.REVIEW, impact=impact)
            for word in self.words
        ]
        plan = plans[0]
        for other in plans[1:]:
            plan = raise_plan(plan, other)
        return plan


@dataclass(frozen=True, slots=True)
class QuorumRules:
    """The rows of a queue in their order."""

    rows: tuple[QuorumRow, ...] = ()

    def answer(self, ask: Ask) -> Answer | None:
        """Return the first row that matches; None where none does.

        Of a case whose impact nobody knows, every row that some amount could lead to.
        """
        found: list[int] = []
        for number, row in enumerate(self.rows, 1):
            if not row.may_match(ask):
                continue
            if row.test is None:
                found.append(number)
                break
            if ask.impact is None:
                found.append(number)
            elif row.test.matches(ask.impact, {}):
                found = [number]
                break
        if not found:
            return None
        return Answer(tuple(found), tuple(self.rows[n - 1].word for n in found))


@dataclass(frozen=True, slots=True)
class Settled:
    """The plan of a case, the one without the rules, and the rows that spoke."""

    plan: Plan
    without: Plan
    answer: Answer | None = None


def settle_plan(
    *,
    word: QuorumWord | None,
    control: Control,
    impact: Decimal | None,
    answer: Answer | None,
) -> Settled:
    """Return the plan of a case from its step's word (None: it says nothing), the
    grid's control, and what the queue's rules answered."""
    step = make_plan(word=word or QuorumWord(), control=control, impact=impact)
    if answer is None:
        return Settled(step, step)
    asked = answer.make_plan(impact)
    plan = asked if word is None else raise_plan(step, asked)
    return Settled(raise_by_control(plan, control), step, answer)


def read_quorum_rules(body: Mapping[str, Any]) -> QuorumRules:
    """Return the rules of a sound body."""
    return QuorumRules(
        tuple(
            QuorumRow(
                priority=row.get("class", ""),
                process=row.get("process", ""),
                step=row.get("step", ""),
                impact=row.get("impact", ""),
                quorum=row["quorum"],
            )
            for row in body["rows"]
        )
    )


class QuorumPolicy:
    """The kind QUORUM; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its cell."""
        if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
            return [Fault((), 'Quorum rules are an object with "rows".')]
        rows = body["rows"]
        faults = []
        if len(rows) > MAX_LINES:
            faults.append(Fault(("rows",), f"There are at most {MAX_LINES} rows."))
        for place, row in enumerate(rows):
            label = f"Row {place + 1}"
            faults += [
                Fault(("rows", place, word) if word else ("rows", place), said)
                for word, said in _find_faults(row, label)
            ]
        return faults or _find_dead(rows)

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the rows with what is empty left out: they digest alike."""
        assert isinstance(body, Mapping)  # checked before
        return {
            "rows": [
                {word: text for word in COLUMNS if (text := _text(row, word))}
                for row in body["rows"]
            ]
        }

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return "": the rules only let more persons decide."""
        return ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return tuple(HEADS[word] for word in COLUMNS)

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each row."""
        return [
            Line(f"Row {n}", tuple(_shown(row, word) for word in COLUMNS))
            for n, row in enumerate(body.get("rows", ()), 1)
        ]


def _shown(row: Mapping[str, Any], word: str) -> str:
    return _text(row, word) or ("" if word == "note" else "-")


def _text(row: Mapping[str, Any], word: str) -> str:
    text = " ".join(str(row.get(word) or "").split())
    return "" if text == "-" else text


def _find_faults(row: object, label: str) -> list[tuple[str, str]]:
    if not isinstance(row, Mapping):
        return [("", f"{label} is an object.")]
    unknown = sorted(set(map(str, row)) - set(COLUMNS))
    faults = [("", f"{label}: nobody knows the word {word!r}.") for word in unknown]
    texts = {word: _text(row, word) for word in COLUMNS}
    faults += [
        (word, f"{label}: keep it under {MAX_CELL} characters.")
        for word, text in texts.items()
        if len(text) > MAX_CELL
    ]
    if texts["class"] not in {"", *CLASSES}:
        faults.append(("class", f"{label}: the class is A, B or C, or empty for all."))
    if texts["step"] and not texts["process"]:
        faults.append((
            "process",
            f"{label}: a step is one of a process: name the process.",
        ))
    faults += [("impact", f"{label}, {said}") for said in _blame_test(texts["impact"])]
    if not texts["quorum"]:
        faults.append(("quorum", f"{label}: say how many, such as dual or 2 of 3."))
    else:
        try:
            read_quorum(texts["quorum"])
        except ValueError as error:
            faults.append(("quorum", f"{label}: {error}"))
    return faults


def _blame_test(text: str) -> list[str]:
    if not text or len(text) > MAX_CELL:
        return []
    try:
        test = compile_unary_tests(text)
    except FeelSyntaxError as error:
        return [f"Impact: {error}."]
    names = sorted(free_names(test.node) - BUILT_IN_NAMES - {"?"})
    if names:
        return [f"Impact: it tests the impact alone, not {names[0]!r}."]
    return []


def _find_dead(rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Refuse a row below one that takes all its cases: it would never be asked."""
    faults = []
    keys = ("class", "process", "step")
    for place, row in enumerate(rows):
        for above, other in enumerate(rows[:place]):
            covers = all(_text(other, k) in {"", _text(row, k)} for k in keys)
            if covers and _text(other, "impact") in {"", _text(row, "impact")}:
                said = (
                    f"Row {place + 1} is never asked: row {above + 1} takes its cases."
                )
                faults.append(Fault(("rows", place), said))
                break
    return faults
