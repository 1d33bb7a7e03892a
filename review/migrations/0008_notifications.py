"""Keep what people are told, how it goes out and how they want it."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import governed_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0007_unveilings"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChatHook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("SLACK", "Slack"),
                            ("TEAMS", "Teams"),
                            ("JSON", "Json"),
                        ],
                        max_length=10,
                    ),
                ),
                ("url", models.CharField(max_length=2000)),
                ("kinds", models.JSONField(db_default=[], default=list)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "queue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chat_hooks",
                        to="review.queue",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["SLACK", "TEAMS", "JSON"])),
                        name="review_chat_hook_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("url__startswith", "https://")),
                        name="review_chat_hook_url_is_https",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("queue", "name"),
                        name="review_chat_hook_name_once_per_queue",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("SENDING", "Sending"),
                            ("SENT", "Sent"),
                            ("SKIPPED", "Skipped"),
                            ("DEAD", "Dead"),
                        ],
                        default="WAITING",
                        max_length=10,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("token", models.IntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(default="", max_length=500)),
                (
                    "hook",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="review.chathook",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="review.person",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["WAITING", "SENDING"])),
                        fields=["next_at"],
                        name="review_delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "DEAD")),
                        fields=["-finished_at"],
                        name="review_delivery_dead",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)),
                        fields=["finished_at"],
                        name="review_delivery_finished",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "state__in",
                            ["WAITING", "SENDING", "SENT", "SKIPPED", "DEAD"],
                        )),
                        name="review_delivery_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hook__isnull", True), ("person__isnull", False)),
                            models.Q(("hook__isnull", False), ("person__isnull", True)),
                            _connector="OR",
                        ),
                        name="review_delivery_to_a_person_or_a_room",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lease_until__isnull", False), ("state", "SENDING")
                            ),
                            models.Q(
                                models.Q(("state", "SENDING"), _negated=True),
                                ("lease_until__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="review_delivery_sending_has_lease",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", True),
                                ("state__in", ["WAITING", "SENDING"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("state__in", ["WAITING", "SENDING"]), _negated=True
                                ),
                                ("finished_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="review_delivery_finished_at_end_only",
                    ),
                    models.UniqueConstraint(
                        fields=("person", "hook", "due_at"),
                        name="review_delivery_once_per_moment",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
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
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("text", models.TextField(default="")),
                ("url", models.CharField(max_length=500)),
                ("instance_id", models.UUIDField(null=True)),
                ("key", models.CharField(default="", max_length=200)),
                ("is_listed", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("planned_at", models.DateTimeField(null=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notifications",
                        to="review.delivery",
                    ),
                ),
                (
                    "hook",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="review.chathook",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="review.person",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_listed", True)),
                        fields=["person", "-id"],
                        name="review_notification_of_person",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("is_listed", True), ("read_at__isnull", True)
                        ),
                        fields=["person", "-id"],
                        name="review_notification_unread",
                    ),
                    models.Index(
                        condition=models.Q(("planned_at__isnull", True)),
                        fields=["id"],
                        name="review_notification_unplanned",
                    ),
                    models.Index(
                        condition=models.Q(("delivery__isnull", False)),
                        fields=["delivery"],
                        name="review_notification_carried",
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", False)),
                        fields=["read_at"],
                        name="review_notification_read",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "kind__in",
                            [
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
                            ],
                        )),
                        name="review_notification_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hook__isnull", True), ("person__isnull", False)),
                            models.Q(("hook__isnull", False), ("person__isnull", True)),
                            _connector="OR",
                        ),
                        name="review_notification_to_a_person_or_a_room",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("url__startswith", "/"),
                            models.Q(("url__startswith", "//"), _negated=True),
                        ),
                        name="review_notification_url_is_here",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("key", ""), _negated=True),
                            ("person__isnull", False),
                        ),
                        fields=("person", "key"),
                        name="review_notification_once_per_person",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("key", ""), _negated=True),
                            ("hook__isnull", False),
                        ),
                        fields=("hook", "key"),
                        name="review_notification_once_per_room",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="notification_preference",
                        serialize=False,
                        to="review.person",
                    ),
                ),
                ("channels", models.JSONField(db_default={}, default=dict)),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_until", models.TimeField(null=True)),
                ("urgent_passes", models.BooleanField(db_default=True, default=True)),
                (
                    "digest",
                    models.CharField(
                        choices=[
                            ("INSTANT", "Instant"),
                            ("HOURLY", "Hourly"),
                            ("DAILY", "Daily"),
                        ],
                        db_default="INSTANT",
                        default="INSTANT",
                        max_length=10,
                    ),
                ),
                (
                    "digest_at",
                    models.TimeField(
                        db_default=datetime.time(8, 0), default=datetime.time(8, 0)
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "digest__in",
                            ["INSTANT", "HOURLY", "DAILY"],
                        )),
                        name="review_notification_digest_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("quiet_from__isnull", True),
                                ("quiet_until__isnull", True),
                            ),
                            models.Q(
                                ("quiet_from__isnull", False),
                                ("quiet_until__isnull", False),
                                models.Q(
                                    ("quiet_from", models.F("quiet_until")),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="review_notification_quiet_hours_have_two_ends",
                    ),
                ],
            },
        ),
        governed_table("review_chathook"),
    ]
