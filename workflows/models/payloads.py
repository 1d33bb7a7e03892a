"""Large variables and who uses them. What is folded and when: core/payloads.py."""

from django.db import models


class Payload(models.Model):
    """The canonical JSON of a large value, under the SHA-256 of its bytes.

    `checked_at` is when it was last written or found in use; a row whose content comes
    again is only touched, so that whoever erases what is unused waits for its writer.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.TextField()
    size = models.IntegerField()
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(size__gt=0), name="workflows_payload_has_bytes"
            ),
        ]
        indexes = [
            models.Index(fields=["checked_at"], name="workflows_payload_checked"),
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]} ({self.size} bytes)"


class PayloadUse(models.Model):
    """An instance that holds, or once held, a payload.

    A value that was overwritten stays: entries and reviewers' tasks speak of it.
    Whoever removes an instance removes its uses.
    """

    instance_id = models.UUIDField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "instance_id"], name="workflows_payload_used_once"
            ),
        ]
        indexes = [
            models.Index(fields=["instance_id"], name="workflows_payload_user"),
        ]

    def __str__(self) -> str:
        return f"{self.digest[:12]} in {self.instance_id}"
