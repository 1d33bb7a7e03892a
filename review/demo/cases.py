"""Generated cases of the three demo packages. Every name and figure is invented."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final

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
UNITS: Final = ("Sales", "Engineering", "Research", "Operations")


@dataclass(frozen=True, slots=True)
class DemoCase:
    """One case to start. `initiator` counts the employees, None for the portal."""

    package: str
    key: str
    variables: dict[str, Any]
    initiator: int | None = None


def make_cases(
    *, loans: int, invoices: int, trips: int, today: dt.date, chance: Random
) -> list[DemoCase]:
    """Return cases of all three packages, mixed as they would come in."""
    cases = [
        *(_loan(number, chance) for number in range(1, loans + 1)),
        *(_invoice(number, today, chance) for number in range(1, invoices + 1)),
        *(_trip(number, today, chance) for number in range(1, trips + 1)),
    ]
    chance.shuffle(cases)
    return cases


def _loan(number: int, chance: Random) -> DemoCase:
    income = chance.randrange(1_900, 7_800, 50)
    amount = chance.choice((6, 9, 14, 18, 25, 40, 65, 90, 130, 180, 320)) * 1_000
    kind = chance.choice(("NONE", "VEHICLE", "REAL_ESTATE", "REAL_ESTATE"))
    worth = 0 if kind == "NONE" else int(amount * chance.uniform(0.7, 1.8))
    # Now and then the papers did not come along: the step stops as an incident.
    papers = number % 37 != 0
    watched = number % 19 == 0
    return DemoCase(
        package="loan-approval",
        key=f"LOAN-{4_000 + number}",
        variables={
            "applicant": "A. Sanctioned" if watched else _name(chance),
            "country": chance.choice(("DE", "NL", "FR", "IT", "PL")),
            "purpose": chance.choice(PURPOSES),
            "amount": amount,
            "currency": "EUR",
            "months": chance.choice((24, 36, 48, 60, 84, 120, 240)),
            "income_monthly": income,
            "payslips": [income + chance.randrange(-150, 150) for _ in range(3)]
            if papers
            else [],
            "existing_debt": chance.choice((0, 0, 2_500, 8_000, 24_000)),
            "missed_payments": chance.choice((0, 0, 0, 0, 1, 2, 4)),
            "collateral_kind": kind,
            "collateral_value": worth,
        },
    )


def _invoice(number: int, today: dt.date, chance: Random) -> DemoCase:
    supplier = chance.choice(SUPPLIERS)
    net = Decimal(chance.randrange(8_000, 2_400_000)) / 100
    tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    total = net + tax
    lines = [
        supplier,
        f"Invoice number: INV-{7_000 + number}",
        f"Invoice date: {today - dt.timedelta(days=chance.randrange(3, 40))}",
        f"PO number: PO-{chance.randrange(2_000, 9_000)}",
        f"Net amount: {net:,.2f}",
        f"VAT 19%: {tax:,.2f}",
        f"Total due: {total:,.2f}",
        "Currency: EUR",
        "Payable within 30 days to the account below. Thank you for your order.",
    ]
    flaw = chance.choice(("", "", "", "label", "smudge", "sum", "order", "empty"))
    text = "\n".join(_spoil(lines, flaw, total=total))
    documents = [{"id": "d1", "name": "invoice.txt", "kind": "invoice", "text": text}]
    return DemoCase(
        package="invoice-extraction",
        key=f"INV-{7_000 + number}",
        variables={
            "supplier": supplier,
            "expected_total": None if flaw == "order" else total,
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


def _trip(number: int, today: dt.date, chance: Random) -> DemoCase:
    start = today - dt.timedelta(days=chance.randrange(20, 60))
    spent = [
        ("Train", Decimal(chance.randrange(3_900, 18_000)) / 100),
        ("Hotel", Decimal(chance.randrange(8_000, 64_000)) / 100),
        ("Meals", Decimal(chance.randrange(1_800, 9_000)) / 100),
    ][: chance.randrange(1, 4)]
    return DemoCase(
        package="travel-declaration",
        key=f"TRIP-{2_000 + number}",
        initiator=chance.randrange(4),
        variables={
            "declaration": f"TRIP-{2_000 + number}",
            "employee": "",
            "unit": chance.choice(UNITS),
            "purpose": chance.choice(TRIPS),
            "trip_start": start.isoformat(),
            "trip_end": (start + dt.timedelta(days=chance.randrange(1, 4))).isoformat(),
            "amount": sum((amount for _, amount in spent), Decimal(0)),
            "currency": "EUR",
            "expenses": [{"what": what, "amount": amount} for what, amount in spent],
            "receipts_complete": chance.random() < 0.9,
            "first_check": chance.choice(
                ("ADMINISTRATION", "ADMINISTRATION", "PRE_APPROVER")
            ),
            "budget_check": "BY_LIMIT",
        },
    )


def _name(chance: Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"
