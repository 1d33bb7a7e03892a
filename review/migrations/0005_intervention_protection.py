"""Bind every change of a proposed act to its audit entry."""

from django.db import migrations

from workflows.migrations_support import audited_table

COLUMNS = (
    "instance_id",
    "act",
    "arguments",
    "standing",
    "reason",
    "state",
    "proposed_by_id",
    "expires_at",
    "settled_by_id",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0004_interventions"),
        ("workflows", "0003_audit_protection"),
    ]
    operations = [audited_table("review_intervention", columns=COLUMNS)]
