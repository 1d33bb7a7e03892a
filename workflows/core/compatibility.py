"""Whether a JSON Schema still takes what another one took. Schemas as pydantic gives.

The subset: `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`,
`const`, `anyOf`, `allOf` of one, `$ref` into `$defs`, and limits of numbers, text and
lists. Titles, descriptions and defaults say nothing about what is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_LOWER_BOUNDS: Final = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "minLength": "at least as long as",
    "minItems": "at least as many as",
}
_UPPER_BOUNDS: Final = {
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "maxLength": "at most as long as",
    "maxItems": "at most as many as",
}
_EXACT: Final = ("pattern", "format", "multipleOf", "uniqueItems")
_NUMBERS: Final = frozenset({"integer", "number"})


_TEXTS: Final = {
    "required": ("is required now", "may be missing now"),
    "gone": ("is gone", "is gone"),
    "closed": ("is not taken any more", "is new, and nothing new was allowed"),
    "open": ("takes no other properties", "may have properties that were not allowed"),
    "type": ("is {narrow} now and was {wide}", "is {wide} now and was {narrow}"),
    "values": ("does not take {values} any more", "may be {values} now"),
    "limit": ("must be {limit} now", "need not be {limit} any more"),
}
"""What is told of each kind of difference, for an input and for an output."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A schema, the definitions its references point to, and by which it was named."""

    schema: Schema
    definitions: Mapping[str, Schema]
    reference: str = ""

    def at(self, schema: Any) -> "_Side":
        return _resolved(schema, self.definitions)

    def inner(self, word: str) -> "_Side":
        return self.at(self.schema.get(word, True))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a comparison stands; what it went through by name is not gone into again."""

    outputs: bool
    place: str = ""
    seen: frozenset[tuple[str, str]] = frozenset()

    def into(self, name: str) -> "_Walk":
        place = f"{self.place}{name}" if name.startswith("[") else name
        if self.place and not name.startswith("["):
            place = f"{self.place}.{name}"
        return _Walk(outputs=self.outputs, place=place, seen=self.seen)

    def tell(self, kind: str, **words: object) -> str:
        text = _TEXTS[kind][self.outputs].format(**words)
        side = "Output" if self.outputs else "Input"
        return f"{side} {self.place or 'as a whole'} {text}."


def compare_inputs(old: Schema, new: Schema) -> list[str]:
    """Return, as sentences, what an input may have been and may not be any more.

    A caller that was deployed against the old schema goes on to give the same; so
    everything the old one took, the new one must take, and go on to read.
    """
    return _narrowings(old, new, _Walk(outputs=False))


def compare_outputs(old: Schema, new: Schema) -> list[str]:
    """Return, as sentences, what an output may be now and could not be before.

    Who reads it was deployed against the old schema; so all that the new one gives
    must be within the old one, and nothing that was given may be gone.
    """
    return _narrowings(new, old, _Walk(outputs=True))


def _narrowings(wide: Schema, narrow: Schema, walk: _Walk) -> list[str]:
    """Return where `narrow` does not take all that `wide` takes."""
    sides = [_resolved(one, one.get("$defs", {})) for one in (wide, narrow)]
    return list(dict.fromkeys(_compare(walk, *sides)))


def _resolved(schema: Any, definitions: Mapping[str, Schema]) -> _Side:
    last = ""
    seen: set[str] = set()
    while isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if reference is None and len(schema.get("allOf", ())) == 1:
            schema = schema["allOf"][0]
        elif isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            last = reference
            schema = definitions.get(reference.rpartition("/")[2], {})
        else:
            break
    # `true` takes all; `false` takes nothing and is written here as no value at all.
    if not isinstance(schema, Mapping):
        schema = {"enum": []} if schema is False else {}
    return _Side(schema=schema, definitions=definitions, reference=last)


def _compare(walk: _Walk, wide: _Side, narrow: _Side) -> Iterator[str]:
    if wide.reference or narrow.reference:
        pair = (wide.reference, narrow.reference)
        if pair in walk.seen:
            return
        walk = _Walk(walk.outputs, walk.place, walk.seen | {pair})
    wide_ways, narrow_ways = _ways(wide), _ways(narrow)
    if len(wide_ways) > 1 or len(narrow_ways) > 1:
        yield from _compare_ways(walk, wide_ways, narrow_ways)
        return
    yield from _compare_types(walk, wide.schema, narrow.schema)
    yield from _compare_values(walk, wide.schema, narrow.schema)
    yield from _compare_limits(walk, wide.schema, narrow.schema)
    yield from _compare_objects(walk, wide, narrow)
    yield from _compare_lists(walk, wide, narrow)


def _ways(side: _Side) -> list[_Side]:
    """Return the alternatives of a schema: of `anyOf`, `oneOf` or a list of types."""
    schema = side.schema
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [side.at(one) for one in schema[word]]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [side.at({**schema, "type": kind}) for kind in kinds]
    return [side]


def _compare_ways(
    walk: _Walk, wide: Sequence[_Side], narrow: Sequence[_Side]
) -> Iterator[str]:
    """Every way of the wide one must be taken by some way of the narrow one.

    Where none does, what is told is how the way of the same type falls short.
    """
    for way in wide:
        tried = [(other, list(_compare(walk, way, other))) for other in narrow]
        if any(not found for _, found in tried):
            continue
        alike = [
            found for other, found in tried if _kind(other.schema) == _kind(way.schema)
        ]
        if alike:
            yield from alike[0]
        else:
            taken = " or ".join(sorted({_kind(other.schema) for other in narrow}))
            yield walk.tell("type", wide=_kind(way.schema), narrow=taken)


def _kind(schema: Schema) -> str:
    if "type" in schema:
        return str(schema["type"])
    return "one of some values" if _values(schema) is not None else "anything"


def _compare_types(walk: _Walk, wide: Schema, narrow: Schema) -> Iterator[str]:
    was, now = wide.get("type"), narrow.get("type")
    if now in (None, was) or (was, now) == ("integer", "number"):
        return
    if was is not None or _values(wide) is None:
        yield walk.tell("type", wide=_kind(wide), narrow=now)


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _compare_values(walk: _Walk, wide: Schema, narrow: Schema) -> Iterator[str]:
    now = _values(narrow)
    if now is None:
        return
    was = _values(wide)
    if was is None:
        yield walk.tell("values", values=f"other values than {_listed(now)}")
        return
    missing = [value for value in was if value not in now]
    if missing:
        yield walk.tell("values", values=_listed(missing))


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(repr, values)) or "none"


def _compare_limits(walk: _Walk, wide: Schema, narrow: Schema) -> Iterator[str]:
    for word, words in _LOWER_BOUNDS.items():
        was, now = wide.get(word), narrow.get(word)
        if now is not None and (was is None or was < now):
            yield walk.tell("limit", limit=f"{words} {now}")
    for word, words in _UPPER_BOUNDS.items():
        was, now = wide.get(word), narrow.get(word)
        if now is not None and (was is None or was > now):
            yield walk.tell("limit", limit=f"{words} {now}")
    for word in _EXACT:
        now = narrow.get(word)
        if now not in (None, False) and now != wide.get(word):
            yield walk.tell("limit", limit=f"of {word} {now}")


def _compare_objects(walk: _Walk, wide: _Side, narrow: _Side) -> Iterator[str]:
    was: Mapping[str, Any] = wide.schema.get("properties", {})
    now: Mapping[str, Any] = narrow.schema.get("properties", {})
    closed = narrow.schema.get("additionalProperties") is False
    required = set(narrow.schema.get("required", ()))
    for name in sorted(required - set(wide.schema.get("required", ()))):
        yield walk.into(name).tell("required")
    for name, schema in was.items():
        if name in now:
            yield from _compare(walk.into(name), wide.at(schema), narrow.at(now[name]))
        elif closed:
            yield walk.into(name).tell("closed")
    older, newer = (now, was) if walk.outputs else (was, now)
    if not closed and _kind((wide if walk.outputs else narrow).schema) == "object":
        for name in older:
            if name not in newer and name not in required:
                yield walk.into(name).tell("gone")
    yield from _compare_rest(walk, wide, narrow)


def _compare_rest(walk: _Walk, wide: _Side, narrow: _Side) -> Iterator[str]:
    word = "additionalProperties"
    was, now = wide.schema.get(word, True), narrow.schema.get(word, True)
    if now is False and was is not False and _kind(wide.schema) == "object":
        yield walk.tell("open")
    elif isinstance(now, Mapping) and was is not False:
        yield from _compare(walk.into("*"), wide.inner(word), narrow.inner(word))


def _compare_lists(walk: _Walk, wide: _Side, narrow: _Side) -> Iterator[str]:
    was = list(wide.schema.get("prefixItems", ()))
    for index, schema in enumerate(narrow.schema.get("prefixItems", ())):
        before = was[index] if index < len(was) else wide.schema.get("items", True)
        yield from _compare(walk.into(f"[{index}]"), wide.at(before), narrow.at(schema))
    if "items" in narrow.schema and _kind(wide.schema) == "array":
        yield from _compare(walk.into("[]"), wide.inner("items"), narrow.inner("items"))
