"""Refuse to empty the tables of what opens commitments."""

from django.db import migrations

from workflows.migrations_support import table_stays


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0020_token_reads_log"),
    ]

    operations = [
        table_stays("workflows_contentkey"),
        table_stays("workflows_disclosure"),
    ]
