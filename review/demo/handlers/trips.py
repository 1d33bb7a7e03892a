"""Reservations of a trip, each with the handler that takes it back."""

from typing import Final

from pydantic import BaseModel, Field

from review.demo import effects
from workflows.handlers import HandlerContext, Permanent, Retry, handler

_UNREACHABLE: Final = frozenset({"Reykjavik"})
"""Where the demonstration's airline does not fly: its cases take the fallback."""

_RETRY: Final = Retry(max_attempts=3, base_seconds=1, cap_seconds=30)


class Trip(BaseModel):
    """What is reserved, for how many."""

    trip: str
    destination: str
    travellers: int = Field(ge=1)


class Reservation(BaseModel):
    """A reservation, by the reference of who holds it."""

    reference: str


class Released(BaseModel):
    """The reference of what was reserved before."""

    reference: str


@handler(
    "trip.reserve_flight",
    version="1.0.0",
    kind="external",
    timeout_seconds=20,
    retry=_RETRY,
    compensation="trip.release_flight",
    connector="airline",
)
def reserve_flight(request: Trip, context: HandlerContext) -> Reservation:
    """Reserve seats. Raises Permanent where nobody flies."""
    if request.destination in _UNREACHABLE:
        raise Permanent(f"There is no flight to {request.destination}.")
    return _reserve("flights", request, context)


@handler(
    "trip.reserve_hotel",
    version="1.0.0",
    kind="external",
    timeout_seconds=20,
    retry=_RETRY,
    compensation="trip.release_hotel",
    connector="hotels",
)
def reserve_hotel(request: Trip, context: HandlerContext) -> Reservation:
    """Reserve rooms."""
    return _reserve("hotels", request, context)


@handler(
    "trip.release_flight",
    version="1.0.0",
    kind="external",
    timeout_seconds=20,
    retry=_RETRY,
    connector="airline",
)
def release_flight(request: Released, context: HandlerContext) -> Released:
    """Give seats back; it is asked with what the reservation gave."""
    return _release("flights", request, context)


@handler(
    "trip.release_hotel",
    version="1.0.0",
    kind="external",
    timeout_seconds=20,
    retry=_RETRY,
    connector="hotels",
)
def release_hotel(request: Released, context: HandlerContext) -> Released:
    """Give rooms back."""
    return _release("hotels", request, context)


def _reserve(system: str, request: Trip, context: HandlerContext) -> Reservation:
    content = {"does": "reserve", **request.model_dump()}
    key = context.idempotency_key
    return Reservation(reference=effects.record_once(system, key=key, content=content))


def _release(system: str, request: Released, context: HandlerContext) -> Released:
    content = {"does": "release", "reference": request.reference}
    effects.record_once(system, key=context.idempotency_key, content=content)
    return request
