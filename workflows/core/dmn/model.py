"""A model that is read: its elements, and the evaluation of one of them."""

import builtins
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from workflows.core.dmn.adapt import adapt
from workflows.core.dmn.errors import Problem
from workflows.core.dmn.explain import Explanation
from workflows.core.dmn.tables import DecisionTable
from workflows.core.feel.convert import to_feel
from workflows.core.feel.expressions import guarded
from workflows.core.feel.functions import Code, UserFunction, Variables
from workflows.core.feel.limits import DEFAULT_LIMITS, Limits, Run
from workflows.core.feel.types import BOOLEAN, NUMBER, STRING, FeelType, coerce
from workflows.core.feel.values import kind_of


@dataclass(slots=True)
class InputData:
    """A value from outside; `plain` is the class of texts or booleans taken as is."""

    id: str
    name: str
    type: FeelType | None
    plain: builtins.type | None = None

    def __post_init__(self) -> None:
        """Learn whether values need no conversion at all."""
        if self.type is STRING or self.type is BOOLEAN:
            self.plain = str if self.type is STRING else bool


@dataclass(slots=True)
class Need:
    """A requirement: the element's key, and its path of names in the variables."""

    key: str
    path: tuple[str, ...]


@dataclass(slots=True)
class Decision:
    """A decision: its logic, and what it needs."""

    id: str
    name: str
    type: FeelType | None
    code: Code
    needs: list[Need] = field(default_factory=list)
    table: DecisionTable | None = None
    text: str = ""


@dataclass(slots=True)
class Knowledge:
    """A business knowledge model: a function with needs."""

    id: str
    name: str
    parameters: tuple[str, ...]
    types: tuple[FeelType | None, ...]
    body: Code
    result: FeelType | None
    needs: list[Need] = field(default_factory=list)


@dataclass(slots=True)
class Service:
    """A decision service: what goes in, what is computed within, what comes out."""

    id: str
    name: str
    inputs: list[Need]
    outputs: list[Need]
    result: FeelType | None


class Unknown(NamedTuple):
    """A name that a text reads and no requirement provides."""

    label: str
    element: str
    name: str


Item = InputData | Decision | Knowledge | Service


class Decided(NamedTuple):
    """A decision's FEEL value, the messages, and (when asked for) the explanation."""

    value: object
    messages: tuple[str, ...]
    explanation: Explanation | None


