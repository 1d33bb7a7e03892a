"""What happens after each decision, in one line each. Pure."""

from typing import Any

from review.core.states import Decision
from review.dashboards.case import Case


def describe_next(case: Case) -> dict[str, str]:
    """Return what each decision leads to in this case, by the decision's word."""
    row = case.row
    plan: Any = case.policy.get("quorum")
    needed, kind = _read_plan(plan)
    ends = bool(case.policy.get("reject_ends"))
    is_adjudicating = row.stage == "ADJUDICATION"
    given = sum(
        1
        for verdict in case.verdicts
        if verdict.round == row.round and not verdict.is_undone
    )
    is_last = is_adjudicating or needed - given <= 1
    other = "another person decides too, without seeing your verdict"
    if row.stage == "SECOND" and kind in {"DUAL", ""}:
        approve = "if the first review agrees the case goes on; if not, a third person decides"
        reject = "if the first review agrees the case is rejected; if not, a third person decides"
    elif is_last:
        approve, reject = "the case goes on", "the case is rejected"
    else:
        approve = reject = other
    if is_adjudicating:
        approve, reject = (
            "your word is the last: the case goes on",
            "your word is the last: the case is rejected",
        )
    if ends:
        reject = "the case is rejected; one rejection is enough here"
    edit = "the values change"
    if given:
        edit += ", and earlier approvals are void"
    if needed > 1:
        edit += "; somebody else then reviews the new values"
    return {
        Decision.APPROVE.value: approve,
        Decision.REJECT.value: reject,
        Decision.EDIT_AND_APPROVE.value: edit,
        Decision.REQUEST_INFORMATION.value: "the task waits and its clock stands until the answer; then it is yours again",
        Decision.ESCALATE.value: "the task goes to another queue with what you write",
        Decision.ABSTAIN.value: "the task goes to somebody else; you will not get it again",
    }


def _read_plan(plan: Any) -> tuple[int, str]:
    """Return how many must approve and the plan's kind, of either way to pin it."""
    if isinstance(plan, dict):
        needed = plan.get("needed")
        return (int(needed) if needed is not None else 1), str(plan.get("kind") or "")
    return (2 if plan == "dual" else 1), ""
