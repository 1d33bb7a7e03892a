"""Fill the tables to each of some sizes, and do THE WORK at each. Prints JSON."""

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests.benchmarks import work
from workflows.models import Instance
from workflows.workers import tune_process

COUNT, BATCH, RUNS = 1_000, 50, 5
CHUNK = 50_000
_TABLES = ("workflows_instance", "workflows_step", "workflows_auditentry")
# An id of the form of UUIDv7, older than all that the engine makes.
_ID = "(lpad(to_hex(n), 12, '0') || '7000' || '8' || substr(md5(n::text), 1, 15))::uuid"
_RANGE = "generate_series(%(first)s::bigint, %(last)s::bigint) n"
_INSTANCES = f"""
    INSERT INTO workflows_instance
        (id, definition_id, process_id, state, business_key, variables, data,
         initiator, depth, end_node_id, version, audit_seq, audit_head, started_at,
         ended_at)
    SELECT {_ID}, definition_id, process_id, state, business_key, variables, data,
         initiator, depth, end_node_id, version, audit_seq, audit_head,
         started_at - n * interval '1 second', ended_at
    FROM workflows_instance, {_RANGE} WHERE id = %(model)s
"""  # noqa: S608
_STEPS = f"""
    INSERT INTO workflows_step
        (id, instance_id, node_id, kind, name, state, attempt, data, error, external,
         lease_token, worker, audit_seq, started_at, ended_at)
    SELECT -(n * 100 + audit_seq), {_ID}, node_id, kind, name, state, attempt, data,
         error, external, lease_token, worker, audit_seq, started_at, ended_at
    FROM workflows_step, {_RANGE} WHERE instance_id = %(model)s
"""  # noqa: S608
_ENTRIES = f"""
    INSERT INTO workflows_auditentry (chain, seq, kind, actor, at, step_id, entry, hash)
    SELECT {_ID}, seq, kind, actor, at, -(n * 100 + seq), entry, hash
    FROM workflows_auditentry, {_RANGE} WHERE chain = %(model)s
"""  # noqa: S608


def main() -> None:
    """Measure at each size, smallest first."""
    sizes = sorted(int(word) for word in sys.argv[1].split(","))
    definition_id = work.prepare()
    work.do(definition_id=definition_id, count=BATCH, batch=BATCH)
    model = Instance.objects.filter(state="COMPLETED").first()
    if model is None:
        raise SystemExit("No instance ended.")
    tune_process()
    rates: dict[int, float] = {}
    filled = 0
    for size in sizes:
        _fill(filled, size, model=str(model.id))
        filled = size
        seconds = [
            work.do(definition_id=definition_id, count=COUNT, batch=BATCH)
            for _ in range(RUNS)
        ]
        rates[size] = work.DURABLE_STEPS * COUNT / statistics.median(seconds)
    print(json.dumps(rates))


def _fill(filled: int, size: int, *, model: str) -> None:
    with connection.cursor() as cursor, _no_triggers():
        cursor.execute("SET synchronous_commit = off")
        for first in range(filled + 1, size + 1, CHUNK):
            last = min(first + CHUNK - 1, size)
            values: dict[str, int | str] = {
                "first": first,
                "last": last,
                "model": model,
            }
            for statement in (_INSTANCES, _STEPS, _ENTRIES):
                cursor.execute(statement, values)
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


@contextmanager
def _no_triggers() -> Iterator[None]:
    """Do without triggers for a while; in the end they stand as they stood before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgenabled = 'A' FROM pg_trigger"
            " WHERE tgrelid = ANY(%s::regclass[])",
            [list(_TABLES)],
        )
        triggers = cursor.fetchall()
        for table, name, _ in triggers:
            cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{name}"')
        yield
        for table, name, always in triggers:
            mode = "ENABLE ALWAYS" if always else "ENABLE"
            cursor.execute(f'ALTER TABLE {table} {mode} TRIGGER "{name}"')


if __name__ == "__main__":
    main()
