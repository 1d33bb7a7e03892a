"""Function values: those written in FEEL, and the frame of those built in."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from workflows.core.feel.errors import LimitExceeded
from workflows.core.feel.limits import Run
from workflows.core.feel.types import BUILT_IN_TYPES, FeelType, coerce
from workflows.core.feel.values import kind_of

Variables = dict[str, object]
Code = Callable[[Variables, Run], object]


class UserFunction:
    """A function with a compiled body and the variables it was made among."""

    __slots__ = ("body", "label", "parameters", "result", "types", "variables")

    def __init__(
        self,
        parameters: tuple[str, ...],
        types: tuple[FeelType | None, ...],
        body: Code,
        variables: Variables,
        *,
        label: str = "function",
        result: FeelType | None = None,
    ) -> None:
        """`label` is what messages call it; `result` its declared type."""
        self.parameters = parameters
        self.types = types
        self.body = body
        self.variables = variables
        self.label = label
        self.result = result

    def invoke(self, arguments: list[object], run: Run) -> object:
        """Call by position; a wrong count or type is null with a message."""
        if len(arguments) != len(self.parameters):
            return run.note(
                f"{self.label} takes {len(self.parameters)} arguments, "
                f"not {len(arguments)}"
            )
        variables = self.variables.copy()
        for name, kind, value in zip(
            self.parameters, self.types, arguments, strict=True
        ):
            fitted, fits = (value, True) if kind is None else coerce(value, kind)
            if not fits and kind is not None:
                return run.note(
                    f"{self.label}: {name} is a {kind_of(value)}, not a {kind.name}"
                )
            variables[name] = fitted
        return self._call(variables, run)

    def _call(self, variables: Variables, run: Run) -> object:
        """Run the body one level deeper, and fit its value to the result type."""
        run.spend(5)
        run.depth += 1
        if run.depth > run.limits.depth:
            raise LimitExceeded(
                f"{self.label} calls itself more than {run.limits.depth} deep"
            )
        value = self.body(variables, run)
        run.depth -= 1
        if self.result is None:
            return value
        fitted, fits = coerce(value, self.result)
        if not fits:
            run.note(f"{self.label} gave a {kind_of(value)}, not a {self.result.name}")
        return fitted

    def invoke_named(self, arguments: dict[str, object], run: Run) -> object:
        """Call by name; parameters left out are null."""
        for name in arguments:
            if name not in self.parameters:
                return run.note(f"{self.label} has no parameter '{name}'")
        return self.invoke([arguments.get(name) for name in self.parameters], run)


class Slot(NamedTuple):
    """A built-in function's parameter; without a kind anything fits, null too."""

    name: str
    kind: FeelType | None
    optional: bool
    nullable: bool


class Overload(NamedTuple):
    """One way to call a built-in function."""

    slots: tuple[Slot, ...]
    variadic: bool
    required: int
    function: Callable[..., object]


class BuiltIn:
    """A built-in function with its overloads, the first that fits being called."""

    __slots__ = ("name", "overloads")

    def __init__(self, name: str) -> None:
        """Begin without overloads."""
        self.name = name
        self.overloads: list[Overload] = []

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters' names of the first overload."""
        return tuple(slot.name for slot in self.overloads[0].slots)

    def invoke(self, arguments: list[object], run: Run) -> object:
        """Call by position."""
        count = len(arguments)
        for overload in self.overloads:
            if overload.variadic:
                bound = _bind_variadic(overload, arguments)
            elif overload.required <= count <= len(overload.slots):
                bound = _bind(overload.slots, arguments)
            else:
                continue
            if bound is not None:
                run.spend(1 + sum(map(_weight, bound)))
                return overload.function(run, *bound)
        kinds = ", ".join(kind_of(value) for value in arguments)
        return run.note(f"{self.name} does not take ({kinds}){self._hint()}")

    def invoke_named(self, arguments: dict[str, object], run: Run) -> object:
        """Call by name."""
        for overload in self.overloads:
            bound = _bind_named(overload, arguments)
            if bound is not None:
                run.spend(1 + sum(map(_weight, bound)))
                return overload.function(run, *bound)
        names = ", ".join(arguments)
        return run.note(f"{self.name} does not take ({names}){self._hint()}")

    def _hint(self) -> str:
        return f"; it takes ({', '.join(self.parameters)})"


_REFUSED = object()


def _weight(value: object) -> int:
    """Steps for what a function does with an argument before it can count itself."""
    if type(value) is str:
        return len(value) >> 7
    return len(value) >> 3 if type(value) is list else 0


def _fit(slot: Slot, value: object) -> object:
    """The value as the parameter takes it, or _REFUSED."""
    kind = slot.kind
    if kind is None:
        return value
    if value is None:
        return None if slot.nullable else _REFUSED
    if kind.accepts(value):
        return value
    converted, fits = coerce(value, kind)
    return converted if fits else _REFUSED


def _bind(slots: tuple[Slot, ...], arguments: list[object]) -> list[object] | None:
    bound = []
    for slot, value in zip(slots, arguments, strict=False):
        fitted = _fit(slot, value)
        if fitted is _REFUSED:
            return None
        bound.append(fitted)
    bound.extend([None] * (len(slots) - len(bound)))
    return bound


def _bind_variadic(overload: Overload, arguments: list[object]) -> list[object] | None:
    fixed = len(overload.slots) - 1
    if len(arguments) <= fixed or (fixed == 0 and arguments == [None]):
        return None
    bound = _bind(overload.slots[:fixed], arguments[:fixed])
    if bound is None:
        return None
    last = overload.slots[fixed]
    rest = [_fit(last, value) for value in arguments[fixed:]]
    if any(value is _REFUSED for value in rest):
        return None
    return [*bound, rest]


def _bind_named(
    overload: Overload, arguments: Mapping[str, object]
) -> list[object] | None:
    names = {slot.name for slot in overload.slots}
    if not arguments.keys() <= names:
        return None
    bound: list[object] = []
    for slot in overload.slots:
        if slot.name not in arguments:
            if not slot.optional:
                return None
            bound.append(None)
            continue
        fitted = _fit(slot, arguments[slot.name])
        if fitted is _REFUSED:
            return None
        bound.append(fitted)
    if overload.variadic:
        bound[-1] = [bound[-1]]
    return bound


BUILT_INS: dict[str, BuiltIn] = {}


def built_in(
    name: str, *signatures: str
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a function under its FEEL name.

    A signature lists `name: type` parted by commas; `?` after a type marks a parameter
    that may be left out, `|null` one that may be null, `*` before the name the last one
    that takes all further arguments as a list. The type `any` takes everything. The
    function receives the account and then its arguments.
    """

    def register(function: Callable[..., object]) -> Callable[..., object]:
        entry = BUILT_INS.setdefault(name, BuiltIn(name))
        for signature in signatures:
            slots = tuple(map(_read_slot, filter(None, signature.split(", "))))
            entry.overloads.append(
                Overload(
                    slots=slots,
                    variadic="*" in signature,
                    required=sum(not slot.optional for slot in slots),
                    function=function,
                )
            )
        return function

    return register


def _read_slot(text: str) -> Slot:
    name, _, kind = text.lstrip("*").partition(": ")
    nullable = kind.endswith("|null")
    kind = kind.removesuffix("|null")
    optional = kind.endswith("?")
    kind = kind.removesuffix("?")
    found = None if kind == "any" else BUILT_IN_TYPES[kind]
    return Slot(name, found, optional, nullable or found is None)
