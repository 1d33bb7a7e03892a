"""What can be stopped, and what stopping it would have diverted within a day."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from review import permissions
from review.core.stops import StopKind, Target
from review.dashboards import stops as shown
from review.operations.stops.stops import find_handlers, list_handlers
from review.permissions import Rights
from workflows.handlers import registry

DAY: Final = dt.timedelta(hours=24)
ALONE: Final = frozenset({"auto", "block"})
MOST: Final = 60
"""How many of a kind are offered; words narrow them down."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be stopped, and how many decisions of a day that concerns."""

    title: str
    note: str
    count: int
    target: Target


@dataclass(frozen=True, slots=True)
class Would:
    """What a stop would have diverted in the last 24 hours.

    `tasks` were decided by a grid alone; `tables` are answers of decision tables whose
    steps would have waited. `handlers` are what would not be called.
    """

    tasks: int
    tables: int
    handlers: tuple[str, ...]
    holds: bool


def count_would(target: Target, *, now: dt.datetime) -> Would:
    """Count what a stop would have diverted in the last 24 hours."""
    since = now - DAY
    alone = shown.list_alone(since)
    tasks, tables, handlers = 0, 0, frozenset[str]()
    match target.kind:
        case StopKind.MODEL:
            handlers = list_handlers(target.name)
            tasks = _count(alone, _model_of(target.name, handlers))
        case StopKind.DEFINITION:
            ids = [
                row.id
                for row in shown.list_definitions()
                if row.key == target.name and target.version in {"", row.version}
            ]
            tables = shown.count_asked(ids, since)
            tasks = _count(alone, lambda row: row.definition_id in ids)
        case StopKind.CELL:
            tasks = _count(alone, _cell_of(target))
    holds = target.kind is StopKind.DEFINITION or bool(handlers)
    return Would(tasks, tables, tuple(sorted(handlers)), holds=holds)


def list_choices(
    words: str, *, rights: Rights, now: dt.datetime
) -> list[tuple[str, list[Choice]]]:
    """Return what can be stopped under its headings, busiest first; `words` narrow."""
    alone = shown.list_alone(now - DAY)
    wanted = words.lower().split()

    def fit(choices: Sequence[Choice]) -> list[Choice]:
        fitting = [
            one
            for one in choices
            if all(word in f"{one.title} {one.note}".lower() for word in wanted)
        ]
        return sorted(fitting, key=lambda one: (-one.count, one.title))[:MOST]

    anything = permissions.can_oversee(rights, queue_id=None)
    return [
        ("Grids", fit(_list_cells(alone, rights))),
        ("Models", fit(_list_models(alone)) if anything else []),
        ("Processes", fit(_list_definitions(alone)) if anything else []),
    ]


def _list_cells(alone: Sequence[Any], rights: Rights) -> list[Choice]:
    found = []
    for row in shown.list_grids():
        if not permissions.can_oversee(rights, queue_id=row.queue_id):
            continue
        whole = Target(kind=StopKind.CELL, queue=row.queue)
        body = json.loads(row.body) if row.body else {"rows": []}
        cells = [
            (number, one)
            for number, one in enumerate(body["rows"], start=1)
            if one["control"] in ALONE
        ]
        count = _count(alone, _cell_of(whole))
        if not cells and not count:
            continue
        version = f"grid {row.version}" if row.grid else "grids of its steps"
        found.append(Choice(f"{row.queue_name}: all rows", version, count, whole))
        for number, one in cells:
            cell = Target(
                kind=StopKind.CELL, queue=row.queue, grid=row.grid, row=number
            )
            note = f"{one['control']}, {_tell_row(one)}"
            title = f"{row.queue_name}: row {number}"
            found.append(Choice(title, note, _count(alone, _cell_of(cell)), cell))
    return found


def _tell_row(row: dict[str, Any]) -> str:
    told = [
        f"{name} {row[name]}"
        for name in ("confidence", "impact")
        if row.get(name) not in {None, "", "-"}
    ]
    return ", ".join(told) or "any case"


def _list_models(alone: Sequence[Any]) -> list[Choice]:
    named: dict[str, str] = {}
    for handler in registry.list_handlers():
        named[handler.name] = "handler"
        if handler.connector:
            named[handler.connector] = "connector"
    for row in alone:
        for name in (row.model, row.model_version):
            if name:
                named.setdefault(name, "named by proposals")
    return [
        Choice(
            name,
            note,
            _count(alone, _model_of(name, list_handlers(name))),
            Target(kind=StopKind.MODEL, name=name),
        )
        for name, note in named.items()
    ]


def _list_definitions(alone: Sequence[Any]) -> list[Choice]:
    found: dict[str, Choice] = {}
    for row in shown.list_definitions():
        every = Target(kind=StopKind.DEFINITION, name=row.key)
        of_key = sum(one.count for one in alone if one.definition == row.key)
        found.setdefault(
            row.key, Choice(f"{row.name}: all versions", row.key, of_key, every)
        )
        one = Target(kind=StopKind.DEFINITION, name=row.key, version=row.version)
        count = sum(one.count for one in alone if one.definition_id == row.id)
        title = f"{row.name}: {row.version}"
        found[f"{row.key} {row.version}"] = Choice(title, row.key, count, one)
    return list(found.values())


def _count(alone: Sequence[Any], fits: Callable[[Any], bool]) -> int:
    return sum(row.count for row in alone if fits(row))


def _cell_of(target: Target) -> Callable[[Any], bool]:
    def fits(row: Any) -> bool:
        if row.queue != target.queue:
            return False
        return target.row is None or (row.grid, row.row) == (target.grid, target.row)

    return fits


def _model_of(name: str, handlers: frozenset[str]) -> Callable[[Any], bool]:
    def fits(row: Any) -> bool:
        if name in {row.model, row.model_version}:
            return True
        return bool(handlers and handlers & find_handlers(row.definition_id))

    return fits
