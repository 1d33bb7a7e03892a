"""The engine's tables, with what guards them."""

from django.db import migrations

from workflows.migrations.tables import (
    calls,
    checkpoints,
    contents,
    definitions,
    instances,
    log,
    messages,
)
from workflows.migrations_tables import FirstTables


class Migration(migrations.Migration):
    initial = True
    # A database that had all of these applied goes on; nothing is run in it.
    replaces = [
        ("workflows", "0001_initial"),
        ("workflows", "0002_step_numbers"),
        ("workflows", "0003_audit_protection"),
        ("workflows", "0004_checkpoints"),
        ("workflows", "0005_definitions_stay"),
        ("workflows", "0006_evaluation"),
        ("workflows", "0007_installation_notices"),
        ("workflows", "0008_instance_data"),
        ("workflows", "0009_versions_retiring"),
        ("workflows", "0010_circuits"),
        ("workflows", "0011_messages"),
        ("workflows", "0012_moves_need_entries"),
        ("workflows", "0013_payloads"),
        ("workflows", "0014_anchoring"),
        ("workflows", "0015_disclosures"),
        ("workflows", "0016_secrets"),
        ("workflows", "0017_removals"),
        ("workflows", "0018_audit_search"),
        ("workflows", "0019_entry_hashes"),
        ("workflows", "0020_search_values"),
        ("workflows", "0020_token_reads_log"),
        ("workflows", "0021_secrets_stay"),
        ("workflows", "0021_version_choice"),
    ]
    dependencies = []
    operations = [
        FirstTables([
            *log.OPERATIONS,
            *checkpoints.OPERATIONS,
            *definitions.OPERATIONS,
            *instances.OPERATIONS,
            *messages.OPERATIONS,
            *contents.OPERATIONS,
            *calls.OPERATIONS,
        ])
    ]
