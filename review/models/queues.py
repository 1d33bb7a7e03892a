"""Where tasks wait, and the reasons people may give there."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value

from review.core.states import Assignment, Decision, Signature
from review.models.calendars import Calendar
from workflows.models.fields import choices, one_of


class Queue(models.Model):
    """A desk's pile of tasks.

    `lease_seconds` is how long a claim holds without being extended; `escalate_to`
    takes what breached here unless the step names another queue.

    A verdict's effects are held for `undo_seconds`. A person holds at most `wip_limit`
    tasks of the queue (null: any number) and `claim_ahead` more, prepared. Work pushed
    to a person is his for `assign_seconds`; `is_sticky` gives it to who knows the case.
    A task of class B that has waited `aging_seconds` ranks with a fresh one of class A.
    After `stuck_after` lapsed leases, `owner` is told. `hidden_decisions` are not
    offered here. `signature_meaning` is what a verdict states (21 CFR 11.50).
    Below the confidence `rationale_below`, and from the amount `rationale_above` on, an
    approval says why in words.
    `ladder` is what late work here sets off, unless the step says
    (workflows/core/ladders.py).
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
    owner = models.ForeignKey(
        "Person", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    undo_seconds = models.SmallIntegerField(default=8, db_default=8)
    wip_limit = models.SmallIntegerField(null=True, default=3, db_default=3)
    claim_ahead = models.SmallIntegerField(default=1, db_default=1)
    assignment = models.CharField(
        max_length=20, choices=choices(Assignment), default="PULL", db_default="PULL"
    )
    assign_seconds = models.IntegerField(default=900, db_default=900)
    is_sticky = models.BooleanField(default=True, db_default=True)
    aging_seconds = models.IntegerField(default=14_400, db_default=14_400)
    stuck_after = models.SmallIntegerField(default=3, db_default=3)
    signature = models.CharField(
        max_length=20, choices=choices(Signature), default="NONE", db_default="NONE"
    )
    signature_meaning = models.CharField(max_length=300, default="", db_default="")
    rationale_below = models.DecimalField(max_digits=20, decimal_places=18, null=True)
    rationale_above = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    hidden_decisions = ArrayField(
        models.CharField(max_length=20),
        default=list,
        db_default=Value([], output_field=ArrayField(models.CharField(max_length=20))),
    )
    ladder = models.CharField(max_length=500, default="", db_default="")

    class Meta:
        constraints = [
            one_of("assignment", Assignment, name="review_queue_assignment_known"),
            one_of("signature", Signature, name="review_queue_signature_known"),
            models.CheckConstraint(
                condition=Q(undo_seconds__gte=0, undo_seconds__lte=60),
                name="review_queue_undo_0_to_60_seconds",
            ),
            models.CheckConstraint(
                condition=Q(wip_limit__isnull=True) | Q(wip_limit__gte=1),
                name="review_queue_wip_limit_from_1",
            ),
            models.CheckConstraint(
                condition=Q(claim_ahead__gte=0, claim_ahead__lte=3),
                name="review_queue_claim_ahead_0_to_3",
            ),
            models.CheckConstraint(
                condition=Q(aging_seconds__gte=60, assign_seconds__gte=20),
                name="review_queue_aging_and_push_take_time",
            ),
            models.CheckConstraint(
                condition=Q(stuck_after__gte=1), name="review_queue_stuck_after_from_1"
            ),
            models.CheckConstraint(
                condition=Q(rationale_below__isnull=True)
                | Q(rationale_below__gte=0, rationale_below__lte=1),
                name="review_queue_rationale_below_0_to_1",
            ),
            models.CheckConstraint(
                condition=Q(rationale_above__isnull=True) | Q(rationale_above__gte=0),
                name="review_queue_rationale_above_from_0",
            ),
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
    """A reason tied to the policy it rests on; without a queue it is for all.

    `rationale_text` is what a reviewer may begin the rationale with; what stands in
    [brackets] there is for him to fill in.
    """

    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="reason_codes"
    )
    code = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    decision = models.CharField(max_length=20, choices=choices(Decision))
    policy_text = models.TextField(default="")
    rationale_text = models.TextField(default="", db_default="")
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
