"""Desks as one finds them in the middle of a day: held, half judged, disputed."""

from review.core.states import Decision
from review.demo.cast import Cast
from review.models import Person, Task
from review.operations.tasks import claims, tasks
from review.operations.verdicts import verdicts
from review.operations.verdicts.verdicts import Submitted
from workflows.store import database_now

HALF_WAY = 4
"""Tasks under dual control that get one verdict; every second one gets two apart."""

ESCALATED = 2


def leave_desks(cast: Cast) -> None:
    """Let reviewers begin work on open tasks, now and by their own operations."""
    staff = cast.staff["credit"]
    # What was handed to somebody is his.
    free = Task.objects.filter(queue__key="credit", state="OPEN", assigned_to=None)
    dual = free.filter(control="DUAL", stage="FIRST").order_by("opened_at")
    for number, task in enumerate(dual[:HALF_WAY]):
        _judge(task, staff[1], Decision.APPROVE)
        if number % 2:
            task.refresh_from_db()
            _judge(task, staff[2], Decision.REJECT)
    single = free.filter(control="REVIEW")
    for task in single.order_by("opened_at")[:ESCALATED]:
        lease = claims.claim(task_id=task.id, person=staff[1])
        tasks.escalate(
            task_id=task.id,
            person=staff[1],
            token=lease.token,
            reason="The payslips are of two employers; who counts?",
        )
    for key in ("credit", "invoices", "administration"):
        for person in cast.staff[key][1:4]:
            claims.claim_next(queue_keys=[key], person=person)


def _judge(task: Task, person: Person, decision: Decision) -> Submitted:
    lease = claims.claim(task_id=task.id, person=person)
    reject = decision is Decision.REJECT
    return verdicts.submit(
        task_id=task.id,
        person=person,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=decision,
        reason_code="income-unproven" if reject else "",
        rationale="Two of the three payslips show less." if reject else "",
        occurred_at=database_now(),  # takes effect at once: nobody waits to undo it
    )
