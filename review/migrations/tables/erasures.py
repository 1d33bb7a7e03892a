"""Erasures of a person's data, days of retention, and legal holds."""

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import append_only_table, governed_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="LegalHold",
        fields=[
            ("id", row_id()),
            ("kind", models.CharField(max_length=10)),
            ("instance_id", models.UUIDField(null=True)),
            ("subject", models.CharField(max_length=64, default="")),
            ("definition_key", models.CharField(max_length=100, default="")),
            ("since", models.DateTimeField(null=True)),
            ("until", models.DateTimeField(null=True)),
            ("reason", models.TextField()),
            ("placed_by", models.CharField(max_length=200)),
            ("placed_at", models.DateTimeField()),
            ("lifted_by", models.CharField(max_length=200, null=True)),
            ("lifted_at", models.DateTimeField(null=True)),
            ("lifted_reason", models.TextField(default="")),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["placed_at"],
                    condition=Q(lifted_at__isnull=True),
                    name="review_legal_hold_standing",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(instance_id__isnull=False, kind="CASE", subject="")
                    | (Q(instance_id__isnull=True) & Q(kind="SUBJECT") & ~Q(subject=""))
                    | Q(instance_id__isnull=True, kind="RANGE", subject=""),
                    name="review_legal_hold_says_what",
                ),
                models.CheckConstraint(
                    condition=Q(since__isnull=True)
                    | Q(until__isnull=True)
                    | Q(since__lt=F("until")),
                    name="review_legal_hold_since_before_until",
                ),
                models.CheckConstraint(
                    condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                    | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                    name="review_legal_hold_lifted_at_needs_by",
                ),
            ],
        },
    ),
    governed_table("review_legalhold"),
    migrations.CreateModel(
        name="RetentionRule",
        fields=[
            ("id", row_id()),
            ("definition_key", models.CharField(max_length=100)),
            ("version", models.IntegerField()),
            ("days", models.IntegerField(null=True)),
            ("reason", models.TextField()),
            ("set_by", models.CharField(max_length=200)),
            ("set_at", models.DateTimeField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("definition_key", "version"),
                    name="review_retention_rule_version_once",
                ),
                models.CheckConstraint(
                    condition=Q(days__isnull=True) | Q(days__gte=1),
                    name="review_retention_rule_days_from_1",
                ),
            ]
        },
    ),
    governed_table("review_retentionrule"),
    append_only_table("review_retentionrule"),
    migrations.CreateModel(
        name="Erasure",
        fields=[
            ("id", row_id()),
            ("subject", models.CharField(max_length=64, default="")),
            ("instances", models.JSONField(default=list)),
            ("reason", models.TextField()),
            ("state", models.CharField(max_length=10)),
            ("proposed_at", models.DateTimeField()),
            ("settled_at", models.DateTimeField(null=True)),
            ("settled_reason", models.TextField(default="")),
            (
                "proposed_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "settled_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, state="PROPOSED")
                    | Q(settled_at__isnull=False, state__in=["DONE", "DECLINED"]),
                    name="review_erasure_settled_when_final",
                ),
                models.CheckConstraint(
                    condition=~Q(state="DONE") | ~Q(settled_by=F("proposed_by")),
                    name="review_erasure_done_by_another_person",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                    | Q(settled_at__isnull=False, settled_by__isnull=False),
                    name="review_erasure_settled_needs_by",
                ),
                models.UniqueConstraint(
                    fields=("subject",),
                    condition=Q(state="PROPOSED"),
                    name="review_erasure_proposed_once",
                ),
            ]
        },
    ),
    governed_table("review_erasure"),
]
