"""Schemas as pydantic gives them: what a change of one does to callers and readers."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, create_model

from workflows.core.compatibility import compare_inputs, compare_outputs


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    name: str
    parts: list["Part"] = []


class StricterPart(BaseModel):
    name: str
    size: int
    parts: list["StricterPart"] = []


def schema(**fields: Any) -> dict[str, Any]:
    made: type[BaseModel] = create_model("M", **fields)
    return made.model_json_schema()


def told(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], list[str]]:
    return compare_inputs(old, new), compare_outputs(old, new)


@pytest.mark.parametrize(
    ("old", "new", "inputs", "outputs"),
    [
        (
            schema(a=(int, ...)),
            schema(a=(int, ...), b=(str, ...)),
            ["Input b is required now."],
            [],
        ),
        (schema(a=(int, ...)), schema(a=(int, ...), b=(str, "")), [], []),
        (
            schema(a=(int, ...), b=(str, "")),
            schema(a=(int, ...)),
            ["Input b is gone."],
            ["Output b is gone."],
        ),
        (
            schema(a=(int, ...), b=(str, ...)),
            schema(a=(int, ...)),
            ["Input b is gone."],
            ["Output b may be missing now."],
        ),
        (
            schema(a=(int, ...)),
            schema(a=(str, ...)),
            ["Input a is string now and was integer."],
            ["Output a is string now and was integer."],
        ),
        (
            schema(a=(int, ...)),
            schema(a=(float, ...)),
            [],
            ["Output a is number now and was integer."],
        ),
        (
            schema(a=(str | None, ...)),
            schema(a=(str, ...)),
            ["Input a is string now and was null."],
            [],
        ),
        (
            schema(a=(str, ...)),
            schema(a=(str | None, ...)),
            [],
            ["Output a is null now and was string."],
        ),
        (
            schema(a=(Colour, ...)),
            schema(a=(Literal["red"], ...)),
            [
                "Input a does not take 'blue' any more.",
            ],
            [],
        ),
        (
            schema(a=(Literal["red", "blue"], ...)),
            schema(a=(Literal["red", "blue", "green"], ...)),
            [],
            ["Output a may be 'green' now."],
        ),
        (
            schema(a=(int, Field(ge=0))),
            schema(a=(int, Field(ge=1, le=9))),
            ["Input a must be at least 1 now.", "Input a must be at most 9 now."],
            [],
        ),
        (
            schema(a=(list[int], ...)),
            schema(a=(list[str], ...)),
            ["Input a[] is string now and was integer."],
            ["Output a[] is string now and was integer."],
        ),
        (
            schema(a=(dict[str, int], ...)),
            schema(a=(dict[str, str], ...)),
            ["Input a.* is string now and was integer."],
            ["Output a.* is string now and was integer."],
        ),
        (
            schema(a=(Part, ...)),
            schema(a=(StricterPart, ...)),
            # Told once, however deep parts may hold parts.
            ["Input a.size is required now."],
            [],
        ),
        (
            schema(a=(str, ...)),
            schema(a=(dt.date, ...)),
            ["Input a must be of format date now."],
            [],
        ),
    ],
)
def test_difference_is_told_for_callers_and_for_readers(
    old: dict[str, Any],
    new: dict[str, Any],
    inputs: list[str],
    outputs: list[str],
) -> None:
    assert told(old, new) == (inputs, outputs)


def test_closed_object_takes_nothing_else() -> None:
    made = create_model("M", __config__=ConfigDict(extra="forbid"), a=(int, ...))
    closed = made.model_json_schema()
    wider = schema(a=(int, ...), b=(str, ""))
    assert compare_inputs(wider, closed) == [
        "Input b is not taken any more.",
        "Input as a whole takes no other properties.",
    ]
    assert compare_inputs(closed, wider) == []


def test_words_that_say_nothing_about_values_do_not_count() -> None:
    old = schema(a=(int, Field(default=1, title="A", description="one")))
    new = schema(a=(int, Field(default=2, title="B", description="two")))
    assert told(old, new) == ([], [])


def test_reference_to_a_definition_of_the_same_name_is_looked_into() -> None:
    def make(kind: str) -> dict[str, Any]:
        return {
            "$defs": {"X": {"type": kind}},
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/X"}},
        }

    assert compare_inputs(make("string"), make("integer")) == [
        "Input a is integer now and was string."
    ]


def test_recursive_schema_against_one_that_takes_anything_ends() -> None:
    anything = schema(a=(Any, ...))
    assert compare_inputs(anything, schema(a=(Part, ...)))
    assert compare_inputs(schema(a=(Part, ...)), anything) == []


PIECES = [
    schema(x=field)
    for field in (
        (int, ...),
        (str, ""),
        (Decimal, ...),
        (Colour, ...),
        (list[Part], ...),
        (dict[str, Part] | None, None),
    )
]


def put_together(pieces: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Make one schema of a field each; building a model each time would be slow."""
    return {
        "type": "object",
        "$defs": {
            k: v for one in pieces.values() for k, v in one.get("$defs", {}).items()
        },
        "properties": {name: one["properties"]["x"] for name, one in pieces.items()},
        "required": [name for name, one in pieces.items() if one.get("required")],
    }


SCHEMAS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(PIECES)).map(
    put_together
)


@given(SCHEMAS)
def test_schema_is_compatible_with_itself(one: dict[str, Any]) -> None:
    assert told(one, one) == ([], [])


@given(SCHEMAS, SCHEMAS)
def test_what_callers_lose_is_what_readers_would_gain(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Ignoring removed properties, an input narrows where an output would widen."""
    there = [line for line in compare_inputs(one, other) if "gone" not in line]
    back = [line for line in compare_outputs(other, one) if "gone" not in line]
    assert len(there) == len(back)
