"""What people are told, how it goes out and how they want it."""

import datetime

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="ChatHook",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=100)),
            (
                "kind",
                models.CharField(
                    max_length=10,
                    choices=[("SLACK", "Slack"), ("TEAMS", "Teams"), ("JSON", "Json")],
                ),
            ),
            ("url", models.CharField(max_length=2000)),
            ("kinds", models.JSONField(default=list, db_default=[])),
            ("created_at", models.DateTimeField()),
            ("removed_at", models.DateTimeField(null=True)),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="chat_hooks",
                    db_index=False,
                ),
            ),
            (
                "rule",
                models.ForeignKey(
                    "review.alertrule",
                    models.PROTECT,
                    null=True,
                    related_name="receivers",
                    db_index=False,
                ),
            ),
            ("secret", models.CharField(max_length=100, default="", db_default="")),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["SLACK", "TEAMS", "JSON"]),
                    name="review_chat_hook_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(url__startswith="https://"),
                    name="review_chat_hook_url_is_https",
                ),
                models.UniqueConstraint(
                    fields=("queue", "name"),
                    condition=Q(removed_at__isnull=True),
                    name="review_chat_hook_name_once_per_queue",
                ),
                models.UniqueConstraint(
                    fields=("rule",),
                    condition=Q(removed_at__isnull=True, rule__isnull=False),
                    name="review_chat_hook_one_of_a_rule",
                ),
                models.CheckConstraint(
                    condition=Q(queue__isnull=False, rule__isnull=True)
                    | Q(queue__isnull=True, rule__isnull=False),
                    name="review_chat_hook_of_a_queue_or_a_rule",
                ),
            ]
        },
    ),
    governed_table("review_chathook"),
    table_stays("review_chathook"),
    migrations.CreateModel(
        name="Delivery",
        fields=[
            ("id", row_id()),
            ("due_at", models.DateTimeField()),
            (
                "state",
                models.CharField(
                    max_length=10,
                    default="WAITING",
                    choices=[
                        ("WAITING", "Waiting"),
                        ("SENDING", "Sending"),
                        ("SENT", "Sent"),
                        ("SKIPPED", "Skipped"),
                        ("DEAD", "Dead"),
                    ],
                ),
            ),
            ("attempts", models.IntegerField(default=0)),
            ("next_at", models.DateTimeField()),
            ("token", models.IntegerField(default=0)),
            ("lease_until", models.DateTimeField(null=True)),
            ("finished_at", models.DateTimeField(null=True)),
            ("error", models.CharField(max_length=500, default="")),
            (
                "hook",
                models.ForeignKey(
                    "review.chathook",
                    models.CASCADE,
                    null=True,
                    related_name="deliveries",
                    db_index=False,
                ),
            ),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    null=True,
                    related_name="deliveries",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["next_at"],
                    condition=Q(state__in=["WAITING", "SENDING"]),
                    name="review_delivery_due",
                ),
                models.Index(
                    fields=["-finished_at"],
                    condition=Q(state="DEAD"),
                    name="review_delivery_dead",
                ),
                models.Index(
                    fields=["finished_at"],
                    condition=Q(finished_at__isnull=False),
                    name="review_delivery_finished",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        state__in=["WAITING", "SENDING", "SENT", "SKIPPED", "DEAD"]
                    ),
                    name="review_delivery_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(hook__isnull=True, person__isnull=False)
                    | Q(hook__isnull=False, person__isnull=True),
                    name="review_delivery_to_a_person_or_a_room",
                ),
                models.CheckConstraint(
                    condition=Q(lease_until__isnull=False, state="SENDING")
                    | (~Q(state="SENDING") & Q(lease_until__isnull=True)),
                    name="review_delivery_sending_has_lease",
                ),
                models.CheckConstraint(
                    condition=Q(
                        finished_at__isnull=True, state__in=["WAITING", "SENDING"]
                    )
                    | (
                        ~Q(state__in=["WAITING", "SENDING"])
                        & Q(finished_at__isnull=False)
                    ),
                    name="review_delivery_finished_at_end_only",
                ),
                models.UniqueConstraint(
                    fields=("person", "hook", "due_at"),
                    nulls_distinct=False,
                    name="review_delivery_once_per_moment",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Notification",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("ASSIGNED", "Assigned"),
                        ("HANDED_OVER", "Handed over"),
                        ("HELP_ASKED", "Help asked"),
                        ("QUESTION_ANSWERED", "Question answered"),
                        ("REOPENED", "Reopened"),
                        ("UNDONE", "Undone"),
                        ("SLA_WARNED", "Sla warned"),
                        ("SLA_BREACHED", "Sla breached"),
                        ("ESCALATED", "Escalated"),
                        ("STUCK", "Stuck"),
                        ("WORK_MOVED", "Work moved"),
                        ("ADJUDICATION", "Adjudication"),
                        ("EMERGENCY_OPENED", "Emergency opened"),
                        ("EMERGENCY_REVIEW", "Emergency review"),
                        ("DELEGATED", "Delegated"),
                        ("POLICY_PROPOSED", "Policy proposed"),
                        ("POLICY_SETTLED", "Policy settled"),
                        ("ABSENCE", "Absence"),
                        ("STOP_PLACED", "Stop placed"),
                        ("STOP_LIFT", "Stop lift"),
                        ("BUDGET_BURNING", "Budget burning"),
                        ("ALERT", "Alert"),
                        ("FIGURES", "Figures"),
                        ("ERASURE_PROPOSED", "Erasure proposed"),
                        ("ERASURE_SETTLED", "Erasure settled"),
                    ],
                ),
            ),
            ("title", models.CharField(max_length=300)),
            ("text", models.TextField(default="")),
            ("url", models.CharField(max_length=500)),
            ("instance_id", models.UUIDField(null=True)),
            ("key", models.CharField(max_length=200, default="")),
            ("is_listed", models.BooleanField(default=True)),
            ("created_at", models.DateTimeField()),
            ("read_at", models.DateTimeField(null=True)),
            ("planned_at", models.DateTimeField(null=True)),
            (
                "delivery",
                models.ForeignKey(
                    "review.delivery",
                    models.SET_NULL,
                    null=True,
                    related_name="notifications",
                    db_index=False,
                ),
            ),
            (
                "hook",
                models.ForeignKey(
                    "review.chathook",
                    models.CASCADE,
                    null=True,
                    related_name="notifications",
                    db_index=False,
                ),
            ),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    null=True,
                    related_name="notifications",
                    db_index=False,
                ),
            ),
            ("tables", models.JSONField(default=list, db_default=[])),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["person", "-id"],
                    condition=Q(is_listed=True),
                    name="review_notification_of_person",
                ),
                models.Index(
                    fields=["person", "-id"],
                    condition=Q(is_listed=True, read_at__isnull=True),
                    name="review_notification_unread",
                ),
                models.Index(
                    fields=["id"],
                    condition=Q(planned_at__isnull=True),
                    name="review_notification_unplanned",
                ),
                models.Index(
                    fields=["delivery"],
                    condition=Q(delivery__isnull=False),
                    name="review_notification_carried",
                ),
                models.Index(
                    fields=["read_at"],
                    condition=Q(read_at__isnull=False),
                    name="review_notification_read",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(hook__isnull=True, person__isnull=False)
                    | Q(hook__isnull=False, person__isnull=True),
                    name="review_notification_to_a_person_or_a_room",
                ),
                models.CheckConstraint(
                    condition=Q(url__startswith="/") & ~Q(url__startswith="//"),
                    name="review_notification_url_is_here",
                ),
                models.UniqueConstraint(
                    fields=("person", "key"),
                    condition=~Q(key="") & Q(person__isnull=False),
                    name="review_notification_once_per_person",
                ),
                models.UniqueConstraint(
                    fields=("hook", "key"),
                    condition=~Q(key="") & Q(hook__isnull=False),
                    name="review_notification_once_per_room",
                ),
                models.CheckConstraint(
                    condition=Q(
                        kind__in=[
                            "ASSIGNED",
                            "HANDED_OVER",
                            "HELP_ASKED",
                            "QUESTION_ANSWERED",
                            "REOPENED",
                            "UNDONE",
                            "SLA_WARNED",
                            "SLA_BREACHED",
                            "ESCALATED",
                            "STUCK",
                            "WORK_MOVED",
                            "ADJUDICATION",
                            "EMERGENCY_OPENED",
                            "EMERGENCY_REVIEW",
                            "DELEGATED",
                            "POLICY_PROPOSED",
                            "POLICY_SETTLED",
                            "ABSENCE",
                            "STOP_PLACED",
                            "STOP_LIFT",
                            "BUDGET_BURNING",
                            "ALERT",
                            "FIGURES",
                            "ERASURE_PROPOSED",
                            "ERASURE_SETTLED",
                        ]
                    ),
                    name="review_notification_kind_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="NotificationPreference",
        fields=[
            (
                "person",
                models.OneToOneField(
                    "review.person",
                    models.CASCADE,
                    primary_key=True,
                    serialize=False,
                    related_name="notification_preference",
                ),
            ),
            ("channels", models.JSONField(default=dict, db_default={})),
            ("quiet_from", models.TimeField(null=True)),
            ("quiet_until", models.TimeField(null=True)),
            ("urgent_passes", models.BooleanField(default=True, db_default=True)),
            (
                "digest",
                models.CharField(
                    max_length=10,
                    default="INSTANT",
                    db_default="INSTANT",
                    choices=[
                        ("INSTANT", "Instant"),
                        ("HOURLY", "Hourly"),
                        ("DAILY", "Daily"),
                    ],
                ),
            ),
            (
                "digest_at",
                models.TimeField(
                    default=datetime.time(8, 0), db_default=datetime.time(8, 0)
                ),
            ),
            (
                "figures",
                models.CharField(
                    max_length=10,
                    default="NEVER",
                    db_default="NEVER",
                    choices=[
                        ("NEVER", "Never"),
                        ("DAILY", "Daily"),
                        ("WEEKLY", "Weekly"),
                    ],
                ),
            ),
            (
                "figures_at",
                models.TimeField(
                    default=datetime.time(7, 0), db_default=datetime.time(7, 0)
                ),
            ),
            ("figures_due_at", models.DateTimeField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["figures_due_at"],
                    condition=Q(figures_due_at__isnull=False),
                    name="review_notification_figures",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(digest__in=["INSTANT", "HOURLY", "DAILY"]),
                    name="review_notification_digest_known",
                ),
                models.CheckConstraint(
                    condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                    | (
                        Q(quiet_from__isnull=False)
                        & Q(quiet_until__isnull=False)
                        & ~Q(quiet_from=F("quiet_until"))
                    ),
                    name="review_notification_quiet_hours_have_two_ends",
                ),
                models.CheckConstraint(
                    condition=Q(figures__in=["NEVER", "DAILY", "WEEKLY"]),
                    name="review_notification_figures_known",
                ),
                models.CheckConstraint(
                    condition=Q(figures="NEVER", figures_due_at__isnull=True)
                    | (~Q(figures="NEVER") & Q(figures_due_at__isnull=False)),
                    name="review_notification_figures_due_where_wanted",
                ),
            ],
        },
    ),
]
