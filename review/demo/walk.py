"""Walk demonstration cases through claims and verdicts at plausible business times.

Nothing is written past the operations: what a case looks like afterwards is what the
product made of it. Times before now are handed in as `occurred_at`; the entries also
carry the true time of the walk.
"""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

from review.core.states import Decision
from review.demo.actors import PORTAL
from review.demo.cases import Case
from review.demo.cast import Cast
from review.models import Person, Task
from review.operations.people.people import actor_of
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from workflows.operations import definitions, instances
from workflows.operations.errors import NotFound
from workflows.operations.instances import Start

STEPS: Final = 12
"""More tasks than any demonstration case has; a walk ends there at the latest."""

_REJECTIONS: Final = {
    "credit": ("income-unproven", "debt-too-high"),
    "invoices": ("not-ours",),
}


@dataclass(slots=True)
class Walk:
    """One case on its way, with the chance that its future is drawn from."""

    rng: Random
    cast: Cast
    now: dt.datetime

    def go(self, case: Case, *, is_fresh: bool = False) -> UUID:
        """Start a case at some moment and let people act on it until now.

        A fresh one comes in now, and nobody has looked at it.
        """
        recent = self.rng.random() < 0.38
        begun = self._office_moment(days=2.2 if recent else 55)
        if is_fresh:
            begun = self.now
        initiator = self.rng.choice(self.cast.employees)
        variables = dict(case.variables)
        if case.own:
            variables["employee"] = initiator.name
        found = definitions.find_definition(key=case.definition)
        if found is None:
            raise NotFound(f"The definition {case.definition} is not deployed.")
        actor = actor_of(initiator) if case.own else PORTAL
        wish = Start(
            variables=variables,
            initiator=actor,
            business_key=case.business_key,
            occurred_at=begun,
        )
        (instance_id,) = instances.start_and_advance(
            definition_id=found.id, starts=[wish]
        )
        idle = is_fresh or (recent and self.rng.random() < 0.72)
        for _ in range(0 if idle else STEPS):
            if not self._act(instance_id, initiator):
                break
        return instance_id

    def _act(self, instance_id: UUID, initiator: Person) -> bool:
        """Let the next task be judged; False when there is none, or not before now."""
        task = (
            Task.objects
            .filter(instance_id=instance_id, state="OPEN")
            .select_related("queue", "content")
            .first()
        )
        if task is None:
            return False
        at = self._after(task.opened_at)
        if at >= self.now:
            return False
        own = task.queue.key == "employees"
        person = initiator if own else self._pick(task)
        lease = claims.claim(task_id=task.id, person=person, occurred_at=at)
        decision, edits = self._decide(task, own=own)
        verdicts.submit(
            task_id=task.id,
            person=person,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=decision,
            reason_code=self._reason(decision, queue=task.queue.key),
            rationale=self._rationale(decision),
            edits=edits,
            occurred_at=at + dt.timedelta(minutes=self.rng.randint(1, 9)),
        )
        return True

    def _pick(self, task: Task) -> Person:
        staff = self.cast.staff[task.queue.key]
        free = [one for one in staff if one.id not in task.excluded]
        return self.rng.choice(free)

    def _decide(self, task: Task, *, own: bool) -> tuple[Decision, dict[str, Any]]:
        chance = self.rng.random()
        if own and task.content.payload.get("receipts_complete") is False:
            # Else the case would go round between the employee and the check.
            return Decision.EDIT_AND_APPROVE, {"/receipts_complete": True}
        if own:
            return (Decision.APPROVE if chance < 0.8 else Decision.REJECT), {}
        if task.queue.key == "compliance":
            return (Decision.APPROVE if chance < 0.5 else Decision.REJECT), {}
        if chance < 0.1:
            return Decision.REJECT, {}
        fields = task.content.payload.get("fields", {})
        number = fields.get("invoice_number", {}).get("value")
        if chance < 0.5 and isinstance(number, str) and "?" in number:
            mended = number.replace("?", "5")
            return Decision.EDIT_AND_APPROVE, {"/fields/invoice_number/value": mended}
        return Decision.APPROVE, {}

    def _reason(self, decision: Decision, *, queue: str) -> str:
        if decision is Decision.REJECT:
            return self.rng.choice(_REJECTIONS.get(queue, ("documents-missing",)))
        if decision is Decision.EDIT_AND_APPROVE:
            return "misread" if queue == "invoices" else "typing-error"
        return ""

    def _rationale(self, decision: Decision) -> str:
        if decision is Decision.REJECT:
            return "Checked against the sources; see the policy beside the case."
        return ""

    def _office_moment(self, *, days: float) -> dt.datetime:
        """Return a working moment of the last days; just now where there is none."""
        at = self.now - dt.timedelta(days=self.rng.uniform(0.02, days))
        return min(self._into_office(at), self.now)

    def _after(self, moment: dt.datetime) -> dt.datetime:
        hours = min(self.rng.lognormvariate(0.4, 1.1), 30)
        return self._into_office(moment + dt.timedelta(hours=hours))

    def _into_office(self, at: dt.datetime) -> dt.datetime:
        """Move a moment outside working hours into the next ones."""
        if not 8 <= at.hour < 17:
            days = 0 if at.hour < 8 else 1
            at = at.replace(hour=self.rng.randint(8, 16)) + dt.timedelta(days=days)
        while at.weekday() > 4:
            at += dt.timedelta(days=1)
        return at
