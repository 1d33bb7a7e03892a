"""Tasks of review."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import audited_table, busy_table, removals_need_entry
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Task",
        fields=[
            ("id", row_id()),
            ("step_id", models.BigIntegerField(unique=True)),
            ("definition_id", models.BigIntegerField()),
            ("definition_key", models.CharField(max_length=100)),
            ("node_id", models.CharField(max_length=200)),
            ("title", models.CharField(max_length=300)),
            ("business_key", models.CharField(max_length=200, default="")),
            ("initiator", models.CharField(max_length=200)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("OPEN", "Open"),
                        ("CLAIMED", "Claimed"),
                        ("WAITING", "Waiting"),
                        ("SETTLING", "Settling"),
                        ("DECIDED", "Decided"),
                        ("CANCELED", "Canceled"),
                    ],
                ),
            ),
            (
                "control",
                models.CharField(
                    max_length=10,
                    choices=[
                        ("AUTO", "Auto"),
                        ("REVIEW", "Review"),
                        ("DUAL", "Dual"),
                        ("BLOCK", "Block"),
                    ],
                ),
            ),
            (
                "stage",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("FIRST", "First"),
                        ("SECOND", "Second"),
                        ("ADJUDICATION", "Adjudication"),
                    ],
                ),
            ),
            ("round", models.SmallIntegerField(default=1)),
            (
                "priority_class",
                models.CharField(
                    max_length=1, choices=[("A", "A"), ("B", "B"), ("C", "C")]
                ),
            ),
            ("payload_digest", models.CharField(max_length=64)),
            (
                "confidence",
                models.DecimalField(max_digits=20, decimal_places=18, null=True),
            ),
            ("impact", models.DecimalField(max_digits=30, decimal_places=6, null=True)),
            ("excluded", ArrayField(models.BigIntegerField(), default=list)),
            (
                "reveal",
                models.CharField(
                    max_length=20,
                    default="ON_REQUEST",
                    db_default="ON_REQUEST",
                    choices=[
                        ("ASSIST", "Assist"),
                        ("ON_REQUEST", "On request"),
                        ("VERDICT_FIRST", "Verdict first"),
                    ],
                ),
            ),
            ("serve_at", models.DateTimeField()),
            ("assigned_at", models.DateTimeField(null=True)),
            ("assigned_until", models.DateTimeField(null=True)),
            ("lapses", models.SmallIntegerField(default=0, db_default=0)),
            ("seats", models.SmallIntegerField(default=1, db_default=1)),
            (
                "seated",
                ArrayField(
                    models.BigIntegerField(),
                    default=list,
                    db_default=models.Value(
                        [], output_field=ArrayField(models.BigIntegerField())
                    ),
                ),
            ),
            ("is_ahead", models.BooleanField(default=False, db_default=False)),
            ("parked_at", models.DateTimeField(null=True)),
            (
                "parking",
                models.CharField(
                    max_length=20,
                    null=True,
                    choices=[("INFORMATION", "Information"), ("HELP", "Help")],
                ),
            ),
            ("release_at", models.DateTimeField(null=True)),
            ("claimed_at", models.DateTimeField(null=True)),
            ("lease_token", models.BigIntegerField(default=0)),
            ("lease_until", models.DateTimeField(null=True)),
            ("first_claimed_at", models.DateTimeField(null=True)),
            ("opened_at", models.DateTimeField()),
            ("recorded_at", models.DateTimeField()),
            ("warn_at", models.DateTimeField(null=True)),
            ("due_at", models.DateTimeField(null=True)),
            ("warned_at", models.DateTimeField(null=True)),
            ("breached_at", models.DateTimeField(null=True)),
            ("escalated_at", models.DateTimeField(null=True)),
            ("escalations", models.SmallIntegerField(default=0)),
            ("decided_at", models.DateTimeField(null=True)),
            (
                "outcome",
                models.CharField(
                    max_length=20,
                    null=True,
                    choices=[
                        ("APPROVED", "Approved"),
                        ("REJECTED", "Rejected"),
                        ("BLOCKED", "Blocked"),
                        ("RETURNED", "Returned"),
                    ],
                ),
            ),
            (
                "decided_by",
                models.CharField(
                    max_length=10,
                    null=True,
                    choices=[
                        ("PEOPLE", "People"),
                        ("AUTO", "Auto"),
                        ("CLOCK", "Clock"),
                    ],
                ),
            ),
            ("canceled_at", models.DateTimeField(null=True)),
            ("audit_seq", models.IntegerField()),
            (
                "assigned_to",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="assignments",
                    db_index=False,
                ),
            ),
            (
                "claimed_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="claims",
                    db_index=False,
                ),
            ),
            (
                "instance",
                models.ForeignKey(
                    "workflows.instance",
                    models.PROTECT,
                    related_name="tasks",
                    db_index=False,
                ),
            ),
            (
                "lane",
                models.ForeignKey(
                    "review.lane", models.PROTECT, related_name="tasks", db_index=False
                ),
            ),
            (
                "parked_for",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue", models.PROTECT, related_name="tasks", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["assigned_to", "serve_at", "id"],
                    condition=Q(assigned_to__isnull=False, state="OPEN"),
                    name="review_task_assigned",
                ),
                models.Index(
                    fields=["claimed_by"],
                    condition=Q(claimed_by__isnull=False, state="CLAIMED"),
                    name="review_task_held",
                ),
                models.Index(
                    fields=["due_at", "id"],
                    condition=Q(state__in=["OPEN", "CLAIMED", "WAITING"])
                    & Q(breached_at__isnull=True)
                    & Q(due_at__isnull=False),
                    name="review_task_due_soon",
                ),
                models.Index(
                    fields=["decided_at", "id"],
                    condition=Q(state="DECIDED"),
                    name="review_task_decided",
                ),
                models.Index(fields=["instance"], name="review_task_instance"),
                models.Index(
                    fields=["parked_for"],
                    condition=Q(state="WAITING"),
                    name="review_task_parked_for",
                ),
                models.Index(
                    fields=["lane", "serve_at", "id"],
                    condition=Q(assigned_to__isnull=True, state="OPEN"),
                    name="review_task_claim_next",
                ),
                models.Index(
                    fields=["lane", "lease_until"],
                    condition=Q(lane__isnull=False, state="CLAIMED"),
                    name="review_task_lapsed",
                ),
                models.Index(
                    fields=["queue", "serve_at", "id"],
                    condition=Q(state__in=["OPEN", "CLAIMED", "WAITING"]),
                    name="review_task_page",
                ),
                models.Index(
                    fields=["queue", "breached_at", "id"],
                    condition=Q(state__in=["OPEN", "CLAIMED", "WAITING"])
                    & Q(breached_at__isnull=False),
                    name="review_task_breached",
                ),
                models.Index(
                    fields=["queue", "due_at"],
                    condition=Q(state__in=["OPEN", "CLAIMED", "WAITING"])
                    & Q(due_at__isnull=False),
                    name="review_task_queue_due",
                ),
                BrinIndex(
                    fields=["opened_at"], autosummarize=True, name="review_task_opened"
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "OPEN",
                            "CLAIMED",
                            "WAITING",
                            "SETTLING",
                            "DECIDED",
                            "CANCELED",
                        ]
                    ),
                    name="review_task_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(control__in=["AUTO", "REVIEW", "DUAL", "BLOCK"]),
                    name="review_task_control_known",
                ),
                models.CheckConstraint(
                    condition=Q(stage__in=["FIRST", "SECOND", "ADJUDICATION"]),
                    name="review_task_stage_known",
                ),
                models.CheckConstraint(
                    condition=Q(priority_class__in=["A", "B", "C"]),
                    name="review_task_class_known",
                ),
                models.CheckConstraint(
                    condition=Q(reveal__in=["ASSIST", "ON_REQUEST", "VERDICT_FIRST"]),
                    name="review_task_reveal_known",
                ),
                models.CheckConstraint(
                    condition=Q(assigned_at__isnull=True, assigned_to__isnull=True)
                    | Q(assigned_at__isnull=False, assigned_to__isnull=False),
                    name="review_task_assigned_at_needs_to",
                ),
                models.CheckConstraint(
                    condition=Q(assigned_to__isnull=True, assigned_until__isnull=True)
                    | Q(assigned_to__isnull=False, assigned_until__isnull=False),
                    name="review_task_assigned_needs_until",
                ),
                models.CheckConstraint(
                    condition=Q(parking__isnull=True)
                    | Q(parking__in=["INFORMATION", "HELP"]),
                    name="review_task_parking_known",
                ),
                models.CheckConstraint(
                    condition=Q(release_at__isnull=False, state="SETTLING")
                    | (~Q(state="SETTLING") & Q(release_at__isnull=True)),
                    name="review_task_release_only_when_settling",
                ),
                models.CheckConstraint(
                    condition=Q(is_ahead=False) | Q(state="CLAIMED"),
                    name="review_task_ahead_only_when_claimed",
                ),
                models.CheckConstraint(
                    condition=Q(seats__gte=1), name="review_task_seats_from_1"
                ),
                models.CheckConstraint(
                    condition=Q(claimed_at__isnull=True, claimed_by__isnull=True)
                    | Q(claimed_at__isnull=False, claimed_by__isnull=False),
                    name="review_task_claimed_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=Q(claimed_by__isnull=True, lease_until__isnull=True)
                    | Q(claimed_by__isnull=False, lease_until__isnull=False),
                    name="review_task_claimed_needs_lease",
                ),
                models.CheckConstraint(
                    condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                    | Q(decided_at__isnull=False, decided_by__isnull=False),
                    name="review_task_decided_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=Q(decided_at__isnull=True, outcome__isnull=True)
                    | Q(decided_at__isnull=False, outcome__isnull=False),
                    name="review_task_decided_needs_outcome",
                ),
                models.CheckConstraint(
                    condition=Q(claimed_by__isnull=False, state="CLAIMED")
                    | (~Q(state="CLAIMED") & Q(claimed_by__isnull=True)),
                    name="review_task_claimed_only_with_lease",
                ),
                models.CheckConstraint(
                    condition=Q(outcome__isnull=False, state="DECIDED")
                    | (~Q(state="DECIDED") & Q(outcome__isnull=True)),
                    name="review_task_outcome_only_when_decided",
                ),
                models.CheckConstraint(
                    condition=Q(canceled_at__isnull=False, state="CANCELED")
                    | (~Q(state="CANCELED") & Q(canceled_at__isnull=True)),
                    name="review_task_canceled_at_only_when_canceled",
                ),
                models.CheckConstraint(
                    condition=Q(breached_at__isnull=True) | Q(due_at__isnull=False),
                    name="review_task_breach_needs_due",
                ),
                models.CheckConstraint(
                    condition=Q(warn_at__isnull=True) | Q(due_at__isnull=False),
                    name="review_task_warning_needs_due",
                ),
                models.CheckConstraint(
                    condition=Q(warn_at__isnull=True) | Q(warn_at__lte=F("due_at")),
                    name="review_task_warning_not_after_due",
                ),
                models.CheckConstraint(
                    condition=Q(confidence__isnull=True)
                    | Q(confidence__gte=0, confidence__lte=1),
                    name="review_task_confidence_0_to_1",
                ),
                models.CheckConstraint(
                    condition=Q(round__gte=1), name="review_task_round_from_1"
                ),
                models.CheckConstraint(
                    condition=Q(
                        parked_at__isnull=False, parking__isnull=False, state="WAITING"
                    )
                    | (
                        ~Q(state="WAITING")
                        & Q(parked_at__isnull=True)
                        & Q(parked_for__isnull=True)
                        & Q(parking__isnull=True)
                    ),
                    name="review_task_parked_only_when_waiting",
                ),
                models.CheckConstraint(
                    condition=Q(outcome__isnull=True)
                    | Q(outcome__in=["APPROVED", "REJECTED", "BLOCKED", "RETURNED"]),
                    name="review_task_outcome_known",
                ),
                models.CheckConstraint(
                    condition=Q(decided_by__isnull=True)
                    | Q(decided_by__in=["PEOPLE", "AUTO", "CLOCK"]),
                    name="review_task_decided_by_known",
                ),
            ],
        },
    ),
    busy_table("review_task"),
    # Extending a lease is the one change without an entry: it moves `lease_until` alone.
    audited_table(
        "review_task",
        columns=(
            "state",
            "queue_id",
            "control",
            "stage",
            "round",
            "priority_class",
            "payload_digest",
            "excluded",
            "reveal",
            "assigned_to_id",
            "seats",
            "seated",
            "claimed_by_id",
            "lease_token",
            "warned_at",
            "breached_at",
            "outcome",
        ),
    ),
    removals_need_entry("review_task"),
]
