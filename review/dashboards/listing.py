"""Which live tasks a list shows, in the order they are served. Claims are elsewhere.

Lists never touch a task's content, and a filter that fits little looks at no more than
DEEPEST tasks from the top of the order.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50
VIEW_CAP: Final = 100
DEEPEST: Final = 20_000

# As claiming refuses (operations/tasks/serving.py): who counts as one with somebody who
# judged, started or holds a seat of the task may not take it either.
MAY_NOT: Final = """(t.excluded && %(persons)s::bigint[]
        OR t.seated && array_remove(%(persons)s::bigint[], %(person_id)s::bigint))"""
_COLUMNS: Final = f"""
    t.id, t.title, t.business_key, t.priority_class, t.control, t.stage,
    t.impact, t.confidence, t.opened_at, t.serve_at, t.due_at, t.warn_at, t.state,
    t.definition_key, t.parking, t.parked_at, t.is_ahead, t.seats,
    cardinality(t.seated) AS seated, t.assigned_until, t.lapses,
    t.queue_id, q.key AS queue_key, q.name AS queue_name, q.aging_seconds,
    l.region, l.skill, l.level,
    CASE WHEN t.lease_until > %(now)s THEN t.claimed_by_id END AS holder_id,
    CASE WHEN t.lease_until > %(now)s THEN p.name END AS holder,
    t.lease_until, t.assigned_to_id, a.name AS assignee,
    t.parked_for_id, {MAY_NOT} AS is_excluded, g.why AS gap
"""
_FROM: Final = """
    JOIN review_queue q ON q.id = t.queue_id
    JOIN review_lane l ON l.id = t.lane_id
    LEFT JOIN review_person p ON p.id = t.claimed_by_id
    LEFT JOIN review_person a ON a.id = t.assigned_to_id
    LEFT JOIN review_quorumgap g ON g.task_id = t.id
"""
# Names are joined to the rows of one page alone; the inner select reads the order's
# index and stops.
_LIST: Final = """
    SELECT {columns}
    FROM (
        SELECT t.* FROM (
            SELECT t.* FROM review_task t
            WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING') {place}
            ORDER BY t.serve_at, t.id LIMIT %(deepest)s) t
        {joined}
        WHERE {conditions}
        ORDER BY t.serve_at, t.id LIMIT %(limit)s) t
    {names}
    ORDER BY t.serve_at, t.id
"""
_YOURS: Final = """
    SELECT {columns}
    FROM review_task t {names}
    WHERE {whose}
    ORDER BY t.serve_at, t.id LIMIT %(limit)s
"""
_PUSHED: Final = (
    "t.state = 'OPEN' AND t.assigned_to_id = %(person_id)s"
    " AND (%(queue)s::bigint IS NULL OR t.queue_id = %(queue)s)"
    f" AND NOT {MAY_NOT}"
)
# A task stays OPEN while one of its seats is free.
_HELD: Final = """t.id IN (
        SELECT h.id FROM review_task h
        WHERE h.claimed_by_id = %(person_id)s AND h.state = 'CLAIMED'
          AND NOT h.is_ahead AND h.lease_until > %(now)s
        UNION ALL
        SELECT s.task_id FROM review_seat s
        JOIN review_task b ON b.id = s.task_id AND b.state IN ('OPEN', 'CLAIMED')
        WHERE s.person_id = %(person_id)s AND s.lease_until > %(now)s)"""
_PARKED: Final = "t.state = 'WAITING' AND t.parked_for_id = %(person_id)s"
_LANES: Final = """
    SELECT array_agg(DISTINCT region) FILTER (WHERE region <> '') AS regions,
        array_agg(DISTINCT skill) FILTER (WHERE skill <> '') AS skills
    FROM review_lane WHERE queue_id = %(queue)s
"""
_COUNT: Final = """
    (SELECT count(*) FROM (
        SELECT 1 FROM (
            SELECT t.* FROM review_task t
            WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING')
              AND t.queue_id = %(queue)s
            ORDER BY t.serve_at, t.id LIMIT %(deepest)s) t
        {joined} WHERE {conditions} LIMIT %(cap)s) view) AS {name}
"""
_JOIN_LANE: Final = "JOIN review_lane l ON l.id = t.lane_id"
_HELD_WORDS: Final = {
    "free": "(t.state = 'OPEN' AND t.assigned_to_id IS NULL"
    " OR t.state = 'CLAIMED' AND t.lease_until <= %(now)s)",
    "held": "(t.state = 'CLAIMED' AND t.lease_until > %(now)s)",
    "mine": "(t.state = 'CLAIMED' AND t.lease_until > %(now)s"
    " AND t.claimed_by_id = %(person_id)s)",
    "pushed": "(t.state = 'OPEN' AND t.assigned_to_id = %(person_id)s)",
    "parked": "t.state = 'WAITING'",
    "stranded": "EXISTS (SELECT FROM review_quorumgap s WHERE s.task_id = t.id)",
}
_STANDINGS: Final = {
    "breached": "t.due_at <= %(now)s",
    "soon": "(t.due_at > %(now)s AND t.due_at <= %(soon)s)",
    "today": "t.due_at <= %(today)s",
}


@dataclasses.dataclass(frozen=True, slots=True)
class AfterTask:
    """Where a page of a queue ended."""

    serve_at: dt.datetime
    id: int


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A list's conditions as SQL with what they name."""

    conditions: str
    joined: str
    values: Mapping[str, object]


