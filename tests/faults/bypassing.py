"""Promise 15: no row of state changes without its entry, and no entry, no decision.

`bypassing COUNT` wants a database with open tasks in it (that of the demonstration). On
every guarded table it changes each guarded column, removes a row and adds one, by raw
SQL as the tables' owner with every other constraint taken away, and looks what COMMIT
says; then COUNT verdicts are given while the log takes no entries.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import django

django.setup()

from django.db import DatabaseError, connection  # noqa: E402

from review.core.states import Decision  # noqa: E402
from review.models import Person, Task, Verdict  # noqa: E402
from review.operations.tasks import claims  # noqa: E402
from review.operations.verdicts import verdicts  # noqa: E402
from tests.faults.raw_changes import list_tries  # noqa: E402
from workflows.models import AuditEntry  # noqa: E402
from workflows.operations.guards import read_guards  # noqa: E402

Told = dict[str, Any]
GUARDS: Final = re.compile(
    r"has no audit entry (?:of its own transaction|in the chain of the installation)"
    r"|rows are only ever added|a deployed definition never changes"
    r"|no entry says that its content is erased"
)


@dataclass(slots=True)
class Count:
    """What raw changes of the tables came to."""

    tables: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    otherwise: Counter[str] = field(default_factory=Counter)
    passed: list[str] = field(default_factory=list)


def bypass() -> Count:
    """Try every way around every guarded table; each try ends in COMMIT or refusal."""
    count = Count()
    for table, kinds in sorted(read_guards().classes.items()):
        count.tables.add(table)
        for name, statements in list_tries(table, kinds):
            _try(count, table, name, statements)
    return count


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
            count.otherwise[f"{table}: {name}: {str(error)[:200]}"] += 1
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
        "refused_by_guards": sum(count.refused.values()),
        "refused": dict(count.refused),
        "refused_otherwise": sorted(count.otherwise),
        "passed": count.passed,
        "decisions_while_the_log_is_full": decided,
        "kept": not count.passed
        and not count.otherwise
        and decided["failed"] > 0
        and not any(
            decided[key] for key in decided if key.endswith(("left", "changed"))
        ),
    }


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))  # noqa: T201  its output is its purpose
