"""Handlers: declared, found by version, held to their contract."""

import datetime as dt
import enum
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from workflows.core.contracts import VersionError
from workflows.handlers import (
    Breaker,
    BusinessError,
    HandlerContext,
    HandlerKind,
    HandlerMistake,
    Permanent,
    Registry,
    Retry,
    UnknownHandler,
    handler,
)

CONTEXT = HandlerContext(
    idempotency_key="k",
    instance_id=UUID(int=1),
    step_id=1,
    attempt=1,
    business_key="",
    now=dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC),
)


class Color(enum.Enum):
    RED = "red"


class Ask(BaseModel):
    amount: Decimal = Field(ge=0)


class Answer(BaseModel):
    double: Decimal
    half: float = 0.5
    at: dt.datetime | None = None
    color: Color = Color.RED
    items: tuple[int, ...] = ()


def declared(version: str = "1.0.0", **options: object) -> Registry:
    registry = Registry()

    @handler("math.double", version=version, register_in=registry, **options)  # type: ignore[arg-type]
    def double(request: Ask, context: HandlerContext) -> Answer:
        """Double it."""
        return Answer(double=request.amount * 2, at=context.now, items=(1, 2))

    return registry


def test_output_is_plain_and_exact() -> None:
    output = declared().get("math.double").run({"amount": Decimal("1.10")}, CONTEXT)
    assert output == {
        "double": Decimal("2.20"),
        "half": Decimal("0.5"),
        "at": "2026-01-05T09:00:00+00:00",
        "color": "red",
        "items": [1, 2],
    }


def test_input_that_breaks_the_contract_is_permanent() -> None:
    with pytest.raises(Permanent, match=r"amount: .*greater than or equal to 0"):
        declared().get("math.double").run({"amount": -1}, CONTEXT)


def test_output_of_another_type_is_permanent() -> None:
    registry = Registry()

    @handler("math.wrong", version="1.0.0", register_in=registry)
    def wrong(request: Ask, context: HandlerContext) -> Answer:
        return Ask(amount=Decimal(1))  # type: ignore[return-value]

    with pytest.raises(Permanent, match="returned Ask where its contract says Answer"):
        registry.get("math.wrong").run({"amount": 1}, CONTEXT)


def test_number_that_is_not_finite_is_permanent() -> None:
    registry = Registry()

    @handler("math.nan", version="1.0.0", register_in=registry)
    def nan(request: Ask, context: HandlerContext) -> Answer:
        return Answer(double=Decimal(1), half=float("nan"))

    with pytest.raises(Permanent, match="not finite"):
        registry.get("math.nan").run({"amount": 1}, CONTEXT)


def test_business_error_comes_through() -> None:
    registry = Registry()

    @handler("math.refuse", version="1.0.0", register_in=registry)
    def refuse(request: Ask, context: HandlerContext) -> Answer:
        raise BusinessError("NO", "Not today.")

    with pytest.raises(BusinessError) as caught:
        registry.get("math.refuse").run({"amount": 1}, CONTEXT)
    assert (caught.value.code, caught.value.message) == ("NO", "Not today.")


def test_contract_holds_both_schemas_and_a_digest() -> None:
    contract = declared(kind="external", compensation="math.halve").get("math.double")
    told = contract.contract()
    assert told["kind"] == "external"
    assert told["compensation"] == "math.halve"
    assert told["input"]["required"] == ["amount"]  # type: ignore[index]
    assert told["output"]["properties"].keys() >= {"double", "half"}  # type: ignore[index]
    assert (
        told["digest"]
        != declared(version="1.0.1").get("math.double").contract()["digest"]
    )


def test_external_handlers_are_patient_and_pure_ones_are_not() -> None:
    assert declared().get("math.double").retry.max_attempts == 1
    external = declared(kind="external").get("math.double")
    assert external.retry.max_attempts == 3
    assert external.external
    assert external.kind is HandlerKind.EXTERNAL
    given = Retry(max_attempts=7, base_seconds=1, cap_seconds=2)
    assert declared(retry=given).get("math.double").retry is given


def test_highest_version_within_the_range_is_found() -> None:
    registry = Registry()
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        for one in declared(version).list_handlers():
            registry.add(one)
    assert str(registry.get("math.double", "1").version) == "1.5.0"
    assert str(registry.get("math.double").version) == "2.0.0"
    assert [str(one.version) for one in registry.list_handlers()] == [
        "1.0.0",
        "1.5.0",
        "2.0.0",
    ]


def test_unknown_handler_says_what_is_known() -> None:
    with pytest.raises(UnknownHandler, match=r"No handler is named 'a\.b'"):
        declared().get("a.b")
    with pytest.raises(UnknownHandler, match=r"no version within '2'.*1\.0\.0"):
        declared().get("math.double", "2")
    with pytest.raises(VersionError):
        declared().get("math.double", "newest")


def test_same_name_and_version_twice_is_a_mistake() -> None:
    registry = declared()

    with pytest.raises(HandlerMistake, match="declared twice"):

        @handler("math.double", version="1.0.0", register_in=registry)
        def another(request: Ask, context: HandlerContext) -> Answer:
            return Answer(double=Decimal(0))


def test_wrong_declarations_are_mistakes() -> None:
    with pytest.raises(HandlerMistake, match="cannot name a handler"):
        handler("Math Double", version="1.0.0")
    with pytest.raises(HandlerMistake, match="must take"):

        @handler("math.untyped", version="1.0.0", register_in=Registry())
        def untyped(request, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return request


def test_connector_has_one_breaker() -> None:
    registry = Registry()

    def declare(name: str, breaker: Breaker | None) -> None:
        @handler(
            name,
            version="1.0.0",
            kind="external",
            connector="bank",
            breaker=breaker,
            register_in=registry,
        )
        def call(request: Ask, context: HandlerContext) -> Answer:
            return Answer(double=Decimal(0))

    declare("bank.ask", Breaker(failures=2))
    declare("bank.tell", Breaker(failures=2))
    with pytest.raises(HandlerMistake, match="another breaker"):
        declare("bank.close", None)


def test_async_handlers_run_outside_only() -> None:
    with pytest.raises(HandlerMistake, match="only external"):

        @handler("math.late", version="1.0.0", register_in=Registry())
        async def late(request: Ask, context: HandlerContext) -> Answer:
            return Answer(double=Decimal(0))


def test_breaker_needs_a_connector_and_can_open() -> None:
    with pytest.raises(HandlerMistake, match="names no connector"):

        @handler(
            "math.frail",
            version="1.0.0",
            kind="external",
            breaker=Breaker(),
            register_in=Registry(),
        )
        def frail(request: Ask, context: HandlerContext) -> Answer:
            return Answer(double=Decimal(0))

    with pytest.raises(ValueError, match="1 to 100 failures"):
        Breaker(failures=0)
