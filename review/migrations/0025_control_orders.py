"""Keep tests of controls that workers run."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

OPEN = ["WAITING", "TESTING"]
STATES = [
    ("WAITING", "Waiting"),
    ("TESTING", "Testing"),
    ("DONE", "Done"),
    ("FAILED", "Failed"),
    ("CANCELED", "Canceled"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0027_incident_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="ControlOrder",
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
                ("title", models.CharField(max_length=200)),
                ("selection", models.JSONField()),
                ("state", models.CharField(choices=STATES, max_length=20)),
                ("token", models.IntegerField(default=0)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("ordered_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.TextField(default="")),
                ("cases", models.IntegerField(default=0)),
                ("cases_done", models.IntegerField(default=0)),
                ("parts_total", models.IntegerField(null=True)),
                ("tree_size", models.BigIntegerField(null=True)),
                ("tree_root", models.CharField(default="", max_length=64)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="control_orders",
                        to="review.person",
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order",
                        to="review.controlrun",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(("next_at__isnull", False)),
                        fields=["next_at"],
                        name="review_control_order_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("state__in", [state for state, _ in STATES])),
                        name="review_control_order_state_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(("next_at__isnull", False), ("state__in", OPEN))
                        | Q(
                            Q(("state__in", OPEN), _negated=True),
                            ("next_at__isnull", True),
                        ),
                        name="review_control_order_due_while_open",
                    ),
                    models.CheckConstraint(
                        condition=Q(("run__isnull", False), ("state", "DONE"))
                        | Q(
                            Q(("state", "DONE"), _negated=True),
                            ("run__isnull", True),
                        ),
                        name="review_control_order_done_is_a_run",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlPart",
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
                ("number", models.IntegerField()),
                (
                    "cases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                ("found", models.JSONField(null=True)),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="review.controlorder",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["order", "number"], name="review_control_part_once"
                    ),
                ],
            },
        ),
    ]
