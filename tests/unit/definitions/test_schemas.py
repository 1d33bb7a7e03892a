"""Form schemas and what they say of a payload."""

import json
from decimal import Decimal

import pytest

from workflows.schemas import Mismatch, SchemaProblem, list_mismatches, read_schema

FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["amount"],
    "properties": {
        "amount": {"type": "number", "minimum": 0},
        "count": {"type": "integer"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {"line": {"type": "object", "required": ["a/b"]}},
}


def form() -> dict[str, object]:
    return read_schema(json.dumps(FORM).encode())


def test_payload_that_meets_the_schema_has_no_mismatch() -> None:
    assert list_mismatches(form(), {"amount": Decimal("0.10"), "count": 3}) == []


def test_whole_decimal_is_an_integer_and_a_boolean_is_none() -> None:
    assert list_mismatches(form(), {"amount": 1, "count": Decimal("3.0")}) == []
    assert len(list_mismatches(form(), {"amount": True, "count": False})) == 2
    assert len(list_mismatches(form(), {"amount": 1, "count": Decimal("3.5")})) == 1


def test_mismatches_carry_json_pointers() -> None:
    found = list_mismatches(form(), {"amount": -1, "lines": [{"a/b": 1}, {}], "x~": 1})
    assert {one.path for one in found} == {"", "/amount", "/lines/1"}
    assert Mismatch("/lines/1", "'a/b' is a required property.") in found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "no JSON"),
        (b"[]", '"type": "object"'),
        (b'{"type": "array"}', '"type": "object"'),
        (b'{"type": "object", "type": "object"}', "occurs twice"),
        (b'{"type": "object", "x": NaN}', "NaN is no JSON number"),
        (b'{"type": "object", "required": "a"}', "no JSON Schema: /required"),
        (b'{"type": "object", "$ref": "http://example.org/x"}', "leaves the file"),
        (
            b'{"type": "object", "not": {"$ref": "file:///etc/passwd"}}',
            "leaves the file",
        ),
        (b'{"type":' * 100_000, "no JSON"),
    ],
)
def test_unusable_schema_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(SchemaProblem) as caught:
        read_schema(data)
    assert words in str(caught.value)
