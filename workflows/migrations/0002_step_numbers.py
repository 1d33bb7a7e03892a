"""Add the sequence from which workers take step ids in blocks."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]
    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE workflows_step_numbers AS bigint",
            reverse_sql="DROP SEQUENCE workflows_step_numbers",
        )
    ]
