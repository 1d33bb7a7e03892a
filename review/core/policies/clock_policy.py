"""A queue's service levels: rows of conditions, each with a goal of time. Pure.

The first row whose conditions hold counts. A row says where it has a say: only where
the step has no `cs:sla` of its own, or over the step's words. What a goal then means is
in clocks.py; which version counts for a case, in operations/clocks/clock_terms.py.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from review.core.clocks.goals import ClockError, read_duration, read_share
from review.core.policies.policies import Fault, Line
from review.core.policies.policy_inputs import (
    MAX_CELL,
    MAX_INPUTS,
    check_input,
    read_inputs,
)
from review.core.states import PriorityClass
from workflows.core.calendars import AROUND_THE_CLOCK
from workflows.core.feel import FeelSyntaxError, compile_expression, compile_unary_tests
from workflows.core.feel.expressions import BUILT_IN_NAMES
from workflows.core.feel.trees import free_names

MAX_ROWS: Final = 100
ANY: Final = "-"
STEP_SILENT: Final = "step silent"
OVER_STEP: Final = "over the step"
WHERES: Final = (STEP_SILENT, OVER_STEP)
LONGEST: Final = dt.timedelta(days=366)
READ_BY_STEP: Final = frozenset({"confidence", "impact"})
"""What an input may ask for besides the case's data: as the step reads them."""

