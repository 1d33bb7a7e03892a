"""Rules that raise alerts, their episodes, silences, and the intake they slow."""

import datetime

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="AlertRule",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=120)),
            ("figure", models.CharField(max_length=40)),
            ("scope", models.JSONField(default=dict)),
            (
                "comparison",
                models.CharField(
                    max_length=10, choices=[("ABOVE", "Above"), ("BELOW", "Below")]
                ),
            ),
            ("threshold", models.DecimalField(max_digits=24, decimal_places=6)),
            ("clear", models.DecimalField(max_digits=24, decimal_places=6)),
            ("lasting_seconds", models.IntegerField(default=0)),
            ("period_seconds", models.IntegerField()),
            ("note", models.TextField(default="")),
            ("made_at", models.DateTimeField()),
            ("changed_at", models.DateTimeField()),
            ("removed_at", models.DateTimeField(null=True)),
            (
                "changed_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "made_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            ("version", models.IntegerField(default=1, db_default=1)),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(comparison__in=["ABOVE", "BELOW"]),
                    name="review_alert_rule_comparison_known",
                ),
                models.UniqueConstraint(
                    fields=("name",),
                    condition=Q(removed_at__isnull=True),
                    name="review_alert_rule_name_once",
                ),
                models.CheckConstraint(
                    condition=Q(clear__lte=F("threshold"), comparison="ABOVE")
                    | Q(clear__gte=F("threshold"), comparison="BELOW"),
                    name="review_alert_rule_clears_on_the_good_side",
                ),
                models.CheckConstraint(
                    condition=Q(lasting_seconds__gte=0, period_seconds__gte=300),
                    name="review_alert_rule_spans",
                ),
            ]
        },
    ),
    governed_table("review_alertrule"),
    table_stays("review_alertrule"),
    migrations.CreateModel(
        name="AlertEpisode",
        fields=[
            ("id", row_id()),
            ("subject", models.CharField(max_length=250)),
            ("title", models.CharField(max_length=300)),
            ("value", models.DecimalField(max_digits=24, decimal_places=6, null=True)),
            ("opened_at", models.DateTimeField()),
            ("told_at", models.DateTimeField(null=True)),
            ("acts", models.JSONField(default=list)),
            ("closed_at", models.DateTimeField(null=True)),
            (
                "closed_value",
                models.DecimalField(max_digits=24, decimal_places=6, null=True),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "rule",
                models.ForeignKey(
                    "review.alertrule",
                    models.PROTECT,
                    null=True,
                    related_name="episodes",
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(fields=["-opened_at"], name="review_alert_episode_recent")
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("subject",),
                    condition=Q(closed_at__isnull=True),
                    name="review_alert_episode_one_open",
                ),
                models.CheckConstraint(
                    condition=Q(closed_at__isnull=True)
                    | Q(closed_at__gte=F("opened_at")),
                    name="review_alert_episode_ends_after_it_begins",
                ),
            ],
        },
    ),
    governed_table("review_alertepisode"),
    table_stays("review_alertepisode"),
    migrations.CreateModel(
        name="Silence",
        fields=[
            ("id", row_id()),
            ("subject", models.CharField(max_length=250)),
            ("reason", models.TextField()),
            ("starts_at", models.DateTimeField()),
            ("ends_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(null=True)),
            (
                "ended_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "placed_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        ends_at__gt=F("starts_at"),
                        ends_at__lte=F("starts_at") + datetime.timedelta(days=30),
                    ),
                    name="review_silence_ends_within_a_month",
                ),
                models.CheckConstraint(
                    condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                    | Q(ended_at__isnull=False, ended_by__isnull=False),
                    name="review_silence_ended_whole",
                ),
            ]
        },
    ),
    governed_table("review_silence"),
    table_stays("review_silence"),
    migrations.CreateModel(
        name="IntakeBrake",
        fields=[
            ("id", row_id()),
            ("process", models.CharField(max_length=100)),
            ("per_hour", models.IntegerField()),
            ("begun_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(null=True)),
            (
                "episode",
                models.ForeignKey(
                    "review.alertepisode", models.PROTECT, related_name="brakes"
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["process"],
                    condition=Q(ended_at__isnull=True),
                    name="review_intake_brake_standing",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("episode", "process"), name="review_intake_brake_once"
                ),
                models.CheckConstraint(
                    condition=Q(per_hour__gte=0), name="review_intake_brake_from_0"
                ),
            ],
        },
    ),
    governed_table("review_intakebrake"),
    table_stays("review_intakebrake"),
    migrations.CreateModel(
        name="HeldStart",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField(unique=True)),
            ("process", models.CharField(max_length=100)),
            ("held_at", models.DateTimeField()),
            ("released_at", models.DateTimeField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["process", "id"],
                    condition=Q(released_at__isnull=True),
                    name="review_held_start_waiting",
                ),
                models.Index(
                    fields=["process", "-released_at"],
                    condition=Q(released_at__isnull=False),
                    name="review_held_start_released",
                ),
            ]
        },
    ),
    migrations.CreateModel(
        name="ObjectiveEvent",
        fields=[
            ("id", row_id()),
            ("measure", models.CharField(max_length=32)),
            ("task_id", models.BigIntegerField()),
            ("is_good", models.BooleanField()),
            ("at", models.DateTimeField()),
            (
                "queue",
                models.ForeignKey(
                    "review.queue", models.CASCADE, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["queue", "measure", "at"],
                    include=("is_good",),
                    name="review_objective_event_when",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("queue", "measure", "task_id"),
                    name="review_objective_event_once",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="WatchState",
        fields=[
            (
                "subject",
                models.CharField(max_length=250, primary_key=True, serialize=False),
            ),
            ("next_at", models.DateTimeField()),
            ("out_since", models.DateTimeField(null=True)),
            ("value", models.DecimalField(max_digits=24, decimal_places=6, null=True)),
            ("read_at", models.DateTimeField(null=True)),
        ],
    ),
]
