"""Queues, the lanes that tasks are served from, and their reason codes."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Queue",
        fields=[
            ("id", row_id()),
            ("key", models.CharField(max_length=100, unique=True)),
            ("name", models.CharField(max_length=200)),
            ("description", models.TextField(default="")),
            ("policy_text", models.TextField(default="")),
            ("lease_seconds", models.IntegerField(default=600)),
            ("undo_seconds", models.SmallIntegerField(default=8, db_default=8)),
            ("wip_limit", models.SmallIntegerField(null=True, default=3, db_default=3)),
            ("claim_ahead", models.SmallIntegerField(default=1, db_default=1)),
            (
                "assignment",
                models.CharField(
                    max_length=20,
                    default="PULL",
                    db_default="PULL",
                    choices=[
                        ("PULL", "Pull"),
                        ("ROUND_ROBIN", "Round robin"),
                        ("LEAST_LOADED", "Least loaded"),
                        ("SKILL_MATCH", "Skill match"),
                    ],
                ),
            ),
            ("assign_seconds", models.IntegerField(default=900, db_default=900)),
            ("is_sticky", models.BooleanField(default=True, db_default=True)),
            ("aging_seconds", models.IntegerField(default=14400, db_default=14400)),
            ("stuck_after", models.SmallIntegerField(default=3, db_default=3)),
            (
                "signature",
                models.CharField(
                    max_length=20,
                    default="NONE",
                    db_default="NONE",
                    choices=[("NONE", "None"), ("PASSWORD", "Password")],
                ),
            ),
            (
                "signature_meaning",
                models.CharField(max_length=300, default="", db_default=""),
            ),
            (
                "hidden_decisions",
                ArrayField(
                    models.CharField(max_length=20),
                    default=list,
                    db_default=models.Value(
                        [], output_field=ArrayField(models.CharField(max_length=20))
                    ),
                ),
            ),
            (
                "calendar",
                models.ForeignKey(
                    "review.calendar", models.PROTECT, null=True, related_name="queues"
                ),
            ),
            (
                "escalate_to",
                models.ForeignKey(
                    "review.queue", models.PROTECT, null=True, related_name="+"
                ),
            ),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            ("ladder", models.CharField(max_length=500, default="", db_default="")),
            (
                "rationale_above",
                models.DecimalField(max_digits=30, decimal_places=6, null=True),
            ),
            (
                "rationale_below",
                models.DecimalField(max_digits=20, decimal_places=18, null=True),
            ),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        assignment__in=[
                            "PULL",
                            "ROUND_ROBIN",
                            "LEAST_LOADED",
                            "SKILL_MATCH",
                        ]
                    ),
                    name="review_queue_assignment_known",
                ),
                models.CheckConstraint(
                    condition=Q(signature__in=["NONE", "PASSWORD"]),
                    name="review_queue_signature_known",
                ),
                models.CheckConstraint(
                    condition=Q(undo_seconds__gte=0, undo_seconds__lte=60),
                    name="review_queue_undo_0_to_60_seconds",
                ),
                models.CheckConstraint(
                    condition=Q(wip_limit__isnull=True) | Q(wip_limit__gte=1),
                    name="review_queue_wip_limit_from_1",
                ),
                models.CheckConstraint(
                    condition=Q(claim_ahead__gte=0, claim_ahead__lte=3),
                    name="review_queue_claim_ahead_0_to_3",
                ),
                models.CheckConstraint(
                    condition=Q(aging_seconds__gte=60, assign_seconds__gte=20),
                    name="review_queue_aging_and_push_take_time",
                ),
                models.CheckConstraint(
                    condition=Q(stuck_after__gte=1),
                    name="review_queue_stuck_after_from_1",
                ),
                models.CheckConstraint(
                    condition=Q(lease_seconds__gte=20, lease_seconds__lte=86400),
                    name="review_queue_lease_20_seconds_to_a_day",
                ),
                models.CheckConstraint(
                    condition=Q(escalate_to__isnull=True) | ~Q(escalate_to=F("id")),
                    name="review_queue_escalates_elsewhere",
                ),
                models.CheckConstraint(
                    condition=Q(rationale_below__isnull=True)
                    | Q(rationale_below__gte=0, rationale_below__lte=1),
                    name="review_queue_rationale_below_0_to_1",
                ),
                models.CheckConstraint(
                    condition=Q(rationale_above__isnull=True)
                    | Q(rationale_above__gte=0),
                    name="review_queue_rationale_above_from_0",
                ),
            ]
        },
    ),
    governed_table("review_queue"),
    table_stays("review_queue"),
    migrations.CreateModel(
        name="Lane",
        fields=[
            ("id", row_id()),
            ("region", models.CharField(max_length=40, default="", db_default="")),
            ("skill", models.CharField(max_length=60, default="", db_default="")),
            ("level", models.SmallIntegerField(default=0, db_default=0)),
            (
                "queue",
                models.ForeignKey(
                    "review.queue", models.PROTECT, related_name="lanes", db_index=False
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("queue", "region", "skill", "level"),
                    name="review_lane_once",
                ),
                models.CheckConstraint(
                    condition=Q(level=0, skill="")
                    | (~Q(skill="") & Q(level__gte=1) & Q(level__lte=5)),
                    name="review_lane_level_1_to_5_with_a_skill",
                ),
            ]
        },
    ),
    migrations.CreateModel(
        name="ReasonCode",
        fields=[
            ("id", row_id()),
            ("code", models.CharField(max_length=60)),
            ("label", models.CharField(max_length=200)),
            (
                "decision",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("APPROVE", "Approve"),
                        ("REJECT", "Reject"),
                        ("EDIT_AND_APPROVE", "Edit and approve"),
                        ("REQUEST_INFORMATION", "Request information"),
                        ("ESCALATE", "Escalate"),
                        ("ABSTAIN", "Abstain"),
                    ],
                ),
            ),
            ("policy_text", models.TextField(default="")),
            ("needs_rationale", models.BooleanField(default=False)),
            ("retired_at", models.DateTimeField(null=True)),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="reason_codes",
                ),
            ),
            ("rationale_text", models.TextField(default="", db_default="")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        decision__in=[
                            "APPROVE",
                            "REJECT",
                            "EDIT_AND_APPROVE",
                            "REQUEST_INFORMATION",
                            "ESCALATE",
                            "ABSTAIN",
                        ]
                    ),
                    name="review_reason_code_decision_known",
                ),
                models.UniqueConstraint(
                    fields=("queue", "code"),
                    nulls_distinct=False,
                    name="review_reason_code_once_per_queue",
                ),
            ]
        },
    ),
    governed_table("review_reasoncode"),
    table_stays("review_reasoncode"),
]
