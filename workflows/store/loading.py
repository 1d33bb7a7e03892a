"""Instances with their live steps as working copies, read under their row locks."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from workflows import audit, holding
from workflows.core.engine.plan import Plan
from workflows.core.engine.run import Run
from workflows.core.engine.state import InstanceRow, StepRow
from workflows.core.states import InstanceState, StepState
from workflows.driver import fetch, fetch_each
from workflows.ids import step_numbers
from workflows.store import disclosures, payloads
from workflows.store.sql import aware, parse_json

_PICK = """
    SELECT instance_id FROM (
        (SELECT instance_id, run_at FROM workflows_stimulus
          WHERE run_at <= clock_timestamp() ORDER BY run_at, id LIMIT %(window)b)
        UNION ALL
        (SELECT instance_id, run_at FROM workflows_step
          WHERE state = 'READY' AND NOT external AND run_at <= clock_timestamp()
          ORDER BY run_at LIMIT %(window)b)
    ) due GROUP BY instance_id ORDER BY min(run_at)
"""
_LOAD = """
    SELECT id, definition_id, process_id, state, business_key, variables::text, initiator,
           parent_instance_id, parent_step_id, depth, version, audit_seq, audit_head,
           end_node_id, ended_at, data::text, clock_timestamp()
    FROM workflows_instance
"""
_LOAD_WAITING = f"{_LOAD} WHERE id = ANY(%b) ORDER BY id FOR UPDATE"
_LOAD_FREE = (
    f"{_LOAD} WHERE id = ANY(%b) AND state = 'ACTIVE' LIMIT %b FOR UPDATE SKIP LOCKED"
)
_LOAD_STEPS = """
    SELECT instance_id, id, scope_id, node_id, kind, name, state, attempt, data::text, error,
           external, run_at, lease_token, lease_until, worker, started_at
    FROM workflows_step
    WHERE instance_id = ANY(%b)
      AND state IN ('READY', 'RUNNING', 'WAITING', 'INCIDENT')
    ORDER BY id
"""


def pick_due(*, limit: int) -> list[UUID]:
    """Return instances that have something to hear or to do; nothing is locked."""
    return [row[0] for row in fetch(_PICK, {"window": limit * 4})]


def load_runs(
    instance_ids: Sequence[UUID],
    *,
    plan_for: Callable[[int, str], Plan],
    occurred_at: dt.datetime | None = None,
) -> list[Run]:
    """Lock instances, whatever their state, and load them with their live steps.

    Rows that somebody works on are waited for, in the order of their ids, so that
    two batches cannot wait for each other.
    """
    ids = sorted(instance_ids)
    found, steps = fetch_each((_LOAD_WAITING, [ids]), (_LOAD_STEPS, [ids]))
    return _runs(found, steps, plan_for=plan_for, occurred_at=occurred_at)


def load_free_runs(
    instance_ids: Sequence[UUID],
    *,
    plan_for: Callable[[int, str], Plan],
    limit: int,
) -> list[Run]:
    """Lock and load up to `limit` active instances that nobody works on now."""
    found = fetch(_LOAD_FREE, [list(instance_ids), limit])
    steps = fetch(_LOAD_STEPS, [[row[0] for row in found]]) if found else []
    return _runs(found, steps, plan_for=plan_for, occurred_at=None)


def _runs(
    found: Sequence[Sequence[Any]],
    step_rows: Sequence[Sequence[Any]],
    *,
    plan_for: Callable[[int, str], Plan],
    occurred_at: dt.datetime | None,
) -> list[Run]:
    if not found:
        return []
    now = aware(found[-1][-1])
    instances = [_instance(row) for row in found]
    steps = _steps(step_rows)
    ids_left = step_numbers()
    runs = [
        Run(
            plan=plan_for(instance.definition_id, instance.process_id),
            instance=instance,
            steps=steps.get(instance.id, ()),
            now=now,
            ids=ids_left,
            occurred_at=occurred_at,
        )
        for instance in instances
    ]
    disclosures.load(runs)
    holds = holding.once()
    for run in runs:
        run.holds = holds
    return runs


def _instance(row: Sequence[Any]) -> InstanceRow:
    return InstanceRow(
        id=row[0],
        definition_id=row[1],
        process_id=row[2],
        state=InstanceState(row[3]),
        business_key=row[4],
        variables=payloads.stored_values(parse_json(row[5])),
        initiator=row[6],
        parent_instance_id=row[7],
        parent_step_id=row[8],
        depth=row[9],
        version=row[10],
        head=audit.Head(chain=row[0], seq=row[11], hash=bytes(row[12])),
        end_node_id=row[13],
        ended_at=row[14],
        data=payloads.scope_data(row[15]),
    )


def _steps(rows: Iterable[Sequence[Any]]) -> dict[UUID, list[StepRow]]:
    found: dict[UUID, list[StepRow]] = {}
    for row in rows:
        step = StepRow(
            id=row[1],
            scope_id=row[2],
            node_id=row[3],
            kind=row[4],
            name=row[5],
            state=StepState(row[6]),
            attempt=row[7],
            data=payloads.scope_data(row[8]) if row[8] != "{}" else {},
            error=row[9],
            external=row[10],
            run_at=row[11],
            lease_token=row[12],
            lease_until=row[13],
            worker=row[14],
            started_at=row[15],
            ended_at=None,
        )
        found.setdefault(row[0], []).append(step)
    return found
