"""Generated cases of the three demo packages. Every name and figure is invented."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final

from review.demo.files import bring_invoice_papers, bring_loan_papers

LOANS: Final = 120
INVOICES: Final = 110
DECLARATIONS: Final = 100
FIRST: Final = (
    "Amira", "Bruno", "Chloe", "Darius", "Elif", "Finn", "Greta", "Hugo", "Ilse",
    "Jonah", "Katya", "Luca", "Maren", "Nadim", "Oskar", "Pia", "Quentin", "Rosa",
    "Samir", "Tilda", "Uwe", "Vera", "Wim", "Yara", "Zoe",
)  # fmt: skip
LAST: Final = (
    "Adler", "Bakker", "Costa", "Demir", "Eriksen", "Ferrari", "Graf", "Haddad",
    "Ivanov", "Jung", "Kowalski", "Lopez", "Moreau", "Novak", "Olsen", "Peters",
    "Quist", "Rossi", "Silva", "Toth", "Unger", "Vogel", "Weber", "Yilmaz", "Zeman",
)  # fmt: skip
SUPPLIERS: Final = (
    "Alpenblick Catering", "Baltic Paper", "Copper & Cable", "Delta Cleaning",
    "Elbe Logistics", "Fjord Software", "Greenline Energy", "Harbour Print",
    "Isar Engineering", "Juniper Legal",
)  # fmt: skip
PURPOSES: Final = ("car", "kitchen", "roof repair", "studies", "moving", "solar panels")
TRIPS: Final = ("customer visit", "conference", "training", "plant audit", "fair")
# By the last digit (of nine) of a loan: reviewers who also advise customers.
ADVISERS: Final = {2: "Alice Archer", 6: "Ines Ibarra", 7: "Alice Archer"}
UNITS: Final = ("Sales", "Engineering", "Research", "Operations")


@dataclass(frozen=True, slots=True)
class Case:
    """One case to start; `own` ones are declared by the employee they speak of."""

    definition: str
    business_key: str
    variables: dict[str, Any]
    own: bool = False


def make_cases(rng: Random, *, today: dt.date) -> list[Case]:
    """Return cases of all three packages, mixed as they would come in."""
    cases = [
        *(_loan(number, rng) for number in range(1, LOANS + 1)),
        *(_invoice(number, today, rng) for number in range(1, INVOICES + 1)),
        *(_declaration(number, today, rng) for number in range(1, DECLARATIONS + 1)),
    ]
    rng.shuffle(cases)
    return cases


def _loan(number: int, rng: Random) -> Case:
    income = rng.randrange(1_900, 7_800, 50)
    amount = rng.choice((6, 9, 14, 18, 25, 40, 65, 90, 130, 180, 320)) * 1_000
    kind = rng.choice(("NONE", "VEHICLE", "REAL_ESTATE", "REAL_ESTATE"))
    worth = 0 if kind == "NONE" else int(amount * rng.uniform(0.7, 1.8))
    # Now and then the papers did not come along: the step stops as an incident.
    papers = number % 37 != 0
    watched = number % 19 == 0
    return Case(
        definition="loan-approval",
        business_key=f"LOAN-{4_000 + number}",
        variables={
            "applicant": "A. Sanctioned" if watched else _name(rng),
            "country": rng.choice(("DE", "NL", "FR", "IT", "PL")),
            "purpose": rng.choice(PURPOSES),
            "amount": amount,
            "currency": "EUR",
            "months": rng.choice((24, 36, 48, 60, 84, 120, 240)),
            "income_monthly": income,
            "payslips": [income + rng.randrange(-150, 150) for _ in range(3)]
            if papers
            else [],
            "existing_debt": rng.choice((0, 0, 2_500, 8_000, 24_000)),
            "missed_payments": rng.choice((0, 0, 0, 0, 1, 2, 4)),
            "collateral_kind": kind,
            "collateral_value": worth,
            "advised_by": ADVISERS.get(number % 9, ""),
            "documents": bring_loan_papers(number, income=income, amount=amount),
        },
    )


def _invoice(number: int, today: dt.date, rng: Random) -> Case:
    supplier = rng.choice(SUPPLIERS)
    net = Decimal(rng.randrange(8_000, 2_400_000)) / 100
    tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    total = net + tax
    dated = today - dt.timedelta(days=rng.randrange(3, 40))
    order = f"PO-{rng.randrange(2_000, 9_000)}"
    lines = [
        supplier,
        f"Invoice number: INV-{7_000 + number}",
        f"Invoice date: {dated}",
        f"PO number: {order}",
        f"Net amount: {net:,.2f}",
        f"VAT 19%: {tax:,.2f}",
        f"Total due: {total:,.2f}",
        "Currency: EUR",
        "Payable within 30 days to the account below. Thank you for your order.",
    ]
    flaw = rng.choice(("", "", "", "label", "smudge", "sum", "order", "empty"))
    text = "\n".join(_spoil(lines, flaw, total=total))
    documents = [
        {"id": "d1", "name": "invoice.txt", "kind": "invoice", "text": text},
        *bring_invoice_papers(
            number, lines=text.splitlines(), net=net, order=order, dated=dated
        ),
    ]
    return Case(
        definition="invoice-extraction",
        business_key=f"INV-{7_000 + number}",
        variables={
            "supplier": supplier,
            "expected_total": None if flaw == "order" else total,
            "order": {}
            if flaw == "order"
            else {
                "number": order,
                "buyer": {"unit": "Purchasing", "cost_center": 4_100 + number % 7},
                "net": net,
            },
            # A scan that never arrived: the step stops as an incident.
            "documents": [] if number % 41 == 0 else documents,
        },
    )


def _spoil(lines: Sequence[str], flaw: str, *, total: Decimal) -> list[str]:
    """Return the text as it arrived: with a weak label, a smudge, a wrong sum..."""
    found = list(lines)
    match flaw:
        case "label":
            found[1] = found[1].removeprefix("Invoice number: ")
        case "smudge":
            found[1] = f"{found[1][:-1]}?"
        case "sum":
            found[6] = f"Total due: {total + 10:,.2f}"
        case "order":
            del found[3]
        case "empty":
            return [found[0], found[-1]]
        case _:
            pass
    return found


def _declaration(number: int, today: dt.date, rng: Random) -> Case:
    start = today - dt.timedelta(days=rng.randrange(20, 60))
    spent = [
        ("Train", Decimal(rng.randrange(3_900, 18_000)) / 100),
        ("Hotel", Decimal(rng.randrange(8_000, 64_000)) / 100),
        ("Meals", Decimal(rng.randrange(1_800, 9_000)) / 100),
    ][: rng.randrange(1, 4)]
    return Case(
        definition="travel-declaration",
        business_key=f"TRIP-{2_000 + number}",
        own=True,
        variables={
            "declaration": f"TRIP-{2_000 + number}",
            "employee": "",
            "unit": rng.choice(UNITS),
            "purpose": rng.choice(TRIPS),
            "trip_start": start.isoformat(),
            "trip_end": (start + dt.timedelta(days=rng.randrange(1, 4))).isoformat(),
            "amount": sum((amount for _, amount in spent), Decimal(0)),
            "currency": "EUR",
            "expenses": [{"what": what, "amount": amount} for what, amount in spent],
            "receipts_complete": rng.random() < 0.9,
            "first_check": rng.choice((
                "ADMINISTRATION",
                "ADMINISTRATION",
                "PRE_APPROVER",
            )),
            "budget_check": "BY_LIMIT",
        },
    )


def _name(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"
