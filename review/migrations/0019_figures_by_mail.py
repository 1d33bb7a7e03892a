"""Let the figures of a person's queues come by mail: how often, when next, with which tables."""

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0020_stops"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notification",
            name="review_notification_kind_known",
        ),
        migrations.AddField(
            model_name="notification",
            name="tables",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="notificationpreference",
            name="figures",
            field=models.CharField(
                choices=[("NEVER", "Never"), ("DAILY", "Daily"), ("WEEKLY", "Weekly")],
                db_default="NEVER",
                default="NEVER",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="notificationpreference",
            name="figures_at",
            field=models.TimeField(
                db_default=datetime.time(7, 0), default=datetime.time(7, 0)
            ),
        ),
        migrations.AddField(
            model_name="notificationpreference",
            name="figures_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
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
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="notificationpreference",
            index=models.Index(
                condition=models.Q(("figures_due_at__isnull", False)),
                fields=["figures_due_at"],
                name="review_notification_figures",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
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
                        "STOP_PLACED",
                        "STOP_LIFT",
                        "BUDGET_BURNING",
                        "ALERT",
                        "FIGURES",
                    ],
                )),
                name="review_notification_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationpreference",
            constraint=models.CheckConstraint(
                condition=models.Q(("figures__in", ["NEVER", "DAILY", "WEEKLY"])),
                name="review_notification_figures_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationpreference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("figures", "NEVER"), ("figures_due_at__isnull", True)),
                    models.Q(
                        models.Q(("figures", "NEVER"), _negated=True),
                        ("figures_due_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_notification_figures_due_where_wanted",
            ),
        ),
    ]
