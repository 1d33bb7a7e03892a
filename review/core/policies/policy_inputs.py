"""What the rows of a policy ask of a case besides its own columns: FEEL over its data.

Pure. What a test of an input means is the row's; see grid_table.py, clock_policy.py.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from review.core.policies.policies import Fault
from workflows.core.feel import FeelSyntaxError, compile_expression

MAX_INPUTS: Final = 6
MAX_CELL: Final = 300
TYPES: Final = ("", "number", "string", "boolean", "date")


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that is asked: FEEL over the case's data."""

    expression: str
    type: str = ""


def read_inputs(given: object, faults: list[Fault]) -> list[Input]:
    """Return the inputs of a body; those without a shape leave a fault."""
    return [
        read
        for place, one in enumerate(given if isinstance(given, list) else ())
        if (read := _read(one, place, faults))
    ]


def check_input(
    one: Input,
    place: int,
    among: Sequence[Input],
    *,
    given: Collection[str] = (),
    types: Sequence[str] = ("",),
) -> Iterator[Fault]:
    """Yield what is wrong with an input; `given` are names that are asked for anyway."""
    where = ("inputs", place, "expression")
    label = f"Input {place + 1}"
    if one.type not in types:
        known = ", ".join(filter(None, types)) or "those that can be asked for here"
        message = f"{label}: the type {one.type!r} is none of {known}."
        yield Fault(("inputs", place, "type"), message)
    if not one.expression:
        yield Fault(where, f"{label} names nothing; write a variable of the case.")
        return
    if one.expression in given:
        yield Fault(where, f"{label}: every row asks for {one.expression} already.")
        return
    if any(one.expression == other.expression for other in among[:place]):
        yield Fault(where, f"{label}: {one.expression} is asked for already.")
    if len(one.expression) > MAX_CELL:
        yield Fault(where, f"{label} is longer than {MAX_CELL} characters.")
        return
    try:
        compile_expression(one.expression)
    except FeelSyntaxError as error:
        yield Fault(where, f"{label}: {error}.")


def _read(one: object, place: int, faults: list[Fault]) -> Input | None:
    if not isinstance(one, Mapping) or not isinstance(one.get("expression"), str):
        message = f'Input {place + 1} is an object with an "expression".'
        faults.append(Fault(("inputs", place, "expression"), message))
        return None
    return Input(one["expression"].strip(), str(one.get("type") or ""))
