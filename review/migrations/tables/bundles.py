"""Bundles of evidence and their chain of custody."""

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import append_only_table, governed_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="EvidenceBundle",
        fields=[
            ("id", row_id()),
            ("title", models.CharField(max_length=300)),
            ("selection", models.JSONField()),
            ("redaction", models.JSONField(default=dict)),
            ("reason", models.TextField(default="")),
            ("ordered_by", models.CharField(max_length=200)),
            ("ordered_by_name", models.CharField(max_length=200)),
            ("ordered_at", models.DateTimeField()),
            ("ordered_seq", models.IntegerField()),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("WAITING", "Waiting"),
                        ("BUILDING", "Building"),
                        ("READY", "Ready"),
                        ("FAILED", "Failed"),
                        ("CANCELED", "Canceled"),
                        ("EXPIRED", "Expired"),
                    ],
                ),
            ),
            ("token", models.IntegerField(default=0)),
            ("attempts", models.SmallIntegerField(default=0)),
            ("next_at", models.DateTimeField(null=True)),
            ("started_at", models.DateTimeField(null=True)),
            ("finished_at", models.DateTimeField(null=True)),
            ("error", models.TextField(default="")),
            ("plan", models.CharField(max_length=60, default="")),
            ("cases", models.IntegerField(default=0)),
            ("withheld", models.IntegerField(default=0)),
            ("entries", models.IntegerField(default=0)),
            ("parts_total", models.IntegerField(default=0)),
            ("parts", models.JSONField(default=list)),
            ("entries_done", models.IntegerField(default=0)),
            ("file_name", models.CharField(max_length=200, default="")),
            ("size", models.BigIntegerField(default=0)),
            ("digest", models.CharField(max_length=64, default="")),
            ("checkpoint_size", models.BigIntegerField(default=0)),
            ("previous_size", models.BigIntegerField(default=0)),
            ("previous_note", models.TextField(default="")),
            (
                "person",
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
            "indexes": [
                models.Index(
                    fields=["next_at"],
                    condition=Q(state__in=["WAITING", "BUILDING", "READY"]),
                    name="review_bundle_due",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "WAITING",
                            "BUILDING",
                            "READY",
                            "FAILED",
                            "CANCELED",
                            "EXPIRED",
                        ]
                    ),
                    name="review_bundle_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        finished_at__isnull=True, state__in=["WAITING", "BUILDING"]
                    )
                    | (
                        ~Q(state__in=["WAITING", "BUILDING"])
                        & Q(finished_at__isnull=False)
                    ),
                    name="review_bundle_finished_at_when_over",
                ),
                models.CheckConstraint(
                    condition=~Q(state__in=["WAITING", "BUILDING", "READY"])
                    | Q(next_at__isnull=False),
                    name="review_bundle_has_a_next_moment",
                ),
                models.CheckConstraint(
                    condition=(Q(size__gt=0) & Q(state="READY") & ~Q(digest=""))
                    | ~Q(state="READY"),
                    name="review_bundle_file_when_ready",
                ),
            ],
        },
    ),
    governed_table(
        "review_evidencebundle",
        columns=(
            "selection",
            "redaction",
            "reason",
            "ordered_by",
            "finished_at",
            "file_name",
            "digest",
        ),
    ),
    migrations.CreateModel(
        name="BundleCustody",
        fields=[
            ("id", row_id()),
            (
                "what",
                models.CharField(
                    max_length=40,
                    choices=[
                        ("evidence.exported", "Evidence.exported"),
                        ("evidence.finished", "Evidence.finished"),
                        ("evidence.failed", "Evidence.failed"),
                        ("evidence.canceled", "Evidence.canceled"),
                        ("evidence.expired", "Evidence.expired"),
                        ("evidence.downloaded", "Evidence.downloaded"),
                    ],
                ),
            ),
            ("actor", models.CharField(max_length=200)),
            ("actor_name", models.CharField(max_length=200)),
            ("at", models.DateTimeField()),
            ("note", models.TextField(default="")),
            ("digest", models.CharField(max_length=64, default="")),
            ("first_byte", models.BigIntegerField(null=True)),
            ("last_byte", models.BigIntegerField(null=True)),
            ("audit_seq", models.IntegerField()),
            (
                "bundle",
                models.ForeignKey(
                    "review.evidencebundle", models.PROTECT, related_name="custody"
                ),
            ),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        what__in=[
                            "evidence.exported",
                            "evidence.finished",
                            "evidence.failed",
                            "evidence.canceled",
                            "evidence.expired",
                            "evidence.downloaded",
                        ]
                    ),
                    name="review_bundle_custody_known",
                ),
                models.CheckConstraint(
                    condition=Q(first_byte__isnull=True, last_byte__isnull=True)
                    | Q(first_byte__isnull=False, last_byte__isnull=False),
                    name="review_bundle_custody_range_whole",
                ),
                models.CheckConstraint(
                    condition=Q(first_byte__isnull=True)
                    | Q(last_byte__gte=F("first_byte")),
                    name="review_bundle_custody_range_forward",
                ),
            ]
        },
    ),
    governed_table("review_bundlecustody"),
    append_only_table("review_bundlecustody"),
]
