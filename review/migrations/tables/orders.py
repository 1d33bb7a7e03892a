"""Orders to act on many incidents."""

from django.db import migrations, models
from django.db.models import Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import governed_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="IncidentOrder",
        fields=[
            ("id", row_id()),
            (
                "act",
                models.CharField(
                    max_length=10, choices=[("RETRY", "Retry"), ("SETTLE", "Settle")]
                ),
            ),
            ("title", models.CharField(max_length=300)),
            ("reason", models.TextField()),
            (
                "output",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            ("total", models.IntegerField()),
            ("ordered_at", models.DateTimeField()),
            ("finished_at", models.DateTimeField(null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["id"],
                    condition=Q(finished_at__isnull=True),
                    name="review_incident_order_open",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(act__in=["RETRY", "SETTLE"]),
                    name="review_incident_order_act_known",
                ),
                models.CheckConstraint(
                    condition=Q(total__gte=1), name="review_incident_order_of_some"
                ),
            ],
        },
    ),
    governed_table(
        "review_incidentorder",
        columns=("act", "title", "reason", "total", "finished_at"),
    ),
    migrations.CreateModel(
        name="IncidentOrderItem",
        fields=[
            ("id", row_id()),
            ("incident_id", models.BigIntegerField()),
            ("instance_id", models.UUIDField()),
            ("fate", models.CharField(max_length=10, default="")),
            ("sentence", models.TextField(default="")),
            (
                "order",
                models.ForeignKey(
                    "review.incidentorder",
                    models.CASCADE,
                    related_name="items",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["order", "id"],
                    condition=Q(fate=""),
                    name="review_incident_order_item_due",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("order", "incident_id"),
                    name="review_incident_order_item_once",
                ),
                models.CheckConstraint(
                    condition=Q(fate__in=["", "DONE", "PROPOSED", "REFUSED"]),
                    name="review_incident_order_item_fate_known",
                ),
            ],
        },
    ),
]
