"""Which act brings a task back for this viewer. The acts are in returning.py."""

from typing import Final

from review import permissions
from review.core.states import Role
from review.dashboards.case import Case
from review.dashboards.frame import Viewer
from review.forms.verdicts import CommentForm

PREFIX: Final = "return"


def build_returning(case: Case, viewer: Viewer) -> dict[str, object] | None:
    """Return the act that brings this task back and its form; None where there is none."""
    row, rights = case.row, viewer.rights
    act = label = ""
    if row.state == "WAITING" and row.parking == "INFORMATION":
        act, label = "task-answer", "Give the answer"
    elif row.state == "WAITING" and row.parked_for_id != viewer.person_id:
        is_manager = rights.holds(Role.MANAGER, queue_id=row.queue_id)
        act, label = ("task-free", "Free it for others") if is_manager else ("", "")
    elif row.state == "DECIDED" and permissions.can_reopen(
        rights, queue_id=row.queue_id
    ):
        act, label = "task-reopen", "Reopen this task"
    if not act:
        return None
    return {"act": act, "label": label, "form": CommentForm(prefix=PREFIX)}
