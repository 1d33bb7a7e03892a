"""JSON Schemas of task forms: are they usable, and does a payload meet one.

Nothing is ever fetched: a reference must point into the same schema.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import jsonschema
from jsonschema.protocols import Validator
from referencing import Registry

_DIALECT = jsonschema.Draft202012Validator
_SHOWN = 20
_NUMBERS = _DIALECT.TYPE_CHECKER.redefine(
    "number",
    lambda _, value: (
        isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    ),
).redefine(
    "integer",
    lambda _, value: (
        not isinstance(value, bool)
        and (
            isinstance(value, int)
            or (isinstance(value, float | Decimal) and value == int(value))
        )
    ),
)
# The library's own way to widen a dialect; its stubs leave the function untyped.
_Checker = cast(
    "type[Validator]",
    jsonschema.validators.extend(_DIALECT, type_checker=_NUMBERS),  # type: ignore[no-untyped-call]
)


class SchemaProblem(ValueError):
    """The bytes are no JSON Schema that a form can have."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where a payload does not meet its schema; path as a JSON Pointer."""

    path: str
    message: str


def read_schema(data: bytes) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a form. Raises SchemaProblem."""
    try:
        schema = json.loads(data, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise SchemaProblem(f"This is no JSON: {error}.") from error
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise SchemaProblem('A form is a JSON Schema with "type": "object".')
    try:
        _DIALECT.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise SchemaProblem(
            f"This is no JSON Schema: {pointer(error.absolute_path)}: {error.message}."
        ) from error
    for reference in _references(schema):
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaProblem(
                f"The reference {reference!r} leaves the file;"
                ' write one that begins with "#".'
            )
    return schema


def list_mismatches(schema: Mapping[str, Any], payload: Any) -> list[Mismatch]:
    """Return where a payload does not meet its schema, outermost first, at most 20."""
    checker: Validator = _Checker(dict(schema), registry=Registry())
    found = sorted(
        checker.iter_errors(payload), key=lambda error: len(error.absolute_path)
    )
    return [
        Mismatch(path=pointer(error.absolute_path), message=_sentence(error.message))
        for error in found[:_SHOWN]
    ]


def pointer(parts: Any) -> str:
    """Return the JSON Pointer (RFC 6901) of a path."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join(f"/{part}" for part in escaped)


def _sentence(message: str) -> str:
    text = message if len(message) <= 300 else f"{message[:297]}..."
    return f"{text[:1].upper()}{text[1:]}."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found


def _constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON number")


def _references(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"$ref", "$dynamicRef"}:
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
