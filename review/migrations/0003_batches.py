import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import review.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0002_protection"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
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
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("APPROVE", "Approve"),
                            ("REJECT", "Reject"),
                            ("EDIT_AND_APPROVE", "Edit and approve"),
                            ("REQUEST_INFORMATION", "Request information"),
                            ("ESCALATE", "Escalate"),
                            ("ABSTAIN", "Abstain"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "items",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                (
                    "alike",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                (
                    "sample",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "opened",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "results",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        default=list,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("handed_in_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="review.person",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.queue",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["person", "made_at"], name="review_batch_of_person"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("decision__in", ["APPROVE", "REJECT"])),
                        name="review_batch_approves_or_rejects",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("handed_in_at__isnull", True),
                            ("opened__contains", models.F("sample")),
                            _connector="OR",
                        ),
                        name="review_batch_sample_is_opened_first",
                    ),
                ],
            },
        ),
    ]
