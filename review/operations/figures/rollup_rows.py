"""The rows of the rollups: written from changes, made anew and compared set by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from review.core.figures.facts import CLASS_CELLS, EVERYTHING, HOURLY, Fact, Lengths
from review.dashboards.sql import read_json, read_rows
from workflows.core.canonical import dumps
from workflows.store import copy_in

_FACT_COLUMNS: Final = (
    "task_id, cell_id, task_class, state, opened_at, begun_at, ended_at, breached_at, is_decided,"
    " is_reworked, is_first_pass, is_suggested, is_overturned, reassigned, wall,"
    " wall_buckets, business, business_buckets, pauses"
)
_COPY_FACTS: Final = f"COPY review_taskfact ({_FACT_COLUMNS}) FROM STDIN"
_READ_FACTS: Final = f"""
    SELECT {_FACT_COLUMNS.replace("pauses", "pauses::text AS pauses")}
    FROM review_taskfact WHERE task_id = ANY(%(ids)s)
"""  # noqa: S608  (constants)


@dataclass(frozen=True, slots=True)
class Table:
    """One rollup: its keys, its amounts, and how it is made from the facts alone.

    `count` is the amount that is 0 where nothing is left to count.
    """

    name: str
    keys: Mapping[str, str]
    amounts: Mapping[str, str]
    made: str

    @property
    def columns(self) -> str:
        """Return all columns, the keys first."""
        return ", ".join([*self.keys, *self.amounts])


_BY_CELL: Final = (
    "GROUP BY GROUPING SETS ((cell_id, {keys}), (task_class, {keys}), ({keys}))"
)
_CELL: Final = (
    f"CASE WHEN grouping(cell_id) = 0 THEN cell_id WHEN grouping(task_class) = 1"
    f" THEN {EVERYTHING} ELSE CASE task_class "
    + " ".join(f"WHEN '{name}' THEN {cell}" for name, cell in CLASS_CELLS.items())
    + " END END"
)
_CLOSED: Final = {
    "closed": "1",
    "decided": "is_decided::int",
    "late": "(breached_at IS NOT NULL)::int",
    "reworked": "is_reworked::int",
    "reassigned": "reassigned",
    "first_pass": "is_first_pass::int",
    "suggested": "is_suggested::int",
    "overturned": "is_overturned::int",
}


def _moments(column: str, amounts: Mapping[str, str]) -> str:
    counted = ", ".join(f"{amounts.get(name, '0')} AS {name}" for name in HOURLY)
    return (
        f"SELECT cell_id, task_class, date_trunc('hour', {column}, 'UTC') AS hour, {counted}"  # noqa: S608
        f" FROM review_taskfact WHERE {column} IS NOT NULL"
    )


_HOURS: Final = " UNION ALL ".join([
    _moments("opened_at", {"arrivals": "1", "live": "(ended_at IS NULL)::int"}),
    _moments("begun_at", {"begun": "1"}),
    _moments("breached_at", {"breaches": "1"}),
    _moments("ended_at", _CLOSED),
])

TABLES: Final = {
    "hour": Table(
        "review_rolluphour",
        {"cell_id": "int", "hour": "timestamptz"},
        dict.fromkeys(HOURLY, "int"),
        f"SELECT {_CELL}, hour, "  # noqa: S608
        + ", ".join(f"sum({name})" for name in HOURLY)
        + f" FROM ({_HOURS}) moments {_BY_CELL.format(keys='hour')}",
    ),
    "spread": Table(
        "review_rollupspread",
        {
            "cell_id": "int",
            "day": "date",
            "hours": "smallint",
            "measure": "smallint",
            "bucket": "smallint",
        },
        {"tasks": "int", "milliseconds": "bigint"},
        f"SELECT {_CELL}, day, hours, measure, bucket, count(*), sum(ms)"  # noqa: S608
        " FROM (SELECT f.cell_id, f.task_class, (f.ended_at AT TIME ZONE 'UTC')::date AS day,"
        "  u.hours, u.measure, u.bucket, u.ms FROM review_taskfact f"
        "  CROSS JOIN LATERAL ("
        "   SELECT 0 AS hours, ms, bucket, measure"
        "   FROM unnest(f.wall, f.wall_buckets)"
        "   WITH ORDINALITY AS w(ms, bucket, measure)"
        "   UNION ALL SELECT 1, ms, bucket, measure"
        "   FROM unnest(f.business, f.business_buckets)"
        "   WITH ORDINALITY AS b(ms, bucket, measure)) u"
        "  WHERE f.ended_at IS NOT NULL AND u.bucket >= 0) spans "
        + _BY_CELL.format(keys="day, hours, measure, bucket"),
    ),
    "pause": Table(
        "review_rolluppause",
        {"cell_id": "int", "day": "date", "reason": "text"},
        {"tasks": "int", "wall": "bigint", "business": "bigint"},
        f"SELECT {_CELL}, day, reason, count(*), sum(wall), sum(business)"  # noqa: S608
        " FROM (SELECT f.cell_id, f.task_class, (f.ended_at AT TIME ZONE 'UTC')::date AS day,"
        "  p.key AS reason, (p.value ->> 0)::bigint AS wall,"
        "  (p.value ->> 1)::bigint AS business"
        "  FROM review_taskfact f CROSS JOIN LATERAL jsonb_each(f.pauses) p"
        "  WHERE f.ended_at IS NOT NULL) pauses " + _BY_CELL.format(keys="day, reason"),
    ),
    "state": Table(
        "review_rollupstate",
        {"cell_id": "int", "state": "text"},
        {"tasks": "int"},
        f"SELECT {_CELL}, state, count(*) FROM review_taskfact"  # noqa: S608
        " WHERE ended_at IS NULL " + _BY_CELL.format(keys="state"),
    ),
}
"""The rollups by the first word of their keys in core/figures/facts.py."""


def write_facts(facts: Iterable[Fact]) -> None:
    """Insert facts; none of their tasks may have one."""
    copy_in(
        _COPY_FACTS,
        (
            (
                fact.task_id,
                fact.cell_id,
                fact.task_class,
                fact.state,
                fact.opened_at,
                fact.begun_at,
                fact.ended_at,
                fact.breached_at,
                fact.is_decided,
                fact.is_reworked,
                fact.is_first_pass,
                fact.is_suggested,
                fact.is_overturned,
                fact.reassigned,
                list(fact.wall.milliseconds),
                list(fact.wall.buckets),
                list(fact.business.milliseconds),
                list(fact.business.buckets),
                dumps({reason: list(spans) for reason, spans in fact.pauses.items()}),
            )
            for fact in facts
        ),
    )


def read_facts(task_ids: Sequence[int]) -> dict[int, Fact]:
    """Return the stored facts of tasks by id."""
    return {
        row.task_id: _read_fact(row)
        for row in read_rows(_READ_FACTS, {"ids": list(task_ids)})
    }


def _read_fact(row: Any) -> Fact:
    pauses = read_json(row.pauses)
    return Fact(
        task_id=row.task_id,
        cell_id=row.cell_id,
        task_class=row.task_class,
        state=row.state,
        opened_at=row.opened_at,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        breached_at=row.breached_at,
        is_decided=row.is_decided,
        is_reworked=row.is_reworked,
        is_first_pass=row.is_first_pass,
        is_suggested=row.is_suggested,
        is_overturned=row.is_overturned,
        reassigned=row.reassigned,
        wall=Lengths(tuple(row.wall), tuple(row.wall_buckets)),
        business=Lengths(tuple(row.business), tuple(row.business_buckets)),
        pauses={
            reason: (int(wall), int(business))
            for reason, (wall, business) in pauses.items()
        },
    )


def remove_facts(task_ids: Sequence[int]) -> None:
    """Remove the stored facts of tasks."""
    _run("DELETE FROM review_taskfact WHERE task_id = ANY(%s)", [list(task_ids)])


def apply_changes(
    changes: Mapping[tuple[object, ...], Sequence[int]],
) -> None:
    """Add changes to the rollups; keys and amounts are those of facts.contribute."""
    by_table: dict[str, list[tuple[object, ...]]] = {}
    for key, amounts in changes.items():
        if any(amounts):
            by_table.setdefault(str(key[0]), []).append((*key[1:], *amounts))
    for word, rows in by_table.items():
        _add(TABLES[word], rows)


def _add(table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    types = [*table.keys.values(), *table.amounts.values()]
    columns = ", ".join(f"%s::{kind}[]" for kind in types)
    moved = ", ".join(
        f"{name} = {table.name}.{name} + excluded.{name}" for name in table.amounts
    )
    _run(
        f"INSERT INTO {table.name} ({table.columns})"  # noqa: S608  (constants)
        f" SELECT * FROM unnest({columns})"
        f" ON CONFLICT ({', '.join(table.keys)}) DO UPDATE SET {moved}",
        [list(column) for column in zip(*rows, strict=True)],
    )


def clear() -> None:
    """Remove all rollups and facts; readers go on seeing the old ones until COMMIT."""
    for table in TABLES.values():
        _run(f"DELETE FROM {table.name}")  # noqa: S608  (constants)
    _run("DELETE FROM review_taskfact")


def make_anew() -> None:
    """Fill the empty rollups from the facts, set by set."""
    for table in TABLES.values():
        _run(f"INSERT INTO {table.name} ({table.columns}) {table.made}")  # noqa: RUF100, S608


def list_differences(*, most: int) -> list[str]:
    """Return how the rollups differ from what the facts say, some rows of each table.

    A row that counts nothing is as good as none.
    """
    found: list[str] = []
    for table in TABLES.values():
        counts = " OR ".join(f"{name} <> 0" for name in table.amounts)
        kept = f"SELECT {table.columns} FROM {table.name} WHERE {counts}"  # noqa: S608
        for words, first, second in (
            ("is kept, the facts say otherwise", kept, table.made),
            ("is what the facts say, not kept", table.made, kept),
        ):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"({first}) EXCEPT ALL ({second}) LIMIT %s",
                    [most],
                )
                found += [
                    f"{table.name}: ({', '.join(map(str, row))}) {words}"
                    for row in cursor.fetchall()
                ]
    return found


def _run(sql: str, parameters: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
