"""Erasing a person's data, legal holds that forbid it, and how long content is kept."""

from django.db import models
from django.db.models import F, Q

from review.models.people import Person
from workflows.models.fields import together


class LegalHold(models.Model):
    """Content that must be kept whatever somebody asks, until the hold is lifted.

    CASE names one instance, SUBJECT a person by the digest that content keys have,
    RANGE a definition's cases (every definition's where it is empty) that started
    from `since` until before `until`. Who placed and lifted it is written as entries
    write actors.
    """

    kind = models.CharField(max_length=10)
    instance_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=64, default="")
    definition_key = models.CharField(max_length=100, default="")
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    reason = models.TextField()
    placed_by = models.CharField(max_length=200)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=200, null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="CASE", instance_id__isnull=False, subject="")
                | (Q(kind="SUBJECT", instance_id__isnull=True) & ~Q(subject=""))
                | Q(kind="RANGE", instance_id__isnull=True, subject=""),
                name="review_legal_hold_says_what",
            ),
            models.CheckConstraint(
                condition=Q(since__isnull=True)
                | Q(until__isnull=True)
                | Q(since__lt=F("until")),
                name="review_legal_hold_since_before_until",
            ),
            together(
                "lifted_at", "lifted_by", name="review_legal_hold_lifted_at_needs_by"
            ),
        ]
        indexes = [
            models.Index(
                fields=["placed_at"],
                condition=Q(lifted_at__isnull=True),
                name="review_legal_hold_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"Legal hold {self.pk}"


class RetentionRule(models.Model):
    """For how many days after its end a definition's content is kept; one version.

    The newest version counts; without `days` the content is kept for ever.
    """

    definition_key = models.CharField(max_length=100)
    version = models.IntegerField()
    days = models.IntegerField(null=True)
    reason = models.TextField()
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition_key", "version"],
                name="review_retention_rule_version_once",
            ),
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=1),
                name="review_retention_rule_days_from_1",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_key} v{self.version}: {self.days} days"


class Erasure(models.Model):
    """One person's data to be erased: proposed by one person, done by another.

    `subject` is the digest that the cases' content keys have, and empty once it is
    settled; `instances` are the cases that were looked at.
    """

    subject = models.CharField(max_length=64, default="")
    instances = models.JSONField(default=list)
    reason = models.TextField()
    state = models.CharField(max_length=10)
    proposed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="PROPOSED", settled_at__isnull=True)
                | Q(state__in=["DONE", "DECLINED"], settled_at__isnull=False),
                name="review_erasure_settled_when_final",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE") | ~Q(settled_by=F("proposed_by")),
                name="review_erasure_done_by_another_person",
            ),
            together(
                "settled_at", "settled_by", name="review_erasure_settled_needs_by"
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(state="PROPOSED"),
                name="review_erasure_proposed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Erasure {self.pk} ({self.state})"
