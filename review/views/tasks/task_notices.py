"""What the viewer of a task should know first, and why it may only be read."""

import datetime as dt
from typing import Final

from django.urls import reverse

from review.dashboards.case import Case
from review.views.formats import OUTCOME_PILLS, format_moment, state_pill

_DECIDERS: Final = {
    "AUTO": " by the grid, without people",
    "CLOCK": " by its clock, since nobody decided in time",
}


def build_notice(
    case: Case,
    *,
    zone: dt.tzinfo,
    held_token: int | None = None,
    is_open_page: bool = False,
) -> dict[str, object] | None:
    """Return what has happened to the task, with what can be done about it.

    `held_token` is the lease the open page thinks it has; `is_open_page` says that
    there is one, which was made before.
    """
    row = case.row
    if row.state == "SETTLING":
        return None if case.own_verdict else _settling(case)
    if not case.is_live:
        what = OUTCOME_PILLS.get(row.outcome or "") or state_pill(row.state)
        who = _DECIDERS.get(row.decided_by, "")
        return {
            "tone": what.tone or "hold",
            "icon": "check-circle",
            "text": f"This task is closed: {what.label.lower()}{who}.",
        }
    if row.state == "WAITING" and row.seat_id is not None:
        return _beside(row.parking)
    if is_open_page and held_token is None and case.is_mine:
        return _yours(row.id)
    if held_token is not None and not (case.is_mine and row.lease_token == held_token):
        return _lost(case, zone=zone)
    return _standing(case, zone=zone)


def _beside(parking: str) -> dict[str, object]:
    what = "information" if parking == "INFORMATION" else "a colleague's help"
    return {
        "tone": "hold",
        "icon": "hourglass-split",
        "text": f"Somebody who judges this beside you asked for {what}. The task waits"
        " and its clock stands; your place and your draft are kept, and you go on here"
        " when it does.",
    }


def _yours(task_id: int) -> dict[str, object]:
    return {
        "tone": "accent",
        "icon": "lock",
        "text": "You hold this task now.",
        "url": reverse("task-detail", args=[task_id]),
        "link": "Open it to decide",
    }


def _standing(case: Case, *, zone: dt.tzinfo) -> dict[str, object] | None:
    """Return what keeps a live task from the viewer, or None."""
    row = case.row
    if row.state == "WAITING":
        awaited = "an answer" if row.parking == "INFORMATION" else "help"
        return {
            "tone": "hold",
            "icon": "hourglass-split",
            "text": f"This task waits for {awaited}; its clock stands.",
        }
    if case.is_held and not case.is_mine and row.seats == 1:
        until = format_moment(row.lease_until, zone=zone, now=row.now)
        return {
            "tone": "hold",
            "icon": "lock",
            "text": f"{row.holder} holds this task until {until}. You may read it.",
        }
    if row.gap:
        return {
            "tone": "bad",
            "icon": "exclamation-triangle",
            "text": f"Nobody can approve this task as things stand. {row.gap}",
        }
    return None


def explain_read_only(case: Case, *, zone: dt.tzinfo) -> str:
    """Return why the viewer cannot decide here, and who can."""
    row = case.row
    if not case.is_live or not case.is_reviewer or case.is_excluded:
        return _explain_barred(case)
    if row.state == "WAITING" and row.seat_id is not None:
        return "The task waits; your place and your draft are kept until it goes on."
    if row.state == "WAITING":
        return "This task is parked until the answer or the help has come."
    if not case.is_held:
        return "Nobody holds this task."
    until = format_moment(row.lease_until, zone=zone, now=row.now)
    return f"{row.holder} holds this task until {until}."


def find_conflict(case: Case, person_id: int) -> str:
    """Return the conflict of interest that keeps a person away, "" for none."""
    excluded = case.routing.get("excluded")
    if not isinstance(excluded, dict):
        return ""
    return str(excluded.get(str(person_id)) or "")


def _explain_barred(case: Case) -> str:
    if case.row.state == "SETTLING":
        return "A verdict stands and takes effect in a moment."
    if not case.is_live:
        return "This task is closed. Its verdicts are in the history."
    if not case.is_reviewer:
        return "You may read this task; its queue's reviewers decide it."
    conflict = find_conflict(case, case.viewer_id)
    if conflict:
        return f"Conflict of interest: {conflict}"
    return (
        "Four eyes: you started this case or have judged it already,"
        " so somebody else must judge it now."
    )


def _settling(case: Case) -> dict[str, object]:
    return {
        "tone": "hold",
        "icon": "hourglass-split",
        "text": "A verdict stands; it takes effect unless its author takes it back.",
    }


def _lost(case: Case, *, zone: dt.tzinfo) -> dict[str, object]:
    """Return what to do when the page's lease is gone: the draft is never lost."""
    row = case.row
    notice: dict[str, object] = {
        "tone": "warn",
        "icon": "hourglass-split",
        "draft_url": reverse("task-hand-draft", args=[row.id]),
    }
    if case.is_mine:
        return {
            **notice,
            "draft_url": "",
            "text": "You no longer hold this task here: you claimed it again elsewhere.",
            "url": reverse("task-detail", args=[row.id]),
            "link": "Go on with the newer claim",
        }
    if case.is_held and row.seats == 1:
        until = format_moment(row.lease_until, zone=zone, now=row.now)
        return {
            **notice,
            "text": f"You no longer hold this task: {row.holder} has it until {until}."
            " Your draft is kept.",
        }
    if not case.may_judge:
        return {**notice, "text": "You no longer hold this task. Your draft is kept."}
    return {
        **notice,
        "draft_url": "",
        "text": "You no longer hold this task. It is free, and your draft is kept.",
        "claim_url": reverse("task-claim", args=[row.id]),
    }
