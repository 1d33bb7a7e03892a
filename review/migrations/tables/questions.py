"""Notes on a task, and information asked of others."""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    removals_need_entry,
)
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Note",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("person_name", models.CharField(max_length=200)),
            ("kind", models.CharField(max_length=20)),
            ("text", models.TextField()),
            ("written_at", models.DateTimeField()),
            ("audit_seq", models.IntegerField()),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "task",
                models.ForeignKey("review.task", models.PROTECT, related_name="notes"),
            ),
            ("committed", models.CharField(max_length=64, default="", db_default="")),
            ("salt", models.BinaryField(null=True)),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["COMMENT", "HAND_OVER", "HELP"]),
                    name="review_note_kind_known",
                )
            ]
        },
    ),
    audited_table("review_note", columns=("audit_seq",)),
    append_only_table("review_note", erasable=("text", "salt")),
    migrations.CreateModel(
        name="InformationRequest",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("asked_of", models.CharField(max_length=200, default="")),
            ("question", models.TextField()),
            ("asked_at", models.DateTimeField()),
            ("answer", models.TextField(default="")),
            ("answered_by", models.CharField(max_length=200, null=True)),
            ("answered_at", models.DateTimeField(null=True)),
            ("withdrawn_at", models.DateTimeField(null=True)),
            ("audit_seq", models.IntegerField()),
            (
                "asked_by",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    related_name="questions",
                    db_index=False,
                ),
            ),
            (
                "answer_committed",
                models.CharField(max_length=64, default="", db_default=""),
            ),
            ("answer_salt", models.BinaryField(null=True)),
            (
                "question_committed",
                models.CharField(max_length=64, default="", db_default=""),
            ),
            ("question_salt", models.BinaryField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["task", "asked_at"], name="review_information_of_task"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(answered_at__isnull=True, answered_by__isnull=True)
                    | Q(answered_at__isnull=False, answered_by__isnull=False),
                    name="review_information_request_answered_at_needs_by",
                ),
                models.UniqueConstraint(
                    fields=("task",),
                    condition=Q(answered_at__isnull=True, withdrawn_at__isnull=True),
                    name="review_information_request_one_open",
                ),
            ],
        },
    ),
    audited_table("review_informationrequest", columns=("answered_at", "withdrawn_at")),
    removals_need_entry("review_informationrequest"),
]
