"""What of the log was left where the database's administrators cannot reach."""

from typing import Final

from django.db import models
from django.db.models import Q

PENDING: Final = "PENDING"
DONE: Final = "DONE"


class Anchoring(models.Model):
    """One checkpoint, left (or to be left) at one anchor.

    While it is PENDING it moves on to the newest checkpoint with each attempt; a DONE
    one stays as it is. `receipt` is what the anchor gave back: lines of cosignatures,
    a time stamp's token, the name of a file, the id of a mail.
    """

    target = models.CharField(max_length=300)
    kind = models.CharField(max_length=10)
    size = models.BigIntegerField()
    state = models.CharField(max_length=10, default=PENDING)
    attempts = models.IntegerField(default=0)
    next_try_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    receipt = models.BinaryField(null=True)
    error = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target"],
                condition=Q(state=PENDING),
                name="workflows_anchoring_one_pending",
            ),
            models.UniqueConstraint(
                fields=["target", "size"],
                condition=Q(state=DONE),
                name="workflows_anchoring_done_once",
            ),
            models.CheckConstraint(
                condition=Q(state=PENDING, done_at__isnull=True, receipt__isnull=True)
                | Q(state=DONE, done_at__isnull=False, receipt__isnull=False),
                name="workflows_anchoring_done_has_receipt",
            ),
        ]
        indexes = [models.Index(fields=["size"], name="workflows_anchoring_size")]

    def __str__(self) -> str:
        return f"{self.target}: {self.size} entries, {self.state}"
