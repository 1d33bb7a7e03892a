"""List functions that pick, count, change and compare: DMN 1.5 table 75."""

from decimal import Decimal

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.values import Function, same

_HASHABLE = frozenset({Decimal, str, bool, type(None)})


class Seen:
    """Values met so far; simple ones by hash, the rest by comparison."""

    __slots__ = ("_others", "_run", "_simple")

    def __init__(self, run: Run) -> None:
        """Begin empty; comparisons are taken from the account."""
        self._simple: set[tuple[type, object]] = set()
        self._others: list[object] = []
        self._run = run

    def add(self, value: object) -> bool:
        """Remember the value; True when it was not there before."""
        kind = type(value)
        if kind in _HASHABLE:
            known = len(self._simple)
            self._simple.add((kind, value))
            return len(self._simple) > known
        self._run.spend(2 * len(self._others))
        if any(same(value, other) for other in self._others):
            return False
        self._others.append(value)
        return True


def place(position: Decimal, length: int) -> int | None:
    """The index of a 1-based position, negative ones from the end; None outside."""
    if position == 0 or abs(position) >= length + 1:
        return None
    whole = int(position)
    if whole == 0:
        return None
    return whole - 1 if whole > 0 else length + whole


@built_in("list contains", "list: list, element: any")
def _list_contains(run: Run, items: list[object], element: object) -> bool:
    run.check_value(items)
    run.check_value(element)
    run.spend(len(items))
    return any(same(item, element) for item in items)


@built_in("count", "list: list", "*items: any")
def _count(_run: Run, items: list[object]) -> Decimal:
    return Decimal(len(items))


@built_in("sublist", "list: list, start position: number, length: number?|null")
def _sublist(
    run: Run, items: list[object], start: Decimal, length: Decimal | None
) -> object:
    first = place(start, len(items))
    if first is None:
        return run.note("sublist: the start position lies outside the list")
    run.spend(len(items))
    if length is None:
        return items[first:]
    if length < 1 or first + length > len(items):
        return run.note("sublist: the length reaches outside the list")
    return items[first : first + int(length)]


@built_in("append", "list: list, *item: any")
def _append(run: Run, items: list[object], more: list[object]) -> list[object]:
    run.check_items(len(items) + len(more))
    return items + more


@built_in("concatenate", "*list: list")
def _concatenate(run: Run, lists: list[list[object]]) -> list[object]:
    run.check_items(sum(map(len, lists)))
    return [item for items in lists for item in items]


@built_in("insert before", "list: list, position: number, newItem: any")
def _insert_before(
    run: Run, items: list[object], position: Decimal, new: object
) -> object:
    index = place(position, len(items))
    if index is None:
        return run.note("insert before: the position lies outside the list")
    run.check_items(len(items) + 1)
    return [*items[:index], new, *items[index:]]


@built_in("remove", "list: list, position: number")
def _remove(run: Run, items: list[object], position: Decimal) -> object:
    index = place(position, len(items))
    if index is None:
        return run.note("remove: the position lies outside the list")
    run.spend(len(items))
    return items[:index] + items[index + 1 :]


@built_in("list replace", "list: list, position: number, newItem: any")
def _replace_at(
    run: Run, items: list[object], position: Decimal, new: object
) -> object:
    index = place(position, len(items))
    if index is None:
        return run.note("list replace: the position lies outside the list")
    run.spend(len(items))
    return [*items[:index], new, *items[index + 1 :]]


@built_in("list replace", "list: list, match: function, newItem: any")
def _replace_matching(
    run: Run, items: list[object], match: Function, new: object
) -> object:
    if len(match.parameters) != 2:
        return run.note("list replace: the match function takes two arguments")
    result = []
    for item in items:
        verdict = match.invoke([item, new], run)
        if not isinstance(verdict, bool):
            return run.note("list replace: the match function gave no boolean")
        result.append(new if verdict else item)
    return result


@built_in("reverse", "list: list")
def _reverse(run: Run, items: list[object]) -> list[object]:
    run.spend(len(items))
    return items[::-1]


@built_in("index of", "list: list, match: any")
def _index_of(run: Run, items: list[object], match: object) -> list[object]:
    run.check_value(items)
    run.check_value(match)
    run.spend(len(items))
    return [Decimal(index) for index, item in enumerate(items, 1) if same(item, match)]


@built_in("union", "*list: list")
def _union(run: Run, lists: list[list[object]]) -> object:
    return _distinct(run, [item for items in lists for item in items])


@built_in("distinct values", "list: list")
def _distinct(run: Run, items: list[object]) -> list[object]:
    run.spend(len(items))
    run.check_value(items)
    seen = Seen(run)
    return [item for item in items if seen.add(item)]


@built_in("flatten", "list: list")
def _flatten(run: Run, items: list[object]) -> list[object]:
    result: list[object] = []
    pending = [iter(items)]
    while pending:
        for item in pending[-1]:
            run.spend(1)
            if isinstance(item, list):
                pending.append(iter(item))
                break
            result.append(item)
        else:
            pending.pop()
    return result
