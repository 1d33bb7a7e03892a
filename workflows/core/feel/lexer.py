"""Texts to tokens; names are put together later, where the scope is known."""

import functools
import re
from typing import NamedTuple

from workflows.core.feel.errors import FeelSyntaxError

# Name characters as the grammar of DMN 1.5 section 10.3.1.2 lists them (rules 27-31).
_START = (
    "?A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff"
    "\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
    "\U00010000-\U000effff"
)
_PART = _START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_SPACE = (
    r"[\s\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]"
)

_TOKEN = re.compile(
    rf"""
    (?P<skip>(?:{_SPACE}|//[^\n\r]*|/\*(?:[^*]|\*(?!/))*\*/)+)
  | (?P<dots>\.\.)
  | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<name>[{_START}](?:(?!{_SPACE})[{_PART}])*)
  | (?P<op>\*\*|<=|>=|!=|->|[-+*/=<>()\[\]{{}},:.@])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL | re.ASCII
)
_PLAIN_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "'": "'",
    '"': '"',
    "\\": "\\",
}


class Token(NamedTuple):
    """A token: its kind, its text, where it starts, and whether space precedes it."""

    kind: str
    text: str
    start: int
    spaced: bool


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens, closed by one of kind `end`.

    FeelSyntaxError only for a string or comment that never ends; characters outside
    the grammar become tokens of kind `other`, since a known name may contain them.
    """
    tokens: list[Token] = []
    spaced = False
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "other"
        if kind == "skip":
            spaced = True
            continue
        body = found[0]
        if body == '"':
            raise syntax_error("this string has no closing quote", text, found.start())
        if body == "/" and text.startswith("/*", found.start()):
            raise syntax_error("this comment has no end", text, found.start())
        tokens.append(Token(kind, body, found.start(), spaced))
        spaced = False
    tokens.append(Token("end", "", len(text), spaced))
    return tokens


def syntax_error(message: str, text: str, position: int) -> FeelSyntaxError:
    """A located error."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return FeelSyntaxError(message, line, column)


def unescape(literal: str) -> str:
    """The characters a string literal stands for, given with its quotes."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    result = _ESCAPE.sub(_unescape_one, body)
    if any("\ud800" <= char <= "\udfff" for char in result):
        # A pair of \u escapes is one character outside the basic plane.
        result = result.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return result


def _unescape_one(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if digits:
        code = int(digits, 16)
        return chr(code) if code <= 0x10FFFF else found[0]
    # \s, \d and the like are left for regular expressions.
    return _PLAIN_ESCAPES.get(found[3], found[0])


@functools.lru_cache(maxsize=4096)
def name_tokens(name: str) -> tuple[Token, ...]:
    """The tokens of a known name; empty when it cannot stand in an expression."""
    try:
        return tuple(tokenize(name.strip())[:-1])
    except FeelSyntaxError:
        return ()


def is_plain_name(name: str) -> bool:
    """True when the name can be written in a text without being known beforehand."""
    tokens = name_tokens(name)
    return bool(tokens) and all(token.kind == "name" for token in tokens)