def ask(filters: Mapping[str, Any], *, prefix: str = "") -> Asked:
    """Return the conditions of filters: q, control, held, standing, rank, place.

    q is a case's whole key or words of the title, `place` a region or skill. Names of
    values begin with `prefix`, so that several views fit into one statement.
    """
    found: list[str] = []
    values: dict[str, object] = {}
    joined = ""
    if search := str(filters.get("q", "")).strip():
        found.append(
            f"(t.business_key = %({prefix}q)s OR t.title ILIKE %({prefix}words)s)"
        )
        values |= {
            f"{prefix}q": search,
            f"{prefix}words": f"%{_escape_like(search)}%",
        }
    for name, column in (("control", "t.control"), ("rank", "t.priority_class")):
        if value := filters.get(name):
            found.append(f"{column} = %({prefix}{name})s")
            values[f"{prefix}{name}"] = value
    if place := filters.get("place"):
        joined = _JOIN_LANE
        found.append(f"%({prefix}place)s IN (l.region, l.skill)")
        values[f"{prefix}place"] = place
    found += [
        words[filters[name]]
        for name, words in (("held", _HELD_WORDS), ("standing", _STANDINGS))
        if filters.get(name)
    ]
    return Asked(" AND ".join(found) or "true", joined, values)


def list_tasks(
    *,
    person_id: int,
    persons: Collection[int],
    now: dt.datetime,
    today: dt.datetime,
    queue_id: int,
    filters: Mapping[str, Any] | None = None,
    after: AfterTask | None = None,
    limit: int = PAGE,
) -> list[Any]:
    """Return live tasks of a queue in the order they are served, one more than `limit`.

    What is pushed to the person comes first on the first page and is left out here
    (see `list_pushed`), unless filters ask for it. `persons` count as one with the
    person, himself among them. `today` is when the day ends.
    """
    asked = ask(filters or {})
    place = "AND t.queue_id = %(queue)s"
    if after is not None:
        place += " AND (t.serve_at, t.id) > (%(after_at)s, %(after_id)s)"
    if not filters:
        place += f" AND (t.assigned_to_id IS DISTINCT FROM %(person_id)s OR {MAY_NOT})"
    return read_rows(
        _LIST.format(
            columns=_COLUMNS,
            place=place,
            joined=asked.joined,
            conditions=asked.conditions,
            names=_FROM,
        ),
        {
            **_moments(now, today),
            **asked.values,
            "person_id": person_id,
            "persons": sorted(persons),
            "queue": queue_id,
            "after_at": after.serve_at if after else None,
            "after_id": after.id if after else 0,
            "limit": limit + 1,
            "deepest": DEEPEST if filters else limit + 1,
        },
    )


def list_pushed(
    *,
    person_id: int,
    persons: Collection[int],
    now: dt.datetime,
    queue_id: int | None = None,
) -> list[Any]:
    """Return what is pushed to a person and he may take, of one queue or of all."""
    return _list_yours(
        _PUSHED, person_id=person_id, persons=persons, now=now, queue_id=queue_id
    )


def list_held(
    *, person_id: int, persons: Collection[int], now: dt.datetime
) -> list[Any]:
    """Return what a person holds, also in a seat beside others."""
    return _list_yours(_HELD, person_id=person_id, persons=persons, now=now)


def list_parked(
    *, person_id: int, persons: Collection[int], now: dt.datetime
) -> list[Any]:
    """Return what waits for information or help and is the person's afterwards."""
    return _list_yours(_PARKED, person_id=person_id, persons=persons, now=now)


def list_places(queue_id: int) -> tuple[list[str], list[str]]:
    """Return the regions and the skills that the queue's lanes ask for."""
    row = read_row(_LANES, {"queue": queue_id})
    if row is None:
        return [], []
    return sorted(row.regions or []), sorted(row.skills or [])


def count_views(
    views: Sequence[Mapping[str, Any]],
    *,
    person_id: int,
    queue_id: int,
    now: dt.datetime,
    today: dt.datetime,
) -> list[int]:
    """Count the tasks of several filters in one statement, each at most VIEW_CAP."""
    if not views:
        return []
    parts: list[str] = []
    values: dict[str, object] = {}
    for number, filters in enumerate(views):
        asked = ask(filters, prefix=f"v{number}_")
        values |= asked.values
        parts.append(
            _COUNT.format(
                joined=asked.joined, conditions=asked.conditions, name=f"v{number}"
            )
        )
    row = read_row(
        f"SELECT {', '.join(parts)}",
        {
            **_moments(now, today),
            **values,
            "person_id": person_id,
            "queue": queue_id,
            "cap": VIEW_CAP,
            "deepest": DEEPEST,
        },
    )
    return [] if row is None else [int(count) for count in row]


def _list_yours(
    whose: str,
    *,
    person_id: int,
    persons: Collection[int],
    now: dt.datetime,
    queue_id: int | None = None,
) -> list[Any]:
    return read_rows(
        _YOURS.format(columns=_COLUMNS, names=_FROM, whose=whose),
        {
            "person_id": person_id,
            "persons": sorted(persons),
            "now": now,
            "queue": queue_id,
            "limit": PAGE,
        },
    )


def _moments(now: dt.datetime, today: dt.datetime) -> dict[str, object]:
    return {"now": now, "soon": now + dt.timedelta(hours=4), "today": today}


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
