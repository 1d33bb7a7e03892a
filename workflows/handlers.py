"""Registry of service handlers. Who takes human steps and timers is in kinds.py.

No engine here: the engine asks this module who does the work of a step.
"""

import datetime as dt
import enum
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ValidationError

from workflows.core import circuit
from workflows.core.bpmn.graph import RetrySpec
from workflows.core.contracts import Version, VersionRange, contract_digest
from workflows.core.plain import NotPlain, to_plain

Retry = RetrySpec
Breaker = circuit.Breaker

_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
_NO_RETRY = Retry(max_attempts=1, base_seconds=1, cap_seconds=1)
_DEFAULT_RETRY = Retry(max_attempts=3, base_seconds=1, cap_seconds=60)


class HandlerKind(enum.StrEnum):
    """Where a handler may run.

    PURE: computes from its input alone; runs inside the engine's transaction and
    may run again. TRANSACTIONAL: writes to this database; runs inside the engine's
    transaction, so its effect commits or vanishes with the step. EXTERNAL: calls
    another system; runs outside any transaction under a lease, at least once, and
    must hand on the idempotency key.
    """

    PURE = "pure"
    TRANSACTIONAL = "transactional"
    EXTERNAL = "external"


class BusinessError(Exception):
    """The work ended in a way the process must know: a BPMN error with a code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Permanent(Exception):
    """Trying again cannot help: the step becomes an incident at once."""


class UnknownHandler(LookupError):
    """No registered handler has this name, or none of its versions fits."""

    def __init__(self, *, name: str, wanted: str, known: Sequence[str]) -> None:
        self.name = name
        self.wanted = wanted
        self.known = tuple(known)
        if known:
            message = (
                f"Handler {name!r} has no version within {wanted!r};"
                f" registered: {', '.join(known)}."
            )
        else:
            message = (
                f"No handler is named {name!r}; register one with"
                f' @handler("{name}", version=...) in a handlers module'
                " of an installed application."
            )
        super().__init__(message)


class HandlerMistake(TypeError):
    """A handler was declared wrongly; the message says where and how to mend it."""


@dataclass(frozen=True, slots=True)
class HandlerContext:
    """What a handler may know of the step it works for.

    `idempotency_key` is the same at every attempt of one step; `attempt` counts
    from 1; `now` is the database's clock, UTC.
    """

    idempotency_key: str
    instance_id: UUID
    step_id: int
    attempt: int
    business_key: str
    now: dt.datetime


HandlerFunction = Callable[
    [typing.Any, HandlerContext], BaseModel | Awaitable[BaseModel]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One version of one handler with its contract.

    `connector` names the outside system it calls, empty for none; `breaker` holds
    calls to it back after failures, and `concurrency` limits how many are under way in
    one worker process (0: no limit). `decides` says that its answer is a decision, such
    as a model's: it is held when its process is stopped. `runbook` is the page that
    tells people what to do when it fails.
    """

    name: str
    version: Version
    kind: HandlerKind
    retry: RetrySpec
    timeout_seconds: float
    compensation: str
    description: str
    input_model: type[BaseModel]
    output_model: type[BaseModel]
    call: HandlerFunction
    connector: str = ""
    breaker: Breaker | None = None
    concurrency: int = 0
    timeout_given: bool = False
    decides: bool = False
    runbook: str = ""

    @property
    def external(self) -> bool:
        """Tell whether it runs outside any transaction, under a lease."""
        return self.kind is HandlerKind.EXTERNAL

    @property
    def is_async(self) -> bool:
        """Tell whether it runs on the event loop and not in a thread."""
        return inspect.iscoroutinefunction(self.call)

    def run(
        self, inputs: Mapping[str, object], context: HandlerContext
    ) -> dict[str, object]:
        """Call the handler and return its output as plain values.

        Both sides are checked against the contract. Numbers of the output are
        int or finite Decimal; dates and times are ISO 8601 text. Raises Permanent
        when input or output breaks the contract, and whatever the handler raises.
        """
        return self._output(self.call(self._request(inputs), context))

    async def run_async(
        self, inputs: Mapping[str, object], context: HandlerContext
    ) -> dict[str, object]:
        """Do what `run` does for a handler that is a coroutine function."""
        answer = self.call(self._request(inputs), context)
        return self._output(await typing.cast("Awaitable[BaseModel]", answer))

    def _request(self, inputs: Mapping[str, object]) -> BaseModel:
        try:
            return self.input_model.model_validate(inputs)
        except ValidationError as error:
            raise Permanent(
                f"Input of {self.name} {self.version} breaks its contract:"
                f" {_sentence(error)}"
            ) from error

    def _output(self, answer: object) -> dict[str, object]:
        if not isinstance(answer, self.output_model):
            raise Permanent(
                f"{self.name} {self.version} returned {type(answer).__name__}"
                f" where its contract says {self.output_model.__name__}."
            )
        try:
            output = to_plain(answer.model_dump(mode="python", by_alias=True))
        except NotPlain as error:
            raise Permanent(f"The output of {self.name} holds {error}.") from error
        return typing.cast("dict[str, object]", output)

    def contract(self) -> dict[str, object]:
        """Return the contract as JSON values, with JSON Schemas of both sides."""
        body: dict[str, object] = {
            "name": self.name,
            "version": str(self.version),
            "kind": self.kind.value,
            "description": self.description,
            "input": self.input_model.model_json_schema(by_alias=True),
            "output": self.output_model.model_json_schema(
                by_alias=True, mode="serialization"
            ),
            "retry": {
                "max_attempts": self.retry.max_attempts,
                "base_seconds": self.retry.base_seconds,
                "cap_seconds": self.retry.cap_seconds,
            },
            "timeout_seconds": self.timeout_seconds,
            "compensation": self.compensation,
        }
        return {**body, "digest": contract_digest(body)}


