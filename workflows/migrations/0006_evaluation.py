"""Keep which rules of which decision tables matched, for hit counts."""

import django.contrib.postgres.fields
from django.db import migrations, models

from workflows.migrations_support import append_only_table


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_definitions_stay")]
    operations = [
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("definition_id", models.BigIntegerField()),
                ("decision", models.CharField(max_length=200)),
                ("table_id", models.CharField(max_length=200)),
                (
                    "matched",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), size=None
                    ),
                ),
                ("at", models.DateTimeField()),
                ("instance_id", models.UUIDField()),
                ("step_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["definition_id", "decision", "table_id", "id"],
                        name="workflows_evaluation_of_table",
                    )
                ],
            },
        ),
        append_only_table("workflows_evaluation"),
    ]
