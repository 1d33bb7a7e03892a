"""Pattern texts to trees: XML Schema's grammar with XPath's anchors, groups and `?`."""

from dataclasses import dataclass

from workflows.core.feel.regex import sets

MAX_PATTERN = 2000
MAX_REPEAT = 1000
MAX_NESTING = 50


class PatternError(ValueError):
    """A pattern that means nothing, or that is too large."""


class Part:
    """Any part of a pattern."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Chars(Part):
    """One character of a set."""

    ranges: sets.Ranges


@dataclass(frozen=True, slots=True)
class Sequence(Part):
    """Parts one after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice(Part):
    """One of several, the first that leads to a match."""

    options: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat(Part):
    """A part several times; `most` None is without bound."""

    part: Part
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Group(Part):
    """A captured part."""

    part: Part
    number: int


@dataclass(frozen=True, slots=True)
class Anchor(Part):
    """`^` or `$`."""

    sign: str


@dataclass(frozen=True, slots=True)
class Reference(Part):
    """What a group captured, again."""

    number: int


_SINGLE = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE = frozenset("\\|.?*+(){}-[]^$")
_QUANTIFIERS = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class Reader:
    """One pass over a pattern."""

    def __init__(self, text: str, flags: str) -> None:
        """`flags` of XPath: s (dot matches all), x (ignore spaces), q (no syntax)."""
        if len(text) > MAX_PATTERN:
            raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters")
        self.text = text
        self.at = 0
        self.flags = flags
        self.groups = 0
        self.closed: set[int] = set()
        self.nesting = 0
        self.in_class = 0

    def read(self) -> Part:
        """The whole pattern."""
        if "q" in self.flags:
            return Sequence(tuple(Chars(sets.of(char)) for char in self.text))
        part = self._choice()
        if self.at < len(self.text):
            raise PatternError(f"'{self.text[self.at]}' has no counterpart")
        return part

    def _skip_spaces(self) -> None:
        if "x" in self.flags and not self.in_class:
            while self.at < len(self.text) and self.text[self.at] in " \t\n\r":
                self.at += 1

    def _peek(self) -> str:
        self._skip_spaces()
        return self.text[self.at] if self.at < len(self.text) else ""

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise PatternError("the pattern ends too early")
        self.at += 1
        return char

    def _accept(self, char: str) -> bool:
        if self._peek() == char:
            self.at += 1
            return True
        return False

    def _choice(self) -> Part:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise PatternError("the pattern is nested too deep")
        options = [self._sequence()]
        while self._accept("|"):
            options.append(self._sequence())
        self.nesting -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._quantified())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self) -> Part:
        part = self._atom()
        char = self._peek()
        if char in _QUANTIFIERS and char:
            self.at += 1
            least, most = _QUANTIFIERS[char]
        elif char == "{":
            self.at += 1
            least, most = self._bounds()
        else:
            return part
        if isinstance(part, Anchor):
            raise PatternError("an anchor cannot be repeated")
        greedy = not self._accept("?")
        if self._peek() in ("*", "+", "?", "{") and self._peek():
            raise PatternError("two quantifiers stand in a row")
        return Repeat(part, least, most, greedy)

    def _bounds(self) -> tuple[int, int | None]:
        least = self._digits()
        most: int | None = least
        if self._accept(","):
            most = None if self._peek() == "}" else self._digits()
        if not self._accept("}"):
            raise PatternError("a quantifier is written {2}, {2,} or {2,5}")
        if most is not None and most < least:
            raise PatternError("a quantifier's bounds are the wrong way round")
        return least, most

    def _digits(self) -> int:
        start = self.at
        while self._peek().isascii() and self._peek().isdigit():
            self.at += 1
        if start == self.at or self.at - start > 6:
            raise PatternError("a quantifier is written {2}, {2,} or {2,5}")
        number = int(self.text[start : self.at])
        if number > MAX_REPEAT:
            raise PatternError(f"a quantifier repeats more than {MAX_REPEAT} times")
        return number

    def _atom(self) -> Part:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return Chars(self._class())
        if char == "\\":
            return self._escape()
        if char == ".":
            less = () if "s" in self.flags else sets.of("\n\r")
            return Chars(sets.subtract(sets.EVERYTHING, less))
        if char in "^$":
            return Anchor(char)
        if char in "*+?{}]":
            raise PatternError(f"'{char}' stands where a character is expected")
        return Chars(sets.of(char))

    def _group(self) -> Part:
        if self._accept("?"):
            if not self._accept(":"):
                raise PatternError("only (?: may follow an opening parenthesis")
            part = self._choice()
            self._close()
            return part
        self.groups += 1
        number = self.groups
        part = self._choice()
        self._close()
        self.closed.add(number)
        return Group(part, number)

    def _close(self) -> None:
        if not self._accept(")"):
            raise PatternError("a parenthesis is not closed")

    def _escape(self) -> Part:
        char = self._take()
        if char.isascii() and char.isdigit() and char != "0":
            number = int(char)
            while (
                self._peek().isascii()
                and self._peek().isdigit()
                and number * 10 + int(self._peek()) <= self.groups
            ):
                number = number * 10 + int(self._take())
            if number not in self.closed:
                raise PatternError(f"there is no closed group {number} to refer to")
            return Reference(number)
        return Chars(self._escaped(char))

    def _escaped(self, char: str) -> sets.Ranges:
        """The set that a backslash and this character stand for."""
        if char in _SINGLE:
            return sets.of(_SINGLE[char])
        if char in _ESCAPABLE:
            return sets.of(char)
        if char in "pP":
            found = sets.by_property(self._property())
        else:
            found = sets.by_escape(char.lower())
        if found is None:
            raise PatternError(f"'\\{char}' means nothing in a pattern")
        return sets.complement(found) if char.isupper() else found

    def _property(self) -> str:
        end = self.text.find("}", self.at)
        if not self._accept("{") or end < 0:
            raise PatternError("a property is written \\p{L}")
        name = self.text[self.at : end]
        self.at = end + 1
        return name

    def _class(self) -> sets.Ranges:
        self.in_class += 1
        if self.in_class > MAX_NESTING:
            raise PatternError("the pattern is nested too deep")
        negated = self._accept("^")
        ranges: list[tuple[int, int]] = []
        less: sets.Ranges = ()
        first = True
        while not self._accept("]"):
            if (
                self._peek() == "-"
                and self.text.startswith("-[", self.at)
                and not first
            ):
                self.at += 2
                less = self._class()
                if not self._accept("]"):
                    raise PatternError("a subtracted class stands last")
                break
            ranges.extend(self._class_item())
            first = False
        if first:
            raise PatternError("a class in brackets is empty")
        self.in_class -= 1
        found = normal = sets.normalise(ranges)
        if negated:
            found = sets.complement(normal)
        return sets.subtract(found, less)

    def _class_item(self) -> sets.Ranges:
        low = self._class_char()
        if len(low) != 1 or low[0][0] != low[0][1]:
            return low
        if self._peek() != "-" or self.text[self.at + 1 : self.at + 2] in ("]", "["):
            return low
        self.at += 1
        high = self._class_char()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise PatternError("a range in brackets is the wrong way round")
        return ((low[0][0], high[0][0]),)

    def _class_char(self) -> sets.Ranges:
        char = self._take()
        if char == "\\":
            return self._escaped(self._take())
        if char == "[":
            raise PatternError("'[' within brackets is written \\[")
        return sets.of(char)
