"""Refuse, at COMMIT, to remove rows of state without an entry; and to empty tables."""

from django.db import migrations

from workflows.migrations_support import (
    kin_function,
    removals_need_entry,
    table_stays,
)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0014_anchoring")]
    operations = [
        kin_function(),
        removals_need_entry("workflows_instance", place="instance"),
        removals_need_entry("workflows_auditchain", place="instance"),
        removals_need_entry("workflows_step"),
        removals_need_entry("workflows_timer", only="OLD.instance_id IS NOT NULL"),
        removals_need_entry("workflows_incident"),
        table_stays("workflows_apitoken"),
    ]
