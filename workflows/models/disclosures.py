"""What opens commitments, apart from the log. How they are made: core/commitments.py.

Rows here are the only ones of an instance that erasing its content empties or removes;
entries, leaves and checkpoints never change.
"""

from django.db import models
from django.db.models import Q


class ContentKey(models.Model):
    """The secret behind an instance's commitments, and what became of its content.

    `subject` is a digest of who the case is about, made with the installation's own
    secret (the row whose id is that of the installation's chain); it finds a person's
    cases and goes with the secret. `erased_at` is when the content was erased, for a
    person's sake or at the end of its time; the row then stays without both.
    """

    instance_id = models.UUIDField(primary_key=True)
    secret = models.BinaryField(null=True)
    subject = models.CharField(max_length=64, default="")
    erased_at = models.DateTimeField(null=True)
    erased_for = models.CharField(max_length=10, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=False, secret__isnull=True, subject="")
                | Q(erased_at__isnull=True, erased_for=""),
                name="workflows_content_key_gone_when_erased",
            ),
            models.CheckConstraint(
                condition=Q(erased_for__in=["", "SUBJECT", "RETENTION"]),
                name="workflows_content_key_reason_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject"],
                condition=~Q(subject=""),
                name="workflows_content_key_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"Content key of {self.instance_id}"


class Disclosure(models.Model):
    """What opens one commitment that stands in an entry: a salt and a value.

    Values of contents need no row: they stand where they are used, and their salts
    follow from the instance's secret. `value` is canonical JSON.
    """

    instance_id = models.UUIDField()
    committed = models.CharField(max_length=64)
    salt = models.BinaryField()
    value = models.TextField()
    what = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance_id", "committed"], name="workflows_disclosure_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.instance_id}"
