"""Give open tasks a past of 180 days, set by set: claimed, judged, decided.

The first word says how many stay open, the second how many entries there shall be.
"""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402

DAYS = 180
# Waits of two hours on average, half an hour of work, due after eight: some 3 % breach.
_PLAN = """
    CREATE UNLOGGED TABLE bench_past AS
    SELECT *, claimed_at + worked AS decided_at
    FROM (
        SELECT *, opened_at + waited AS claimed_at, opened_at + interval '8 hours' AS due_at
        FROM (
            SELECT t.id, t.instance_id, t.step_id, i.audit_seq AS head,
                row_number() OVER (ORDER BY t.id) AS number, count(*) OVER () AS of,
                clock_timestamp() - interval '{days} days'
                    * (1 - (row_number() OVER (ORDER BY t.id))::float8
                           / count(*) OVER ()) AS opened_at,
                -ln(1 - (hashint8(t.id)::bigint & 2147483647) / 2147483648.0)
                    * interval '2 hours' AS waited,
                -ln(1 - (hashint8(t.id * 7919 + 13)::bigint & 2147483647)
                        / 2147483648.0) * interval '30 minutes' AS worked,
                (hashint8(t.id + 77)::bigint & 2147483647) %% 100 AS dice
            FROM review_task t JOIN workflows_instance i ON i.id = t.instance_id
            WHERE t.state = 'OPEN'
        ) drawn
    ) timed
"""
_DECIDED = "p.number <= p.of - %s AND p.decided_at < clock_timestamp()"
_CLOSE = f"""
    UPDATE review_task t
    SET opened_at = p.opened_at, recorded_at = p.opened_at, serve_at = p.opened_at,
        warn_at = p.due_at, due_at = p.due_at, first_claimed_at = p.claimed_at,
        state = 'DECIDED', decided_by = 'PEOPLE', decided_at = p.decided_at,
        outcome = CASE WHEN p.dice < 8 THEN 'REJECTED' ELSE 'APPROVED' END,
        round = CASE WHEN p.dice %% 25 = 3 THEN 2 ELSE 1 END,
        breached_at = CASE WHEN p.decided_at > p.due_at THEN p.due_at END
    FROM bench_past p WHERE t.id = p.id AND {_DECIDED}
"""  # noqa: S608
_LEAVE = """
    UPDATE review_task t
    SET opened_at = p.opened_at, recorded_at = p.opened_at, serve_at = p.opened_at,
        warn_at = p.opened_at + (p.dice + 3) * interval '3 hours',
        due_at = p.opened_at + (p.dice + 3) * interval '3 hours',
        breached_at = CASE
            WHEN p.opened_at + (p.dice + 3) * interval '3 hours' < clock_timestamp()
            THEN p.opened_at + (p.dice + 3) * interval '3 hours' END
    FROM bench_past p WHERE t.id = p.id AND t.state = 'OPEN'
"""
_TELL = f"""
    INSERT INTO workflows_auditentry
        (chain, seq, kind, actor, at, step_id, entry, hash)
    SELECT p.instance_id, p.head + k.place, k.kind, 'person:1',
        CASE WHEN k.place = 1 THEN p.claimed_at ELSE p.decided_at END, p.step_id,
        '{{"detail":{{"task":' || p.id || ',"token":1}},"kind":"' || k.kind || '"}}', ''
    FROM bench_past p CROSS JOIN (
        SELECT place, coalesce(
            (ARRAY['task.claimed', 'verdict.submitted', 'task.decided'])[place],
            'sla.stopped') AS kind
        FROM generate_series(1, %s) AS place) k
    WHERE {_DECIDED}
"""  # noqa: S608
_TABLES = ("review_task", "workflows_auditentry")


def main(still_open: int, entries: int) -> dict[str, int]:
    """Write the past; return how many tasks and entries there are now."""
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(_PLAN.format(days=DAYS), [])
        cursor.execute("ANALYZE bench_past")
        cursor.execute(_CLOSE, [still_open])
        closed = max(1, cursor.rowcount)
        cursor.execute(_LEAVE)
        cursor.execute("SELECT count(*) FROM workflows_auditentry")
        before = int(cursor.fetchone()[0])
        each = max(3, (entries - before) // closed)
        cursor.execute(_TELL, [each, still_open])
        for table in _TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state = 'OPEN'),"
            " (SELECT count(*) FROM workflows_auditentry) FROM review_task"
        )
        tasks, left, told = cursor.fetchone()
    return {"tasks": tasks, "open": left, "entries": told}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
