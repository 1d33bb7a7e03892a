"""The turns of clocks, what they reached, and the clocks of whole instances."""

from django.db import migrations, models
from django.db.models import F, Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import (
    append_only_table,
    audited_table,
    removals_need_entry,
)
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="ClockEvent",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            (
                "kind",
                models.CharField(
                    max_length=10,
                    choices=[
                        ("START", "Start"),
                        ("PAUSE", "Pause"),
                        ("RESUME", "Resume"),
                        ("STOP", "Stop"),
                        ("RESET", "Reset"),
                    ],
                ),
            ),
            ("at", models.DateTimeField()),
            ("reason", models.CharField(max_length=200, default="")),
            (
                "terms",
                models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder),
            ),
            ("due_at", models.DateTimeField(null=True)),
            ("audit_seq", models.IntegerField()),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    null=True,
                    related_name="clock_events",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["task"],
                    condition=Q(task__isnull=False),
                    name="review_clock_event_task",
                ),
                models.Index(
                    fields=["instance_id"],
                    condition=Q(task__isnull=True),
                    name="review_clock_event_instance",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["START", "PAUSE", "RESUME", "STOP", "RESET"]),
                    name="review_clock_event_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(kind__in=["START", "RESET"], terms__isnull=False)
                    | (~Q(kind__in=["START", "RESET"]) & Q(terms__isnull=True)),
                    name="review_clock_event_terms_when_it_begins",
                ),
            ],
        },
    ),
    audited_table("review_clockevent", columns=("audit_seq",)),
    append_only_table("review_clockevent"),
    migrations.CreateModel(
        name="ClockRecord",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("cycle", models.SmallIntegerField()),
            ("rung", models.SmallIntegerField()),
            ("words", models.CharField(max_length=100)),
            ("is_breach", models.BooleanField()),
            ("goal", models.CharField(max_length=40)),
            ("started_at", models.DateTimeField()),
            ("due_at", models.DateTimeField()),
            ("reached_at", models.DateTimeField()),
            ("noticed_at", models.DateTimeField()),
            ("calendar", models.CharField(max_length=120, default="")),
            ("did", models.CharField(max_length=300, default="")),
            ("audit_seq", models.IntegerField()),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    null=True,
                    related_name="clock_records",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["reached_at"],
                    condition=Q(is_breach=True),
                    name="review_clock_record_breaches",
                ),
                models.Index(
                    fields=["task"],
                    condition=Q(task__isnull=False),
                    name="review_clock_record_task",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(reached_at__lte=F("noticed_at")),
                    name="review_clock_record_never_early",
                ),
                models.UniqueConstraint(
                    fields=("instance_id", "task", "cycle", "rung"),
                    nulls_distinct=False,
                    name="review_clock_record_once",
                ),
            ],
        },
    ),
    audited_table("review_clockrecord", columns=("audit_seq",)),
    append_only_table("review_clockrecord"),
    migrations.CreateModel(
        name="InstanceClock",
        fields=[
            (
                "instance",
                models.OneToOneField(
                    "workflows.instance",
                    models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    related_name="sla_clock",
                ),
            ),
            (
                "state",
                models.CharField(
                    max_length=10,
                    choices=[
                        ("RUNNING", "Running"),
                        ("PAUSED", "Paused"),
                        ("STOPPED", "Stopped"),
                    ],
                ),
            ),
            ("terms", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("started_at", models.DateTimeField()),
            ("warn_at", models.DateTimeField()),
            ("due_at", models.DateTimeField()),
            ("warned_at", models.DateTimeField(null=True)),
            ("breached_at", models.DateTimeField(null=True)),
            ("ended_at", models.DateTimeField(null=True)),
            ("audit_seq", models.IntegerField()),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["due_at"],
                    condition=~Q(state="STOPPED"),
                    name="review_instance_clock_due",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["RUNNING", "PAUSED", "STOPPED"]),
                    name="review_instance_clock_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(ended_at__isnull=False, state="STOPPED")
                    | (~Q(state="STOPPED") & Q(ended_at__isnull=True)),
                    name="review_instance_clock_ends_when_stopped",
                ),
                models.CheckConstraint(
                    condition=Q(warn_at__lte=F("due_at")),
                    name="review_instance_clock_warning_not_after_due",
                ),
            ],
        },
    ),
    audited_table(
        "review_instanceclock",
        columns=("state", "terms", "due_at", "warned_at", "breached_at"),
    ),
    removals_need_entry("review_instanceclock"),
]
