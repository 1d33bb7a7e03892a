"""Let new instances follow an earlier version than the newest: what a roll back sets."""

import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import governed_table, table_stays


class Migration(migrations.Migration):
    dependencies = [("workflows", "0021_secrets_stay")]

    operations = [
        migrations.CreateModel(
            name="VersionChoice",
            fields=[
                (
                    "key",
                    models.CharField(max_length=100, primary_key=True, serialize=False),
                ),
                ("reason", models.TextField()),
                ("chosen_by", models.CharField(max_length=200)),
                ("chosen_at", models.DateTimeField()),
                (
                    "definition",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.definition",
                    ),
                ),
            ],
        ),
        governed_table("workflows_versionchoice"),
        table_stays("workflows_versionchoice"),
    ]
