"""The Merkle tree over all entries, its signed checkpoints and where they were left."""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import append_only_table, settled_rows_stay
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Leaf",
        fields=[
            ("leaf_index", models.BigIntegerField(primary_key=True, serialize=False)),
            ("entry_id", models.BigIntegerField(unique=True)),
            ("leaf_hash", models.BinaryField()),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(leaf_index__gte=0), name="workflows_leaf_index_from_0"
                )
            ]
        },
    ),
    append_only_table("workflows_leaf"),
    migrations.CreateModel(
        name="Subtree",
        fields=[
            ("id", row_id()),
            ("level", models.SmallIntegerField()),
            ("position", models.BigIntegerField()),
            ("hash", models.BinaryField()),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("level", "position"), name="workflows_subtree_place"
                )
            ]
        },
    ),
    append_only_table("workflows_subtree"),
    migrations.CreateModel(
        name="Checkpoint",
        fields=[
            ("id", row_id()),
            ("size", models.BigIntegerField(unique=True)),
            ("root", models.BinaryField()),
            ("edge", models.BinaryField()),
            ("note", models.TextField()),
            ("made_at", models.DateTimeField()),
        ],
    ),
    append_only_table("workflows_checkpoint"),
    migrations.CreateModel(
        name="Anchoring",
        fields=[
            ("id", row_id()),
            ("target", models.CharField(max_length=300)),
            ("kind", models.CharField(max_length=10)),
            ("size", models.BigIntegerField()),
            ("state", models.CharField(max_length=10, default="PENDING")),
            ("attempts", models.IntegerField(default=0)),
            ("next_try_at", models.DateTimeField()),
            ("asked_at", models.DateTimeField()),
            ("done_at", models.DateTimeField(null=True)),
            ("receipt", models.BinaryField(null=True)),
            ("error", models.TextField(default="")),
        ],
        options={
            "indexes": [models.Index(fields=["size"], name="workflows_anchoring_size")],
            "constraints": [
                models.UniqueConstraint(
                    fields=("target",),
                    condition=Q(state="PENDING"),
                    name="workflows_anchoring_one_pending",
                ),
                models.UniqueConstraint(
                    fields=("target", "size"),
                    condition=Q(state="DONE"),
                    name="workflows_anchoring_done_once",
                ),
                models.CheckConstraint(
                    condition=Q(
                        done_at__isnull=True, receipt__isnull=True, state="PENDING"
                    )
                    | Q(done_at__isnull=False, receipt__isnull=False, state="DONE"),
                    name="workflows_anchoring_done_has_receipt",
                ),
            ],
        },
    ),
    settled_rows_stay("workflows_anchoring", settled="OLD.state = 'DONE'"),
]
