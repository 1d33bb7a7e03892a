"""Reason codes follow the policy of their queue: added, changed, retired, never lost."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from review.core.policies.policies import Fault
from review.core.policies.reason_policy import Reason, read_reasons
from review.core.states import Decision
from review.dashboards.reasons import reasons_of
from review.models import Policy, Queue, ReasonCode, Verdict
from review.operations.policies.policy_subjects import Subject
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.canonical import digest
from workflows.store import database_now

_FIELDS: Final = (
    "label", "decision", "policy_text", "rationale_text", "needs_rationale",
    "retired_at",
)  # fmt: skip


class ReasonEffect:
    """What rests on the kind REASONS; see policy_effects.Effect."""

    def check(self, subject: Subject, body: Mapping[str, Any]) -> Sequence[Fault]:
        """Return which codes would be given another decision than people gave."""
        queue = _queue(subject)
        known = dict(
            ReasonCode.objects.filter(queue=queue).values_list("code", "decision")
        )
        crossed = [
            (place, one)
            for place, one in enumerate(read_reasons(body))
            if known.get(one.code, one.decision.value) != one.decision.value
        ]
        used = Verdict.objects.filter(
            task__queue=queue, reason_code__in=[one.code for _, one in crossed]
        )
        given = set(used.values_list("reason_code", flat=True)) if crossed else set()
        return [
            Fault(
                ("rows", place, "decision"),
                f"Row {place + 1}: {one.code} was given for another decision already;"
                " retire it, and make a new code for this one.",
            )
            for place, one in crossed
            if one.code in given
        ]

    def read_before(self, subject: Subject) -> dict[str, Any] | None:
        """Return the codes as they stand, also those for all queues; None without."""
        queue = _queue(subject)
        retired = ReasonCode.objects.filter(queue=queue, retired_at__isnull=False)
        # The queue's own code comes before one of the same name for all queues.
        rows = {row.code: row for row in reasons_of(queue.id).filter(queue=None)}
        rows |= {row.code: row for row in retired}
        rows |= {row.code: row for row in reasons_of(queue.id).filter(queue=queue)}
        if not rows:
            return None
        ordered = sorted(rows.values(), key=lambda row: (row.decision, row.label))
        return {"rows": [_read(row).to_row() for row in ordered]}

    def enact(
        self, subject: Subject, policy: Policy, *, by: Actor
    ) -> list[audit.Draft]:
        """Give the queue's rows what the version says; what it leaves out is retired."""
        queue, now = _queue(subject), database_now()
        rows = {row.code: row for row in ReasonCode.objects.filter(queue=queue)}
        drafts = []
        reasons = {one.code: one for one in read_reasons(policy.body)}
        for code, one in reasons.items():
            is_new = code not in rows
            row = ReasonCode(queue=queue, code=code) if is_new else rows[code]
            before = _tell(row)
            row.label, row.decision = one.label, one.decision.value
            row.policy_text, row.rationale_text = one.policy, one.text
            row.needs_rationale = one.needs_words
            row.retired_at = (row.retired_at or now) if one.is_retired else None
            if is_new or before != _tell(row):
                row.save()
                what = "created" if is_new else "changed"
                drafts.append(_draft(what, row, policy, by))
        gone = [
            row
            for code, row in rows.items()
            if code not in reasons and row.retired_at is None
        ]
        for row in gone:
            row.retired_at = now
            row.save(update_fields=["retired_at"])
            drafts.append(_draft("retired", row, policy, by))
        return drafts


def _queue(subject: Subject) -> Queue:
    assert subject.queue is not None  # reasons are a queue's
    return subject.queue


def _read(row: ReasonCode) -> Reason:
    return Reason(
        code=row.code,
        label=row.label,
        decision=Decision(row.decision),
        policy=row.policy_text,
        text=row.rationale_text,
        needs_words=row.needs_rationale,
        is_retired=row.retired_at is not None,
    )


def _tell(row: ReasonCode) -> list[object]:
    return [getattr(row, name) for name in _FIELDS]


def _draft(what: str, row: ReasonCode, policy: Policy, by: Actor) -> audit.Draft:
    return audit.Draft(
        kind=f"reason_code.{what}",
        actor=by,
        detail={
            "code": row.code,
            "queue": row.queue.key if row.queue else None,
            "label": row.label,
            "decision": row.decision,
            "policy": digest(row.policy_text),
            "rationale": digest(row.rationale_text),
            "by_policy": {"id": policy.id, "version": policy.version},
        },
    )
