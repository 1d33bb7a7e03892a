"""Machines at the door: tokens and the answers already given to them."""

from django.db import models


class ApiToken(models.Model):
    """A machine's key; only its SHA-256 is kept. Machines cannot decide.

    `reads_log` lets it read what the entries of the log hold, of all cases.
    """

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    reads_log = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """An answer given once, repeated for the same key and the same body."""

    actor = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "key"], name="workflows_idempotency_actor_key"
            ),
        ]

    def __str__(self) -> str:
        return self.key
