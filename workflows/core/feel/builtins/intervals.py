"""Functions on points and ranges: DMN 1.5 table 78, after Allen's interval algebra."""

from collections.abc import Callable

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.values import Range, order

_Relation = Callable[[Range, Range], "bool | None"]


class _Incomparable(Exception):
    """Two ends cannot be compared."""


def _compare(left: object, right: object) -> int:
    found = order(left, right)
    if found is None:
        raise _Incomparable
    return found


def _start(left: Range, right: Range) -> int:
    """Which range begins first: -1 when left does. No start is the lowest."""
    if left.start is None or right.start is None:
        return (left.start is not None) - (right.start is not None)
    found = _compare(left.start, right.start)
    return found or int(right.start_included) - int(left.start_included)


def _end(left: Range, right: Range) -> int:
    """Which range finishes first: -1 when left does. No end is the highest."""
    if left.end is None or right.end is None:
        return (right.end is not None) - (left.end is not None)
    found = _compare(left.end, right.end)
    return found or int(left.end_included) - int(right.end_included)


def _gap(left: Range, right: Range) -> int:
    """left's end against right's start: -1 apart, 0 meeting in a point, 1 sharing."""
    if left.end is None or right.start is None:
        return 1
    found = _compare(left.end, right.start)
    if found == 0:
        both = left.end_included and right.start_included
        return 0 if both else -1
    return found


def _before(left: Range, right: Range) -> bool:
    return _gap(left, right) < 0


def _meets(left: Range, right: Range) -> bool:
    return _gap(left, right) == 0


def _overlaps(left: Range, right: Range) -> bool:
    return _gap(left, right) >= 0 and _gap(right, left) >= 0


def _overlaps_before(left: Range, right: Range) -> bool:
    return _overlaps(left, right) and _start(left, right) < 0 and _end(left, right) <= 0


def _finishes(left: Range, right: Range) -> bool:
    return _end(left, right) == 0 and _start(left, right) >= 0


def _during(left: Range, right: Range) -> bool:
    return _start(left, right) >= 0 and _end(left, right) <= 0


def _starts(left: Range, right: Range) -> bool:
    return _start(left, right) == 0 and _end(left, right) <= 0


def _coincides(left: Range, right: Range) -> bool:
    return _start(left, right) == 0 and _end(left, right) == 0


def _swapped(relation: _Relation) -> _Relation:
    return lambda left, right: relation(right, left)


def _as_range(value: object) -> Range | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Range):
        return None if value.operator == "!=" else value
    if order(value, value) == 0:
        return Range(value, value, start_included=True, end_included=True)
    return None


def _register(name: str, relation: _Relation, first: str, second: str) -> None:
    def call(run: Run, left: object, right: object) -> object:
        low, high = _as_range(left), _as_range(right)
        wrong_kind = (first == "range" and not _is_range(left)) or (
            second == "range" and not _is_range(right)
        )
        if low is None or high is None or wrong_kind:
            return run.note(f"{name}: takes {first} and {second}")
        try:
            return relation(low, high)
        except _Incomparable:
            return run.note(f"{name}: the two cannot be compared")

    call.__name__ = name.replace(" ", "_")
    for names in _parameter_names(first, second):
        built_in(name, f"{names[0]}: any, {names[1]}: any")(call)


def _is_range(value: object) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return isinstance(value, Range)


def _parameter_names(first: str, second: str) -> list[tuple[str, str]]:
    """The names each overload gives its parameters."""
    found = [("range1", "range2")]
    if first == "point or range" and second == "point or range":
        found = [("point1", "point2"), ("point", "range"), ("range", "point"), *found]
    elif first == "point or range":
        found = [("point", "range"), *found]
    elif second == "point or range":
        found = [("range", "point"), *found]
    return found


_EITHER = "point or range"
for _name, _relation, _first, _second in (
    ("before", _before, _EITHER, _EITHER),
    ("after", _swapped(_before), _EITHER, _EITHER),
    ("meets", _meets, "range", "range"),
    ("met by", _swapped(_meets), "range", "range"),
    ("overlaps", _overlaps, "range", "range"),
    ("overlaps before", _overlaps_before, "range", "range"),
    ("overlaps after", _swapped(_overlaps_before), "range", "range"),
    ("finishes", _finishes, _EITHER, "range"),
    ("finished by", _swapped(_finishes), "range", _EITHER),
    ("includes", _swapped(_during), "range", _EITHER),
    ("during", _during, _EITHER, "range"),
    ("starts", _starts, _EITHER, "range"),
    ("started by", _swapped(_starts), "range", _EITHER),
    ("coincides", _coincides, _EITHER, _EITHER),
):
    _register(_name, _relation, _first, _second)
