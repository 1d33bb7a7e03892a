"""Types: what is an instance of what, and the implicit conversions of DMN 1.5."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from workflows.core.feel import syntax as s
from workflows.core.feel.temporal import (
    MIDNIGHT_UTC,
    Date,
    DateTime,
    DayTimeDuration,
    Time,
    YearMonthDuration,
)
from workflows.core.feel.values import Range, is_function


class FeelType:
    """A type: `accepts` says whether a value that is not null is an instance."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The type's text."""
        raise NotImplementedError

    @property
    def is_list(self) -> bool:
        """True when the type's values are lists."""
        return False

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        raise NotImplementedError

    def takes(self, value: object) -> bool:
        """Like accepts, but entries of a context may be missing: a value from outside.

        What is missing reads as null, like what is null.
        """
        return self.accepts(value)

    def admits(self, value: object) -> bool:
        """Like accepts, for a place inside another value, where null always fits."""
        return value is None or self.accepts(value)


@dataclass(frozen=True, slots=True)
class SimpleType(FeelType):
    """A built-in type, held by one Python class; Any has none."""

    label: str
    classes: tuple[type, ...]

    @property
    def name(self) -> str:
        """The type's text."""
        return self.label

    @property
    def is_list(self) -> bool:
        """True when the type's values are lists."""
        return self.classes == (list,)

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        return type(value) in self.classes


class _AnyType(FeelType):
    __slots__ = ()

    @property
    def name(self) -> str:
        return "Any"

    def accepts(self, value: object) -> bool:
        return True


class _NullType(FeelType):
    __slots__ = ()

    @property
    def name(self) -> str:
        return "Null"

    def accepts(self, value: object) -> bool:
        return value is None


@dataclass(frozen=True, slots=True)
class ListType(FeelType):
    """`list<T>`."""

    item: FeelType

    @property
    def name(self) -> str:
        """The type's text."""
        return f"list<{self.item.name}>"

    @property
    def is_list(self) -> bool:
        """True when the type's values are lists."""
        return True

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        return isinstance(value, list) and all(map(self.item.admits, value))

    def takes(self, value: object) -> bool:
        """See FeelType."""
        return isinstance(value, list) and all(
            item is None or self.item.takes(item) for item in value
        )


@dataclass(frozen=True, slots=True)
class ContextType(FeelType):
    """`context<a: T>`: further entries are allowed."""

    fields: Mapping[str, FeelType]

    @property
    def name(self) -> str:
        """The type's text."""
        inner = ", ".join(f"{key}: {kind.name}" for key, kind in self.fields.items())
        return f"context<{inner}>"

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        return isinstance(value, dict) and all(
            key in value and kind.admits(value[key])
            for key, kind in self.fields.items()
        )

    def takes(self, value: object) -> bool:
        """See FeelType."""
        return isinstance(value, dict) and all(
            value.get(key) is None or kind.takes(value[key])
            for key, kind in self.fields.items()
        )


@dataclass(frozen=True, slots=True)
class RangeType(FeelType):
    """`range<T>`."""

    item: FeelType

    @property
    def name(self) -> str:
        """The type's text."""
        return f"range<{self.item.name}>"

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        return (
            isinstance(value, Range)
            and self.item.admits(value.start)
            and self.item.admits(value.end)
        )


@dataclass(frozen=True, slots=True)
class FunctionType(FeelType):
    """`function<A, B> -> R`; a value's undeclared types fit everything."""

    parameters: tuple[FeelType, ...] | None = None
    result: FeelType | None = None

    @property
    def name(self) -> str:
        """The type's text."""
        if self.parameters is None:
            return "function"
        inner = ", ".join(kind.name for kind in self.parameters)
        return f"function<{inner}> -> {self.result.name if self.result else 'Any'}"

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        if not is_function(value):
            return False
        if self.parameters is None:
            return True
        declared = getattr(value, "types", None)
        if declared is None:
            declared = (None,) * len(getattr(value, "parameters", ()))
        if len(declared) != len(self.parameters):
            return False
        if not all(
            own is None or conforms(wanted, own)
            for wanted, own in zip(self.parameters, declared, strict=True)
        ):
            return False
        result = getattr(value, "result", None)
        return result is None or self.result is None or conforms(result, self.result)


@dataclass(frozen=True, slots=True)
class NamedType(FeelType):
    """An item definition: a base type and, perhaps, a constraint on its values."""

    label: str
    base: FeelType
    constraint: Callable[[object], bool] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The type's text."""
        return self.label

    @property
    def is_list(self) -> bool:
        """True when the type's values are lists."""
        return self.base.is_list

    def accepts(self, value: object) -> bool:
        """Whether the value, not null, is an instance."""
        return self.base.accepts(value) and (
            self.constraint is None or self.constraint(value)
        )

    def takes(self, value: object) -> bool:
        """See FeelType."""
        return self.base.takes(value) and (
            self.constraint is None or self.constraint(value)
        )


