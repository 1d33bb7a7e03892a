"""Reading invoices: patterns over text, with a confidence and a place for each field.

A stand-in for a document model that shows what a reviewer needs: which words a value
was read from. Spans count characters of a document's text from 0, the end excluded.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Literal

from pydantic import BaseModel, Field

from review.demo import effects
from workflows.handlers import BusinessError, HandlerContext, handler

_SURE = Decimal("0.98")
_LIKELY = Decimal("0.74")
_SMUDGED = Decimal("0.52")
_LIMIT = 200_000
_AMOUNT = r"(?P<value>[\d.,' ]*\d[.,]\d{2})"
# Per field: the pattern of a clear label first, then what is only likely.
_PATTERNS: dict[str, tuple[tuple[str, Decimal], ...]] = {
    "invoice_number": (
        (r"Invoice (?:number|no\.?)\s*:\s*(?P<value>[\w/?~-]+)", _SURE),
        (r"\b(?P<value>INV[\w/?~-]+)", _LIKELY),
    ),
    "invoice_date": (
        (r"Invoice date\s*:\s*(?P<value>\d{4}-\d{2}-\d{2})", _SURE),
        (r"\b(?P<value>\d{4}-\d{2}-\d{2})\b", _LIKELY),
    ),
    "order_number": (
        (r"(?:Order|PO) (?:number|no\.?)\s*:\s*(?P<value>[\w/?~-]+)", _SURE),
        (r"\b(?P<value>PO[\w/?~-]+)", _LIKELY),
    ),
    "currency": (
        (r"Currency\s*:\s*(?P<value>[A-Z]{3})\b", _SURE),
        (r"\b(?P<value>EUR|USD|GBP|CHF)\b", _LIKELY),
    ),
    "net": ((rf"Net(?: amount)?\s*:\s*{_AMOUNT}", _SURE),),
    "tax": ((rf"(?:VAT|Tax)[^:\n]*:\s*{_AMOUNT}", _SURE),),
    "total": (
        (rf"Total(?: due)?\s*:\s*{_AMOUNT}", _SURE),
        (rf"(?:Sum|Amount)[^\d\n]*{_AMOUNT}", _LIKELY),
    ),
}
_NUMBERS = frozenset({"net", "tax", "total"})
_NEEDED = ("invoice_number", "invoice_date", "currency", "total")


class Document(BaseModel):
    """A document; what has no text (a scan, a print) is for people to look at."""

    id: str
    name: str
    kind: str = "invoice"
    text: str = Field(default="", max_length=_LIMIT)


class Documents(BaseModel):
    """What arrived with an invoice."""

    documents: list[Document] = Field(min_length=1)


class Span(BaseModel):
    """Where a value was read: characters of one document's text."""

    document: str
    start: int
    end: int


class Reading(BaseModel):
    """One field as read; without a value the confidence is 0 and there is no place."""

    value: Decimal | str | None
    confidence: Decimal
    source: Span | None


class Extraction(BaseModel):
    """All fields; `confidence` is that of the least sure field that is needed."""

    fields: dict[str, Reading]
    confidence: Decimal
    proposal: dict[str, Decimal | str | None]


class MatchRequest(BaseModel):
    """An invoice's total against its order's."""

    order_number: str | None = None
    total: Decimal | None = None
    expected_total: Decimal | None = None


class Match(BaseModel):
    """Whether invoice and order agree."""

    status: Literal["MATCHED", "DIFFERENT", "NO_ORDER"]
    difference: Decimal


class PostingRequest(BaseModel):
    """An invoice to post."""

    supplier: str
    invoice_number: str
    total: Decimal
    currency: str


class Posting(BaseModel):
    """The ledger's answer."""

    reference: str


@handler("invoice.extract", version="1.0.0")
def extract(request: Documents, context: HandlerContext) -> Extraction:
    """Read the fields of an invoice. Text without any is the error NO_TEXT."""
    fields = {name: _read(name, request.documents) for name in _PATTERNS}
    if all(field.value is None for field in fields.values()):
        raise BusinessError("NO_TEXT", "No field could be read in any document.")
    fields["total"] = _checked_total(fields)
    return Extraction(
        fields=fields,
        confidence=min(fields[name].confidence for name in _NEEDED),
        proposal={name: field.value for name, field in fields.items()},
    )


@handler("invoice.match", version="1.0.0")
def match(request: MatchRequest, context: HandlerContext) -> Match:
    """Compare an invoice with its order, to the cent."""
    if not request.order_number or request.expected_total is None:
        return Match(status="NO_ORDER", difference=Decimal(0))
    difference = (request.total or Decimal(0)) - request.expected_total
    status: Literal["MATCHED", "DIFFERENT"] = "DIFFERENT" if difference else "MATCHED"
    return Match(status=status, difference=difference)


@handler("ledger.post", version="1.0.0", kind="external", timeout_seconds=30)
def post(request: PostingRequest, context: HandlerContext) -> Posting:
    """Post an invoice to the ledger; the same step never posts twice."""
    reference = effects.record_once(
        "ledger", key=context.idempotency_key, content=request.model_dump()
    )
    return Posting(reference=reference)


def _read(name: str, documents: list[Document]) -> Reading:
    for pattern, confidence in _PATTERNS[name]:
        for document in documents:
            found = re.search(pattern, document.text, re.IGNORECASE)
            if found is None:
                continue
            text = found["value"].strip()
            value = _number(text) if name in _NUMBERS else text
            if value is None:
                continue
            smudged = "?" in text or "~" in text
            start = document.text.index(text, found.start("value"))
            return Reading(
                value=value,
                confidence=_SMUDGED if smudged else confidence,
                source=Span(document=document.id, start=start, end=start + len(text)),
            )
    return Reading(value=None, confidence=Decimal(0), source=None)


def _number(text: str) -> Decimal | None:
    """Read `1.234,56`, `1,234.56` and `1'234.56`: the last mark is the point."""
    digits = re.sub(r"[^\d]", "", text)
    try:
        return Decimal(digits).scaleb(-2)
    except InvalidOperation:
        return None


def _checked_total(fields: dict[str, Reading]) -> Reading:
    """Doubt a total that is not the sum of net and tax."""
    net, tax, total = (fields[name] for name in ("net", "tax", "total"))
    values = (net.value, tax.value, total.value)
    if any(not isinstance(value, Decimal) for value in values):
        return total
    if net.value + tax.value == total.value:  # type: ignore[operator]
        return total
    return total.model_copy(update={"confidence": min(total.confidence, _LIKELY)})
