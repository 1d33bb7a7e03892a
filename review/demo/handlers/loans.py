"""Checks and score of a loan application: small, deterministic stand-ins for models."""

import math
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from review.demo import effects
from workflows.handlers import BusinessError, HandlerContext, Retry, handler

_WATCHED = frozenset({"a. sanctioned", "shell holding ltd"})
_WATCHED_COUNTRIES = frozenset({"KP"})
_HAIRCUT = {
    "NONE": Decimal(0),
    "VEHICLE": Decimal("0.7"),
    "REAL_ESTATE": Decimal("0.9"),
}
_CENT = Decimal("0.01")
_MILLE = Decimal("0.001")


class CreditFile(BaseModel):
    """What a credit bureau is asked about."""

    applicant: str
    existing_debt: Decimal = Field(ge=0)
    income_monthly: Decimal = Field(gt=0)
    missed_payments: int = Field(ge=0)


class CreditReport(BaseModel):
    """A bureau's answer; `score` from 300 (bad) to 850."""

    score: int
    grade: Literal["A", "B", "C", "D"]


class IncomeClaim(BaseModel):
    """A stated income and the payslips that should show it."""

    income_monthly: Decimal = Field(gt=0)
    payslips: list[Decimal] = Field(min_length=1)
    installment: Decimal = Field(gt=0)


class IncomeReport(BaseModel):
    """Income as the payslips show it; `ratio` is installment by income."""

    monthly: Decimal
    verified: bool
    ratio: Decimal


class Collateral(BaseModel):
    """What is offered as security."""

    kind: Literal["NONE", "VEHICLE", "REAL_ESTATE"]
    stated_value: Decimal = Field(ge=0)
    amount: Decimal = Field(gt=0)


class Appraisal(BaseModel):
    """What the security is worth to us; `loan_to_value` is 9.99 where there is none."""

    value: Decimal
    loan_to_value: Decimal


class Screening(BaseModel):
    """Whom to look up in the lists."""

    applicant: str
    country: str


class ScreeningReport(BaseModel):
    """Nothing was found; a hit is an error of the process."""

    status: Literal["CLEAR"]
    lists: int


class ScoreRequest(BaseModel):
    """What the score is made of."""

    credit: int
    income_ratio: Decimal
    loan_to_value: Decimal
    amount: Decimal


class Factor(BaseModel):
    """One reason of a score; a positive effect speaks for the loan."""

    name: str
    effect: Decimal


class Score(BaseModel):
    """The model's proposal, how sure it is, and why."""

    decision: Literal["APPROVE", "REJECT"]
    confidence: Decimal
    rate: Decimal
    factors: list[Factor]
    model: str


class ContractRequest(BaseModel):
    """What a contract is made of."""

    applicant: str
    amount: Decimal
    currency: str
    months: int
    rate: Decimal


class Contract(BaseModel):
    """A contract ready to sign."""

    number: str
    installment: Decimal


class Notice(BaseModel):
    """A message to write."""

    to: str
    template: Literal["loan-paid-out", "loan-refused", "decision-overdue"]
    applicant: str


class NoticeSent(BaseModel):
    """The message is on its way."""

    reference: str


@handler("credit.check", version="1.0.0")
def check_credit(request: CreditFile, context: HandlerContext) -> CreditReport:
    """Ask the bureau; debts of a year's income and missed payments cost points."""
    load = min(Decimal(1), request.existing_debt / (request.income_monthly * 12))
    score = max(300, 800 - 60 * request.missed_payments - int(load * 250))
    grade: Literal["A", "B", "C", "D"] = "D"
    if score >= 500:
        grade = "A" if score >= 720 else "B" if score >= 620 else "C"
    return CreditReport(score=score, grade=grade)


@handler("income.verify", version="1.0.0")
def verify_income(request: IncomeClaim, context: HandlerContext) -> IncomeReport:
    """Compare the stated income with the payslips: ten percent may be between."""
    monthly = sum(request.payslips, Decimal(0)) / len(request.payslips)
    apart = abs(monthly - request.income_monthly)
    ratio = request.installment / monthly if monthly else Decimal("9.99")
    return IncomeReport(
        monthly=monthly.quantize(_CENT),
        verified=apart <= request.income_monthly / 10,
        ratio=min(ratio, Decimal("9.99")).quantize(_MILLE),
    )


@handler("collateral.appraise", version="1.0.0")
def appraise_collateral(request: Collateral, context: HandlerContext) -> Appraisal:
    """Value a security with the haircut of its kind."""
    value = (request.stated_value * _HAIRCUT[request.kind]).quantize(_CENT)
    cover = request.amount / value if value else Decimal("9.99")
    return Appraisal(
        value=value, loan_to_value=min(cover, Decimal("9.99")).quantize(_MILLE)
    )


@handler("compliance.screen", version="1.0.0", kind="transactional")
def screen(request: Screening, context: HandlerContext) -> ScreeningReport:
    """Look an applicant up in the lists. A hit is the error COMPLIANCE_HIT."""
    watched = request.applicant.strip().lower() in _WATCHED
    if watched or request.country in _WATCHED_COUNTRIES:
        raise BusinessError(
            "COMPLIANCE_HIT", f"{request.applicant} is on a list; a person must look."
        )
    return ScreeningReport(status="CLEAR", lists=2)


@handler("loan.score", version="1.0.0")
def score(request: ScoreRequest, context: HandlerContext) -> Score:
    """Score an application by a logistic function of four factors.

    The confidence is the probability of the more likely side, to three places.
    """
    effects_of = {
        "Credit history": (request.credit - 600) / 80,
        "Installment by income": (0.33 - float(request.income_ratio)) * 8,
        "Loan to value": (0.9 - float(min(request.loan_to_value, Decimal(2)))) * 1.5,
        "Size of the loan": -float(request.amount) / 400_000,
    }
    odds = 1 / (1 + math.exp(-sum(effects_of.values())))
    certainty = Decimal(str(max(odds, 1 - odds))).quantize(_MILLE)
    return Score(
        decision="APPROVE" if odds >= 0.5 else "REJECT",
        confidence=certainty,
        rate=(Decimal("3.5") + Decimal(str((1 - odds) * 6))).quantize(_CENT),
        factors=[
            Factor(name=name, effect=Decimal(str(effect)).quantize(_CENT))
            for name, effect in effects_of.items()
        ],
        model="demo-logistic 1.0",
    )


@handler("contract.prepare", version="1.0.0")
def prepare_contract(request: ContractRequest, context: HandlerContext) -> Contract:
    """Fill in a contract: an annuity at the rate of the score."""
    monthly = request.rate / 1200
    growth = (1 + monthly) ** request.months
    factor = monthly * growth / (growth - 1) if monthly else 1 / Decimal(request.months)
    return Contract(
        number=f"L-{context.instance_id.hex[-10:].upper()}",
        installment=(request.amount * factor).quantize(_CENT),
    )


@handler(
    "notice.send",
    version="1.0.0",
    kind="external",
    timeout_seconds=30,
    retry=Retry(max_attempts=4, base_seconds=2, cap_seconds=60),
)
def send_notice(request: Notice, context: HandlerContext) -> NoticeSent:
    """Write to somebody; the same step never writes twice."""
    reference = effects.record_once(
        "notices", key=context.idempotency_key, content=request.model_dump()
    )
    return NoticeSent(reference=reference)
