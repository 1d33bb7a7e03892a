"""Tokens to a syntax tree: precedence climbing over the grammar of DMN 1.5, 10.3.1.2."""

from collections.abc import Callable

from workflows.core.feel import juel
from workflows.core.feel import syntax as s
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.lexer import Token, syntax_error, tokenize, unescape
from workflows.core.feel.limits import MAX_CHAIN, MAX_NESTING, MAX_SOURCE
from workflows.core.feel.names import (
    KEYWORDS,
    STOP_WORDS,
    Index,
    index_names,
    join,
    match_known,
    match_words,
)
from workflows.core.feel.numbers import parse as parse_number
from workflows.core.feel.parser_types import TypeParser

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
# What may follow the bracket of a filter; anything else makes `x[` the end of a range.
_ENDS_EXPRESSION = frozenset({
    ")",
    "]",
    ",",
    "}",
    "=",
    "!=",
    "+",
    "*",
    "/",
    "**",
    ":",
    ".",
})
_HINTS = {"&": "; write and", "|": "; write or", "'": '; strings stand in "'}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}


class Parser(TypeParser):
    """One pass over one text. Names pushed are those in scope at the place read."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        """Cut the text; FeelSyntaxError when it is too long or JUEL."""
        if len(text) > MAX_SOURCE:
            raise FeelSyntaxError(f"the text is longer than {MAX_SOURCE:,} characters")
        juel.refuse(text)
        self.text = text
        self.tokens = tokenize(text)
        self.at = 0
        self.indexes: list[Index] = [index_names(names)]
        self.nesting = 0

    # ---- reading tokens

    def fail(self, message: str, at: int | None = None) -> FeelSyntaxError:
        """A located error at a token, the present one unless told."""
        token = self.tokens[self.at if at is None else at]
        return syntax_error(message, self.text, token.start)

    def unexpected(self, wanted: str) -> FeelSyntaxError:
        """The error for a token that cannot stand here."""
        token = self.tokens[self.at]
        found = "the end" if token.kind == "end" else f"'{token.text}'"
        doubled = self.text[token.start - 1 : token.start + 1] == "=="
        more = "; equality is written =" if doubled else _HINTS.get(token.text, "")
        return self.fail(f"expected {wanted}, found {found}{more}")

    def peek(self, text: str, ahead: int = 0) -> bool:
        """True when the token is this sign or word (never a string)."""
        place = self.at + ahead
        return place < len(self.tokens) and self.tokens[place].text == text

    def accept(self, text: str) -> bool:
        """Step over the token when it is this sign or word."""
        if self.tokens[self.at].text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Step over this sign or word, or fail."""
        if not self.accept(text):
            raise self.unexpected(f"'{text}'")

    def scoped(self, names: frozenset[str], read: Callable[[], s.Node]) -> s.Node:
        """Read something with more names in scope."""
        self.indexes.append(index_names(names))
        try:
            return read()
        finally:
            self.indexes.pop()

    def nested(self, read: Callable[[], s.Node]) -> s.Node:
        """Read one level deeper, up to the limit."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.fail(f"nested deeper than {MAX_NESTING} levels")
        try:
            return read()
        finally:
            self.nesting -= 1

    def finish(self, node: s.Node) -> s.Node:
        """Check that nothing is left over."""
        if self.tokens[self.at].kind != "end":
            raise self.unexpected("an operator or the end")
        return node

    # ---- expressions, loosest binding first

    def expression(self) -> s.Node:
        """Any expression."""
        return self.nested(self._disjunction)

    def _disjunction(self) -> s.Node:
        return self._logical("or", self._conjunction)

    def _conjunction(self) -> s.Node:
        return self._logical("and", self._comparison)

    def _logical(self, word: str, read: Callable[[], s.Node]) -> s.Node:
        operands = [read()]
        while self.accept(word):
            operands.append(read())
        return operands[0] if len(operands) == 1 else s.Logical(word, tuple(operands))

    def _comparison(self) -> s.Node:
        left = self._arithmetic(1)
        chain = 0
        while True:
            token = self.tokens[self.at]
            chain += 1
            if chain > MAX_CHAIN:
                raise self.fail(f"more than {MAX_CHAIN} comparisons in a row")
            if token.kind == "op" and token.text in _COMPARISONS:
                self.at += 1
                left = s.Comparison(token.text, left, self._arithmetic(1))
            elif self.accept("between"):
                low = self._arithmetic(1)
                self.expect("and")
                left = s.Between(left, low, self._arithmetic(1))
            elif self.accept("in"):
                left = s.In(left, self._in_tests())
            elif self.peek("instance") and self.peek("of", 1):
                self.at += 2
                left = s.InstanceOf(left, self.type())
            else:
                return left

    def _in_tests(self) -> tuple[s.Node, ...]:
        """What follows `in`: one test, or several in parentheses."""
        if not self.peek("("):
            return (self.test(),)
        self.at += 1
        tests = [self.test()]
        if self.peek(".."):
            return (self._range_from(tests[0], closed=False),)
        while self.accept(","):
            tests.append(self.test())
        self.expect(")")
        return tuple(tests)

    def test(self) -> s.Node:
        """A positive unary test: a comparison without a left side, or an expression."""
        token = self.tokens[self.at]
        if token.kind == "op" and token.text in _COMPARISONS:
            self.at += 1
            return s.UnaryComparison(token.text, self._arithmetic(1))
        return self.expression()

    def _arithmetic(self, minimum: int) -> s.Node:
        left = self._negation()
        chain = 0
        while True:
            token = self.tokens[self.at]
            binding = _BINDING.get(token.text, 0) if token.kind == "op" else 0
            if binding < minimum or binding == 0:
                return left
            chain += 1
            if chain > MAX_CHAIN:
                raise self.fail(f"more than {MAX_CHAIN} operators in a row")
            self.at += 1
            left = s.Arithmetic(token.text, left, self._arithmetic(binding + 1))

    def _negation(self) -> s.Node:
        if self.tokens[self.at].kind == "op" and self.accept("-"):
            return s.Negation(self.nested(self._negation))
        return self._postfix(self._primary())

    def _postfix(self, node: s.Node) -> s.Node:
        chain = 0
        while True:
            chain += 1
            if chain > MAX_CHAIN:
                raise self.fail(f"more than {MAX_CHAIN} steps in one path")
            if self.peek("(") and self.tokens[self.at].kind == "op":
                node = self._call(node)
            elif self.peek("[") and self._opens_filter():
                self.at += 1
                predicate = self.scoped(frozenset({"item"}), self.test)
                self.expect("]")
                node = s.Filter(node, predicate)
            elif self.accept("."):
                node = s.Path(node, self.name())
            else:
                return node

    def _opens_filter(self) -> bool:
        """`x[`: false when the bracket closes a half-open range, `[1..x[`."""
        following = self.tokens[self.at + 1]
        if following.kind == "end" or following.text in _ENDS_EXPRESSION:
            return False
        return following.kind != "name" or following.text not in STOP_WORDS

    # ---- primaries

    def _primary(self) -> s.Node:
        token = self.tokens[self.at]
        if token.kind == "name":
            return self._word(token)
        if token.kind == "number":
            self.at += 1
            return self._number(token)
        if token.kind == "string":
            self.at += 1
            return s.Literal(unescape(token.text))
        if token.kind == "op":
            return self._sign(token)
        raise self.unexpected("a value")

    def _number(self, token: Token) -> s.Node:
        value = parse_number(token.text)
        if value is None:
            raise self.fail("this number is too large", self.at - 1)
        return s.Literal(value)

    def _sign(self, token: Token) -> s.Node:
        if token.text == "(":
            return self._parenthesis()
        if token.text == "[":
            return self.nested(self._bracket)
        if token.text == "]":
            self.at += 1
            return self.nested(
                lambda: self._range_from(self.expression(), closed=False)
            )
        if token.text == "{":
            return self.nested(self._context)
        if token.text == "@":
            return self._at_literal()
        raise self.unexpected("a value")

    def _at_literal(self) -> s.Node:
        self.at += 1
        token = self.tokens[self.at]
        if token.kind != "string" or token.spaced:
            raise self.unexpected("a quoted date, time or duration after @")
        self.at += 1
        return s.AtLiteral(unescape(token.text))

    def _parenthesis(self) -> s.Node:
        self.at += 1
        token = self.tokens[self.at]
        if token.kind == "op" and token.text in _COMPARISONS:
            node = self.nested(self.test)
            self.expect(")")
            return node
        node = self.expression()
        if self.peek(".."):
            return self._range_from(node, closed=False)
        self.expect(")")
        return node

    def _bracket(self) -> s.Node:
        self.at += 1
        if self.accept("]"):
            return s.ListLiteral(())
        items = [self.test()]
        if self.peek(".."):
            return self._range_from(items[0], closed=True)
        while self.accept(","):
            items.append(self.test())
        self.expect("]")
        return s.ListLiteral(tuple(items))

    def _range_from(self, start: s.Node, *, closed: bool) -> s.Node:
        self.expect("..")
        end = self._arithmetic(1)
        if self.accept("]"):
            return s.RangeLiteral(start, end, closed, end_closed=True)
        if self.accept(")") or self.accept("["):
            return s.RangeLiteral(start, end, closed, end_closed=False)
        raise self.unexpected("']', ')' or '[' to close the range")

    def _context(self) -> s.Node:
        self.at += 1
        entries: list[tuple[str, s.Node]] = []
        keys: set[str] = set()
        pushed = 0
        try:
            while not self.peek("}"):
                key = self._key()
                if key in keys:
                    raise self.fail(f"the entry '{key}' stands twice in this context")
                self.expect(":")
                self.indexes.append(index_names(frozenset({key})))
                pushed += 1
                entries.append((key, self.expression()))
                keys.add(key)
                if not self.accept(","):
                    break
        finally:
            del self.indexes[len(self.indexes) - pushed :]
        self.expect("}")
        return s.ContextLiteral(tuple(entries))

    def _key(self) -> str:
        token = self.tokens[self.at]
        if token.kind == "string":
            self.at += 1
            return unescape(token.text)
        start = self.at
        while not (self.peek(":") or self.peek("}") or self.peek(",")):
            if self.tokens[self.at].kind in ("end", "string"):
                raise self.unexpected("':' after the entry's name")
            self.at += 1
        if start == self.at:
            raise self.unexpected("an entry's name")
        return join(self.tokens[start : self.at])

    # ---- words

    def name(self) -> str:
        """A name: known ones first, else neighbouring words."""
        start = self.at
        length = match_known(self.indexes, self.tokens, start)
        if not length:
            if self.tokens[start].kind != "name":
                raise self.unexpected("a name")
            length = match_words(self.tokens, start)
        self.at += length
        return join(self.tokens[start : self.at])

    def _word(self, token: Token) -> s.Node:
        known = match_known(self.indexes, self.tokens, self.at)
        if known:
            return s.Name(self.name())
        word = token.text
        if word in ("true", "false", "null") and self._stands_alone():
            self.at += 1
            return s.Literal({"true": True, "false": False, "null": None}[word])
        readers = {
            "if": self._if,
            "for": self._for,
            "some": self._quantified,
            "every": self._quantified,
        }
        if word in readers:
            return self.nested(readers[word])
        if word == "function" and self.peek("(", 1):
            return self.nested(self._function)
        if word in ("and", "or", "in", "then", "else", "return", "satisfies"):
            raise self.unexpected("a value")
        return s.Name(self.name())

    def _stands_alone(self) -> bool:
        following = self.tokens[self.at + 1]
        return following.kind != "name" or following.text in KEYWORDS

    def _if(self) -> s.Node:
        """A chain of `else if` is read in a loop: it is long, not deep."""
        branches: list[tuple[s.Node, s.Node]] = []
        while self.accept("if"):
            condition = self.expression()
            self.expect("then")
            branches.append((condition, self.expression()))
            self.expect("else")
            if len(branches) > MAX_CHAIN:
                raise self.fail(f"more than {MAX_CHAIN} branches in a row")
        node = self.expression()
        for condition, positive in reversed(branches):
            node = s.If(condition, positive, node)
        return node

    def _for(self) -> s.Node:
        self.at += 1
        iterators, depth = self._iterators()
        self.indexes.append(index_names(frozenset({"partial"})))
        try:
            self.expect("return")
            return s.For(iterators, self.expression())
        finally:
            del self.indexes[len(self.indexes) - depth - 1 :]

    def _quantified(self) -> s.Node:
        quantifier = self.tokens[self.at].text
        self.at += 1
        iterators, depth = self._iterators()
        try:
            self.expect("satisfies")
            return s.Quantified(quantifier, iterators, self.expression())
        finally:
            del self.indexes[len(self.indexes) - depth :]

    def _iterators(self) -> tuple[tuple[s.Iterator, ...], int]:
        """The iterators, and how many scopes they pushed."""
        iterators: list[s.Iterator] = []
        while True:
            start = self.at
            while not self.peek("in") and self.tokens[self.at].kind == "name":
                self.at += 1
            if start == self.at:
                raise self.unexpected("a variable's name")
            name = join(self.tokens[start : self.at])
            self.expect("in")
            source = self.expression()
            end = self.expression() if self.accept("..") else None
            iterators.append(s.Iterator(name, source, end))
            self.indexes.append(index_names(frozenset({name})))
            if not self.accept(","):
                return tuple(iterators), len(iterators)

    def _function(self) -> s.Node:
        self.at += 2
        parameters: list[s.Parameter] = []
        while not self.peek(")"):
            name = self._parameter_name()
            parameters.append(
                s.Parameter(name, self.type() if self.accept(":") else None)
            )
            if not self.accept(","):
                break
        self.expect(")")
        external = self.accept("external")
        names = frozenset(parameter.name for parameter in parameters)
        body = self.scoped(names, self.expression)
        return s.FunctionLiteral(tuple(parameters), body, external)

    def _parameter_name(self) -> str:
        start = self.at
        while not (self.peek(":") or self.peek(",") or self.peek(")")):
            if self.tokens[self.at].kind in ("end", "string"):
                raise self.unexpected("a parameter's name")
            self.at += 1
        if start == self.at:
            raise self.unexpected("a parameter's name")
        return join(self.tokens[start : self.at])

    # ---- calls

    def _call(self, function: s.Node) -> s.Node:
        self.at += 1
        if self.accept(")"):
            return s.Call(function, ())
        if self._named_ahead():
            return self.nested(lambda: self._named_arguments(function))
        arguments = [self.test()]
        while self.accept(","):
            arguments.append(self.test())
        self.expect(")")
        return s.Call(function, tuple(arguments))

    def _named_ahead(self) -> bool:
        """True when the arguments start with `name:`."""
        place = self.at
        while self.tokens[place].kind == "name":
            place += 1
        return place > self.at and self.tokens[place].text == ":"

    def _named_arguments(self, function: s.Node) -> s.Node:
        names: list[str] = []
        arguments: list[s.Node] = []
        while True:
            name = self._parameter_name()
            if name in names:
                raise self.fail(f"the argument '{name}' is given twice")
            self.expect(":")
            names.append(name)
            arguments.append(self.test())
            if not self.accept(","):
                break
        self.expect(")")
        return s.Call(function, tuple(arguments), tuple(names))
