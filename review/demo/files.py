"""Which papers come with which demonstration case. Every figure is invented."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from review.demo import papers
from review.demo.papers import Paper

_SHARES = (("Delivery", "0.62"), ("Assembly", "0.27"), ("Freight", "0.11"))


def bring_invoice_papers(
    number: int, *, lines: Sequence[str], net: Decimal, order: str, dated: dt.date
) -> list[Paper]:
    """Return what came with an invoice: its scan, a delivery note, the order's lines."""
    match number % 4:
        case 0:
            stamp = f"RECEIVED {dated + dt.timedelta(days=2)}"
            return [papers.scan("scan.png", lines, stamp=stamp)]
        case 1:
            return [papers.print_out("delivery-note.pdf", _note(order, dated))]
        case 2:
            return [papers.list_out("order-lines.csv", _list_lines(net))]
        case _:
            return []


def bring_loan_papers(number: int, *, income: int, amount: int) -> list[Paper]:
    """Return what came with an application: a payslip, a statement, a valuation."""
    match number % 6:
        case 0:
            return [papers.list_out("account.csv", _list_bookings(income))]
        case 2:
            return [papers.print_out("payslip.pdf", _payslip(income))]
        case 4:
            valuation = [
                "Valuation by the branch",
                "",
                f"Asked for: {amount:,} EUR",
                f"Offered:   {amount * 5 // 4:,} EUR",
                "Seen on the spot: yes",
                "Papers complete:  yes",
            ]
            return [papers.scan("valuation.png", valuation, stamp="BRANCH 14")]
        case _:
            return []


def _note(order: str, dated: dt.date) -> list[str]:
    return [
        "Delivery note",
        "",
        f"Order: {order}",
        f"Delivered: {dated - dt.timedelta(days=4)}",
        "Parcels: 3, none damaged",
        "",
        "Goods received at gate 2.",
    ]


def _list_lines(net: Decimal) -> list[Sequence[object]]:
    amounts = [(net * Decimal(share)).quantize(Decimal("0.01")) for _, share in _SHARES]
    amounts[-1] = net - sum(amounts[:-1], Decimal(0))
    rows = [
        (place, what, 1, amount)
        for place, ((what, _), amount) in enumerate(
            zip(_SHARES, amounts, strict=True), 1
        )
    ]
    return [("Line", "What", "Pieces", "Net"), *rows]


def _list_bookings(income: int) -> list[Sequence[object]]:
    rows = [
        (f"{month:02}", what, amount)
        for month in (8, 9, 10)
        for what, amount in (
            ("Salary", income - 20 * (month - 9)),
            ("Rent", -income // 3),
            ("Insurance", -86),
        )
    ]
    return [("Month", "Booking", "Amount"), *rows]


def _payslip(income: int) -> list[str]:
    gross = income * 3 // 2
    return [
        "Payslip",
        "",
        f"Gross pay: {gross:,}.00 EUR",
        f"Tax and insurance: {gross - income:,}.00 EUR",
        f"Net pay: {income:,}.00 EUR",
        "",
        "Paid by transfer on the last working day.",
    ]
