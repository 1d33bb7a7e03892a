"""Type texts: `list<number>`, `context<a: string>`, `function<number> -> boolean`."""

from workflows.core.feel import syntax as s
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.lexer import Token
from workflows.core.feel.names import join, match_words

_LONG_NAMES = (
    ("date", "and", "time"),
    ("days", "and", "time", "duration"),
    ("years", "and", "months", "duration"),
)
_MAX_TYPE_NESTING = 20


class TypeParser:
    """The part of the parser that reads types."""

    tokens: list[Token]
    at: int
    _type_nesting = 0

    def accept(self, text: str) -> bool:
        """See Parser."""
        raise NotImplementedError

    def expect(self, text: str) -> None:
        """See Parser."""
        raise NotImplementedError

    def unexpected(self, wanted: str) -> FeelSyntaxError:
        """See Parser."""
        raise NotImplementedError

    def type(self) -> s.TypeNode:
        """A type, with its arguments."""
        self._type_nesting += 1
        if self._type_nesting > _MAX_TYPE_NESTING:
            raise self.unexpected("a simpler type")
        try:
            name = self._type_name()
            if name == "context" and self.accept("<"):
                return self._context_type()
            if name == "function" and self.accept("<"):
                return self._function_type()
            if name in ("list", "range") and self.accept("<"):
                argument = self.type()
                self.expect(">")
                return s.TypeNode(name, (argument,))
            return s.TypeNode(name)
        finally:
            self._type_nesting -= 1

    def _type_name(self) -> str:
        token = self.tokens[self.at]
        if token.kind != "name":
            raise self.unexpected("a type")
        for words in _LONG_NAMES:
            ahead = self.tokens[self.at : self.at + len(words)]
            if tuple(item.text for item in ahead) == words:
                self.at += len(words)
                return " ".join(words)
        parts = [self._type_words()]
        while self.accept("."):
            parts.append(self._type_words())
        return ".".join(parts)

    def _type_words(self) -> str:
        if self.tokens[self.at].kind != "name":
            raise self.unexpected("a type")
        length = match_words(self.tokens, self.at)
        words = self.tokens[self.at : self.at + length]
        if words[-1].text == "external":  # function(a: number) ... external is no type
            words = words[:-1]
        self.at += len(words)
        return join(words)

    def _context_type(self) -> s.TypeNode:
        fields: list[tuple[str, s.TypeNode]] = []
        while True:
            start = self.at
            while self.tokens[self.at].kind == "name":
                self.at += 1
            name = join(self.tokens[start : self.at])
            self.expect(":")
            fields.append((name, self.type()))
            if not self.accept(","):
                break
        self.expect(">")
        return s.TypeNode("context", (), tuple(fields))

    def _function_type(self) -> s.TypeNode:
        arguments: list[s.TypeNode] = []
        if not self.accept(">"):
            arguments.append(self.type())
            while self.accept(","):
                arguments.append(self.type())
            self.expect(">")
        self.expect("->")
        arguments.append(self.type())
        return s.TypeNode("function", tuple(arguments))
