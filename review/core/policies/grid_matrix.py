"""A grid drawn as what it is named for: bands of confidence by bands of impact. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from review.core.policies.grid_table import ANY, GridBody, GridRow
from workflows.core.dmn.columns import cell_constants
from workflows.core.feel import UnaryTests, compile_unary_tests


@dataclass(frozen=True, slots=True)
class Band:
    """Values that the grid treats alike along one axis, in words."""

    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What happens where two bands meet: the row that decides whatever else is asked.

    `row` counts from 1, None where no row covers it. `maybe` are the earlier rows that
    decide for some cases, by what else they ask.
    """

    row: int | None
    control: str
    reveal: str
    maybe: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of confidence, the highest first, by columns of impact, the lowest first."""

    confidence: tuple[Band, ...]
    impact: tuple[Band, ...]
    cells: tuple[tuple[Cell, ...], ...]
    is_partial: bool


def build_matrix(body: GridBody) -> Matrix:
    """Return the matrix of a sound grid.

    Bands are cut where a test names a number, and joined again where neighbours are
    alike. A test that asks more than numbers (`> limit`) is read at samples of the
    bands, and `is_partial` says so.
    """
    compiled = [
        (row, compile_unary_tests(row.confidence), compile_unary_tests(row.impact))
        for row in body.rows
    ]
    sure, plain = _cut([one for _, one, _ in compiled], top=Decimal(1))
    stake, plain_too = _cut([one for _, _, one in compiled], top=None)
    # A case without a confidence counts as 0: its band is drawn with the lowest.
    table = [[_cell(compiled, (x, y)) for y in stake] for x in sure]
    sure, table = _join(sure, table)
    stake, turned = _join(stake, [list(column) for column in zip(*table, strict=True)])
    table = [list(row) for row in zip(*turned, strict=True)]
    return Matrix(
        confidence=tuple(_name(one, top=Decimal(1)) for one in reversed(sure)),
        impact=tuple(_name(one, top=None) for one in stake),
        cells=tuple(tuple(row) for row in reversed(table)),
        is_partial=not (plain and plain_too),
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """Numbers from `low` to `high` (None: no end), each end in or out."""

    low: Decimal
    high: Decimal | None
    has_low: bool
    has_high: bool

    @property
    def sample(self) -> Decimal:
        if self.high is None:
            return self.low + 1 if not self.has_low else self.low
        if self.low == self.high or (self.has_low and not self.has_high):
            return self.low
        return (self.low + self.high) / 2


def _cut(
    tests: Sequence[UnaryTests], *, top: Decimal | None
) -> tuple[list[_Span], bool]:
    """Return the points and gaps that tests tell apart, and whether that is all."""
    points = {Decimal(0)} | ({top} if top is not None else set())
    plain = True
    for test in tests:
        named = cell_constants(test.node)
        if test.text == ANY or not test.node.tests:
            continue
        if named is None:
            plain = False
        for value in named or ():
            if not isinstance(value, Decimal) or value < 0:
                continue
            if top is None or value <= top:
                points.add(value)
    ordered = sorted(points)
    spans = []
    for place, low in enumerate(ordered):
        spans.append(_Span(low, low, has_low=True, has_high=True))
        if place + 1 < len(ordered):
            high = ordered[place + 1]
            spans.append(_Span(low, high, has_low=False, has_high=False))
        elif top is None:
            spans.append(_Span(low, None, has_low=False, has_high=False))
    return spans, plain


def _cell(
    compiled: Sequence[tuple[GridRow, UnaryTests, UnaryTests]],
    spans: tuple[_Span, _Span],
) -> Cell:
    sure, stake = spans[0].sample, spans[1].sample
    scope = {"confidence": sure, "impact": stake}
    maybe: list[int] = []
    for number, (row, confidence, impact) in enumerate(compiled, 1):
        found = (confidence.verdict(sure, scope)[0], impact.verdict(stake, scope)[0])
        if False in found:
            continue
        if None in found or any(test != ANY for test in row.tests):
            maybe.append(number)
            continue
        return Cell(number, row.control, row.reveal, tuple(maybe))
    # Where no row answers, the rules around the grid ask for two persons.
    return Cell(None, "dual", "on request", tuple(maybe))


def _join(
    spans: list[_Span], table: list[list[Cell]]
) -> tuple[list[_Span], list[list[Cell]]]:
    """Join neighbours whose lines are alike."""
    joined: list[_Span] = []
    lines: list[list[Cell]] = []
    for span, line in zip(spans, table, strict=True):
        if lines and lines[-1] == line:
            last = joined[-1]
            joined[-1] = _Span(
                last.low, span.high, has_low=last.has_low, has_high=span.has_high
            )
        else:
            joined.append(span)
            lines.append(line)
    return joined, lines


def _name(span: _Span, *, top: Decimal | None) -> Band:
    low, high = _text(span.low), _text(span.high) if span.high is not None else ""
    starts = span.low == 0 and span.has_low
    ends = span.high is None or (span.high == top and span.has_high)
    if starts and ends:
        label = "any"
    elif span.low == span.high:
        label = low
    elif starts:
        label = f"{'up to' if span.has_high else 'below'} {high}"
    elif ends:
        label = f"{low} and above" if span.has_low else f"above {low}"
    else:
        label = (
            f"{'from' if span.has_low else 'above'} {low}"
            f" {'to' if span.has_high else 'to below'} {high}"
        )
    return Band(label)


def _text(value: Decimal) -> str:
    text = f"{value.normalize():,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
