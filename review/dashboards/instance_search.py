"""What instances are looked for by, as conditions of one statement. Lists are elsewhere.

Values of variables are looked up in `workflows_searchvalue`; the variables themselves
are never read.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import OVERDUE, read_rows
from workflows.core.searching import Searchable, SearchKind, fold

_IDS: Final = """
    SELECT id FROM workflows_definition
    WHERE (%(key)s = '' OR key = %(key)s) AND (%(version)s = '' OR version = %(version)s)
"""
_PROCESSES: Final = """
    SELECT DISTINCT ON (key) key, name, id FROM workflows_definition
    ORDER BY key, version_order DESC
"""
_VALUES: Final = """
    SELECT instance_id, name, text, number, moment FROM workflows_searchvalue
    WHERE instance_id = ANY(%(ids)s::uuid[])
"""
FEW: Final = 2_000
"""Up to so many instances that fit one condition are named to the others."""
_LIVE: Final = "('READY', 'RUNNING', 'WAITING', 'INCIDENT')"
# What a case is called by: its key, its id, or a key that a message for it carries.
_CALLED: Final = """i.id IN (
        SELECT b.id FROM workflows_instance b
        WHERE b.business_key = %(q)s AND b.business_key <> ''
        UNION ALL
        SELECT s.instance_id FROM workflows_subscription s
        WHERE s.key = %(q)s AND s.instance_id IS NOT NULL
        UNION ALL
        SELECT m.instance_id FROM workflows_messagestart m WHERE m.key = %(q)s
        UNION ALL
        SELECT %(q_id)s::uuid)"""
_INCIDENT: Final = """EXISTS (
        SELECT FROM workflows_incident c
        WHERE c.instance_id = i.id AND c.state = 'OPEN')"""
_AT: Final = f"""
        SELECT s.instance_id FROM workflows_step s
        WHERE s.node_id = %(node)s AND s.state IN {_LIVE}"""  # noqa: S608  (a constant)
_LATE: Final = f"""
        SELECT t.instance_id FROM review_task t
        WHERE t.state IN ('OPEN', 'CLAIMED', 'WAITING')
          AND {OVERDUE.format(now="clock_timestamp()")}
          AND (%(node)s = '' OR EXISTS (
              SELECT FROM workflows_step s
              WHERE s.id = t.step_id AND s.node_id = %(node)s))"""  # noqa: S608
_PLAIN: Final = (
    ("state", "i.state = %(state)s"),
    ("since", "i.started_at >= %(since)s"),
    ("until", "i.started_at < %(until)s"),
    ("ended_since", "i.ended_at >= %(ended_since)s"),
    ("ended_until", "i.ended_at < %(ended_until)s"),
)
_COLUMN: Final = {
    SearchKind.TEXT: "text",
    SearchKind.FLAG: "text",
    SearchKind.NUMBER: "number",
    SearchKind.DATE: "moment",
}


class Operator(StrEnum):
    """How a value is compared; a date is a whole day."""

    IS = "eq"
    ABOVE = "gt"
    BELOW = "lt"
    BETWEEN = "between"
    BEGINS = "begins"


OPERATORS: Final[Mapping[SearchKind, tuple[Operator, ...]]] = {
    SearchKind.TEXT: (Operator.IS, Operator.BEGINS),
    SearchKind.FLAG: (Operator.IS,),
    SearchKind.NUMBER: (
        Operator.IS, Operator.ABOVE, Operator.BELOW, Operator.BETWEEN,
    ),
    SearchKind.DATE: (
        Operator.IS, Operator.ABOVE, Operator.BELOW, Operator.BETWEEN,
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """One condition on a variable; `upto` is the upper end of BETWEEN.

    Values are folded text, a number, or the first moment of a day.
    """

    variable: Searchable
    operator: Operator
    value: str | Decimal | dt.datetime
    upto: Decimal | dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Conditions as SQL over instance `i`, with the values they name."""

    conditions: str
    values: Mapping[str, object]


