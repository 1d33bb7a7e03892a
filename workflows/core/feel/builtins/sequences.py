"""Functions that order a list, or judge all of it at once: all, any, min, max, sort."""

import functools
from collections.abc import Callable

from workflows.core.feel.functions import built_in
from workflows.core.feel.limits import Run
from workflows.core.feel.values import Function, order


class _NotOrdered(Exception):
    """Two items cannot be compared, or the ordering function gave no boolean."""


def _extreme(run: Run, name: str, items: list[object], wanted: int) -> object:
    run.spend(len(items))
    if not items or items[0] is None:
        return None
    best = items[0]
    if len(items) == 1:
        return best if order(best, best) == 0 else run.note(f"{name}: not comparable")
    for item in items[1:]:
        found = order(item, best)
        if found is None:
            return run.note(f"{name}: the items cannot be compared")
        if found == wanted:
            best = item
    return best


@built_in("min", "list: list", "*items: any")
def _min(run: Run, items: list[object]) -> object:
    return _extreme(run, "min", items, -1)


@built_in("max", "list: list", "*items: any")
def _max(run: Run, items: list[object]) -> object:
    return _extreme(run, "max", items, 1)


def _judge(run: Run, name: str, items: list[object], *, decisive: bool) -> object:
    """Three-valued: the decisive boolean wins, then null, then its opposite."""
    run.spend(len(items))
    unknown = False
    for item in items:
        if item is decisive:
            return decisive
        unknown = unknown or not isinstance(item, bool)
    if unknown:
        return run.note(f"{name}: the list holds something that is no boolean")
    return not decisive


@built_in("all", "list: list", "*list: any")
def _all(run: Run, items: list[object]) -> object:
    return _judge(run, "all", items, decisive=False)


@built_in("any", "list: list", "*list: any")
def _any(run: Run, items: list[object]) -> object:
    return _judge(run, "any", items, decisive=True)


@built_in("sort", "list: list")
def _sort_naturally(run: Run, items: list[object]) -> object:
    def compare(left: object, right: object) -> int:
        run.spend(1)
        found = order(left, right)
        if found is None:
            raise _NotOrdered
        return found

    return _sorted(run, items, compare)


@built_in("sort", "list: list, precedes: function")
def _sort(run: Run, items: list[object], precedes: Function) -> object:
    if len(precedes.parameters) != 2:
        return run.note("sort: the ordering function takes two arguments")

    def compare(left: object, right: object) -> int:
        first = precedes.invoke([left, right], run)
        if first is True:
            return -1
        if first is not False:
            raise _NotOrdered
        return 1 if precedes.invoke([right, left], run) is True else 0

    return _sorted(run, items, compare)


def _sorted(
    run: Run, items: list[object], compare: Callable[[object, object], int]
) -> object:
    run.spend(len(items))
    try:
        return sorted(items, key=functools.cmp_to_key(compare))
    except _NotOrdered:
        return run.note("sort: the items cannot be ordered")
