"""What proves a task's outcome: the proof as kept, its entry, the verdicts it counts."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.states import TaskState
from review.core.verdicts.proof import digest_proof
from review.dashboards.case import Case
from review.dashboards.sql import read_json, read_row, read_rows

_PROOF: Final = """
    SELECT c.proof::text AS proof, (
        SELECT e.entry FROM workflows_auditentry e
        WHERE e.chain = %(chain)s AND e.step_id = %(step)s AND e.kind = 'task.decided'
        ORDER BY e.seq DESC LIMIT 1) AS entry
    FROM review_taskcontent c WHERE c.task_id = %(task)s
"""
_VOTES: Final = """
    SELECT v.person_id, v.person_name, v.decision, v.reason_code, v.on_behalf_of_id,
        v.signature::text AS signature, v.shown::text AS shown, v.policy_version,
        v.payload_digest, coalesce(v.occurred_at, v.submitted_at) AS at, v.audit_seq
    FROM review_verdict v
    WHERE v.task_id = %(task)s AND v.round = %(round)s
      AND v.decision IN ('APPROVE', 'REJECT', 'EDIT_AND_APPROVE')
      AND NOT EXISTS (SELECT FROM review_verdictundo n WHERE n.verdict_id = v.id)
    ORDER BY v.id
"""
_NAMES: Final = "SELECT id, name FROM review_person WHERE id = ANY(%(ids)s)"


@dataclasses.dataclass(frozen=True, slots=True)
class Proven:
    """A proof with its digest, the entry that names it, and the persons' names.

    `entry_seq` is None where no entry names this very proof. `votes` are the verdicts
    that it counts, as they were written.
    """

    proof: Mapping[str, Any]
    digest: str
    entry_seq: int | None
    votes: Sequence[Any]
    names: Mapping[int, str]


def read_proof(case: Case) -> Proven | None:
    """Return what proves the outcome of a decided task; None where there is none.

    Of a task that is not decided nothing is read: its reviewers may still be blind.
    """
    row = case.row
    if row.state != TaskState.DECIDED.value:
        return None
    keys = {"chain": row.instance_id, "step": row.step_id, "task": row.id}
    found = read_row(_PROOF, keys)
    proof = read_json(found.proof) if found else None
    if found is None or proof is None:
        return None
    entry = json.loads(found.entry) if found.entry else {}
    digest = digest_proof(proof)
    is_named = entry.get("detail", {}).get("proof") == digest
    votes = read_rows(_VOTES, {"task": row.id, "round": proof["round"]})
    return Proven(
        proof=proof,
        digest=digest,
        entry_seq=entry["seq"] if is_named else None,
        votes=votes,
        names=_read_names(proof),
    )


def _read_names(proof: Mapping[str, Any]) -> dict[int, str]:
    ids = {*proof["eligible"], *(int(one) for one in proof["excluded"])}
    for vote in proof["votes"]:
        ids |= {vote["person"], vote.get("on_behalf_of", vote["person"])}
    return {row.id: row.name for row in read_rows(_NAMES, {"ids": sorted(ids)})}
