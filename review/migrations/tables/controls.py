"""What auditors open and search, and their tests of controls."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import append_only_table, governed_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="AuditAccess",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("kind", models.CharField(max_length=20)),
            ("reason", models.TextField(default="")),
            ("at", models.DateTimeField()),
            ("until_at", models.DateTimeField(null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["instance_id", "person", "-at"],
                    name="review_audit_access_case",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind="OPENED", until_at__isnull=True)
                    | Q(kind="UNMASKED", until_at__isnull=False),
                    name="review_audit_access_unmasked_until",
                )
            ],
        },
    ),
    governed_table("review_auditaccess"),
    append_only_table("review_auditaccess"),
    migrations.CreateModel(
        name="AuditList",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=80)),
            ("facets", models.JSONField(default=dict)),
            ("cases", ArrayField(models.UUIDField(), default=list)),
            ("count", models.BigIntegerField()),
            ("previous_count", models.BigIntegerField(null=True)),
            ("counted_at", models.DateTimeField()),
            ("created_at", models.DateTimeField()),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="audit_lists",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("owner", "name"),
                    condition=~Q(name=""),
                    name="review_audit_list_name_once",
                )
            ]
        },
    ),
    migrations.CreateModel(
        name="ControlRun",
        fields=[
            ("id", row_id()),
            ("title", models.CharField(max_length=200)),
            ("selection", models.JSONField()),
            ("tests", models.JSONField()),
            ("results", models.JSONField()),
            ("cases", models.IntegerField()),
            ("entries", models.BigIntegerField()),
            ("tree_size", models.BigIntegerField(null=True)),
            ("tree_root", models.CharField(max_length=64, default="")),
            ("seconds", models.DecimalField(max_digits=9, decimal_places=3)),
            ("run_at", models.DateTimeField()),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="control_runs",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(fields=["owner", "-run_at"], name="review_control_run_own")
            ]
        },
    ),
    governed_table("review_controlrun"),
    append_only_table("review_controlrun"),
    migrations.CreateModel(
        name="ControlException",
        fields=[
            ("id", row_id()),
            ("test", models.CharField(max_length=40)),
            ("instance_id", models.UUIDField()),
            ("task_id", models.BigIntegerField(null=True)),
            ("seq", models.IntegerField(null=True)),
            ("why", models.TextField()),
            (
                "run",
                models.ForeignKey(
                    "review.controlrun",
                    models.PROTECT,
                    related_name="exceptions",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["run", "test", "id"], name="review_control_exception"
                )
            ]
        },
    ),
    append_only_table("review_controlexception"),
    migrations.CreateModel(
        name="ControlOrder",
        fields=[
            ("id", row_id()),
            ("title", models.CharField(max_length=200)),
            ("selection", models.JSONField()),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("WAITING", "Waiting"),
                        ("TESTING", "Testing"),
                        ("DONE", "Done"),
                        ("FAILED", "Failed"),
                        ("CANCELED", "Canceled"),
                    ],
                ),
            ),
            ("token", models.IntegerField(default=0)),
            ("attempts", models.SmallIntegerField(default=0)),
            ("next_at", models.DateTimeField(null=True)),
            ("ordered_at", models.DateTimeField()),
            ("finished_at", models.DateTimeField(null=True)),
            ("error", models.TextField(default="")),
            ("cases", models.IntegerField(default=0)),
            ("cases_done", models.IntegerField(default=0)),
            ("parts_total", models.IntegerField(null=True)),
            ("tree_size", models.BigIntegerField(null=True)),
            ("tree_root", models.CharField(max_length=64, default="")),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="control_orders",
                    db_index=False,
                ),
            ),
            (
                "run",
                models.OneToOneField(
                    "review.controlrun", models.PROTECT, null=True, related_name="order"
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["next_at"],
                    condition=Q(next_at__isnull=False),
                    name="review_control_order_due",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=["WAITING", "TESTING", "DONE", "FAILED", "CANCELED"]
                    ),
                    name="review_control_order_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(next_at__isnull=False, state__in=["WAITING", "TESTING"])
                    | (~Q(state__in=["WAITING", "TESTING"]) & Q(next_at__isnull=True)),
                    name="review_control_order_due_while_open",
                ),
                models.CheckConstraint(
                    condition=Q(run__isnull=False, state="DONE")
                    | (~Q(state="DONE") & Q(run__isnull=True)),
                    name="review_control_order_done_is_a_run",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ControlPart",
        fields=[
            ("id", row_id()),
            ("number", models.IntegerField()),
            ("cases", ArrayField(models.UUIDField())),
            ("found", models.JSONField(null=True)),
            (
                "order",
                models.ForeignKey(
                    "review.controlorder",
                    models.CASCADE,
                    related_name="parts",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("order", "number"), name="review_control_part_once"
                )
            ]
        },
    ),
]
