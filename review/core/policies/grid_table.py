"""A queue's grid: rows of FEEL tests over confidence, impact and what else it asks.

A body becomes a DMN decision table of hit policy FIRST, and that table decides: the
file that is exported is the one that is evaluated. What its answer then means for a
case stands in grid.py, which never lets a doubtful case pass without people.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from review.core.policies.grid import read_reveal
from review.core.policies.policies import Fault, Line
from review.core.policies.policy_inputs import (
    MAX_CELL,
    MAX_INPUTS,
    TYPES,
    Input,
    check_input,
    read_inputs,
)
from review.core.states import Control, Reveal
from workflows.core.canonical import digest
from workflows.core.dmn import Decided, Model, lint, read_dmn
from workflows.core.dmn.columns import cell_constants
from workflows.core.feel import FeelSyntaxError, compile_expression, compile_unary_tests
from workflows.core.feel.expressions import BUILT_IN_NAMES
from workflows.core.feel.trees import free_names

MAX_ROWS: Final = 100
DECISION: Final = "grid"
ANY: Final = "-"
CONTROLS: Final = tuple(word.value.lower() for word in Control)
REVEALS: Final = tuple(word.value.lower().replace("_", " ") for word in Reveal)
_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_NAMESPACE: Final = "https://www.omg.org/spec/DMN/20230324/MODEL/"


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: tests, then who looks at it and when they see the model's view."""

    confidence: str = ANY
    impact: str = ANY
    tests: tuple[str, ...] = ()
    control: str = "review"
    reveal: str = "on request"
    note: str = ""

    @property
    def all_tests(self) -> tuple[str, ...]:
        """Return the tests in the order of the columns."""
        return (self.confidence, self.impact, *self.tests)


