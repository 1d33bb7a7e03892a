from django.db import migrations

from workflows.migrations_support import guard_secrets


class Migration(migrations.Migration):
    """What opens commitments goes with an entry that says so, never else."""

    dependencies = [
        ("workflows", "0018_audit_search"),
    ]

    operations = [*guard_secrets()]
