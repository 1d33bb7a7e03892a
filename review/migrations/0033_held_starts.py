"""Starts that wait while intake is slowed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0032_stops_of_everything"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldStart",
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
                ("instance_id", models.UUIDField(unique=True)),
                ("process", models.CharField(max_length=100)),
                ("held_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=["process", "id"],
                        name="review_held_start_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("released_at__isnull", False)),
                        fields=["process", "-released_at"],
                        name="review_held_start_released",
                    ),
                ],
            },
        ),
    ]
