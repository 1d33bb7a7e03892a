import datetime

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from workflows.migrations_support import (
    append_only_table,
    audited_table,
    governed_table,
    table_stays,
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0017_rollups"),
    ]

    operations = [
        migrations.CreateModel(
            name="Diversion",
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
                            ("REVIEW", "Review"),
                            ("HELD", "Held"),
                            ("FALLBACK", "Fallback"),
                        ],
                        max_length=20,
                    ),
                ),
                ("instance_id", models.UUIDField()),
                ("step_id", models.BigIntegerField()),
                ("node_id", models.CharField(max_length=200)),
                ("task_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("audit_seq", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Stop",
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
                            ("MODEL", "Model"),
                            ("CELL", "Cell"),
                            ("DEFINITION", "Definition"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(default="", max_length=300)),
                ("version", models.CharField(default="", max_length=50)),
                ("row", models.IntegerField(null=True)),
                ("reason", models.TextField()),
                ("placed_at", models.DateTimeField()),
                ("end_set_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("lift_asked_at", models.DateTimeField(null=True)),
                ("lift_reason", models.TextField(default="")),
                ("lifted_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="notification",
            name="review_notification_kind_known",
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
                ],
                max_length=20,
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
                    ],
                )),
                name="review_notification_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="stop",
            name="grid",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.policy",
            ),
        ),
        migrations.AddField(
            model_name="stop",
            name="lift_asked_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="stop",
            name="lifted_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="stop",
            name="placed_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="stop",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.queue",
            ),
        ),
        migrations.AddField(
            model_name="diversion",
            name="stop",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="diversions",
                to="review.stop",
            ),
        ),
        migrations.AddIndex(
            model_name="stop",
            index=models.Index(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=["ends_at"],
                name="review_stop_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["MODEL", "CELL", "DEFINITION"])),
                name="review_stop_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "CELL"), ("name", ""), ("queue__isnull", False)),
                    models.Q(
                        models.Q(("kind", "CELL"), _negated=True),
                        ("queue__isnull", True),
                        models.Q(("name", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="review_stop_names_what_it_stops",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("grid__isnull", True), ("row__isnull", True)),
                    models.Q(
                        ("grid__isnull", False), ("kind", "CELL"), ("row__gte", 1)
                    ),
                    _connector="OR",
                ),
                name="review_stop_row_is_of_a_grid",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("end_set_at")),
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("end_set_at"),
                            "+",
                            models.Value(datetime.timedelta(days=7)),
                        ),
                    ),
                ),
                name="review_stop_ends_within_a_week",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lift_asked_at__isnull", True), ("lift_asked_by__isnull", True)
                    ),
                    models.Q(
                        ("lift_asked_at__isnull", False),
                        ("lift_asked_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_stop_asked_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                    models.Q(
                        ("lifted_at__isnull", False), ("lifted_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="review_stop_lifted_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="stop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lifted_by__isnull", True),
                    models.Q(
                        ("lift_asked_by__isnull", False),
                        models.Q(
                            ("lifted_by", models.F("lift_asked_by")), _negated=True
                        ),
                    ),
                    _connector="OR",
                ),
                name="review_stop_lifted_by_two_persons",
            ),
        ),
        migrations.AddIndex(
            model_name="diversion",
            index=models.Index(fields=["stop", "id"], name="review_diversion_of_stop"),
        ),
        migrations.AddConstraint(
            model_name="diversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["REVIEW", "HELD", "FALLBACK"])),
                name="review_diversion_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="diversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "REVIEW"), ("task_id__isnull", False)),
                    models.Q(
                        models.Q(("kind", "REVIEW"), _negated=True),
                        ("task_id__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="review_diversion_task_when_reviewed",
            ),
        ),
        governed_table("review_stop"),
        table_stays("review_stop"),
        audited_table("review_diversion", columns=("audit_seq",)),
        append_only_table("review_diversion"),
    ]
