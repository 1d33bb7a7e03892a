"""Bind every change of a task, and every verdict, to its audit entry.

Extending a lease is the one change of a task without an entry: it moves `lease_until`
alone. Verdicts, and the payloads that earlier rounds were shown, are only ever added.
"""

from django.db import migrations

from workflows.migrations_support import append_only_table, audited_table

TASK_COLUMNS = (
    "state",
    "queue_id",
    "control",
    "stage",
    "round",
    "payload_digest",
    "excluded",
    "claimed_by_id",
    "lease_token",
    "warned_at",
    "breached_at",
    "outcome",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0001_initial"),
        ("workflows", "0003_audit_protection"),
    ]
    operations = [
        audited_table("review_task", columns=TASK_COLUMNS),
        audited_table("review_verdict", columns=("audit_seq",)),
        append_only_table("review_verdict"),
        append_only_table("review_taskrevision"),
    ]
