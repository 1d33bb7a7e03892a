import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import append_only_table, audited_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0006_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Unveiling",
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
                ("instance_id", models.UUIDField()),
                ("lease_token", models.BigIntegerField()),
                ("revealed_at", models.DateTimeField()),
                ("audit_seq", models.IntegerField()),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="review.person",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="unveilings",
                        to="review.task",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("task", "lease_token"),
                        name="review_unveiling_once_per_lease",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="queue",
            name="rationale_above",
            field=models.DecimalField(decimal_places=6, max_digits=30, null=True),
        ),
        migrations.AddField(
            model_name="queue",
            name="rationale_below",
            field=models.DecimalField(decimal_places=18, max_digits=20, null=True),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rationale_below__isnull", True),
                    models.Q(("rationale_below__gte", 0), ("rationale_below__lte", 1)),
                    _connector="OR",
                ),
                name="review_queue_rationale_below_0_to_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="queue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rationale_above__isnull", True),
                    ("rationale_above__gte", 0),
                    _connector="OR",
                ),
                name="review_queue_rationale_above_from_0",
            ),
        ),
        audited_table("review_unveiling", columns=("audit_seq",)),
        append_only_table("review_unveiling"),
    ]
