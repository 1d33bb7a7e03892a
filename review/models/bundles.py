"""Bundles of evidence on their way to an auditor, and their chain of custody."""

from django.db import models
from django.db.models import F, Q

from review.core.evidence.bundles import BundleState, Custody
from review.models.people import Person
from workflows.models.fields import choices, one_of, together


class EvidenceBundle(models.Model):
    """A bundle somebody ordered: what of, how far it is, and where its file is.

    `token` rises with each worker that takes it up: what an older one still does comes
    to nothing. `parts` are those finished, in order (core/evidence/bundles.py); the cases asked
    for stand in a file of the bundle's folder. `attempts` counts workers that took it
    up since a part was finished. `next_at` is when it is due: the end of the lease of
    who builds it, or when a finished one expires. `checkpoint_size` is how large the
    log was that its proofs lead to, `previous_size` the one it is consistent with.
    """

    title = models.CharField(max_length=300)
    selection = models.JSONField()
    redaction = models.JSONField(default=dict)
    reason = models.TextField(default="")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ordered_by = models.CharField(max_length=200)
    ordered_by_name = models.CharField(max_length=200)
    ordered_at = models.DateTimeField()
    ordered_seq = models.IntegerField()

    state = models.CharField(max_length=20, choices=choices(BundleState))
    token = models.IntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(default="")

    plan = models.CharField(max_length=60, default="")
    cases = models.IntegerField(default=0)
    withheld = models.IntegerField(default=0)
    entries = models.IntegerField(default=0)
    parts_total = models.IntegerField(default=0)
    parts = models.JSONField(default=list)
    entries_done = models.IntegerField(default=0)

    file_name = models.CharField(max_length=200, default="")
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")
    checkpoint_size = models.BigIntegerField(default=0)
    previous_size = models.BigIntegerField(default=0)
    previous_note = models.TextField(default="")

    class Meta:
        constraints = [
            one_of("state", BundleState, name="review_bundle_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["WAITING", "BUILDING"], finished_at__isnull=True)
                | (
                    ~Q(state__in=["WAITING", "BUILDING"]) & Q(finished_at__isnull=False)
                ),
                name="review_bundle_finished_at_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["WAITING", "BUILDING", "READY"])
                | Q(next_at__isnull=False),
                name="review_bundle_has_a_next_moment",
            ),
            models.CheckConstraint(
                condition=Q(state="READY", size__gt=0) & ~Q(digest="")
                | ~Q(state="READY"),
                name="review_bundle_file_when_ready",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=["WAITING", "BUILDING", "READY"]),
                name="review_bundle_due",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BundleCustody(models.Model):
    """One thing that was done with a bundle, and its entry in the installation's chain.

    Of a download `first_byte` and `last_byte` are what was asked for.
    """

    bundle = models.ForeignKey(
        EvidenceBundle, on_delete=models.PROTECT, related_name="custody"
    )
    what = models.CharField(max_length=40, choices=choices(Custody))
    actor = models.CharField(max_length=200)
    actor_name = models.CharField(max_length=200)
    at = models.DateTimeField()
    note = models.TextField(default="")
    digest = models.CharField(max_length=64, default="")
    first_byte = models.BigIntegerField(null=True)
    last_byte = models.BigIntegerField(null=True)
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("what", Custody, name="review_bundle_custody_known"),
            together(
                "first_byte", "last_byte", name="review_bundle_custody_range_whole"
            ),
            models.CheckConstraint(
                condition=Q(first_byte__isnull=True)
                | Q(last_byte__gte=F("first_byte")),
                name="review_bundle_custody_range_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of bundle {self.bundle_id}"