@dataclass(frozen=True, slots=True)
class GridBody:
    """A grid as it is edited and stored; sound only when `check_grid` finds nothing."""

    rows: tuple[GridRow, ...]
    inputs: tuple[Input, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """Name the columns that are tested."""
        return ("Confidence", "Impact", *(one.expression for one in self.inputs))

    def to_json(self) -> dict[str, Any]:
        """Return the one form that is stored and digested."""
        return {
            "inputs": [
                {"expression": one.expression, "type": one.type} for one in self.inputs
            ],
            "rows": [
                {
                    "confidence": row.confidence,
                    "impact": row.impact,
                    "tests": list(row.tests),
                    "control": row.control,
                    "reveal": row.reveal,
                    "note": row.note,
                }
                for row in self.rows
            ],
        }


def read_grid(body: object) -> tuple[GridBody | None, list[Fault]]:
    """Read a body of the right shape; else None and what its shape lacks.

    Left out are: other inputs, notes, tests that let anything pass, a reveal mode.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
        return None, [Fault((), 'A grid is an object with "rows" and maybe "inputs".')]
    faults: list[Fault] = []
    inputs = read_inputs(body.get("inputs"), faults)
    rows = [
        found
        for place, one in enumerate(body["rows"])
        if (found := _read_row(one, place, len(inputs), faults))
    ]
    if faults:
        return None, faults
    return GridBody(rows=tuple(rows), inputs=tuple(inputs)), []


def check_grid(body: GridBody) -> list[Fault]:
    """Return every fault of a grid, each with the place of its cell."""
    faults = []
    if not body.rows:
        faults.append(Fault(("rows",), "A grid needs at least one row."))
    if len(body.rows) > MAX_ROWS:
        faults.append(Fault(("rows",), f"A grid has at most {MAX_ROWS} rows."))
    if len(body.inputs) > MAX_INPUTS:
        message = f"A grid asks at most {MAX_INPUTS} things besides the two."
        faults.append(Fault(("inputs",), message))
    for place, one in enumerate(body.inputs):
        faults += check_input(
            one, place, body.inputs, given=("confidence", "impact"), types=TYPES
        )
    for place, row in enumerate(body.rows):
        faults += _check_row(row, place, body)
    return faults


class Grid:
    """A sound grid, compiled. Called with variables by name it never raises."""

    __slots__ = ("_bounds", "body", "model", "paths")

    def __init__(self, body: GridBody) -> None:
        """Compile the table; DmnError for a body that `check_grid` would refuse."""
        self.body = body
        self.paths = list_paths(body)
        self.model: Model = read_dmn(to_dmn(body).encode(), source="grid.dmn")
        self._bounds = _list_bounds(body)

    def __call__(self, variables: Mapping[str, object]) -> Decided:
        """Return control and reveal, messages and the explanation an auditor reads."""
        return self.model.evaluate(DECISION, variables, explain=True)

    def answer(self, variables: Mapping[str, object]) -> object:
        """Return control and reveal alone, as fast as it goes."""
        return self.model.evaluate(DECISION, variables).value

    def classify(self, confidence: Decimal, impact: Decimal) -> tuple[object, object]:
        """Return the same pair for all numbers that no cell tells apart.

        A number's place among the constants of its column: two values between the
        same constants, or equal to the same one, have the same answer. A column that
        holds anything but constants tells all numbers apart.
        """
        sure, stake = self._bounds
        return (
            confidence if sure is None else _place(sure, confidence),
            impact if stake is None else _place(stake, impact),
        )


def list_paths(body: GridBody) -> tuple[tuple[str, ...], ...]:
    """Return what a grid reads of a case: plain paths as far as they go, else names."""
    plain = [one.expression for one in body.inputs if _PATH.fullmatch(one.expression)]
    rest = GridBody(
        rows=body.rows,
        inputs=tuple(one for one in body.inputs if one.expression not in plain),
    )
    whole = set(list_names(rest))
    found = {tuple(text.split(".")) for text in plain}
    return tuple(
        sorted({(name,) for name in whole} | {p for p in found if p[0] not in whole})
    )


def _list_bounds(
    body: GridBody,
) -> tuple[list[Decimal] | None, list[Decimal] | None]:
    texts = [text for row in body.rows for text in row.tests]
    nodes = [compile_unary_tests(text).node for text in texts]
    others = {name for node in nodes for name in free_names(node)}
    for one in body.inputs:
        others |= free_names(compile_expression(one.expression).node)
    if others & {"confidence", "impact"}:
        return None, None
    return (
        _bounds([row.confidence for row in body.rows]),
        _bounds([row.impact for row in body.rows]),
    )


def _bounds(texts: Sequence[str]) -> list[Decimal] | None:
    found: set[Decimal] = set()
    for text in texts:
        constants = cell_constants(compile_unary_tests(text).node)
        if constants is None:
            return None
        found |= {value for value in constants if isinstance(value, Decimal)}
    return sorted(found)


def _place(bounds: list[Decimal], value: Decimal) -> tuple[int, int]:
    return bisect_left(bounds, value), bisect_right(bounds, value)


def list_names(body: GridBody) -> tuple[str, ...]:
    """Return the variables of a case that a grid reads besides the two, sorted."""
    nodes = [compile_expression(one.expression).node for one in body.inputs]
    tests = [
        compile_unary_tests(text).node for row in body.rows for text in row.all_tests
    ]
    found: set[str] = set()
    for node in (*nodes, *tests):
        found |= free_names(node)
    return tuple(sorted(found - BUILT_IN_NAMES - {"?", "confidence", "impact"}))


def list_remarks(body: GridBody) -> list[tuple[tuple[int, ...], str]]:
    """Return what the linter says of a sound grid: places of rows, and a sentence."""
    found = []
    for finding in lint(Grid(body).model):
        said = finding.message.replace(f"'{_NAME}': ", "").replace("rule", "row")
        if finding.code == "GAP":
            said += "; such cases go to two persons"
        rows = [int(word) for word in said.split() if word.isdigit()]
        places = tuple(row - 1 for row in rows if 0 < row <= len(body.rows))
        is_row = finding.code in {"UNREACHABLE", "MASKED"}
        found.append((places if is_row else (), f"{said[:1].upper()}{said[1:]}."))
    return found


_NAME: Final = "Control and reveal"


def to_dmn(body: GridBody, *, name: str = "Grid", namespace: str = "") -> str:
    """Return the grid as a DMN 1.5 file of one decision table."""
    inputs = [Input("confidence", "number"), Input("impact", "number"), *body.inputs]
    types = {one.expression: one.type for one in inputs}
    names = ("confidence", "impact", *list_names(body))
    space = namespace or f"urn:countersign:grid:{digest(body.to_json())}"
    data = "".join(_input_data(each, types.get(each, "")) for each in names)
    needs = "".join(
        f"<informationRequirement><requiredInput href={quoteattr('#' + _id(each))}/>"
        "</informationRequirement>"
        for each in names
    )
    columns = "".join(_column(place, one) for place, one in enumerate(inputs, 1))
    rules = "".join(_rule(place, row) for place, row in enumerate(body.rows, 1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<definitions xmlns="{_NAMESPACE}" id="definitions" name={quoteattr(name)}'
        f" namespace={quoteattr(space)}>{data}"
        f'<decision id="{DECISION}" name="{_NAME}">'
        f'<variable name="{_NAME}"/>{needs}'
        f'<decisionTable id="{DECISION}-table" hitPolicy="FIRST">{columns}'
        f"{_output('control', CONTROLS)}{_output('reveal', REVEALS)}"
        f'<annotation name="Note"/>{rules}</decisionTable></decision></definitions>\n'
    )


@dataclass(frozen=True, slots=True)
class GridRules:
    """The kind GRID among the kinds of policies; see policies.PolicyRules."""

    heads: tuple[str, ...] = field(default=("Control", "Reveal", "Note"))

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body."""
        found, faults = read_grid(body)
        return faults if found is None else check_grid(found)

    def normalize(self, body: object) -> dict[str, Any]:
        """Return a sound body in its one form."""
        found, faults = read_grid(body)
        if found is None:
            raise ValueError(faults[0].message)
        return found.to_json()

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return why even a first version takes a second person: it automates."""
        found, _ = read_grid(body)
        automates = found and any(row.control == "auto" for row in found.rows)
        return "It lets cases pass without people." if automates else ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        found, _ = read_grid(body)
        return (*(found.heads if found else ()), *self.heads)

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each row."""
        found, _ = read_grid(body)
        return [
            Line(f"Row {n}", (*row.all_tests, row.control, row.reveal, row.note))
            for n, row in enumerate(found.rows if found else (), 1)
        ]


# --- reading and checking --------------------------------------------------------


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_row(
    one: object, place: int, inputs: int, faults: list[Fault]
) -> GridRow | None:
    label = f"Row {place + 1}"
    if not isinstance(one, Mapping):
        faults.append(Fault(("rows", place), f"{label} is an object."))
        return None
    tests = _list(one.get("tests"))
    texts = [
        one.get("confidence", ANY),
        one.get("impact", ANY),
        one.get("control", ""),
        one.get("reveal", "on request"),
        one.get("note", ""),
        *tests,
    ]
    if len(tests) > inputs or not all(isinstance(text, str) for text in texts):
        message = f"{label} has cells that are no texts, or more tests than inputs."
        faults.append(Fault(("rows", place), message))
        return None
    confidence, impact, control, reveal, note = (text.strip() for text in texts[:5])
    mode = read_reveal(reveal)
    return GridRow(
        confidence=confidence or ANY,
        impact=impact or ANY,
        tests=tuple(
            (tests[n].strip() if n < len(tests) else "") or ANY for n in range(inputs)
        ),
        control=control.lower(),
        reveal=mode.value.lower().replace("_", " ") if mode else reveal,
        note=note,
    )


def _check_row(row: GridRow, place: int, body: GridBody) -> Iterator[Fault]:
    label = f"Row {place + 1}"
    names = ("confidence", "impact", *range(len(body.inputs)))
    for name, head, text in zip(names, body.heads, row.all_tests, strict=True):
        where = ("rows", place, name)
        if len(text) > MAX_CELL:
            yield Fault(where, f"{label}, {head} is longer than {MAX_CELL} characters.")
            continue
        try:
            compile_unary_tests(text)
        except FeelSyntaxError as error:
            yield Fault(where, f"{label}, {head}: {error}.")
    if row.control not in CONTROLS:
        known = ", ".join(CONTROLS)
        message = f"{label}: the control {row.control!r} is none of {known}."
        yield Fault(("rows", place, "control"), message)
    if row.reveal not in REVEALS:
        known = ", ".join(REVEALS)
        message = f"{label}: the reveal mode {row.reveal!r} is none of {known}."
        yield Fault(("rows", place, "reveal"), message)
    if len(row.note) > MAX_CELL:
        message = f"{label}: the note is longer than {MAX_CELL} characters."
        yield Fault(("rows", place, "note"), message)
    if row.control == "auto":
        yield from _check_auto(row, place)


def _check_auto(row: GridRow, place: int) -> Iterator[Fault]:
    """Refuse what would let a case of no confidence pass without people.

    A confidence that cannot be read is put to the table as 0 (see grid.put_to_grid).
    """
    try:
        passes, _ = compile_unary_tests(row.confidence).verdict(Decimal(0), {})
    except FeelSyntaxError:
        return
    if passes is not False:
        message = (
            f"Row {place + 1}: auto needs a confidence above a number, such as"
            " >= 0.9; a case without any confidence must not pass unseen."
        )
        yield Fault(("rows", place, "confidence"), message)


# --- writing DMN -----------------------------------------------------------------


def _id(name: str) -> str:
    return "in-" + "".join(
        sign if sign.isascii() and sign.isalnum() else f"_{ord(sign):x}_"
        for sign in name
    )


def _type(name: str) -> str:
    return f' typeRef="{name}"' if name else ""


def _input_data(name: str, kind: str) -> str:
    text = quoteattr(name)
    return (
        f"<inputData id={quoteattr(_id(name))} name={text}>"
        f"<variable name={text}{_type(kind)}/></inputData>"
    )


def _column(place: int, one: Input) -> str:
    return (
        f'<input id="input-{place}" label={quoteattr(one.expression)}>'
        f'<inputExpression id="input-{place}-expression"{_type(one.type)}>'
        f"<text>{escape(one.expression)}</text></inputExpression></input>"
    )


def _output(name: str, words: Sequence[str]) -> str:
    values = escape(", ".join(f'"{word}"' for word in words))
    return (
        f'<output id="output-{name}" name="{name}" typeRef="string">'
        f"<outputValues><text>{values}</text></outputValues></output>"
    )


def _rule(place: int, row: GridRow) -> str:
    tests = "".join(
        f"<inputEntry><text>{escape(text)}</text></inputEntry>"
        for text in row.all_tests
    )
    results = "".join(
        f'<outputEntry><text>"{word}"</text></outputEntry>'
        for word in (row.control, row.reveal)
    )
    note = f"<annotationEntry><text>{escape(row.note)}</text></annotationEntry>"
    return f'<rule id="row-{place}">{tests}{results}{note}</rule>'
