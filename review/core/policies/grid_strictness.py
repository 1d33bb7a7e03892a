"""Whether one grid is at least as strict as another, told by its rows alone. Pure."""

from collections.abc import Mapping
from typing import Any, Final

_RANK: Final = {"auto": 0, "review": 1, "dual": 2}
_TESTS: Final = ("confidence", "impact", "tests")


def is_stricter(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether the new grid lets no case pass more easily than the old one.

    Both ask the same of a case, row by row, and each row of the new one asks for as many
    people or more; a row that blocks stays as it is. Grids of other rows are not
    compared: False then says only that it cannot be told.
    """
    if old.get("inputs", []) != new.get("inputs", []):
        return False
    before, after = old["rows"], new["rows"]
    return len(before) == len(after) and all(
        _asks(one) == _asks(other) and _raises(one["control"], other["control"])
        for one, other in zip(before, after, strict=True)
    )


def _asks(row: Mapping[str, Any]) -> list[object]:
    return [row.get(name) or "-" for name in _TESTS]


def _raises(old: str, new: str) -> bool:
    if "block" in (old, new):
        return old == new
    return _RANK[new] >= _RANK[old]
