"""Stops of automatic decisions, and what they kept from being decided."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from review.core.stops import LONGEST, DiversionKind, StopKind
from review.models.people import Person
from review.models.policies import Policy
from review.models.queues import Queue
from workflows.models.fields import choices, one_of, together


class Stop(models.Model):
    """One stop; `everything` also holds automatic steps of a process that decide nothing.

    It holds while it is not lifted and its end, by the database, is ahead.

    `end_set_at` is when its end was last said: an extension begins anew. To lift it
    takes who asks for it and another natural person. `closed_at` only notes that its
    end was entered in the log; nothing waits for that.
    """

    kind = models.CharField(max_length=20, choices=choices(StopKind))
    name = models.CharField(max_length=300, default="")
    version = models.CharField(max_length=50, default="")
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    grid = models.ForeignKey(
        Policy, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    row = models.IntegerField(null=True)
    everything = models.BooleanField(default=False, db_default=False)
    reason = models.TextField()
    placed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    placed_at = models.DateTimeField()
    end_set_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lift_asked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    lift_asked_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(default="")
    lifted_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    lifted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("kind", StopKind, name="review_stop_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="CELL", queue__isnull=False, name="")
                | (~Q(kind="CELL") & Q(queue__isnull=True) & ~Q(name="")),
                name="review_stop_names_what_it_stops",
            ),
            models.CheckConstraint(
                condition=Q(row__isnull=True, grid__isnull=True)
                | Q(kind="CELL", row__gte=1, grid__isnull=False),
                name="review_stop_row_is_of_a_grid",
            ),
            models.CheckConstraint(
                condition=Q(everything=False) | Q(kind="DEFINITION"),
                name="review_stop_of_everything_is_of_a_process",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("end_set_at"))
                & Q(ends_at__lte=F("end_set_at") + LONGEST),
                name="review_stop_ends_within_a_week",
            ),
            together("lift_asked_by", "lift_asked_at", name="review_stop_asked_whole"),
            together("lifted_by", "lifted_at", name="review_stop_lifted_whole"),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True)
                | (Q(lift_asked_by__isnull=False) & ~Q(lifted_by=F("lift_asked_by"))),
                name="review_stop_lifted_by_two_persons",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_at"],
                condition=Q(lifted_at__isnull=True),
                name="review_stop_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"Stop {self.pk} of {self.kind} {self.name or self.queue_id}"

    def stands(self, now: dt.datetime) -> bool:
        """Tell whether it holds at a moment."""
        return self.lifted_at is None and now < self.ends_at


class Diversion(models.Model):
    """One decision that a stop kept from being made without people. INSERT only.

    REVIEW: a task that went to people; HELD: a step that waits for the stop's end;
    FALLBACK: a step whose drawn fallback took over.
    """

    stop = models.ForeignKey(
        Stop, on_delete=models.PROTECT, related_name="diversions", db_index=False
    )
    kind = models.CharField(max_length=20, choices=choices(DiversionKind))
    instance_id = models.UUIDField()
    step_id = models.BigIntegerField()
    node_id = models.CharField(max_length=200)
    task_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("kind", DiversionKind, name="review_diversion_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="REVIEW", task_id__isnull=False)
                | (~Q(kind="REVIEW") & Q(task_id__isnull=True)),
                name="review_diversion_task_when_reviewed",
            ),
        ]
        indexes = [
            models.Index(fields=["stop", "id"], name="review_diversion_of_stop"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.instance_id} by stop {self.stop_id}"
