"""Guard the audit log and bind every change of state to its entry."""

from django.db import migrations

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    trigger_functions,
)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_step_numbers")]
    operations = [
        *trigger_functions(),
        append_only_table("workflows_auditentry"),
        audited_table(
            "workflows_instance",
            columns=("version", "audit_seq", "audit_head", "state", "variables"),
            place="instance",
        ),
        audited_table(
            "workflows_auditchain",
            columns=("seq", "head"),
            place="chain",
            events=("update",),
        ),
        audited_table("workflows_step"),
        audited_table("workflows_timer", only="NEW.instance_id IS NOT NULL"),
        audited_table("workflows_incident"),
    ]
