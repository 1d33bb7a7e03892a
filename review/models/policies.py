"""Versioned policies of queues and calendars, changed by two persons."""

from django.db import models
from django.db.models import F, Q

from review.core.states import PolicyKind, PolicyState
from review.models.calendars import Calendar
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from review.models.queues import Queue
from workflows.models.fields import choices, one_of


class Policy(models.Model):
    """One version of one rule of one queue, or of one calendar (kind CALENDAR).

    `body` is what `kind` makes of it and `digest` its SHA-256. One version of a kind is
    in force for its subject; tasks pin the version they were opened under. The first
    version of a kind may come into force without a second person (nothing stood
    before); every later one needs another person than who proposed it. An APPROVED
    version is in force from `effective_at` on, whether or not its row says so yet.
    """

    queue = models.ForeignKey(
        Queue,
        on_delete=models.PROTECT,
        null=True,
        related_name="policies",
        db_index=False,
    )
    calendar = models.ForeignKey(
        Calendar,
        on_delete=models.PROTECT,
        null=True,
        related_name="policies",
        db_index=False,
    )
    kind = models.CharField(max_length=20, choices=choices(PolicyKind))
    version = models.IntegerField()
    body = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=choices(PolicyState))
    reason = models.TextField()
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(default="")
    effective_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("kind", PolicyKind, name="review_policy_kind_known"),
            one_of("state", PolicyState, name="review_policy_state_known"),
            models.CheckConstraint(
                condition=Q(kind="CALENDAR", queue__isnull=True, calendar__isnull=False)
                | (~Q(kind="CALENDAR") & Q(queue__isnull=False, calendar__isnull=True)),
                name="review_policy_of_a_queue_or_a_calendar",
            ),
            models.UniqueConstraint(
                fields=["queue", "kind", "calendar", "version"],
                nulls_distinct=False,
                name="review_policy_version_once",
            ),
            models.UniqueConstraint(
                fields=["queue", "kind", "calendar"],
                nulls_distinct=False,
                condition=Q(state="IN_FORCE"),
                name="review_policy_one_in_force",
            ),
            models.UniqueConstraint(
                fields=["queue", "kind", "calendar"],
                nulls_distinct=False,
                condition=Q(state="PROPOSED"),
                name="review_policy_one_proposed",
            ),
            models.UniqueConstraint(
                fields=["queue", "kind", "calendar"],
                nulls_distinct=False,
                condition=Q(state="APPROVED"),
                name="review_policy_one_approved",
            ),
            models.CheckConstraint(
                condition=Q(version=1)
                | ~Q(state__in=["APPROVED", "IN_FORCE", "SUPERSEDED"])
                | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                name="review_policy_changed_by_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", settled_at__isnull=True)
                | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                name="review_policy_settled_when_final",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["APPROVED", "IN_FORCE", "SUPERSEDED"])
                | Q(effective_at__isnull=False),
                name="review_policy_in_force_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version} of {self.queue_id or self.calendar_id}"
