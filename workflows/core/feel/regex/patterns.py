"""Compiled patterns: the choice of matcher, and matches, replace and split over it."""

import functools
import re
from collections.abc import Callable
from typing import Any

from workflows.core.feel.limits import Run
from workflows.core.feel.regex import sets
from workflows.core.feel.regex import syntax as p
from workflows.core.feel.regex.automaton import Automaton, Captures

MAX_TEXT = 100_000
# Steps a backtracking matcher may need at worst for it to be used: milliseconds.
_QUICK = 1_000_000
_REPLACEMENT = re.compile(r"\\([\\$])|\$(\d+)|([^\\$]+)|(.)", re.DOTALL)


class _Freedom:
    """How much choice a pattern leaves a backtracking matcher."""

    def __init__(self, part: p.Part) -> None:
        self.loops = 0
        self.choices = 1
        self.unsafe = False
        self.references = False
        self._walk(part)

    def steps(self, length: int) -> int:
        """An upper bound on the steps over a text of this length."""
        if self.unsafe:
            return _QUICK + 1
        return int(min(self.choices * (length + 1) ** (self.loops + 1), _QUICK + 1))

    def _walk(self, part: p.Part) -> None:
        if isinstance(part, p.Sequence):
            for inner in part.parts:
                self._walk(inner)
        elif isinstance(part, p.Choice):
            self._choose(len(part.options))
            for inner in part.options:
                self._walk(inner)
        elif isinstance(part, p.Group):
            self._walk(part.part)
        elif isinstance(part, p.Reference):
            self.references = True
        elif isinstance(part, p.Repeat):
            self._repeat(part)

    def _repeat(self, part: p.Repeat) -> None:
        varies = part.most != part.least
        if part.most == 1:
            self._choose(2)
            self._walk(part.part)
            return
        if varies:
            self.loops += 1
        # A choice within a loop multiplies with every turn of it.
        if not _is_fixed(part.part):
            self.unsafe = True
        self._walk(part.part)

    def _choose(self, options: int) -> None:
        self.choices = min(self.choices * options, _QUICK + 1)


def _is_fixed(part: p.Part) -> bool:
    """True when a part matches in one way only, of one length."""
    if isinstance(part, p.Chars):
        return True
    if isinstance(part, p.Sequence):
        return all(map(_is_fixed, part.parts)) and bool(part.parts)
    if isinstance(part, p.Group):
        return _is_fixed(part.part)
    return (
        isinstance(part, p.Repeat)
        and part.least == part.most
        and part.least > 0
        and _is_fixed(part.part)
    )


def _python(part: p.Part) -> str:
    """The part in the syntax of Python's `re`."""
    if isinstance(part, p.Repeat):
        return _python_repeat(part)
    return _WRITERS[type(part)](part)


def _python_repeat(part: p.Repeat) -> str:
    most = "" if part.most is None else part.most
    lazy = "" if part.greedy else "?"
    return f"(?:{_python(part.part)}){{{part.least},{most}}}{lazy}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    p.Chars: lambda part: _python_class(part.ranges),
    p.Sequence: lambda part: "".join(map(_python, part.parts)),
    p.Choice: lambda part: f"(?:{'|'.join(map(_python, part.options))})",
    p.Group: lambda part: f"({_python(part.part)})",
    p.Reference: lambda part: f"(?:\\{part.number})",
    p.Anchor: lambda part: part.sign,
}


def _python_class(ranges: sets.Ranges) -> str:
    if not ranges:
        return "(?!)"
    inner = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
    return f"[{inner}]"


