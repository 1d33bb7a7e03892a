"""Where tasks wait, and the reasons people may give there."""

from django.db import models
from django.db.models import F, Q

from review.core.states import Decision
from review.models.calendars import Calendar
from workflows.models.fields import choices


class Queue(models.Model):
    """A desk's pile of tasks.

    `lease_seconds` is how long a claim holds without being extended; `escalate_to`
    takes what breached here unless the step names another queue.
    """

    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(default="")
    policy_text = models.TextField(default="")
    lease_seconds = models.IntegerField(default=600)
    calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, null=True, related_name="queues"
    )
    escalate_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lease_seconds__gte=20, lease_seconds__lte=86_400),
                name="review_queue_lease_20_seconds_to_a_day",
            ),
            models.CheckConstraint(
                condition=Q(escalate_to__isnull=True) | ~Q(escalate_to=F("id")),
                name="review_queue_escalates_elsewhere",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReasonCode(models.Model):
    """A reason tied to the policy it rests on; without a queue it is for all."""

    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="reason_codes"
    )
    code = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    decision = models.CharField(max_length=20, choices=choices(Decision))
    policy_text = models.TextField(default="")
    needs_rationale = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=[word.value for word in Decision]),
                name="review_reason_code_decision_known",
            ),
            models.UniqueConstraint(
                fields=["queue", "code"],
                nulls_distinct=False,
                name="review_reason_code_once_per_queue",
            ),
        ]

    def __str__(self) -> str:
        return self.label
