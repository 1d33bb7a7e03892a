"""Show reviewers anew what somebody changed under their hands.

A decision is about what was seen. Where the variables of an instance are edited from
outside, each of its open tasks that shows one of them ends, and its step opens a new
one that shows what now is: approvals of the old are void, and who hands a verdict in on
it is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from workflows.core.actors import Actor
from workflows.core.canonical import dumps
from workflows.driver import fetch
from workflows.operations import interventions
from workflows.operations.errors import Conflict

_OUTDATED: Final = """
    SELECT t.id, t.step_id, s.node_id
    FROM review_task t
    JOIN review_taskcontent c ON c.task_id = t.id
    JOIN workflows_step s ON s.id = t.step_id
    WHERE t.instance_id = %s AND t.state IN ('OPEN', 'CLAIMED', 'WAITING', 'SETTLING')
      AND (c.payload ?| %s OR EXISTS (
        SELECT FROM jsonb_each(%s::jsonb) g
        WHERE c.payload -> g.key IS DISTINCT FROM g.value))
    ORDER BY t.id
"""


def show_anew(
    *,
    instance_id: UUID,
    assigned: Mapping[str, Any],
    removed: Sequence[str],
    actor: Actor,
    reason: str,
) -> None:
    """Open anew what shows variables that were just set or removed.

    The caller holds the instance's row. Raises Conflict for a task whose step cannot
    be entered anew by itself, such as one round of several.
    """
    rows = fetch(_OUTDATED, [instance_id, list(removed), dumps(dict(assigned))])
    for task_id, step_id, node_id in rows:
        try:
            interventions.move(
                instance_id=instance_id,
                step_id=step_id,
                targets=[node_id],
                actor=actor,
                reason=reason,
            )
        except Conflict as refusal:
            raise Conflict(
                f"Task {task_id} shows its reviewers what you change, and cannot be"
                f" opened anew: {refusal} Let a reviewer edit it, or wait until it is"
                " decided.",
                code="shown-to-reviewers",
            ) from refusal
