"""What persons can do and when they are there; who may stand in for whom."""

from django.db import models
from django.db.models import F, Q

from review.models.people import Person
from review.models.queues import Queue
from workflows.models.fields import together


class Skill(models.Model):
    """A skill a person has, with its level from 1 to 5."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="skills", db_index=False
    )
    name = models.CharField(max_length=60)
    level = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"], name="review_skill_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(level__gte=1, level__lte=5),
                name="review_skill_level_1_to_5",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.level}"


class Absence(models.Model):
    """A span in which a person is away; nothing is pushed to them then."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="absences", db_index=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField()
    canceled_at = models.DateTimeField(null=True)
    rebalanced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="review_absence_ends_after_its_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "starts_at"],
                condition=Q(canceled_at__isnull=True),
                name="review_absence_of_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} away {self.starts_at}"


class Authority(models.Model):
    """Up to which amount a person's vote counts, for one queue or for all."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="authorities", db_index=False
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount = models.DecimalField(max_digits=30, decimal_places=6)
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "queue"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="review_authority_held_once",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0), name="review_authority_from_0"
            ),
            together(
                "revoked_at", "revoked_by", name="review_authority_revoked_at_needs_by"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.person_id}"


class Delegation(models.Model):
    """A reviewer lets another act in his place, for a time, within limits.

    Without a queue it is for all the giver reviews; with `amount` only up to it. The
    two count as one natural person wherever four eyes are asked for.
    """

    giver = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="delegations", db_index=False
    )
    taker = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="delegations_taken",
        db_index=False,
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(giver=F("taker")), name="review_delegation_to_another"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="review_delegation_ends_after_its_start",
            ),
            together(
                "revoked_at", "revoked_by", name="review_delegation_revoked_at_needs_by"
            ),
        ]
        indexes = [
            models.Index(
                fields=["taker", "ends_at"],
                condition=Q(revoked_at__isnull=True),
                name="review_delegation_of_taker",
            ),
            models.Index(
                fields=["giver", "ends_at"],
                condition=Q(revoked_at__isnull=True),
                name="review_delegation_of_giver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} to {self.taker_id}"


class BreakGlass(models.Model):
    """A right to review a queue that a person took in an emergency, and its review.

    It lifts the role, never four eyes. Another person looks at it afterwards.
    """

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="emergencies", db_index=False
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.TextField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    review_note = models.TextField(default="")
    is_justified = models.BooleanField(null=True)

    class Meta:
        constraints = [
            together(
                "reviewed_at",
                "reviewed_by",
                name="review_break_glass_reviewed_at_needs_by",
            ),
            together(
                "reviewed_at",
                "is_justified",
                name="review_break_glass_reviewed_says_whether_justified",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("person")),
                name="review_break_glass_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")),
                name="review_break_glass_expires_later",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "expires_at"], name="review_break_glass_of_person"
            ),
            models.Index(
                fields=["opened_at"],
                condition=Q(reviewed_at__isnull=True),
                name="review_break_glass_unreviewed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.queue_id}"
