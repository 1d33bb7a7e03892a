"""Add what was left where: checkpoints at anchors out of the database's reach."""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import settled_rows_stay


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0015_disclosures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Anchoring",
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
                ("target", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=10)),
                ("size", models.BigIntegerField()),
                ("state", models.CharField(default="PENDING", max_length=10)),
                ("attempts", models.IntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("receipt", models.BinaryField(null=True)),
                ("error", models.TextField(default="")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["size"], name="workflows_anchoring_size")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("state", "PENDING")),
                        fields=("target",),
                        name="workflows_anchoring_one_pending",
                    ),
                    models.UniqueConstraint(
                        condition=Q(("state", "DONE")),
                        fields=("target", "size"),
                        name="workflows_anchoring_done_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(
                                ("done_at__isnull", True),
                                ("receipt__isnull", True),
                                ("state", "PENDING"),
                            ),
                            Q(
                                ("done_at__isnull", False),
                                ("receipt__isnull", False),
                                ("state", "DONE"),
                            ),
                            _connector="OR",
                        ),
                        name="workflows_anchoring_done_has_receipt",
                    ),
                ],
            },
        ),
        settled_rows_stay("workflows_anchoring", settled="OLD.state = 'DONE'"),
    ]
