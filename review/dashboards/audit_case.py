"""Everything the timeline of a case tells besides the entries: what was seen, held, halted."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from review.dashboards.sql import read_json, read_row, read_rows

MOST: Final = 2_000
"""Entries of one case on one page; the rest follow on the next."""

_CASE: Final = """
    SELECT i.id, i.business_key, i.state, i.initiator, i.started_at, i.occurred_at,
        i.ended_at, i.audit_seq, encode(i.audit_head, 'hex') AS head,
        d.id AS definition_id, d.key AS definition_key, d.name AS definition_name,
        d.version AS definition_version,
        (SELECT max(size) FROM workflows_checkpoint) AS sealed
    FROM workflows_instance i JOIN workflows_definition d ON d.id = i.definition_id
    WHERE i.id = %(id)s
"""
_ENTRIES: Final = """
    SELECT e.id, e.chain, e.seq, e.kind, e.actor, e.at, e.occurred_at, e.step_id,
        e.entry, encode(e.hash, 'hex') AS hash, l.leaf_index
    FROM workflows_auditentry e LEFT JOIN workflows_leaf l ON l.entry_id = e.id
    WHERE e.chain = %(id)s AND e.seq > %(after)s {actor}
    ORDER BY e.seq LIMIT %(limit)s
"""
_ACTORS: Final = """
    SELECT actor AS ref, min(entry::jsonb ->> 'actor_name') AS name, count(*) AS entries
    FROM workflows_auditentry WHERE chain = %(id)s
    GROUP BY actor ORDER BY count(*) DESC, actor LIMIT 40
"""
_VERDICTS: Final = """
    SELECT v.audit_seq, v.task_id, v.round, v.decision, v.rationale, v.reason_code,
        v.edits::text AS edits, v.shown::text AS shown, v.payload_digest,
        v.result_digest, v.policy_version, v.claimed_at, v.submitted_at, v.lease_token,
        coalesce(v.occurred_at, v.submitted_at) AS judged_at, o.name AS on_behalf_of,
        r.payload::text AS earlier
    FROM review_verdict v
    LEFT JOIN review_person o ON o.id = v.on_behalf_of_id
    LEFT JOIN review_taskrevision r
        ON v.edits IS NOT NULL AND r.task_id = v.task_id AND r.round = v.round - 1
    WHERE v.instance_id = %(id)s
"""
_CLOCK: Final = """
    SELECT audit_seq, kind, at, reason, due_at FROM review_clockevent
    WHERE instance_id = %(id)s ORDER BY at, id
"""
_STEPS: Final = """
    SELECT id, coalesce(nullif(name, ''), node_id) AS name FROM workflows_step
    WHERE instance_id = %(id)s
"""
_TASKS: Final = """
    SELECT t.id, t.step_id, t.title, t.state, t.outcome, t.decided_by, t.control,
        q.name AS queue
    FROM review_task t JOIN review_queue q ON q.id = t.queue_id
    WHERE t.instance_id = %(id)s ORDER BY t.id
"""
_ACCESSES: Final = """
    SELECT a.kind, a.at, a.until_at, a.reason, p.name
    FROM review_auditaccess a JOIN review_person p ON p.id = a.person_id
    WHERE a.instance_id = %(id)s ORDER BY a.at DESC LIMIT 20
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands beside the entries of a case, by the entry it belongs to."""

    verdicts: Mapping[int, Any]
    clock: Mapping[int, Sequence[Any]]
    steps: Mapping[int, str]


def find_case(instance_id: UUID) -> Any | None:
    """Return a case's head, or None."""
    return read_row(_CASE, {"id": instance_id})


def list_case_entries(
    instance_id: UUID, *, actor: str, after: int, limit: int = MOST
) -> list[Any]:
    """Return a case's entries in order with their places in the tree, one too many."""
    return read_rows(
        _ENTRIES.format(actor="AND e.actor = %(actor)s" if actor else ""),
        {"id": instance_id, "actor": actor, "after": after, "limit": limit + 1},
    )


def list_actors(instance_id: UUID) -> list[Any]:
    """Return who has entries in a case, the busiest first."""
    return read_rows(_ACTORS, {"id": instance_id})


def list_case_tasks(instance_id: UUID) -> list[Any]:
    """Return the tasks of a case."""
    return read_rows(_TASKS, {"id": instance_id})


def list_accesses(instance_id: UUID) -> list[Any]:
    """Return which auditors opened or unmasked a case, the last first."""
    return read_rows(_ACCESSES, {"id": instance_id})


def read_surroundings(instance_id: UUID) -> Surroundings:
    """Read what a case's entries name: verdicts, turns of clocks, names of steps."""
    given = {"id": instance_id}
    clock: dict[int, list[Any]] = {}
    for turn in read_rows(_CLOCK, given):
        clock.setdefault(turn.audit_seq, []).append(turn)
    return Surroundings(
        verdicts={row.audit_seq: row for row in read_rows(_VERDICTS, given)},
        clock=clock,
        steps={row.id: row.name for row in read_rows(_STEPS, given)},
    )


def list_changes(row: Any) -> list[tuple[str, Any, Any]]:
    """Return path, before and after of each field that a verdict edited."""
    patch = read_json(row.edits) or []
    earlier = read_json(row.earlier)
    # A patch tests what it replaces; where it does not, the earlier round tells.
    tested = {step["path"]: step["value"] for step in patch if step["op"] == "test"}
    return [
        (
            step["path"],
            tested.get(step["path"], _look_up(earlier, step["path"])),
            step.get("value") if step["op"] != "remove" else None,
        )
        for step in patch
        if step["op"] != "test"
    ]


def _look_up(value: Any, pointer: str) -> Any:
    """Return what a JSON Pointer (RFC 6901) leads to, None where there is nothing."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
