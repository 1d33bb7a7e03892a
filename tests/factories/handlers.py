"""Handlers for engine tests; registered when this module is imported."""

from pydantic import BaseModel

from workflows.handlers import BusinessError, HandlerContext, Permanent, Retry, handler


class Nothing(BaseModel):
    """No fields: whatever is given is ignored."""


class Amount(BaseModel):
    amount: int = 0


class Doubled(BaseModel):
    doubled: int


@handler("test.noop", version="1.0.0")
def noop(request: Nothing, context: HandlerContext) -> Nothing:
    """Do nothing."""
    return request


@handler("test.double", version="1.0.0")
def double(request: Amount, context: HandlerContext) -> Doubled:
    """Double the amount."""
    return Doubled(doubled=request.amount * 2)


@handler("test.refuse", version="1.0.0")
def refuse(request: Nothing, context: HandlerContext) -> Nothing:
    """End in a business error."""
    raise BusinessError("REFUSED", "The bank said no.")


@handler(
    "test.flaky",
    version="1.0.0",
    retry=Retry(max_attempts=3, base_seconds=0.01, cap_seconds=0.02),
)
def flaky(request: Amount, context: HandlerContext) -> Nothing:
    """Fail at every attempt before the third."""
    if context.attempt < 3:
        raise ConnectionError(f"attempt {context.attempt} failed")
    return Nothing()


@handler("test.broken", version="1.0.0")
def broken(request: Amount, context: HandlerContext) -> Nothing:
    """Fail for good while the amount is negative."""
    if request.amount < 0:
        raise Permanent("A negative amount cannot be booked.")
    return Nothing()


@handler("test.outside", version="1.0.0", kind="external", timeout_seconds=5)
def outside(request: Amount, context: HandlerContext) -> Doubled:
    """Stand for a call to another system."""
    return Doubled(doubled=request.amount * 2)