@dataclass(slots=True)
class Model:
    """A deployed model. `items` holds own and imported elements by `namespace#id`.

    `decisions`, `services` and `knowledge` are the model's own, by name and by id;
    `problems` is empty unless the model was read leniently.
    """

    name: str
    namespace: str
    source: str
    items: dict[str, Item] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)
    inputs: dict[str, InputData] = field(default_factory=dict)
    types: dict[str, FeelType] = field(default_factory=dict)
    tables: list[DecisionTable] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    unknown: list[Unknown] = field(default_factory=list)

    def evaluate(
        self,
        target: str,
        inputs: Mapping[str, object],
        *,
        explain: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        now: dt.datetime | None = None,
    ) -> Decided:
        """Evaluate a decision by name or id; KeyError when there is none.

        `inputs` are JSON-like or FEEL values by the names of the input data; text is
        read where a date, time or duration is declared. Nothing is raised while
        evaluating: what has no value is null, with a message.
        """
        decision = self.decisions[target]
        run = Run(limits, now)
        run.trace = [] if explain else None
        graph = Graph(self, inputs, run)
        value = guarded(lambda _variables, _run: graph.decide(decision), {}, run)
        explanation = (
            Explanation(run.trace, graph.used) if run.trace is not None else None
        )
        return Decided(value, tuple(run.messages), explanation)

    def evaluate_service(
        self,
        target: str,
        inputs: Mapping[str, object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        now: dt.datetime | None = None,
    ) -> Decided:
        """Evaluate a decision service; its inputs are given by name."""
        service = self.services[target]
        run = Run(limits, now)
        graph = Graph(self, inputs, run)

        def serve(_variables: Variables, _run: Run) -> object:
            return graph.serve(service, _named(service, inputs, run))

        value = guarded(serve, {}, run)
        return Decided(value, tuple(run.messages), None)

    def evaluate_knowledge(
        self,
        target: str,
        inputs: Mapping[str, object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        now: dt.datetime | None = None,
    ) -> Decided:
        """Call a business knowledge model with arguments by name."""
        knowledge = self.knowledge[target]
        run = Run(limits, now)
        graph = Graph(self, {}, run)

        def call(_variables: Variables, _run: Run) -> object:
            arguments = {name: to_feel(value) for name, value in inputs.items()}
            return graph.function(knowledge).invoke_named(arguments, run)

        value = guarded(call, {}, run)
        return Decided(value, tuple(run.messages), None)


def _named(
    service: Service, inputs: Mapping[str, object], run: Run
) -> dict[str, object]:
    """The service's inputs among those given, as FEEL values."""
    found: dict[str, object] = {}
    for need in service.inputs:
        name = need.path[-1]
        if name in inputs:
            try:
                found[need.key] = to_feel(inputs[name])
            except TypeError as problem:
                run.note(f"'{name}' is not usable: {problem}")
    return found


class Graph:
    """One evaluation: the values computed so far, each once."""

    __slots__ = ("_given", "_model", "_run", "_values", "used")

    def __init__(self, model: Model, given: Mapping[str, object], run: Run) -> None:
        """`given` are the inputs by name; `used` collects those that were read."""
        self._model = model
        self._given = given
        self._run = run
        self._values: dict[str, object] = {}
        self.used: dict[str, object] = {}

    def decide(self, decision: Decision) -> object:
        """The decision's value, fitted to its type."""
        variables: Variables = {}
        known = self._values
        for need in decision.needs:
            key, path = need.key, need.path
            value = known[key] if key in known else self.value(key)
            if len(path) == 1:
                variables[path[0]] = value
            else:
                _place(variables, path, value)
        value = decision.code(variables, self._run)
        if decision.type is None or value is None:
            return value
        return _fit(value, decision.type, decision.name, self._run)

    def value(self, key: str) -> object:
        """The value of an element, computed at its first use."""
        if key in self._values:
            return self._values[key]
        item = self._model.items[key]
        if isinstance(item, InputData):
            value = self._input(item)
        elif isinstance(item, Decision):
            value = self.decide(item)
        elif isinstance(item, Knowledge):
            value = self.function(item)
        else:
            value = ServiceFunction(item, self)
        self._values[key] = value
        return value

    def function(self, knowledge: Knowledge) -> UserFunction:
        """The function a knowledge model is, over what it needs."""
        variables: Variables = {}
        made = UserFunction(
            knowledge.parameters,
            knowledge.types,
            knowledge.body,
            variables,
            label=knowledge.name,
            result=knowledge.result,
        )
        variables[knowledge.name] = made
        for need in knowledge.needs:
            _place(variables, need.path, self.value(need.key))
        return made

    def _input(self, item: InputData) -> object:
        given = self._given.get(item.name)
        if item.plain is not None and type(given) is item.plain:
            self.used[item.name] = given
            return given
        if given is None:
            if item.name not in self._given:
                self._run.note(f"no value was given for '{item.name}'")
            return None
        try:
            value = to_feel(given)
        except TypeError as problem:
            return self._run.note(f"'{item.name}' is not usable: {problem}")
        if item.type is not None and not (
            item.type is NUMBER and type(value) is Decimal
        ):
            value = adapt(value, item.type)
            if value is not None and not item.type.takes(value):
                value = _fit(value, item.type, item.name, self._run)
        self.used[item.name] = value
        return value

    def serve(self, service: Service, arguments: dict[str, object]) -> object:
        """A service's value: its inputs are given, all else is computed within."""
        inner = Graph(self._model, {}, self._run)
        for need in service.inputs:
            item = self._model.items[need.key]
            value = arguments.get(need.key)
            kind = item.type if isinstance(item, InputData | Decision) else None
            inner._values[need.key] = _fit(value, kind, item.name, self._run)
        found = {need.path[-1]: inner.value(need.key) for need in service.outputs}
        value = next(iter(found.values())) if len(found) == 1 else found
        return _fit(value, service.result, service.name, self._run)


def _fit(value: object, kind: FeelType | None, name: str, run: Run) -> object:
    if kind is None or value is None:
        return value
    converted, fits = coerce(value, kind)
    if not fits:
        run.note(f"'{name}': this {kind_of(value)} is not a {kind.name}")
    return converted


def _place(variables: Variables, path: tuple[str, ...], value: object) -> None:
    """Put a value under its name; imported ones within their import's context."""
    inner: dict[str, object] = variables
    for name in path[:-1]:
        found = inner.get(name)
        if not isinstance(found, dict):
            found = {}
            inner[name] = found
        inner = found
    inner[path[-1]] = value


class ServiceFunction:
    """A decision service as a function value."""

    __slots__ = ("_graph", "_service", "parameters")

    def __init__(self, service: Service, graph: Graph) -> None:
        """Its parameters are the input data, then the input decisions."""
        self._service = service
        self._graph = graph
        self.parameters = tuple(need.path[-1] for need in service.inputs)

    def invoke(self, arguments: list[object], run: Run) -> object:
        """Call by position."""
        if len(arguments) != len(self.parameters):
            return run.note(
                f"{self._service.name} takes {len(self.parameters)} arguments, "
                f"not {len(arguments)}"
            )
        keys = (need.key for need in self._service.inputs)
        run.spend(1)
        return self._graph.serve(self._service, dict(zip(keys, arguments, strict=True)))

    def invoke_named(self, arguments: dict[str, object], run: Run) -> object:
        """Call by name; inputs left out are null."""
        for name in arguments:
            if name not in self.parameters:
                return run.note(f"{self._service.name} has no input '{name}'")
        return self.invoke([arguments.get(name) for name in self.parameters], run)
