"""The syntax tree: what a text says, before anything knows what the names mean."""

from dataclasses import dataclass


class Node:
    """Any expression."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, string, boolean, null or temporal value written out."""

    value: object


@dataclass(frozen=True, slots=True)
class AtLiteral(Node):
    """`@"2026-01-31"`, resolved when compiled."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, its spaces normalised to one."""

    name: str


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """Unary minus."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+ - * / **`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logical(Node):
    """`and` or `or` over two or more operands."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`= != < <= > >=`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`x between a and b`."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """`x in test` or `x in (test, test)`."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """`x instance of T`."""

    value: Node
    type: "TypeNode"


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`x.name`."""

    base: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`x[predicate]`."""

    base: Node
    predicate: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`f(a, b)`, or with `names` the named form `f(p: a, q: b)`."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if c then a else b`."""

    condition: Node
    positive: Node
    negative: Node


@dataclass(frozen=True, slots=True)
class Iterator(Node):
    """`name in source`, or with `end` the counting form `name in source..end`."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for i in x return body`."""

    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some` or `every`."""

    quantifier: str
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A formal parameter."""

    name: str
    type: "TypeNode | None" = None


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """`function(a: number) body`; `external` bodies are kept and refused when called."""

    parameters: tuple[Parameter, ...]
    body: Node
    external: bool = False


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    """`{a: 1, b: a + 1}`."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    """`[a..b]` with either end open."""

    start: Node
    end: Node
    start_closed: bool
    end_closed: bool


@dataclass(frozen=True, slots=True)
class UnaryComparison(Node):
    """`< 5` as a test, or `(< 5)` as a range value."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """A cell: tests of which one must hold (none of which, when negated).

    An empty tuple that is not negated is the dash: anything matches.
    """

    tests: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TypeNode(Node):
    """A type by name with its arguments: `list<number>`, `context<a: string>`.

    `fields` are a context's entries; for a function `arguments` are its parameters
    and the last one its result.
    """

    name: str
    arguments: tuple["TypeNode", ...] = ()
    fields: tuple[tuple[str, "TypeNode"], ...] = ()
