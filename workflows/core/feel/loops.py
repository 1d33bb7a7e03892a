"""Closures that walk lists: for, some, every, and filters."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from workflows.core.feel import syntax as s
from workflows.core.feel.compiler import Compiler, compiles
from workflows.core.feel.functions import Code, Variables
from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import is_integral
from workflows.core.feel.temporal import Date, date_from_days
from workflows.core.feel.trees import free_names, makes_functions
from workflows.core.feel.values import Range, kind_of

_BOOLEAN_NODES = (s.Comparison, s.Logical, s.Between, s.In, s.InstanceOf, s.Quantified)


def counted(low: object, high: object, run: Run) -> Sequence[object] | None:
    """The whole numbers, or the days, from one end to the other, either way."""
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        if not (is_integral(low) and is_integral(high)):
            run.note("a loop counts in whole numbers")
            return None
        # Checked before the numbers are made: their distance may be astronomic.
        run.check_items(int(min(abs(high - low), Decimal(10**9))) + 1)
        first, last = int(low), int(high)
        step = 1 if first <= last else -1
        return [Decimal(number) for number in range(first, last + step, step)]
    if isinstance(low, Date) and isinstance(high, Date):
        first, last = low.days, high.days
        run.check_items(abs(last - first) + 1)
        step = 1 if first <= last else -1
        return [date_from_days(day) for day in range(first, last + step, step)]
    run.note(f"a loop cannot count from {kind_of(low)} to {kind_of(high)}")
    return None


def source_items(value: object, run: Run) -> Sequence[object] | None:
    """What a loop walks over; a single value counts as a list of one."""
    if isinstance(value, list):
        return value
    if value is None:
        run.note("a loop cannot walk over null")
        return None
    if isinstance(value, Range):
        found = counted(value.start, value.end, run)
        if found is None:
            return None
        first = 0 if value.start_included else 1
        return found[first : len(found) if value.end_included else -1]
    return [value]


class _Source:
    """One compiled iterator."""

    __slots__ = ("code", "end", "name")

    def __init__(self, name: str, code: Code, end: Code | None) -> None:
        self.name = name
        self.code = code
        self.end = end

    def items(self, variables: Variables, run: Run) -> Sequence[object] | None:
        value = self.code(variables, run)
        if self.end is None:
            return source_items(value, run)
        return counted(value, self.end(variables, run), run)


def _sources(
    compiler: Compiler, iterators: tuple[s.Iterator, ...]
) -> tuple[list[_Source], Compiler]:
    found = []
    for iterator in iterators:
        end = None if iterator.end is None else compiler.compile(iterator.end)
        found.append(_Source(iterator.name, compiler.compile(iterator.source), end))
        compiler = compiler.within(frozenset({iterator.name}))
    return found, compiler


class _Broken(Exception):
    """A source that cannot be walked: the whole loop is null."""


def _walk(
    sources: list[_Source], variables: Variables, run: Run, *, fresh: bool
) -> Iterator[Variables]:
    """The scopes of every combination, the last iterator moving fastest.

    With `fresh` each scope is a new one, since a function made within may keep it.
    """
    source, rest = sources[0], sources[1:]
    items = source.items(variables, run)
    if items is None:
        raise _Broken
    name = source.name
    scope = variables.copy()
    for item in items:
        run.spend(1)
        if fresh:
            scope = variables.copy()
        scope[name] = item
        if rest:
            yield from _walk(rest, scope, run, fresh=fresh)
        else:
            yield scope


@compiles(s.For)
def _for(compiler: Compiler, node: s.For) -> Code:
    sources, inner = _sources(compiler, node.iterators)
    body = inner.within(frozenset({"partial"})).compile(node.body)
    uses_partial = "partial" in free_names(node.body)
    fresh = makes_functions(node)

    def loop(variables: Variables, run: Run) -> object:
        result: list[object] = []
        try:
            for scope in _walk(sources, variables, run, fresh=fresh):
                if uses_partial:
                    run.spend(len(result) >> 2)
                    scope["partial"] = result.copy()
                result.append(body(scope, run))
        except _Broken:
            return None
        run.check_items(len(result))
        return result

    return loop


def _three_valued(
    scopes: Iterator[Variables],
    body: Code,
    run: Run,
    *,
    decisive: bool,
) -> object:
    unknown = False
    found: object = not decisive
    for scope in scopes:
        value = body(scope, run)
        if value is None:
            unknown = True
        elif type(value) is not bool:
            return run.note(f"'satisfies' takes booleans, not a {kind_of(value)}")
        elif value is decisive:
            return decisive
    return None if unknown else found


@compiles(s.Quantified)
def _quantified(compiler: Compiler, node: s.Quantified) -> Code:
    sources, inner = _sources(compiler, node.iterators)
    body = inner.compile(node.body)
    decisive = node.quantifier == "some"
    fresh = makes_functions(node)

    def judge(variables: Variables, run: Run) -> object:
        try:
            scopes = _walk(sources, variables, run, fresh=fresh)
            return _three_valued(scopes, body, run, decisive=decisive)
        except _Broken:
            return None

    return judge


def pick(items: list[object], position: Decimal, run: Run) -> object:
    """The item at a 1-based position, negative ones from the end; null outside."""
    if is_integral(position) and 0 < abs(position) <= len(items):
        index = int(position)
        return items[index - 1 if index > 0 else index]
    return run.note(f"there is no item {position} in a list of {len(items)}")


@compiles(s.Filter)
def _filter(compiler: Compiler, node: s.Filter) -> Code:
    base = compiler.compile(node.base)
    predicate = node.predicate
    if isinstance(predicate, s.Literal | s.Negation):
        position = compiler.compile(predicate)
        if _is_number(predicate):
            return lambda variables, run: _at_position(
                base(variables, run),
                position(variables, run),
                run,
            )
    within = compiler.within(frozenset({"item"}))
    test = within.compile(predicate)
    select = Selection(predicate, test)
    if isinstance(predicate, _BOOLEAN_NODES):

        def keep(variables: Variables, run: Run) -> object:
            value = base(variables, run)
            if value is None:
                return None
            return select.keep(_as_list(value), variables, run)

        return keep

    def choose(variables: Variables, run: Run) -> object:
        """Only the value tells whether the bracket holds a position or a test."""
        value = base(variables, run)
        if value is None:
            return None
        items = _as_list(value)
        first = {"item": None} if not items else {"item": items[0]}
        scope = {**variables, **first}
        if items and isinstance(items[0], dict):
            scope.update(items[0])
        found = test(scope, run)
        if type(found) is Decimal:
            return pick(items, found, run)
        return select.keep(items, variables, run)

    return choose


def _is_number(node: s.Node) -> bool:
    while isinstance(node, s.Negation):
        node = node.operand
    return isinstance(node, s.Literal) and type(node.value) is Decimal


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _at_position(value: object, position: object, run: Run) -> object:
    assert isinstance(position, Decimal)
    return pick(_as_list(value), position, run)


class Selection:
    """A filter's test, run for each item; an item's entries are in its scope."""

    __slots__ = ("fresh", "test", "used")

    def __init__(self, predicate: s.Node, test: Code) -> None:
        """Learn which names the test uses: only those are put in its scope."""
        self.test = test
        self.used = tuple(free_names(predicate) - {"item"})
        self.fresh = makes_functions(predicate)

    def keep(self, items: list[object], variables: Variables, run: Run) -> object:
        """The items the test holds for; null when it gives what is no boolean."""
        kept: list[object] = []
        test, used = self.test, self.used
        scope = variables.copy()
        for item in items:
            run.spend(1)
            if self.fresh:
                scope = variables.copy()
            scope["item"] = item
            if type(item) is dict:
                _enter(scope, item, variables, used)
                if "item" in item:
                    scope["item"] = item["item"]
            found = test(scope, run)
            if found is True:
                kept.append(item)
            elif found is not False and found is not None:
                return run.note(f"a filter takes booleans, not a {kind_of(found)}")
        return kept


def _enter(
    scope: Variables,
    item: dict[str, object],
    variables: Variables,
    used: tuple[str, ...],
) -> None:
    """Put the item's entries in scope, and take out the previous item's."""
    for name in used:
        if name in item:
            scope[name] = item[name]
        elif name in variables:
            scope[name] = variables[name]
        else:
            scope.pop(name, None)
