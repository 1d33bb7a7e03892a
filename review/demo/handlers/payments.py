"""Payments of travel declarations and payouts of loans, to a bank of files."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from review.demo import effects
from workflows.handlers import BusinessError, HandlerContext, Retry, handler

_PATIENT = Retry(max_attempts=5, base_seconds=2, cap_seconds=120)
_BANK_LIMIT = Decimal(1_000_000)


class PaymentWish(BaseModel):
    """What finance wants to have paid."""

    declaration: str
    payee: str
    amount: Decimal = Field(ge=0)
    currency: str = "EUR"


class PaymentOrder(BaseModel):
    """A payment as it is handed to the bank."""

    reference: str
    payee: str
    amount: Decimal
    currency: str


class Payment(BaseModel):
    """What the bank says of a payment."""

    bank_reference: str
    status: Literal["PAID"]


class PayoutOrder(BaseModel):
    """A loan's payout as it is handed to the bank."""

    payee: str
    amount: Decimal = Field(gt=0)
    currency: str
    contract: str


class Payout(BaseModel):
    """What the bank says of a payout."""

    reference: str
    status: Literal["RELEASED", "RECALLED"]


class PayoutRecall(BaseModel):
    """A payout to take back."""

    reference: str
    reason: str = ""


@handler("payment.request", version="1.0.0")
def request_payment(request: PaymentWish, context: HandlerContext) -> PaymentOrder:
    """Make the payment order of an approved declaration, to the cent."""
    return PaymentOrder(
        reference=f"TD {request.declaration}",
        payee=request.payee,
        amount=request.amount.quantize(Decimal("0.01")),
        currency=request.currency,
    )


@handler("payment.execute", version="1.0.0", kind="external", retry=_PATIENT)
def execute_payment(request: PaymentOrder, context: HandlerContext) -> Payment:
    """Hand a payment order to the bank; the same step never pays twice."""
    reference = effects.record_once(
        "payments", key=context.idempotency_key, content=request.model_dump()
    )
    return Payment(bank_reference=reference, status="PAID")


@handler(
    "payout.release",
    version="1.0.0",
    kind="external",
    retry=_PATIENT,
    compensation="payout.recall",
)
def release_payout(request: PayoutOrder, context: HandlerContext) -> Payout:
    """Pay a loan out; the bank refuses what is above its limit."""
    if request.amount > _BANK_LIMIT:
        raise BusinessError(
            "PAYOUT_REFUSED", f"The bank pays out at most {_BANK_LIMIT:,} at once."
        )
    reference = effects.record_once(
        "payouts", key=context.idempotency_key, content=request.model_dump()
    )
    return Payout(reference=reference, status="RELEASED")


@handler("payout.recall", version="1.0.0", kind="external", retry=_PATIENT)
def recall_payout(request: PayoutRecall, context: HandlerContext) -> Payout:
    """Take a payout back, e.g. when a later step of the loan fails."""
    effects.record_once(
        "recalls", key=context.idempotency_key, content=request.model_dump()
    )
    return Payout(reference=request.reference, status="RECALLED")
