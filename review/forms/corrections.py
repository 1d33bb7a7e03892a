"""Values of a payload as text in a field, and back again with their type."""

import dataclasses
from decimal import Decimal, InvalidOperation
from typing import Final

YES: Final = ("yes", "true")
NO: Final = ("no", "false")


@dataclasses.dataclass(frozen=True, slots=True)
class Correction:
    """One value of a payload that a reviewer may correct.

    `pointer` is its JSON Pointer (RFC 6901), `value` what stands there.
    """

    pointer: str
    label: str
    value: object

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

    def read(self, text: str) -> object:
        """Return what somebody wrote, with the type of what stood there.

        Raises ValueError with a sentence when it cannot be that type.
        """
        word = text.strip()
        match self.value:
            case bool():
                if word.lower() not in YES + NO:
                    raise ValueError(f"{self.label}: write yes or no.")
                return word.lower() in YES
            case int() | Decimal():
                return self._number(word)
            case None:
                return self._guess(word)
            case _:
                return text

    def _number(self, word: str) -> int | Decimal:
        try:
            number = Decimal(word)
        except InvalidOperation as error:
            raise ValueError(
                f"{self.label}: “{word}” is no number; write it like 1234.50."
            ) from error
        if not number.is_finite():
            raise ValueError(f"{self.label}: “{word}” is no plain number.")
        is_whole = isinstance(self.value, int) and number == number.to_integral_value()
        return int(number) if is_whole else number

    def _guess(self, word: str) -> object:
        """Return a number where the text is one: nothing stood there to go by."""
        if not word:
            return None
        try:
            number = Decimal(word)
        except InvalidOperation:
            return word
        return number if number.is_finite() else word
