"""Tell of erasures that wait for approval, and of what became of them."""

from django.db import migrations, models
from django.db.models import Q

KINDS = [
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
]


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0025_control_orders"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notification", name="review_notification_kind_known"
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=Q(("kind__in", [kind for kind, _ in KINDS])),
                name="review_notification_kind_known",
            ),
        ),
    ]
