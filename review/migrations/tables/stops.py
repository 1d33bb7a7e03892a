"""Stops of automatic steps, and what was diverted by them."""

import datetime

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    governed_table,
    table_stays,
)
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Stop",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("MODEL", "Model"),
                        ("CELL", "Cell"),
                        ("DEFINITION", "Definition"),
                    ],
                ),
            ),
            ("name", models.CharField(max_length=300, default="")),
            ("version", models.CharField(max_length=50, default="")),
            ("row", models.IntegerField(null=True)),
            ("reason", models.TextField()),
            ("placed_at", models.DateTimeField()),
            ("end_set_at", models.DateTimeField()),
            ("ends_at", models.DateTimeField()),
            ("lift_asked_at", models.DateTimeField(null=True)),
            ("lift_reason", models.TextField(default="")),
            ("lifted_at", models.DateTimeField(null=True)),
            ("closed_at", models.DateTimeField(null=True)),
            (
                "grid",
                models.ForeignKey(
                    "review.policy",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "lift_asked_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "lifted_by",
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
            ("everything", models.BooleanField(default=False, db_default=False)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["ends_at"],
                    condition=Q(lifted_at__isnull=True),
                    name="review_stop_standing",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["MODEL", "CELL", "DEFINITION"]),
                    name="review_stop_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(kind="CELL", name="", queue__isnull=False)
                    | (~Q(kind="CELL") & Q(queue__isnull=True) & ~Q(name="")),
                    name="review_stop_names_what_it_stops",
                ),
                models.CheckConstraint(
                    condition=Q(grid__isnull=True, row__isnull=True)
                    | Q(grid__isnull=False, kind="CELL", row__gte=1),
                    name="review_stop_row_is_of_a_grid",
                ),
                models.CheckConstraint(
                    condition=Q(
                        ends_at__gt=F("end_set_at"),
                        ends_at__lte=F("end_set_at") + datetime.timedelta(days=7),
                    ),
                    name="review_stop_ends_within_a_week",
                ),
                models.CheckConstraint(
                    condition=Q(lift_asked_at__isnull=True, lift_asked_by__isnull=True)
                    | Q(lift_asked_at__isnull=False, lift_asked_by__isnull=False),
                    name="review_stop_asked_whole",
                ),
                models.CheckConstraint(
                    condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                    | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                    name="review_stop_lifted_whole",
                ),
                models.CheckConstraint(
                    condition=Q(lifted_by__isnull=True)
                    | (
                        Q(lift_asked_by__isnull=False)
                        & ~Q(lifted_by=F("lift_asked_by"))
                    ),
                    name="review_stop_lifted_by_two_persons",
                ),
                models.CheckConstraint(
                    condition=Q(everything=False) | Q(kind="DEFINITION"),
                    name="review_stop_of_everything_is_of_a_process",
                ),
            ],
        },
    ),
    governed_table("review_stop"),
    table_stays("review_stop"),
    migrations.CreateModel(
        name="Diversion",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("REVIEW", "Review"),
                        ("HELD", "Held"),
                        ("FALLBACK", "Fallback"),
                    ],
                ),
            ),
            ("instance_id", models.UUIDField()),
            ("step_id", models.BigIntegerField()),
            ("node_id", models.CharField(max_length=200)),
            ("task_id", models.BigIntegerField(null=True)),
            ("at", models.DateTimeField()),
            ("audit_seq", models.IntegerField()),
            (
                "stop",
                models.ForeignKey(
                    "review.stop",
                    models.PROTECT,
                    related_name="diversions",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(fields=["stop", "id"], name="review_diversion_of_stop")
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["REVIEW", "HELD", "FALLBACK"]),
                    name="review_diversion_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(kind="REVIEW", task_id__isnull=False)
                    | (~Q(kind="REVIEW") & Q(task_id__isnull=True)),
                    name="review_diversion_task_when_reviewed",
                ),
            ],
        },
    ),
    audited_table("review_diversion", columns=("audit_seq",)),
    append_only_table("review_diversion"),
]
