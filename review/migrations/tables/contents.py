"""What a task shows, and what earlier rounds of it showed."""

from django.db import migrations, models

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import append_only_table, kin_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="TaskContent",
        fields=[
            (
                "task",
                models.OneToOneField(
                    "review.task",
                    models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    related_name="content",
                ),
            ),
            ("payload", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            (
                "proposal",
                models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder),
            ),
            (
                "why",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            (
                "policy",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            (
                "clock",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            (
                "routing",
                models.JSONField(
                    default=dict,
                    db_default={},
                    encoder=ExactEncoder,
                    decoder=ExactDecoder,
                ),
            ),
            (
                "proof",
                models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder),
            ),
        ],
    ),
    kin_table("review_taskcontent", column="task_id", parent="review_task"),
    migrations.CreateModel(
        name="TaskRevision",
        fields=[
            ("id", row_id()),
            ("round", models.SmallIntegerField()),
            ("payload", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("payload_digest", models.CharField(max_length=64)),
            ("superseded_at", models.DateTimeField()),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    related_name="revisions",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("task", "round"), name="review_task_revision_once_per_round"
                )
            ]
        },
    ),
    append_only_table("review_taskrevision", erasable=("payload",)),
]
