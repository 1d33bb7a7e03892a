"""Calls from outside, their tokens and keys, and the circuits of calls to outside."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="ApiToken",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=100, unique=True)),
            ("digest", models.CharField(max_length=64, unique=True)),
            ("created_at", models.DateTimeField()),
            ("expires_at", models.DateTimeField(null=True)),
            ("revoked_at", models.DateTimeField(null=True)),
            ("reads_log", models.BooleanField(default=False, db_default=False)),
        ],
    ),
    governed_table("workflows_apitoken"),
    table_stays("workflows_apitoken"),
    migrations.CreateModel(
        name="IdempotencyKey",
        fields=[
            ("id", row_id()),
            ("actor", models.CharField(max_length=200)),
            ("key", models.CharField(max_length=200)),
            ("request_digest", models.CharField(max_length=64)),
            ("status", models.SmallIntegerField()),
            ("response", models.JSONField()),
            ("created_at", models.DateTimeField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("actor", "key"), name="workflows_idempotency_actor_key"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="Circuit",
        fields=[
            (
                "connector",
                models.CharField(max_length=100, primary_key=True, serialize=False),
            ),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("CLOSED", "Closed"),
                        ("OPEN", "Open"),
                        ("HALF_OPEN", "Half open"),
                    ],
                ),
            ),
            ("failed_at", ArrayField(models.DateTimeField(), default=list, size=100)),
            ("retry_at", models.DateTimeField(null=True)),
            ("changed_at", models.DateTimeField()),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["CLOSED", "OPEN", "HALF_OPEN"]),
                    name="workflows_circuit_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(retry_at__isnull=True, state="CLOSED")
                    | (~Q(state="CLOSED") & Q(retry_at__isnull=False)),
                    name="workflows_circuit_retry_at_unless_closed",
                ),
            ]
        },
    ),
]
