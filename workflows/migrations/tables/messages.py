"""Who waits for messages and signals, and the messages published."""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Message",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=200)),
            ("key", models.CharField(max_length=200, default="")),
            ("message_id", models.CharField(max_length=200, default="")),
            ("variables", models.JSONField(default=dict)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("BUFFERED", "Buffered"),
                        ("CORRELATED", "Correlated"),
                        ("EXPIRED", "Expired"),
                    ],
                ),
            ),
            ("published_at", models.DateTimeField()),
            ("published_by", models.CharField(max_length=200)),
            ("initiator", models.CharField(max_length=200)),
            ("source_instance_id", models.UUIDField(null=True)),
            ("expires_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(null=True)),
            ("instance_id", models.UUIDField(null=True)),
            ("node_id", models.CharField(max_length=200, default="")),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["name", "key", "id"],
                    condition=Q(state="BUFFERED"),
                    name="workflows_message_match",
                ),
                models.Index(
                    fields=["id"],
                    condition=Q(state="BUFFERED"),
                    name="workflows_message_buffered",
                ),
                models.Index(
                    fields=["expires_at"],
                    condition=Q(state="BUFFERED"),
                    name="workflows_message_expires",
                ),
                models.Index(
                    fields=["ended_at"],
                    condition=Q(ended_at__isnull=False),
                    name="workflows_message_ended",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["BUFFERED", "CORRELATED", "EXPIRED"]),
                    name="workflows_message_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(ended_at__isnull=True, state="BUFFERED")
                    | (~Q(state="BUFFERED") & Q(ended_at__isnull=False)),
                    name="workflows_message_ended_at_when_ended",
                ),
                models.CheckConstraint(
                    condition=Q(instance_id__isnull=False, state="CORRELATED")
                    | (~Q(state="CORRELATED") & Q(instance_id__isnull=True)),
                    name="workflows_message_receiver_when_correlated",
                ),
                models.UniqueConstraint(
                    fields=("name", "message_id"),
                    condition=~Q(message_id=""),
                    name="workflows_message_id_once",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="MessageStart",
        fields=[
            ("id", row_id()),
            ("definition_key", models.CharField(max_length=100)),
            ("process_id", models.CharField(max_length=200)),
            ("name", models.CharField(max_length=200)),
            ("key", models.CharField(max_length=200)),
            ("instance_id", models.UUIDField(unique=True)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("name", "key", "definition_key", "process_id"),
                    name="workflows_message_start_one_at_a_time",
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="Subscription",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[("MESSAGE", "Message"), ("SIGNAL", "Signal")],
                ),
            ),
            ("name", models.CharField(max_length=200)),
            ("key", models.CharField(max_length=200, default="")),
            ("instance_id", models.UUIDField(null=True)),
            ("step_id", models.BigIntegerField(null=True)),
            ("definition_id", models.BigIntegerField(null=True)),
            ("definition_key", models.CharField(max_length=100, default="")),
            ("process_id", models.CharField(max_length=200, default="")),
            ("node_id", models.CharField(max_length=200)),
            ("once", models.BooleanField()),
            ("opened_at", models.DateTimeField()),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["kind", "name", "key", "id"],
                    name="workflows_subscription_match",
                ),
                models.Index(
                    fields=["instance_id"],
                    condition=Q(instance_id__isnull=False),
                    name="workflows_subscription_inst",
                ),
                models.Index(
                    fields=["definition_key"],
                    condition=Q(definition_id__isnull=False),
                    name="workflows_subscription_starts",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["MESSAGE", "SIGNAL"]),
                    name="workflows_subscription_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(definition_id__isnull=True, instance_id__isnull=False)
                    | Q(
                        definition_id__isnull=False,
                        instance_id__isnull=True,
                        key="",
                        once=False,
                        step_id__isnull=True,
                    ),
                    name="workflows_subscription_has_one_owner",
                ),
                models.CheckConstraint(
                    condition=Q(kind="MESSAGE") | Q(key=""),
                    name="workflows_subscription_signals_have_no_key",
                ),
            ],
        },
    ),
]
