"""Who sits at a task, looks at it, has typed, put off or is next.

Drafts, presence and skips are nobody's evidence and need no entry.
"""

import datetime

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import audited_table, removals_need_entry
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Seat",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("token", models.BigIntegerField()),
            ("claimed_at", models.DateTimeField()),
            ("lease_until", models.DateTimeField()),
            ("audit_seq", models.IntegerField()),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="seats",
                    db_index=False,
                ),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    related_name="seat_rows",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [models.Index(fields=["person"], name="review_seat_of_person")],
            "constraints": [
                models.UniqueConstraint(
                    fields=("task", "person"), name="review_seat_once_per_person"
                ),
                models.UniqueConstraint(
                    fields=("task", "token"), name="review_seat_once_per_token"
                ),
            ],
        },
    ),
    audited_table("review_seat", columns=("person_id", "token")),
    removals_need_entry("review_seat"),
    migrations.CreateModel(
        name="Presence",
        fields=[
            ("id", row_id()),
            ("mode", models.CharField(max_length=10)),
            ("seen_at", models.DateTimeField()),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.CASCADE, related_name="+", db_index=False
                ),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.CASCADE,
                    related_name="presences",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("task", "person"), name="review_presence_once_per_person"
                ),
                models.CheckConstraint(
                    condition=Q(mode__in=["VIEWING", "EDITING", "AWAY"]),
                    name="review_presence_mode_known",
                ),
            ]
        },
    ),
    migrations.CreateModel(
        name="Draft",
        fields=[
            ("id", row_id()),
            ("payload_digest", models.CharField(max_length=64)),
            ("fields", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("saved_at", models.DateTimeField()),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="drafts",
                    db_index=False,
                ),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task", models.CASCADE, related_name="drafts", db_index=False
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("person", "task"), name="review_draft_once_per_person"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="Skip",
        fields=[
            ("id", row_id()),
            ("reason", models.CharField(max_length=300, default="")),
            ("skipped_at", models.DateTimeField()),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="skips",
                    db_index=False,
                ),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task", models.CASCADE, related_name="skips", db_index=False
                ),
            ),
            (
                "until_at",
                models.DateTimeField(db_default=Now() + datetime.timedelta(days=7)),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["person", "skipped_at"], name="review_skip_of_person"
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("task", "person"), name="review_skip_once_per_person"
                ),
                models.CheckConstraint(
                    condition=Q(until_at__gt=F("skipped_at")),
                    name="review_skip_until_after_skipped",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Turn",
        fields=[
            ("id", row_id()),
            ("number", models.BigIntegerField()),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.CASCADE, related_name="+", db_index=False
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue", models.CASCADE, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("queue", "person"), name="review_turn_once_per_person"
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="QuorumGap",
        fields=[
            (
                "task",
                models.OneToOneField(
                    "review.task",
                    models.CASCADE,
                    primary_key=True,
                    serialize=False,
                    related_name="gap",
                    db_constraint=False,
                ),
            ),
            ("why", models.TextField()),
            ("found_at", models.DateTimeField()),
        ],
    ),
]
