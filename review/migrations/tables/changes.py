"""Drafts of definitions, and deploying, rolling back and migrating by two persons."""

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="DefinitionDraft",
        fields=[
            (
                "key",
                models.CharField(max_length=100, primary_key=True, serialize=False),
            ),
            ("revision", models.IntegerField()),
            ("created_at", models.DateTimeField()),
            (
                "base",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "created_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
    ),
    migrations.CreateModel(
        name="DraftRevision",
        fields=[
            ("id", row_id()),
            ("revision", models.IntegerField()),
            ("archive", models.BinaryField()),
            ("digest", models.CharField(max_length=64)),
            ("what", models.CharField(max_length=300)),
            ("saved_at", models.DateTimeField()),
            (
                "draft",
                models.ForeignKey(
                    "review.definitiondraft",
                    models.CASCADE,
                    related_name="revisions",
                    db_index=False,
                ),
            ),
            (
                "saved_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("draft", "revision"), name="review_draft_revision_once"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="DefinitionChange",
        fields=[
            ("id", row_id()),
            ("key", models.CharField(max_length=100)),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("DEPLOY", "Deploy"),
                        ("ROLL_BACK", "Roll back"),
                        ("MIGRATE", "Migrate"),
                    ],
                ),
            ),
            ("version", models.CharField(max_length=50)),
            ("digest", models.CharField(max_length=64)),
            ("archive", models.BinaryField(null=True)),
            ("migrations", models.JSONField(default=list)),
            ("findings", models.JSONField(default=list)),
            ("reason", models.TextField()),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("PROPOSED", "Proposed"),
                        ("DONE", "Done"),
                        ("DECLINED", "Declined"),
                        ("WITHDRAWN", "Withdrawn"),
                    ],
                ),
            ),
            ("proposed_at", models.DateTimeField()),
            ("settled_at", models.DateTimeField(null=True)),
            ("settled_reason", models.TextField(default="")),
            (
                "author",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "base",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
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
            (
                "target",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(fields=["key", "-id"], name="review_change_of_key")
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["DEPLOY", "ROLL_BACK", "MIGRATE"]),
                    name="review_change_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        state__in=["PROPOSED", "DONE", "DECLINED", "WITHDRAWN"]
                    ),
                    name="review_change_state_known",
                ),
                models.UniqueConstraint(
                    fields=("key",),
                    condition=Q(state="PROPOSED"),
                    name="review_change_one_proposed",
                ),
                models.CheckConstraint(
                    condition=~Q(state="DONE")
                    | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                    name="review_change_made_by_two_persons",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, state="PROPOSED")
                    | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                    name="review_change_settled_when_final",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                    | Q(settled_at__isnull=False, settled_by__isnull=False),
                    name="review_change_settled_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=Q(archive__isnull=False, kind="DEPLOY")
                    | (
                        ~Q(kind="DEPLOY")
                        & Q(archive__isnull=True)
                        & Q(target__isnull=False)
                    ),
                    name="review_change_brings_package_or_target",
                ),
                models.CheckConstraint(
                    condition=~Q(state="DONE") | Q(target__isnull=False),
                    name="review_change_done_has_target",
                ),
            ],
        },
    ),
    governed_table(
        "review_definitionchange",
        columns=(
            "key",
            "kind",
            "version",
            "digest",
            "archive",
            "target_id",
            "migrations",
            "reason",
            "state",
            "author_id",
            "settled_by_id",
        ),
    ),
    table_stays("review_definitionchange"),
    migrations.CreateModel(
        name="DefinitionMove",
        fields=[
            ("id", row_id()),
            ("nodes", models.JSONField(default=dict)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("WAITING", "Waiting"),
                        ("DONE", "Done"),
                        ("FAILED", "Failed"),
                    ],
                ),
            ),
            ("after", models.UUIDField(null=True)),
            ("total", models.IntegerField()),
            ("migrated", models.IntegerField(default=0)),
            ("blocked", models.IntegerField(default=0)),
            ("gone", models.IntegerField(default=0)),
            ("reasons", models.JSONField(default=list)),
            ("examples", models.JSONField(default=list)),
            ("failures", models.SmallIntegerField(default=0)),
            ("error", models.TextField(default="")),
            ("next_at", models.DateTimeField(null=True)),
            ("finished_at", models.DateTimeField(null=True)),
            (
                "change",
                models.ForeignKey(
                    "review.definitionchange", models.PROTECT, related_name="moves"
                ),
            ),
            (
                "source",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "target",
                models.ForeignKey(
                    "workflows.definition",
                    models.PROTECT,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["next_at"],
                    condition=Q(state="WAITING"),
                    name="review_move_due",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(state__in=["WAITING", "DONE", "FAILED"]),
                    name="review_move_state_known",
                ),
                models.UniqueConstraint(
                    fields=("change", "source"), name="review_move_once_of_a_version"
                ),
                models.CheckConstraint(
                    condition=Q(
                        finished_at__isnull=True, next_at__isnull=False, state="WAITING"
                    )
                    | (
                        ~Q(state="WAITING")
                        & Q(finished_at__isnull=False)
                        & Q(next_at__isnull=True)
                    ),
                    name="review_move_waits_or_is_over",
                ),
            ],
        },
    ),
    governed_table(
        "review_definitionmove",
        columns=("change_id", "source_id", "target_id", "nodes", "state"),
    ),
    table_stays("review_definitionmove"),
]
