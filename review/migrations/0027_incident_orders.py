"""Orders to act on many incidents."""

import django.db.models.deletion
from django.db import migrations, models

import review.models.fields
from workflows.migrations_support import governed_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0019_figures_by_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="IncidentOrder",
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
                    "act",
                    models.CharField(
                        choices=[("RETRY", "Retry"), ("SETTLE", "Settle")],
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("reason", models.TextField()),
                (
                    "output",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        default=dict,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("total", models.IntegerField()),
                ("ordered_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.person",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentOrderItem",
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
                ("incident_id", models.BigIntegerField()),
                ("instance_id", models.UUIDField()),
                ("fate", models.CharField(default="", max_length=10)),
                ("sentence", models.TextField(default="")),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="review.incidentorder",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="incidentorder",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)),
                fields=["id"],
                name="review_incident_order_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("act__in", ["RETRY", "SETTLE"])),
                name="review_incident_order_act_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("total__gte", 1)),
                name="review_incident_order_of_some",
            ),
        ),
        migrations.AddIndex(
            model_name="incidentorderitem",
            index=models.Index(
                condition=models.Q(("fate", "")),
                fields=["order", "id"],
                name="review_incident_order_item_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentorderitem",
            constraint=models.UniqueConstraint(
                fields=("order", "incident_id"), name="review_incident_order_item_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentorderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("fate__in", ["", "DONE", "PROPOSED", "REFUSED"])),
                name="review_incident_order_item_fate_known",
            ),
        ),
        governed_table(
            "review_incidentorder",
            columns=("act", "title", "reason", "total", "finished_at"),
        ),
    ]
