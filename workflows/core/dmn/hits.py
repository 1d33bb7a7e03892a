"""Hit policies: from the rules that matched to the table's value (DMN 1.5, 8.2.8)."""

from decimal import Decimal

from workflows.core.feel.limits import Run
from workflows.core.feel.numbers import CONTEXT, ZERO
from workflows.core.feel.values import equal, order

# The outputs of one matched rule.
Outputs = list[object]

HIT_POLICIES = frozenset({
    "UNIQUE",
    "FIRST",
    "PRIORITY",
    "ANY",
    "COLLECT",
    "RULE ORDER",
    "OUTPUT ORDER",
})
AGGREGATIONS = frozenset({"SUM", "COUNT", "MIN", "MAX"})


def agree(rows: list[Outputs], rules: list[int], run: Run) -> bool:
    """ANY: whether all matches give the same; noted when they do not."""
    first = rows[0]
    if all(equal(row, first) is True for row in rows[1:]):
        return True
    numbers = ", ".join(str(rule + 1) for rule in rules)
    run.note(f"hit policy ANY, but rules {numbers} give different outputs")
    return False


def rank(row: Outputs, priorities: list[list[object]]) -> tuple[int, ...]:
    """Where each output stands among its column's output values, the first highest."""
    return tuple(
        next(
            (place for place, other in enumerate(order) if equal(value, other)),
            len(order),
        )
        for value, order in zip(row, priorities, strict=True)
        if order
    )


def aggregate(kind: str, values: list[object], run: Run) -> object:
    """COLLECT with an aggregator, over one output column."""
    if kind == "COUNT":
        return Decimal(len(values))
    if kind == "SUM":
        total = ZERO
        for value in values:
            if not isinstance(value, Decimal):
                return run.note("COLLECT SUM takes numbers only")
            total = CONTEXT.add(total, value)
        return total if total.is_finite() else run.note("the sum is too large")
    best = values[0]
    wanted = -1 if kind == "MIN" else 1
    for value in values[1:]:
        found = order(value, best)
        if found is None:
            return run.note(f"COLLECT {kind}: the outputs cannot be compared")
        if found == wanted:
            best = value
    return best
