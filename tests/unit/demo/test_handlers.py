"""The demonstration's handlers: what they compute, and effects made once."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

import review.demo.handlers  # noqa: F401  registers the handlers
from review.demo import effects
from workflows.handlers import BusinessError, HandlerContext, registry

INVOICE = """ACME Supplies GmbH
Invoice number: INV-2026-0117
Invoice date: 2026-01-05
PO number: PO-4711
Net amount: 1,000.00
VAT 19%: 190.00
Total due: 1,190.00
Currency: EUR
"""


def run(name: str, key: str = "k", **inputs: object) -> dict[str, object]:
    context = HandlerContext(
        idempotency_key=key,
        instance_id=UUID(int=5),
        step_id=1,
        attempt=1,
        business_key="",
        now=dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC),
    )
    return registry.get(name).run(inputs, context)


@pytest.fixture
def bank(tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_payout_is_made_once_per_key(bank: Path) -> None:
    order: dict[str, Any] = {
        "payee": "Ada",
        "amount": 5,
        "currency": "EUR",
        "contract": "L-1",
    }
    first = run("payout.release", **order)
    assert run("payout.release", **order) == first
    assert run("payout.release", key="other", **order) != first
    assert len(effects.list_effects("payouts")) == 2
    assert not list(bank.rglob("tmp*"))


def test_payout_above_the_banks_limit_is_a_business_error(bank: Path) -> None:
    with pytest.raises(BusinessError) as caught:
        run("payout.release", payee="A", amount=1_000_001, currency="EUR", contract="L")
    assert caught.value.code == "PAYOUT_REFUSED"
    assert effects.list_effects("payouts") == []


def test_every_compensation_that_is_named_exists() -> None:
    for one in registry.list_handlers():
        if one.compensation:
            assert registry.get(one.compensation).external


def test_compliance_hit_is_a_business_error() -> None:
    assert run("compliance.screen", applicant="Ada", country="NL")["status"] == "CLEAR"
    with pytest.raises(BusinessError) as caught:
        run("compliance.screen", applicant=" A. Sanctioned ", country="NL")
    assert caught.value.code == "COMPLIANCE_HIT"


def test_score_is_exact_and_says_why() -> None:
    good = run("loan.score", credit=800, income_ratio=0.1, loan_to_value=0.5, amount=9)
    poor = run("loan.score", credit=400, income_ratio=0.9, loan_to_value=2, amount=9)
    assert (good["decision"], poor["decision"]) == ("APPROVE", "REJECT")
    for answer in (good, poor):
        confidence = answer["confidence"]
        assert isinstance(confidence, Decimal)
        assert Decimal("0.5") <= confidence <= 1
        assert len(answer["factors"]) == 4  # type: ignore[arg-type]


def test_invoice_fields_are_read_with_their_places() -> None:
    found = run(
        "invoice.extract",
        documents=[{"id": "d1", "name": "invoice.txt", "text": INVOICE}],
    )
    fields: dict[str, dict[str, object]] = found["fields"]  # type: ignore[assignment]
    assert fields["total"]["value"] == Decimal("1190.00")
    assert fields["invoice_number"]["value"] == "INV-2026-0117"
    assert found["confidence"] == Decimal("0.98")
    for field in fields.values():
        source: dict[str, int] = field["source"]  # type: ignore[assignment]
        words = INVOICE[source["start"] : source["end"]]
        assert words.replace(",", "") == str(field["value"])


@pytest.mark.parametrize(
    ("old", "new", "confidence"),
    [
        ("Total due: 1,190.00", "Total due: 1,191.00", Decimal("0.74")),
        ("INV-2026-0117", "INV-2026-01?7", Decimal("0.52")),
        ("Currency: EUR", "", Decimal(0)),
    ],
)
def test_doubtful_invoice_has_a_low_confidence(
    old: str, new: str, confidence: Decimal
) -> None:
    text = INVOICE.replace(old, new)
    found = run("invoice.extract", documents=[{"id": "d", "name": "n", "text": text}])
    assert found["confidence"] == confidence


def test_text_without_fields_is_a_business_error() -> None:
    with pytest.raises(BusinessError) as caught:
        run("invoice.extract", documents=[{"id": "d", "name": "n", "text": "hello"}])
    assert caught.value.code == "NO_TEXT"


def test_contract_is_an_annuity() -> None:
    terms: dict[str, Any] = {
        "applicant": "A",
        "amount": 12_000,
        "currency": "EUR",
        "months": 12,
    }
    contract = run("contract.prepare", rate=Decimal(6), **terms)
    # 12,000 over 12 months at 6 % a year, by the annuity formula.
    assert contract["installment"] == Decimal("1032.80")
    assert run("contract.prepare", rate=0, **terms)["installment"] == Decimal("1000.00")
