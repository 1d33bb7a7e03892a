"""Add the sequence from which processes take step ids, a thousand at a time."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]
    operations = [
        migrations.RunSQL(
            sql=(
                "CREATE SEQUENCE workflows_step_numbers AS bigint"
                " INCREMENT BY 1000 MINVALUE 1000"
            ),
            reverse_sql="DROP SEQUENCE workflows_step_numbers",
        )
    ]