class Registry:
    """The handlers of this process, by name and version."""

    def __init__(self) -> None:
        self._handlers: dict[str, dict[Version, Handler]] = {}
        self._found: dict[tuple[str, str], Handler] = {}

    def add(self, handler: Handler) -> None:
        """Keep a handler. Raises HandlerMistake when name and version are taken."""
        versions = self._handlers.setdefault(handler.name, {})
        taken = versions.get(handler.version)
        if taken is not None and _origin(taken.call) != _origin(handler.call):
            raise HandlerMistake(
                f"Handler {handler.name} {handler.version} is declared twice:"
                f" in {_origin(taken.call)} and in {_origin(handler.call)}."
                " Give one of them another version."
            )
        self._check_connector(handler)
        versions[handler.version] = handler
        self._found.clear()

    def get(self, name: str, version_range: str = "") -> Handler:
        """Return the highest version within the range.

        Raises UnknownHandler, or VersionError for a range that is none.
        """
        found = self._found.get((name, version_range))
        if found is not None:
            return found
        versions = self._handlers.get(name, {})
        wanted = VersionRange.parse(version_range)
        best = wanted.best(versions)
        if best is None:
            known = [str(version) for version in sorted(versions)]
            raise UnknownHandler(name=name, wanted=wanted.text, known=known)
        self._found[name, version_range] = versions[best]
        return versions[best]

    def _check_connector(self, handler: Handler) -> None:
        limits = (handler.breaker, handler.concurrency)
        for other in self.list_handlers() if handler.connector else ():
            if other.connector != handler.connector:
                continue
            if limits != (other.breaker, other.concurrency):
                raise HandlerMistake(
                    f"Connector {handler.connector!r} has another breaker or"
                    f" concurrency in {handler.name} than in {other.name}."
                )

    def list_handlers(self) -> list[Handler]:
        """Return all handlers, by name, lowest version first."""
        return [
            versions[version]
            for _, versions in sorted(self._handlers.items())
            for version in sorted(versions)
        ]


registry = Registry()

_Function = typing.TypeVar(
    "_Function", bound=Callable[..., BaseModel | Awaitable[BaseModel]]
)


def handler(
    name: str,
    *,
    version: str,
    kind: HandlerKind | typing.Literal["pure", "transactional", "external"] = "pure",
    retry: RetrySpec | None = None,
    timeout_seconds: float | None = None,
    compensation: str = "",
    connector: str = "",
    breaker: Breaker | None = None,
    concurrency: int = 0,
    decides: bool = False,
    runbook: str = "",
    register_in: Registry | None = None,
) -> Callable[[_Function], _Function]:
    """Declare a typed function `(request: In, context: HandlerContext) -> Out`.

    `In` and `Out` are pydantic models and become the contract. Pure and
    transactional handlers default to one attempt, external ones to three.
    `compensation` names the handler that takes the effect back. An external one may
    be `async def`, and may name the `connector` it calls, with its breaker and how
    many calls a worker process makes at once. With `decides` its answer is itself a
    decision, which a stop of its process holds. The incidents desk links to `runbook`.
    Raises HandlerMistake or VersionError while the module is imported.
    """
    place = HandlerKind(kind)
    if not _NAME.fullmatch(name):
        raise HandlerMistake(
            f"{name!r} cannot name a handler; write lower-case words"
            " joined by dots, such as credit.check."
        )
    parsed = Version.parse(version)
    default = _DEFAULT_RETRY if place is HandlerKind.EXTERNAL else _NO_RETRY

    def declare(function: _Function) -> _Function:
        input_model, output_model = _models(function)
        made = Handler(
            name=name,
            version=parsed,
            kind=place,
            retry=retry or default,
            timeout_seconds=timeout_seconds or 30,
            timeout_given=timeout_seconds is not None,
            compensation=compensation,
            description=inspect.getdoc(function) or "",
            input_model=input_model,
            output_model=output_model,
            call=function,
            connector=connector,
            breaker=breaker,
            concurrency=concurrency,
            decides=decides,
            runbook=runbook,
        )
        _check_outside(made)
        (register_in or registry).add(made)
        return function

    return declare


def _check_outside(made: Handler) -> None:
    if made.runbook and not made.runbook.startswith(("https://", "http://")):
        raise HandlerMistake(
            f"The runbook of {made.name} is {made.runbook!r}; write an http or https"
            " address."
        )
    if not made.external and (made.is_async or made.connector):
        raise HandlerMistake(
            f"{_origin(made.call)} is async or names a connector, which only external"
            ' handlers do; declare it with kind="external".'
        )
    if not made.connector and (made.breaker or made.concurrency):
        raise HandlerMistake(
            f"{_origin(made.call)} has a breaker or concurrency and names no connector;"
            ' add connector="the-system-it-calls".'
        )


def _models(
    function: Callable[..., object],
) -> tuple[type[BaseModel], type[BaseModel]]:
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)
    sides = [hints.get(name) for name in [*parameters[:1], "return"]]
    if len(parameters) != 2 or not all(
        isinstance(side, type) and issubclass(side, BaseModel) for side in sides
    ):
        raise HandlerMistake(
            f"{_origin(function)} must take (request: Model, context:"
            " HandlerContext) and return a Model, all annotated, where each"
            " Model is a pydantic model."
        )
    return typing.cast("tuple[type[BaseModel], type[BaseModel]]", tuple(sides))


def _origin(function: Callable[..., object]) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    more = error.error_count() - 1
    rest = f" (and {more} more)" if more else ""
    return f"{place}: {first['msg']}{rest}."
