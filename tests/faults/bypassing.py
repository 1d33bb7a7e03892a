"""Promise 15: no row of state changes without its entry, and no entry, no decision.

`bypassing COUNT` wants a database with rows in it (that of the demonstration). On every
guarded table it changes each guarded column, removes a row and adds one, by raw SQL as
the tables' owner, and looks what COMMIT says; then COUNT verdicts are given while the
log takes no entries.
"""

# ruff: noqa: S608  (tables and columns are the database's own names)
from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import django

django.setup()

from django.db import DatabaseError, connection  # noqa: E402

from review.core.states import Decision  # noqa: E402
from review.models import Person, Task, Verdict  # noqa: E402
from review.operations import claims, verdicts  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402
from workflows.operations.guards import read_guards  # noqa: E402

Told = dict[str, Any]
GUARDS: Final = re.compile(
    r"has no audit entry (?:of its own transaction|in the chain of the installation)"
    r"|rows are only ever added|a deployed definition never changes"
    r"|no entry says that its content is erased"
)
_COLUMNS: Final = """
    SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull,
        a.attidentity <> '' OR a.attgenerated <> ''
    FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
OTHER: Final = {
    "boolean": "NOT COALESCE({c}, false)",
    "integer": "COALESCE({c}, 0) + 1",
    "bigint": "COALESCE({c}, 0) + 1",
    "smallint": "COALESCE({c}, 0) + 1",
    "numeric": "COALESCE({c}, 0) + 1",
    "double precision": "COALESCE({c}, 0) + 1",
    "text": "COALESCE({c}, '') || 'x'",
    "character varying": "CASE WHEN {c} = 'x' THEN 'y' ELSE 'x' END",
    "timestamp with time zone": "COALESCE({c}, now()) + interval '1 second'",
    "date": "COALESCE({c}, current_date) + 1",
    "time without time zone": "COALESCE({c}, '00:00') + interval '1 minute'",
    "interval": "COALESCE({c}, '0') + interval '1 minute'",
    "uuid": "gen_random_uuid()",
    "jsonb": "jsonb_build_object('forged', true)",
    "bytea": "CASE WHEN {c} = '\\x00' THEN '\\x01'::bytea ELSE '\\x00' END",
    "xid8": "pg_current_xact_id()",
}


@dataclass(slots=True)
class Count:
    """What raw changes of the tables came to."""

    tables: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    otherwise: Counter[str] = field(default_factory=Counter)
    passed: list[str] = field(default_factory=list)


def bypass() -> Count:
    """Try every way around every guarded table; each try ends in COMMIT or refusal."""
    guards, count = read_guards(), Count()
    for table, kinds in sorted(guards.classes.items()):
        rows = _query(f"SELECT count(*) FROM {table}")
        if not rows[0][0]:
            count.empty.add(table)
            continue
        count.tables.add(table)
        stays = "append-only" in kinds
        for name, statements in _list_tries(table, kinds, is_settled=stays):
            _try(count, table, name, statements)
    return count


def _list_tries(
    table: str, kinds: frozenset[str], *, is_settled: bool
) -> Iterator[tuple[str, Sequence[str]]]:
    a_row = f"ctid = (SELECT min(ctid) FROM {table}{_whose(table)})"
    columns = _query(_COLUMNS, [table])
    for column in _guarded_columns(table, columns):
        kind = next(row[1] for row in columns if row[0] == column)
        change = OTHER[kind.removesuffix("[]")].format(c=column)
        if kind.endswith("[]"):
            change = (
                f"CASE WHEN {column} = '{{}}' THEN '{{NULL}}'::{kind} ELSE '{{}}' END"
            )
        yield (
            f"update {column}",
            [f"UPDATE {table} SET {column} = {change} WHERE {a_row}"],
        )
    yield "delete", [*_without_keys(table), f"DELETE FROM {table} WHERE {a_row}"]
    if kinds & {"audited", "governed"} and table != "workflows_auditchain":
        # Nothing but the guard of new rows may be in the way of putting a row back.
        guard = "entry" if "audited" in kinds else "notice"
        names = ", ".join(row[0] for row in columns if not row[3])
        override = "OVERRIDING SYSTEM VALUE" if any(row[3] for row in columns) else ""
        all_names = ", ".join(row[0] for row in columns) if override else names
        yield (
            "insert",
            [
                (
                    f"CREATE TEMPORARY TABLE forged ON COMMIT DROP AS SELECT * FROM {table}"
                    f" WHERE {a_row}"
                ),
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"DELETE FROM {table} WHERE {a_row}",
                f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_insert_needs_{guard}",
                (
                    f"INSERT INTO {table} ({all_names}) {override}"
                    f" SELECT {all_names} FROM forged"
                ),
            ],
        )


def _whose(table: str) -> str:
    """Choose a row that the guards speak of: some are for a part of the rows only."""
    only = {
        "workflows_timer": " WHERE instance_id IS NOT NULL",
        "workflows_anchoring": " WHERE state = 'DONE'",
    }
    return only.get(table, "")


def _guarded_columns(table: str, columns: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return the columns whose change is guarded: those named, or else all."""
    text = next(
        (
            definition
            for place, name, definition in _triggers()
            if place == table and "_update_needs_" in name
        ),
        "",
    )
    named = re.findall(r"old\.(\w+)(?:::\w+)? IS DISTINCT", text, re.IGNORECASE)
    settable = [row[0] for row in columns if not row[3] and row[0] != "id"]
    is_whole = f"{table}_rows_stay" in {name for _, name, _ in _triggers()}
    return settable if is_whole or not named else [c for c in settable if c in named]