class Pattern:
    """A compiled pattern with its flags; immutable but for its lazy automaton."""

    def __init__(self, part: p.Part, groups: int, flags: str) -> None:
        """Prepare Python's matcher; the automaton waits until it is needed."""
        self._part = part
        self.groups = groups
        self._flags = flags
        self._freedom = _Freedom(part)
        options = re.IGNORECASE if "i" in flags else re.NOFLAG
        text = _python(part)
        if "m" in flags:
            options |= re.MULTILINE
        else:
            # Without the flag $ is the very end, not the place before a last newline.
            text = _python(_strict(part))
        self._quick = re.compile(text, options)
        self._automaton: Automaton | None = None

    def _find(self, text: str, start: int, run: Run) -> Captures | None:
        """Ends of the groups of the next match."""
        if self._freedom.steps(len(text)) <= _QUICK:
            found = self._quick.search(text, start)
            if found is None:
                return None
            ends = (found.span(group) for group in range(self.groups + 1))
            return tuple(None if end < 0 else end for pair in ends for end in pair)
        if self._automaton is None:
            self._automaton = Automaton(self._part, self.groups, self._flags)
        return self._automaton.find(text, start, run)

    def _check(self, text: str) -> str | None:
        if len(text) > MAX_TEXT:
            return f"the text is longer than {MAX_TEXT:,} characters"
        return None

    def search(self, text: str, run: Run) -> bool | None:
        """Whether some part of the text matches; null where that is not to be told."""
        try:
            return (
                self._find(text, 0, run) is not None if self._fits(text, run) else None
            )
        except p.PatternError as error:
            run.note(str(error))
            return None

    def _fits(self, text: str, run: Run) -> bool:
        message = self._check(text)
        if message is not None:
            run.note(message)
        return message is None

    def _all(self, text: str, run: Run) -> list[Captures] | None:
        """Every match in turn; None when one is empty, which XPath refuses."""
        if not self._fits(text, run):
            return None
        found: list[Captures] = []
        try:
            if self._find("", 0, run) is not None:
                run.note("the pattern matches the empty string")
                return None
            place = 0
            while True:
                match = self._find(text, place, run)
                if match is None:
                    return found
                run.spend(1)
                found.append(match)
                begin, end = match[0] or 0, match[1] or 0
                place = end if end > begin else end + 1
                if place > len(text):
                    return found
        except p.PatternError as error:
            run.note(str(error))
            return None

    def replace(self, text: str, replacement: str, run: Run) -> str | None:
        """The text with every match replaced; `$1` is a group, `\\$` a dollar."""
        pieces = self._replacement(replacement)
        if pieces is None:
            run.note("in a replacement $ is followed by a digit, and \\ by $ or \\")
            return None
        matches = self._all(text, run)
        if matches is None:
            return None
        result: list[str] = []
        length = place = 0
        for match in matches:
            begin, end = match[0] or 0, match[1] or 0
            parts = [text[place:begin], *(_piece(item, match, text) for item in pieces)]
            length += sum(map(len, parts))
            run.check_text(length)
            result.extend(parts)
            place = end
        result.append(text[place:])
        return "".join(result)

    def _replacement(self, text: str) -> list[str | int] | None:
        """Literal texts and group numbers; None when it is not well formed."""
        if "q" in self._flags:
            return [text]
        found: list[str | int] = []
        for match in _REPLACEMENT.finditer(text):
            if match[4] is not None:
                return None
            if match[2] is None:
                found.append(match[1] or match[3])
                continue
            digits = match[2]
            used = len(digits)
            while used > 1 and int(digits[:used]) > self.groups:
                used -= 1
            found.append(int(digits[:used]))
            found.append(digits[used:])
        return found

    def split(self, text: str, run: Run) -> object:
        """The texts between the matches."""
        matches = self._all(text, run)
        if matches is None:
            return None
        result: list[object] = []
        place = 0
        for match in matches:
            result.append(text[place : match[0] or 0])
            place = match[1] or 0
        result.append(text[place:])
        return result


def _strict(part: p.Part) -> p.Part:
    """The part with `$` meaning the very end."""
    if isinstance(part, p.Anchor):
        return p.Anchor(r"\Z") if part.sign == "$" else part
    if isinstance(part, p.Sequence):
        return p.Sequence(tuple(map(_strict, part.parts)))
    if isinstance(part, p.Choice):
        return p.Choice(tuple(map(_strict, part.options)))
    if isinstance(part, p.Group):
        return p.Group(_strict(part.part), part.number)
    if isinstance(part, p.Repeat):
        return p.Repeat(_strict(part.part), part.least, part.most, part.greedy)
    return part


def _piece(item: str | int, match: Captures, text: str) -> str:
    if isinstance(item, str):
        return item
    if item * 2 + 1 >= len(match):
        return ""
    begin, end = match[item * 2], match[item * 2 + 1]
    return "" if begin is None or end is None else text[begin:end]


@functools.lru_cache(maxsize=512)
def compile_pattern(text: str, flags: str) -> Pattern | str:
    """The compiled pattern, or a sentence that says what is wrong with it."""
    if set(flags) - set("smixq"):
        return f"the flags are some of s, m, i, x and q, not '{flags[:20]}'"
    reader = p.Reader(text, flags) if len(text) <= p.MAX_PATTERN else None
    if reader is None:
        return f"the pattern is longer than {p.MAX_PATTERN:,} characters"
    try:
        part = reader.read()
        return Pattern(part, reader.groups, flags)
    except (p.PatternError, re.error, OverflowError) as error:
        return str(error)