ANY = _AnyType()
NULL = _NullType()
NUMBER = SimpleType("number", (Decimal,))
STRING = SimpleType("string", (str,))
BOOLEAN = SimpleType("boolean", (bool,))
DATE = SimpleType("date", (Date,))
TIME = SimpleType("time", (Time,))
DATE_TIME = SimpleType("date and time", (DateTime,))
DAY_TIME = SimpleType("days and time duration", (DayTimeDuration,))
YEAR_MONTH = SimpleType("years and months duration", (YearMonthDuration,))
LIST = SimpleType("list", (list,))
CONTEXT = SimpleType("context", (dict,))
RANGE = SimpleType("range", (Range,))
FUNCTION = FunctionType()
DURATION = SimpleType("duration", (DayTimeDuration, YearMonthDuration))

_WITH_NAMES: tuple[FeelType, ...] = (
    ANY,
    NULL,
    NUMBER,
    STRING,
    BOOLEAN,
    DATE,
    TIME,
    DATE_TIME,
    DAY_TIME,
    YEAR_MONTH,
    LIST,
    CONTEXT,
    RANGE,
    FUNCTION,
    DURATION,
)
BUILT_IN_TYPES: dict[str, FeelType] = {kind.name: kind for kind in _WITH_NAMES} | {
    # The names of DMN 1.1 and of the schemas' type identifiers.
    "dateTime": DATE_TIME,
    "dayTimeDuration": DAY_TIME,
    "yearMonthDuration": YEAR_MONTH,
}


def conforms(kind: FeelType, wanted: FeelType) -> bool:
    """Whether every instance of `kind` is one of `wanted` (DMN 1.5, 10.3.2.9.2)."""
    if wanted is ANY or kind is NULL or kind == wanted:
        return True
    if isinstance(wanted, NamedType):
        return wanted.constraint is None and conforms(kind, wanted.base)
    if isinstance(kind, NamedType):
        return conforms(kind.base, wanted)
    return _conforms_by_parts(kind, wanted)


def _conforms_by_parts(kind: FeelType, wanted: FeelType) -> bool:
    """The rule for types made of others."""
    if isinstance(kind, ListType) and isinstance(wanted, ListType):
        return conforms(kind.item, wanted.item)
    if isinstance(kind, RangeType) and isinstance(wanted, RangeType):
        return conforms(kind.item, wanted.item)
    if isinstance(kind, ContextType) and isinstance(wanted, ContextType):
        return all(
            key in kind.fields and conforms(kind.fields[key], inner)
            for key, inner in wanted.fields.items()
        )
    return (wanted is LIST and kind.is_list) or (
        wanted is CONTEXT and isinstance(kind, ContextType)
    )


def coerce(value: object, kind: FeelType) -> tuple[object, bool]:
    """The value as an instance of the type, and whether it could be made one.

    The implicit conversions of DMN 1.5 section 10.3.2.9.4: to and from a singleton
    list, and a date to its midnight in UTC. Null fits every type.
    """
    if value is None or kind.accepts(value):
        return value, True
    if kind.is_list and not isinstance(value, list):
        return ([value], True) if kind.accepts([value]) else (None, False)
    if isinstance(value, list) and len(value) == 1 and not kind.is_list:
        return coerce(value[0], kind)
    if isinstance(value, Date):
        moment = DateTime(value, MIDNIGHT_UTC)
        if kind.accepts(moment):
            return moment, True
    return None, False


def resolve(
    node: s.TypeNode, known: Mapping[str, FeelType] | None = None
) -> FeelType | None:
    """The type a text names; None when some name in it is unknown."""
    if node.fields:
        fields = {key: resolve(inner, known) for key, inner in node.fields}
        found = {key: kind for key, kind in fields.items() if kind is not None}
        return ContextType(found) if len(found) == len(fields) else None
    if node.arguments:
        arguments = [resolve(inner, known) for inner in node.arguments]
        kinds = [kind for kind in arguments if kind is not None]
        if len(kinds) != len(arguments):
            return None
        if node.name == "function":
            return FunctionType(tuple(kinds[:-1]), kinds[-1])
        return ListType(kinds[0]) if node.name == "list" else RangeType(kinds[0])
    if known is not None and node.name in known:
        return known[node.name]
    return BUILT_IN_TYPES.get(node.name)