def _triggers() -> list[tuple[Any, ...]]:
    return _query(
        "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid, true) FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
    )


def _without_keys(table: str) -> list[str]:
    """Silence the keys that point at a row, so that only our guard can refuse."""
    keys = _query(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = %s::regclass",
        [table],
    )
    return [f"ALTER TABLE {owner} DROP CONSTRAINT {name}" for owner, name in keys]


def _try(count: Count, table: str, name: str, statements: Sequence[str]) -> None:
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()
        count.passed.append(f"{table}: {name}")
    except DatabaseError as error:
        connection.rollback()
        kind = name.partition(" ")[0]
        if GUARDS.search(str(error)):
            count.refused[kind] += 1
        else:
            # A constraint of the column was quicker; it is not our guard's doing.
            count.otherwise[f"{table}: {name}: {type(error).__name__}"] += 1
    finally:
        connection.set_autocommit(True)


def decide_without_log(count: int) -> Told:
    """Give verdicts while the log takes no entries; nothing of them may remain."""
    names = Person.objects.filter(disabled_at__isnull=True).order_by("id")
    before = (Verdict.objects.count(), AuditEntry.objects.count())
    states = dict(Task.objects.values_list("id", "state"))
    tried = failed = 0
    for person in names:
        for task_id in list(
            Task.objects.filter(state="OPEN").values_list("id", flat=True)
        ):
            if tried >= count:
                break
            tried += 1
            failed += _decide(task_id, person)
    after = (Verdict.objects.count(), AuditEntry.objects.count())
    return {
        "tried": tried,
        "failed": failed,
        "verdicts_left": after[0] - before[0],
        "entries_left": after[1] - before[1],
        "tasks_changed": sum(
            states[task_id] != state
            for task_id, state in Task.objects.values_list("id", "state")
        ),
    }


def _decide(task_id: int, person: Person) -> bool:
    """Claim and judge, as the page does; tell whether it was refused by the log."""
    try:
        lease = claims.claim(task_id=task_id, person=person)
        shown = Task.objects.values_list("payload_digest", flat=True)
        verdicts.submit(
            task_id=task_id,
            person=person,
            token=lease.token,
            payload_digest=shown.get(id=task_id),
            decision=Decision.APPROVE,
            rationale="As the papers say.",
        )
    except DatabaseError as error:
        return "the log is full" in str(error)
    except Exception:  # noqa: BLE001  rights and rules may refuse before the log does
        return False
    return False


_FULL: Final = """
    CREATE FUNCTION faults_log_is_full() RETURNS trigger LANGUAGE plpgsql AS
        $body$ BEGIN RAISE EXCEPTION 'the log is full'; END $body$;
    CREATE TRIGGER faults_log_is_full BEFORE INSERT ON workflows_auditentry
        FOR EACH STATEMENT EXECUTE FUNCTION faults_log_is_full();
    ALTER TABLE workflows_auditentry ENABLE ALWAYS TRIGGER faults_log_is_full
"""
_NOT_FULL: Final = "DROP FUNCTION faults_log_is_full CASCADE"


def run(verdict_count: int) -> Told:
    """Do both and tell."""
    count = bypass()
    _run(_FULL)
    try:
        decided = decide_without_log(verdict_count)
    finally:
        _run(_NOT_FULL)
    return {
        "tables": len(count.tables),
        "tables_without_rows": sorted(count.empty),
        "refused_by_guards": sum(count.refused.values()),
        "refused": dict(count.refused),
        "refused_by_constraints": sum(count.otherwise.values()),
        "constraints": sorted(count.otherwise),
        "passed": count.passed,
        "decisions_while_the_log_is_full": decided,
        "kept": not count.passed
        and decided["failed"] > 0
        and not any(
            decided[key] for key in decided if key.endswith(("left", "changed"))
        ),
    }


def _query(sql: str, parameters: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))  # noqa: T201  its output is its purpose