def ask(filters: Mapping[str, Any], wheres: Sequence[Where] = ()) -> Asked:
    """Return the conditions of filters; those that are empty say nothing.

    Filters: q (a case's whole key or id, or a message's key), state, definition (key),
    version, node (where it stands now), incident and late (yes or no), since, until,
    ended_since and ended_until (moments).
    """
    found = ["i.parent_instance_id IS NULL"]
    values: dict[str, object] = {"node": str(filters.get("node") or "")}
    if filters.get("definition") or filters.get("version"):
        found.append("i.definition_id = ANY(%(definition_ids)s)")
        values["definition_ids"] = list_definition_ids(
            key=filters.get("definition", ""), version=filters.get("version", "")
        )
    if name := str(filters.get("q") or "").strip():
        found.append(_CALLED)
        values |= {"q": name, "q_id": read_id(name)}
    for word, condition in _PLAIN:
        if filters.get(word):
            found.append(condition)
            values[word] = filters[word]
    if said := filters.get("incident"):
        found.append(_INCIDENT if said == "yes" else f"NOT {_INCIDENT}")
    parts = [_ask_where(where, f"v{number}") for number, where in enumerate(wheres)]
    parts += [(_AT, {})] if values["node"] else []
    parts += [(_LATE, {})] if filters.get("late") == "yes" else []
    for number, (select, more) in enumerate(parts):
        values |= more
        found.append(_narrow(select, values, name=f"few{number}"))
    if filters.get("late") == "no":
        found.append(f"NOT {_exists(_LATE)}")
    return Asked(" AND ".join(found), values)


# Which instances fit a condition on other tables is asked first, up to FEW of them:
# these are then looked up. Where there are more, the list is read newest first and each
# row is asked, which soon finds a page's worth. The planner cannot know which is better:
# it estimates how many fit, not where they lie.
def _narrow(select: str, values: dict[str, object], *, name: str) -> str:
    rows = read_rows(f"{select} LIMIT {FEW + 1}", values)
    if len(rows) > FEW:
        return _exists(select)
    values[name] = list({row.instance_id for row in rows})
    return f"i.id = ANY(%({name})s::uuid[])"


def _exists(select: str) -> str:
    """Return a select of instances as a condition on instance `i`."""
    alias = select.split(".instance_id", 1)[0].rsplit(" ", 1)[1]
    return f"EXISTS ({select} AND {alias}.instance_id = i.id)"


def list_definition_ids(*, key: str, version: str) -> list[int]:
    """Return the versions of a key, or of all keys, that filters name."""
    rows = read_rows(_IDS, {"key": key, "version": version})
    return [row.id for row in rows]


def list_processes() -> list[Any]:
    """Return key, name and id of each process's newest version, by key."""
    return read_rows(_PROCESSES, {})


def read_values(instance_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """Return the values that instances are found by, as texts."""
    found: dict[UUID, dict[str, str]] = {}
    for row in read_rows(_VALUES, {"ids": list(instance_ids)}):
        number = "" if row.number is None else f"{row.number.normalize():f}"
        moment = row.moment.isoformat() if row.moment else ""
        found.setdefault(row.instance_id, {})[row.name] = row.text or number or moment
    return found


def read_id(text: str) -> UUID | None:
    """Return an instance's id where a text is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _ask_where(where: Where, name: str) -> tuple[str, dict[str, object]]:
    column = _COLUMN[where.variable.kind]
    tests = " AND ".join(
        f"v.{column} {sign} %({name}_{place})s"
        for place, (sign, _) in enumerate(_tests(where))
    )
    # What index of values fits is partial: `text` is empty for other kinds.
    filled = " AND v.text <> ''" if column == "text" else ""
    select = f"""
        SELECT v.instance_id FROM workflows_searchvalue v
        WHERE v.name = %({name}_name)s AND {tests}{filled}"""  # noqa: S608  (constants)
    values: dict[str, object] = {f"{name}_name": where.variable.name}
    values |= {
        f"{name}_{place}": value for place, (_, value) in enumerate(_tests(where))
    }
    return select, values


def _tests(where: Where) -> Iterator[tuple[str, object]]:
    value, upto = where.value, where.upto
    if isinstance(value, str):
        begins = where.operator is Operator.BEGINS
        yield ("LIKE", f"{_escape_like(value)}%") if begins else ("=", fold(value))
        return
    if isinstance(value, dt.datetime):
        day = dt.timedelta(days=1)
        last = upto if isinstance(upto, dt.datetime) else value
        yield from {
            Operator.IS: ((">=", value), ("<", value + day)),
            Operator.ABOVE: ((">=", value + day),),
            Operator.BELOW: (("<", value),),
            Operator.BETWEEN: ((">=", value), ("<", last + day)),
        }[where.operator]
        return
    yield from {
        Operator.IS: (("=", value),),
        Operator.ABOVE: ((">", value),),
        Operator.BELOW: (("<", value),),
        Operator.BETWEEN: ((">=", value), ("<=", upto)),
    }[where.operator]


def _escape_like(text: str) -> str:
    plain = fold(text)
    return plain.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
