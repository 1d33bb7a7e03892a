"""Which audit entries a viewer may not read yet, so that second reviews stay blind."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from review import permissions
from review.core.states import Role, Stage, TaskState
from review.core.verdicts.visibility import Sight, see_verdict
from review.core.verdicts.visibility import Viewer as Seer
from review.dashboards.frame import Viewer
from review.dashboards.sql import read_rows

_TASKS: Final = """
    SELECT step_id, state, stage, queue_id, excluded FROM review_task
    WHERE step_id = ANY(%(step_ids)s)
      AND state IN ('OPEN', 'CLAIMED', 'WAITING', 'SETTLING')
"""
_SECRET_KINDS: Final = (
    "verdict.",
    "task.claimed",
    "task.begun",
    "task.skipped",
    "task.released",
    "task.extended",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Blindfold:
    """What is known of the open tasks behind a list of entries."""

    viewer: Viewer
    tasks: Mapping[int, Any]

    def hides(self, *, kind: str, actor: str, step_id: int | None) -> bool:
        """Tell whether an entry would give away an open task's earlier verdict."""
        task = self.tasks.get(step_id) if step_id is not None else None
        if task is None or not kind.startswith(_SECRET_KINDS):
            return False
        author = actor.removeprefix("person:")
        rights = self.viewer.rights
        sight = see_verdict(
            viewer=Seer(
                person_id=self.viewer.person_id,
                may_judge=permissions.can_review(rights, queue_id=task.queue_id)
                and self.viewer.person_id not in task.excluded,
                oversees=rights.holds(Role.MANAGER, queue_id=task.queue_id)
                or rights.audit is not None
                or rights.holds_anywhere(Role.PROCESS_OWNER),
            ),
            author_id=int(author) if author.isdecimal() else 0,
            state=TaskState(task.state),
            stage=Stage(task.stage),
        )
        return sight is not Sight.FULL


def read_blindfold(viewer: Viewer, step_ids: Iterable[int | None]) -> Blindfold:
    """Read the open tasks behind the steps of a list of entries."""
    known = sorted({step_id for step_id in step_ids if step_id is not None})
    rows = read_rows(_TASKS, {"step_ids": known}) if known else []
    return Blindfold(viewer=viewer, tasks={row.step_id: row for row in rows})
