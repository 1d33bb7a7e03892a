"""Bind every change of a task, and every verdict, to its audit entry."""

from django.db import migrations

from workflows.migrations_support import append_only_table, audited_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0001_initial"),
        ("workflows", "0003_audit_protection"),
    ]
    operations = [
        audited_table("review_task"),
        audited_table("review_verdict", columns=("audit_seq",)),
        append_only_table("review_verdict"),
    ]
