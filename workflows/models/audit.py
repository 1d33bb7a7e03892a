"""What happened, by whom, in the same transaction as the change. INSERT only.

No foreign keys: entries outlive what they speak of.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func
from django.db.models.functions import Substr

from workflows.models.fields import TransactionIdField

USUAL_KINDS = (
    "instance.completed",
    "instance.started",
    "sla.started",
    "sla.stopped",
    "step.activated",
    "step.claimed",
    "step.completed",
    "step.fired",
    "step.joined",
    "step.ready",
    "step.waiting",
    "task.begun",
    "task.claimed",
    "task.claimed_ahead",
    "task.decided",
    "task.opened",
    "task.released",
    "timer.fired",
    "verdict.held",
    "verdict.released",
    "verdict.submitted",
)
"""What most entries are: these are found by reading back from the newest."""


class CurrentTransaction(Func):
    """`pg_current_xact_id()`: which transaction wrote the row."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = TransactionIdField()


class AuditEntry(models.Model):
    """One link of one chain: an instance's, or a chain of the installation.

    `entry` holds the canonical bytes that `hash` was taken over (RFC 8785 text);
    the columns repeat some of them for searching and are checked against them.
    """

    chain = models.UUIDField()
    seq = models.IntegerField()
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    step_id = models.BigIntegerField(null=True)
    entry = models.TextField()
    hash = models.BinaryField()
    xid = TransactionIdField(db_default=CurrentTransaction())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "seq"], name="workflows_audit_entry_gapless_link"
            ),
            models.CheckConstraint(
                condition=models.Q(seq__gte=1), name="workflows_audit_entry_seq_from_1"
            ),
        ]
        indexes = [
            BrinIndex(fields=["at"], name="workflows_audit_entry_at"),
            # Who searches for people's entries, or for what is rare, does not read all;
            # the many entries of the engine pay nothing for it.
            models.Index(
                fields=["actor", "id"],
                condition=models.Q(actor__startswith="person:"),
                name="workflows_audit_entry_people",
            ),
            models.Index(
                fields=["kind", "id"],
                condition=~models.Q(kind__in=USUAL_KINDS),
                name="workflows_audit_entry_rare",
            ),
            # How a hash begins, which is what people copy: half the bytes of an index
            # on all of it, and no two of ten thousand entries alike.
            models.Index(Substr("hash", 1, 4), name="workflows_audit_entry_hash"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.chain}/{self.seq}"


class AuditChain(models.Model):
    """Head of a chain that belongs to no instance (definitions, people, exports)."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    seq = models.IntegerField(default=0)
    head = models.BinaryField()

    def __str__(self) -> str:
        return self.name