_CONDITIONS: Final = ("class", "process", "step")
_ANSWERS: Final = ("goal", "warn", "calendar", "where", "note")
_CLASSES: Final = tuple(word.value for word in PriorityClass)
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_NODE: Final = re.compile(r"[^\s,;\"]{1,200}")


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One row: an empty set of words, and the test `-`, let anything pass."""

    number: int
    goal: str
    classes: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()
    steps: frozenset[str] = frozenset()
    tests: tuple[str, ...] = ()
    warn: str = ""
    calendar: str = ""
    is_over_step: bool = False
    note: str = ""

    @property
    def is_for_all(self) -> bool:
        """Tell whether it asks for nothing at all."""
        words = (self.classes, self.processes, self.steps)
        return not any(words) and all(text == ANY for text in self.tests)


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """A sound body of the kind CLOCKS, read."""

    rows: tuple[ClockRow, ...] = ()
    inputs: tuple[str, ...] = ()


class Asked(NamedTuple):
    """All that a row is asked about; `variables` with confidence and impact."""

    task_class: str
    process: str
    step: str
    has_goal: bool
    variables: Mapping[str, object]


class Chosen(NamedTuple):
    """The row that counts for a case, if any, and what could not be told on the way."""

    row: ClockRow | None
    problems: tuple[str, ...] = ()


def choose_row(levels: ServiceLevels, asked: Asked) -> Chosen:
    """Return the first row that counts for a case.

    A test that cannot be told does not hold; where the case has a value of another
    kind than the test asks for, a sentence says so.
    """
    tests = _Tests(asked.variables)
    for row in levels.rows:
        if asked.has_goal and not row.is_over_step:
            continue
        words = (
            (row.classes, asked.task_class),
            (row.processes, asked.process),
            (row.steps, asked.step),
        )
        if any(among and word not in among for among, word in words):
            continue
        if tests.hold(row, levels.inputs):
            return Chosen(row, tuple(tests.problems))
    return Chosen(None, tuple(tests.problems))


def list_names(levels: ServiceLevels) -> frozenset[str]:
    """Return the variables of a case that the rows read."""
    found: set[str] = set()
    for text in levels.inputs:
        found |= free_names(compile_expression(text).node)
    for row in levels.rows:
        for text in row.tests:
            found |= free_names(compile_unary_tests(text).node)
    return frozenset(found - BUILT_IN_NAMES - {"?"} - READ_BY_STEP)


def list_remarks(levels: ServiceLevels) -> list[str]:
    """Return a sentence for each row that can never count."""
    found = []
    for place, row in enumerate(levels.rows):
        above = next(
            (
                one
                for one in levels.rows[:place]
                if one.is_for_all and (one.is_over_step or not row.is_over_step)
            ),
            None,
        )
        if above is not None:
            found.append(
                f"Row {row.number} can never count: row {above.number} takes all that"
                " would come to it."
            )
    return found


def read_levels(body: Mapping[str, Any]) -> ServiceLevels:
    """Return the rows of a sound body."""
    inputs = tuple(one["expression"] for one in body.get("inputs", ()))
    return ServiceLevels(
        rows=tuple(
            _read_row(row, number, len(inputs))
            for number, row in enumerate(body["rows"], 1)
        ),
        inputs=inputs,
    )


class ClockPolicyRules:
    """The kind CLOCKS; see policies.PolicyRules."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body, at its cell."""
        if not isinstance(body, Mapping) or not isinstance(body.get("rows"), list):
            return [Fault((), 'Clocks are an object with "rows" and maybe "inputs".')]
        faults: list[Fault] = []
        inputs = read_inputs(body.get("inputs"), faults)
        rows = body["rows"]
        if len(rows) > MAX_ROWS:
            message = f"A queue's clocks have at most {MAX_ROWS} rows."
            faults.append(Fault(("rows",), message))
        if len(inputs) > MAX_INPUTS:
            message = f"Clocks ask at most {MAX_INPUTS} things of a case."
            faults.append(Fault(("inputs",), message))
        for place, one in enumerate(inputs):
            faults += check_input(one, place, inputs)
        for place, row in enumerate(rows):
            faults += _check_row(row, place, len(inputs))
        return faults

    def normalize(self, body: object) -> dict[str, Any]:
        """Return the rows with what is empty left out: they digest alike."""
        assert isinstance(body, Mapping)  # checked before
        inputs = [{"expression": one.expression} for one in read_inputs_of(body)]
        return {
            **({"inputs": inputs} if inputs else {}),
            "rows": [_tidy(row, len(inputs)) for row in body["rows"]],
        }

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return why even a first version takes two: it overrules deployed words."""
        over = any(row.is_over_step for row in read_levels(body).rows)
        return "It counts over the words of the steps themselves." if over else ""

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns."""
        return (
            *(word.capitalize() for word in _CONDITIONS),
            *(one["expression"] for one in body.get("inputs", ())),
            *(word.capitalize() for word in _ANSWERS),
        )

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return one line for each row."""
        return [
            Line(
                f"Row {n}",
                (
                    *(row.get(word, "") for word in _CONDITIONS),
                    *row.get("tests", ()),
                    *(row.get(word, "") for word in _ANSWERS),
                ),
            )
            for n, row in enumerate(body["rows"], 1)
        ]


def read_inputs_of(body: Mapping[str, Any]) -> list[Any]:
    """Return the inputs of a body that was checked."""
    return list(read_inputs(body.get("inputs"), []))


class _Tests:
    """The tests of rows on one case: each input is evaluated once, if at all."""

    def __init__(self, variables: Mapping[str, object]) -> None:
        self.problems: list[str] = []
        self._variables = variables
        self._values: dict[str, object] = {}

    def hold(self, row: ClockRow, inputs: Sequence[str]) -> bool:
        """Tell whether every test of a row holds."""
        return all(
            text == ANY or self._holds(text, expression, row=row.number)
            for text, expression in zip(row.tests, inputs, strict=True)
        )

    def _holds(self, text: str, expression: str, *, row: int) -> bool:
        if expression not in self._values:
            found = compile_expression(expression).evaluate(self._variables)
            self._values[expression] = found.value
        value = self._values[expression]
        verdict, told = compile_unary_tests(text).verdict(value, self._variables)
        if verdict is None and value is not None:
            why = f" ({told[0]})" if told else ""
            said = f"clocks, row {row}: {expression} cannot be told{why}."
            self.problems.append(said)
        return verdict is True


# --- as data -------------------------------------------------------------------------


def _read_row(row: Mapping[str, Any], number: int, inputs: int) -> ClockRow:
    tests = tuple(row.get("tests", ()))
    return ClockRow(
        number=number,
        classes=frozenset(split_words(row.get("class", ""))),
        processes=frozenset(split_words(row.get("process", ""))),
        steps=frozenset(split_words(row.get("step", ""))),
        tests=tests + (ANY,) * (inputs - len(tests)),
        goal=row["goal"],
        warn=row.get("warn", ""),
        calendar=row.get("calendar", ""),
        is_over_step=row.get("where", STEP_SILENT) == OVER_STEP,
        note=row.get("note", ""),
    )


def split_words(text: str) -> list[str]:
    """Return the words of a cell in order: `A, B`, with or without quotes; `-` is none."""
    words = (part.strip().strip('"').strip() for part in text.split(","))
    return sorted({word for word in words if word not in {"", ANY}})


def _tidy(row: Mapping[str, Any], inputs: int) -> dict[str, Any]:
    tidy: dict[str, Any] = {
        word: ", ".join(split_words(row.get(word, ""))) for word in _CONDITIONS
    }
    if inputs:
        given = [str(text).strip() or ANY for text in row.get("tests", ())]
        tidy["tests"] = given + [ANY] * (inputs - len(given))
    tidy |= {word: str(row.get(word, "")).strip() for word in _ANSWERS}
    tidy["where"] = tidy["where"] or STEP_SILENT
    return {word: value for word, value in tidy.items() if value}


def _check_row(row: object, place: int, inputs: int) -> Iterator[Fault]:
    label = f"Row {place + 1}"
    if not isinstance(row, Mapping):
        yield Fault(("rows", place), f"{label} is an object.")
        return
    known = {*_CONDITIONS, *_ANSWERS, "tests"}
    for word in sorted(set(map(str, row)) - known):
        yield Fault(("rows", place), f"{label}: nobody knows the word {word!r}.")
    tests = row.get("tests", [])
    texts = [row.get(word, "") for word in (*_CONDITIONS, *_ANSWERS)]
    if not isinstance(tests, list) or not all(
        isinstance(text, str) for text in [*texts, *tests]
    ):
        yield Fault(("rows", place), f"{label} has cells that are no texts.")
        return
    if len(tests) > inputs:
        yield Fault(("rows", place), f"{label} has more tests than there are inputs.")
    for word in (*_CONDITIONS, *_ANSWERS):
        if len(row.get(word, "")) > MAX_CELL:
            message = f"{label}: keep {word} under {MAX_CELL} characters."
            yield Fault(("rows", place, word), message)
    yield from _check_words(row, place)
    yield from _check_tests(tests, place)
    yield from _check_goal(row, place)


def _check_words(row: Mapping[str, Any], place: int) -> Iterator[Fault]:
    label = f"Row {place + 1}"
    for word in split_words(row.get("class", "")):
        if word not in _CLASSES:
            said = f"{label}: {word!r} is none of the classes A, B and C."
            yield Fault(("rows", place, "class"), said)
    for name, pattern in (("process", _KEY), ("step", _NODE)):
        for word in split_words(row.get(name, "")):
            if not pattern.fullmatch(word):
                said = (
                    f"{label}: {word!r} is no key of a {name}; join them with commas."
                )
                yield Fault(("rows", place, name), said)
    if split_words(row.get("step", "")) and not split_words(row.get("process", "")):
        said = f"{label}: a step is one of a process; name the process too."
        yield Fault(("rows", place, "process"), said)
    calendar = row.get("calendar", "").strip()
    if calendar and not _KEY.fullmatch(calendar):
        said = f"{label}: {calendar!r} is no key of a calendar."
        yield Fault(("rows", place, "calendar"), said)
    where = row.get("where", "").strip()
    if where and where not in WHERES:
        said = f"{label}: where is {STEP_SILENT!r} or {OVER_STEP!r}."
        yield Fault(("rows", place, "where"), said)


def _check_tests(tests: Sequence[str], place: int) -> Iterator[Fault]:
    for number, text in enumerate(tests):
        where, label = ("rows", place, number), f"Row {place + 1}"
        if len(text) > MAX_CELL:
            yield Fault(where, f"{label}: keep a test under {MAX_CELL} characters.")
            continue
        try:
            compile_unary_tests(text.strip() or ANY)
        except FeelSyntaxError as error:
            yield Fault(where, f"{label}, input {number + 1}: {error}.")


def _check_goal(row: Mapping[str, Any], place: int) -> Iterator[Fault]:
    label = f"Row {place + 1}"
    where = ("rows", place, "goal")
    goal: dt.timedelta | None = None
    try:
        goal = read_duration(row.get("goal", ""), calendar=AROUND_THE_CLOCK)
    except ClockError as error:
        yield Fault(where, f"{label}, goal: {error}")
    if goal is not None and not dt.timedelta() < goal <= LONGEST:
        yield Fault(where, f"{label}: a goal is above no time and at most a year.")
    warn = row.get("warn", "").strip()
    if warn:
        try:
            read_share(warn, goal=goal or LONGEST, calendar=AROUND_THE_CLOCK)
        except ClockError:
            said = (
                f"{label}: {warn!r} is no moment of a warning; write a share such as"
                " 75%, or a time before it is due such as PT2H."
            )
            yield Fault(("rows", place, "warn"), said)
