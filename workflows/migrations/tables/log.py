"""The log: its chains, its entries, and what binds state to them."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Substr

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    guard_functions,
    removals_need_entry,
)
from workflows.migrations_tables import row_id
from workflows.models.audit import CurrentTransaction
from workflows.models.fields import TransactionIdField

OPERATIONS = [
    *guard_functions(),
    migrations.CreateModel(
        name="AuditChain",
        fields=[
            ("id", models.UUIDField(primary_key=True, serialize=False)),
            ("name", models.CharField(max_length=100, unique=True)),
            ("seq", models.IntegerField(default=0)),
            ("head", models.BinaryField()),
        ],
    ),
    audited_table(
        "workflows_auditchain",
        columns=("seq", "head"),
        place="chain",
        events=("update",),
    ),
    removals_need_entry("workflows_auditchain", place="instance"),
    migrations.CreateModel(
        name="AuditEntry",
        fields=[
            ("id", row_id()),
            ("chain", models.UUIDField()),
            ("seq", models.IntegerField()),
            ("kind", models.CharField(max_length=60)),
            ("actor", models.CharField(max_length=200)),
            ("at", models.DateTimeField()),
            ("occurred_at", models.DateTimeField(null=True)),
            ("step_id", models.BigIntegerField(null=True)),
            ("entry", models.TextField()),
            ("hash", models.BinaryField()),
            ("xid", TransactionIdField(db_default=CurrentTransaction())),
        ],
        options={
            "indexes": [
                BrinIndex(fields=["at"], name="workflows_audit_entry_at"),
                models.Index(
                    fields=["actor", "id"],
                    condition=Q(actor__startswith="person:"),
                    name="workflows_audit_entry_people",
                ),
                models.Index(
                    fields=["kind", "id"],
                    condition=~Q(
                        kind__in=(
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
                    ),
                    name="workflows_audit_entry_rare",
                ),
                models.Index(Substr("hash", 1, 4), name="workflows_audit_entry_hash"),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("chain", "seq"), name="workflows_audit_entry_gapless_link"
                ),
                models.CheckConstraint(
                    condition=Q(seq__gte=1), name="workflows_audit_entry_seq_from_1"
                ),
            ],
        },
    ),
    append_only_table("workflows_auditentry"),
]
