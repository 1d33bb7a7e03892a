"""Expressions of other engines: JUEL that means the same in FEEL, and what does not.

Of JUEL (the unified expression language, JSR 245) these map: comparisons, `&&`, `||`,
`!` and their words, `empty`, literals, `+ - * /`, and paths of properties with fixed
indexes. Calls, choices, functions and everything else are refused by name.
"""

import functools
import re
from typing import Final, NamedTuple

from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.names import KEYWORDS

MAX_SOURCE: Final = 2000
_MAX_NESTING: Final = 40
_JUEL: Final = re.compile(r"\s*[$#]\{(.*)\}\s*", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<name>[^\W\d]\w*)
  | (?P<op>==|!=|<=|>=|&&|\|\||[-+*/<>!().\[\]])
  | (?P<other>\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS: Final = {
    "and": "&&",
    "div": "/",
    "eq": "==",
    "ge": ">=",
    "gt": ">",
    "le": "<=",
    "lt": "<",
    "ne": "!=",
    "not": "!",
    "or": "||",
}
_LITERALS: Final = frozenset({"true", "false", "null"})
# Objects that only the other engine has; read as variables they would be null.
_FOREIGN: Final = frozenset({"authenticatedUserId", "execution"})

# How tightly a FEEL text binds; what is written into a tighter place gets brackets.
_OR, _AND, _COMPARED, _SUM, _PRODUCT, _PLAIN = range(6)


class JuelError(ValueError):
    """JUEL that has no sure meaning in FEEL; the message says what stands there."""


class _Token(NamedTuple):
    kind: str
    text: str


class _Feel(NamedTuple):
    """A piece of FEEL and how tightly it binds."""

    text: str
    binds: int

    def at(self, binds: int) -> str:
        """Return the text for a place that binds so tightly."""
        return self.text if self.binds >= binds else f"({self.text})"

    def operand(self) -> str:
        """Return the text for one side of a comparison.

        JUEL knows no third truth value: what is null counts as false there.
        """
        return self.text if self.binds > _COMPARED else f"(({self.text}) = true)"


def translated(text: str) -> str:
    """Return the FEEL of `${...}` or `#{...}`; empty when the text is neither.

    Also empty for JUEL that has no sure meaning in FEEL: compiling that text says why.
    """
    body = _body(text)
    if body is None:
        return ""
    try:
        return to_feel_text(body)
    except JuelError:
        return ""


def refuse(text: str) -> None:
    """FeelSyntaxError naming the FEEL form, or what has none, when the text is JUEL."""
    body = _body(text)
    if body is None:
        return
    said = "this is JUEL, the language of another engine; "
    try:
        said += f"in FEEL write: {to_feel_text(body)}"
    except JuelError as error:
        said += str(error)
    raise FeelSyntaxError(said)


@functools.lru_cache(maxsize=1024)
def to_feel_text(body: str) -> str:
    """Return the FEEL of what stands between JUEL's braces. Raises JuelError."""
    return _Translation(body).whole()


def _body(text: str) -> str | None:
    if len(text) > MAX_SOURCE:
        return None
    found = _JUEL.fullmatch(text)
    return found[1].strip() if found else None


class _Translation:
    """One pass over one text, by JUEL's own precedence."""

    def __init__(self, text: str) -> None:
        self._tokens = [
            _Token(str(found.lastgroup), found[str(found.lastgroup)])
            for found in _TOKEN.finditer(text)
        ]
        self._at = 0
        self._nesting = 0

    def whole(self) -> str:
        feel = self._either()
        if self._at < len(self._tokens):
            raise JuelError(_unknown(self._tokens[self._at].text))
        return feel.text

    def _peek(self) -> str:
        """Return the operator that is next, its word spelt as a sign; else empty."""
        if self._at >= len(self._tokens):
            return ""
        kind, text = self._tokens[self._at]
        if kind == "name":
            return _WORDS.get(text, "")
        return text if kind == "op" else ""

    def _take(self, *signs: str) -> str:
        sign = self._peek()
        if sign in signs:
            self._at += 1
            return sign
        return ""

    def _either(self) -> _Feel:
        feel = self._both()
        while self._take("||"):
            feel = _Feel(f"{feel.at(_OR)} or {self._both().at(_AND)}", _OR)
        return feel

    def _both(self) -> _Feel:
        feel = self._equal()
        while self._take("&&"):
            feel = _Feel(f"{feel.at(_AND)} and {self._equal().at(_COMPARED)}", _AND)
        return feel

    def _equal(self) -> _Feel:
        feel = self._ordered()
        while sign := self._take("==", "!="):
            written = "=" if sign == "==" else sign
            right = self._ordered().operand()
            feel = _Feel(f"{feel.operand()} {written} {right}", _COMPARED)
        return feel

    def _ordered(self) -> _Feel:
        feel = self._sum()
        while sign := self._take("<", ">", "<=", ">="):
            right = self._sum().operand()
            feel = _Feel(f"{feel.operand()} {sign} {right}", _COMPARED)
        return feel

    def _sum(self) -> _Feel:
        feel = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            _check_numbers(feel, right)
            feel = _Feel(f"{feel.at(_SUM)} {sign} {right.at(_PRODUCT)}", _SUM)
        return feel

    def _product(self) -> _Feel:
        feel = self._single()
        while sign := self._take("*", "/"):
            right = self._single()
            _check_numbers(feel, right)
            feel = _Feel(f"{feel.at(_PRODUCT)} {sign} {right.at(_PLAIN)}", _PRODUCT)
        return feel

    def _single(self) -> _Feel:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise JuelError("it is nested too deeply to be translated")
        try:
            return self._signed()
        finally:
            self._nesting -= 1

    def _signed(self) -> _Feel:
        if self._take("!"):
            # not(null) is null in FEEL, but true in JUEL.
            return _Feel(f"{self._single().at(_SUM)} != true", _COMPARED)
        if self._take("-"):
            return _Feel(f"-{self._single().at(_PLAIN)}", _PRODUCT)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise JuelError("a bracket is never closed")
            return inner
        return self._value()

    def _value(self) -> _Feel:
        if self._at >= len(self._tokens):
            raise JuelError("it ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        match kind:
            case "number":
                return _Feel(text, _PLAIN)
            case "string":
                return _Feel(_quoted(_unquoted(text)), _PLAIN)
            case "name" if text == "empty":
                return self._empty()
            case "name" if text in _LITERALS:
                return _Feel(text, _PLAIN)
            case "name" if text not in _WORDS:
                return _Feel(self._path(text), _PLAIN)
            case _:
                raise JuelError(_unknown(text))

    def _empty(self) -> _Feel:
        value = self._single().at(_PLAIN)
        kinds = " or ".join(f"{value} = {none}" for none in ("null", '""', "[]", "{}"))
        return _Feel(kinds, _OR)

    def _path(self, root: str) -> str:
        if root in _FOREIGN:
            raise JuelError(f"{root!r} is an object of that engine; use a variable")
        path = _name(root)
        last = root
        while True:
            if self._take("."):
                last = self._property()
                path += f".{last}"
            elif self._take("["):
                path += self._index()
            elif self._peek() == "(":
                raise JuelError(
                    f"it calls {last!r}, which is code of that engine;"
                    " compute the value in a task before"
                )
            else:
                return path

    def _property(self) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at].kind != "name":
            raise JuelError("a dot stands without a property's name")
        self._at += 1
        return _name(self._tokens[self._at - 1].text)

    def _index(self) -> str:
        """Read a fixed index or key; JUEL counts from 0, FEEL from 1."""
        inner = self._tokens[self._at : self._at + 2]
        if len(inner) == 2 and inner[1].text == "]":
            kind, text = inner[0]
            if kind == "number" and text.isdecimal():
                self._at += 2
                return f"[{int(text) + 1}]"
            if kind == "string" and _unquoted(text).isidentifier():
                self._at += 2
                return f".{_name(_unquoted(text))}"
        raise JuelError("only a fixed number or name may stand in [ ]")


def _name(name: str) -> str:
    if name in KEYWORDS:
        raise JuelError(f"{name!r} is a word of FEEL; name the variable otherwise")
    return name


def _check_numbers(*sides: _Feel) -> None:
    if any(side.text.startswith('"') for side in sides):
        raise JuelError("it calculates with a text")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(['\"\\])", r"\1", text[1:-1])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for plain, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(plain, written)
    return f'"{escaped}"'


def _unknown(text: str) -> str:
    return (
        f"{text[:20]!r} has no sure meaning in FEEL here; write the condition in FEEL"
    )
