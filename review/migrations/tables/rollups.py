"""What dashboards count; made anew from the log at any time."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="TaskFact",
        fields=[
            ("task_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ("cell_id", models.IntegerField()),
            ("state", models.CharField(max_length=20)),
            ("opened_at", models.DateTimeField()),
            ("begun_at", models.DateTimeField(null=True)),
            ("ended_at", models.DateTimeField(null=True)),
            ("breached_at", models.DateTimeField(null=True)),
            ("is_decided", models.BooleanField()),
            ("is_reworked", models.BooleanField()),
            ("is_first_pass", models.BooleanField()),
            ("is_suggested", models.BooleanField()),
            ("is_overturned", models.BooleanField()),
            ("reassigned", models.SmallIntegerField()),
            ("wall", ArrayField(models.BigIntegerField(), default=list)),
            ("wall_buckets", ArrayField(models.SmallIntegerField(), default=list)),
            ("business", ArrayField(models.BigIntegerField(), default=list)),
            ("business_buckets", ArrayField(models.SmallIntegerField(), default=list)),
            ("pauses", models.JSONField(default=dict)),
            ("task_class", models.CharField(max_length=1, db_default="")),
        ],
        options={
            "indexes": [
                models.Index(fields=["ended_at"], name="review_task_fact_ended"),
                models.Index(
                    fields=["cell_id", "ended_at"], name="review_task_fact_cell"
                ),
                models.Index(
                    fields=["opened_at"],
                    condition=Q(ended_at__isnull=True),
                    name="review_task_fact_open",
                ),
            ]
        },
    ),
    migrations.CreateModel(
        name="RollupHour",
        fields=[
            ("id", row_id()),
            ("cell_id", models.IntegerField()),
            ("hour", models.DateTimeField()),
            ("arrivals", models.IntegerField()),
            ("live", models.IntegerField()),
            ("begun", models.IntegerField()),
            ("breaches", models.IntegerField()),
            ("closed", models.IntegerField()),
            ("decided", models.IntegerField()),
            ("late", models.IntegerField()),
            ("reworked", models.IntegerField()),
            ("reassigned", models.IntegerField()),
            ("first_pass", models.IntegerField()),
            ("suggested", models.IntegerField()),
            ("overturned", models.IntegerField()),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["hour"],
                    condition=Q(live__gt=0),
                    name="review_rollup_hour_live",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("cell_id", "hour"), name="review_rollup_hour_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="RollupSpread",
        fields=[
            ("id", row_id()),
            ("cell_id", models.IntegerField()),
            ("day", models.DateField()),
            ("hours", models.SmallIntegerField()),
            ("measure", models.SmallIntegerField()),
            ("bucket", models.SmallIntegerField()),
            ("tasks", models.IntegerField()),
            ("milliseconds", models.BigIntegerField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("cell_id", "hours", "measure", "day", "bucket"),
                    name="review_rollup_spread_once",
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="RollupPause",
        fields=[
            ("id", row_id()),
            ("cell_id", models.IntegerField()),
            ("day", models.DateField()),
            ("reason", models.CharField(max_length=200)),
            ("tasks", models.IntegerField()),
            ("wall", models.BigIntegerField()),
            ("business", models.BigIntegerField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("cell_id", "day", "reason"), name="review_rollup_pause_once"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="RollupState",
        fields=[
            ("id", row_id()),
            ("cell_id", models.IntegerField()),
            ("state", models.CharField(max_length=20)),
            ("tasks", models.IntegerField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("cell_id", "state"), name="review_rollup_state_once"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="RollupCell",
        fields=[
            ("id", models.AutoField(primary_key=True, serialize=False)),
            ("queue_id", models.BigIntegerField(null=True)),
            ("task_class", models.CharField(max_length=1)),
            ("definition_key", models.CharField(max_length=100)),
            ("node_id", models.CharField(max_length=200)),
            ("region", models.CharField(max_length=40)),
            ("skill", models.CharField(max_length=60)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=(
                        "queue_id",
                        "task_class",
                        "definition_key",
                        "node_id",
                        "region",
                        "skill",
                    ),
                    name="review_rollup_cell_once",
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="RollupMark",
        fields=[
            ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
            ("folded_xid", models.BigIntegerField()),
            ("floor_id", models.BigIntegerField()),
            ("looks", models.JSONField(default=list)),
            ("backfilled_id", models.BigIntegerField(default=0)),
            ("backfill_to", models.BigIntegerField(default=0)),
            ("folded_at", models.DateTimeField()),
            ("rebuilt_at", models.DateTimeField(null=True)),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(id=1), name="review_rollup_mark_only_one"
                )
            ]
        },
    ),
]
