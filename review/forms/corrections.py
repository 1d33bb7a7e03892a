"""Values of a payload as text in a field, and back again with their type."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import jsonschema

YES: Final = ("yes", "true")
NO: Final = ("no", "false")
_WANTED: Final = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "pattern": "must look like {}",
    "format": "must be a {}",
    "multipleOf": "must be a multiple of {}",
}
_TYPES: Final = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "string": "a text",
    "null": "empty",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Correction:
    """One value of a payload that a reviewer may correct.

    `pointer` is its JSON Pointer (RFC 6901), `value` what stands there, `schema` what
    the form says a value may be (JSON Schema), where it says anything.
    """

    pointer: str
    label: str
    value: object
    schema: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the value as a field shows it, exactly and without grouping."""
        match self.value:
            case None:
                return ""
            case bool():
                return YES[0] if self.value else NO[0]
            case Decimal():
                return f"{self.value:f}"
            case _:
                return str(self.value)

    @property
    def options(self) -> list[str]:
        """Return the texts that may be chosen; empty where any may be written."""
        if self._is("boolean"):
            return [YES[0], NO[0]]
        allowed = self.schema.get("enum")
        if not isinstance(allowed, list) or not all(
            isinstance(each, str) for each in allowed
        ):
            return []
        return list(dict.fromkeys([*allowed, *([self.text] if self.text else [])]))

    @property
    def input_type(self) -> str:
        """Return the type of the HTML input that suits the value."""
        if self.schema.get("format") == "date":
            return "date"
        return "text"

    @property
    def is_number(self) -> bool:
        """Tell whether a number is asked for, so that phones show digits."""
        return self._is("number") or self._is("integer")

    def read(self, text: str) -> object:
        """Return what somebody wrote, with the type the form or the old value gives.

        Raises ValueError with a sentence when it cannot be that type, or when the
        form's schema forbids it.
        """
        value = self._convert(text)
        self._check(value)
        return value

    def _convert(self, text: str) -> object:
        word = text.strip()
        if not word and self._may_be_empty():
            return None
        if self._is("boolean"):
            if word.lower() not in YES + NO:
                raise ValueError(f"{self.label}: write yes or no.")
            return word.lower() in YES
        if self.is_number:
            return self._number(word)
        if self.value is None and not self.schema.get("type"):
            return self._guess(word)
        return text

    def _check(self, value: object) -> None:
        """Hold a value to its own part of the form's schema."""
        if not self.schema:
            return
        plain = float(value) if isinstance(value, Decimal) else value
        checker = jsonschema.Draft202012Validator(
            dict(self.schema),
            format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
        )
        error = next(iter(checker.iter_errors(plain)), None)
        if error is not None:
            raise ValueError(f"{self.label} {_describe(error)}.")

    def _is(self, word: str) -> bool:
        """Tell whether the form (else the value that stands there) is of a type."""
        types = self.schema.get("type")
        if types is not None:
            return word in ([types] if isinstance(types, str) else types)
        match self.value:
            case bool():
                return word == "boolean"
            case int() | Decimal():
                return word == "number"
            case _:
                return False

    def _may_be_empty(self) -> bool:
        types = self.schema.get("type")
        if types is not None:
            return "null" in types if isinstance(types, list) else types == "null"
        return self.value is None

    def _number(self, word: str) -> int | Decimal:
        try:
            number = Decimal(word)
        except InvalidOperation as error:
            raise ValueError(
                f"{self.label}: “{word}” is no number; write it like 1234.50."
            ) from error
        if not number.is_finite():
            raise ValueError(f"{self.label}: “{word}” is no plain number.")
        wants_whole = self._is("integer") or (
            isinstance(self.value, int) and not isinstance(self.value, bool)
        )
        is_whole = wants_whole and number == number.to_integral_value()
        return int(number) if is_whole else number

    def _guess(self, word: str) -> object:
        """Return a number where the text is one: nothing stood there to go by."""
        try:
            number = Decimal(word)
        except InvalidOperation:
            return word
        return number if number.is_finite() else word


def _describe(error: jsonschema.ValidationError) -> str:
    """Return what a schema asks for, in words that need no schema."""
    asked = error.validator_value
    match error.validator:
        case "enum" if isinstance(asked, list):
            return f"must be one of {', '.join(map(str, asked))}"
        case "const":
            return f"must be {asked}"
        case "type" if isinstance(asked, str | list):
            types = [asked] if isinstance(asked, str) else asked
            return f"must be {' or '.join(_TYPES.get(each, each) for each in types)}"
        case str(word) if word in _WANTED:
            return _WANTED[word].format(asked)
    return "is not what the form allows"
