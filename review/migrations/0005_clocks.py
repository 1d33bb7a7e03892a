"""Keep the turns of clocks and what they reached; let a clock end a task safely."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import review.models.fields
from workflows.migrations_support import (
    append_only_table,
    audited_table,
    governed_table,
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0004_turns"),
        ("workflows", "0013_payloads"),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarVersion",
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
                ("version", models.IntegerField()),
                ("zone", models.CharField(max_length=64)),
                (
                    "hours",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                (
                    "days_off",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateField(), size=None
                    ),
                ),
                ("sources", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ClockEvent",
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
                ("instance_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("START", "Start"),
                            ("PAUSE", "Pause"),
                            ("RESUME", "Resume"),
                            ("STOP", "Stop"),
                            ("RESET", "Reset"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(default="", max_length=200)),
                (
                    "terms",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                        null=True,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("audit_seq", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "kind__in",
                            ["START", "PAUSE", "RESUME", "STOP", "RESET"],
                        )),
                        name="review_clock_event_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind__in", ["START", "RESET"]),
                                ("terms__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    ("kind__in", ["START", "RESET"]), _negated=True
                                ),
                                ("terms__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="review_clock_event_terms_when_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockRecord",
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
                ("instance_id", models.UUIDField()),
                ("cycle", models.SmallIntegerField()),
                ("rung", models.SmallIntegerField()),
                ("words", models.CharField(max_length=100)),
                ("is_breach", models.BooleanField()),
                ("goal", models.CharField(max_length=40)),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("reached_at", models.DateTimeField()),
                ("noticed_at", models.DateTimeField()),
                ("calendar", models.CharField(default="", max_length=120)),
                ("did", models.CharField(default="", max_length=300)),
                ("audit_seq", models.IntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_breach", True)),
                        fields=["reached_at"],
                        name="review_clock_record_breaches",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reached_at__lte", models.F("noticed_at"))),
                        name="review_clock_record_never_early",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InstanceClock",
            fields=[
                (
                    "instance",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sla_clock",
                        serialize=False,
                        to="workflows.instance",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("RUNNING", "Running"),
                            ("PAUSED", "Paused"),
                            ("STOPPED", "Stopped"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "terms",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("warn_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("warned_at", models.DateTimeField(null=True)),
                ("breached_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("audit_seq", models.IntegerField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "STOPPED"), _negated=True),
                        fields=["due_at"],
                        name="review_instance_clock_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q((
                            "state__in",
                            ["RUNNING", "PAUSED", "STOPPED"],
                        )),
                        name="review_instance_clock_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("state", "STOPPED")),
                            models.Q(
                                models.Q(("state", "STOPPED"), _negated=True),
                                ("ended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="review_instance_clock_ends_when_stopped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("warn_at__lte", models.F("due_at"))),
                        name="review_instance_clock_warning_not_after_due",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="task",
            name="review_task_outcome_known",
        ),
        migrations.RemoveConstraint(
            model_name="task",
            name="review_task_decided_by_known",
        ),
        migrations.AddField(
            model_name="queue",
            name="ladder",
            field=models.CharField(db_default="", default="", max_length=500),
        ),
        migrations.AlterField(
            model_name="task",
            name="decided_by",
            field=models.CharField(
                choices=[("PEOPLE", "People"), ("AUTO", "Auto"), ("CLOCK", "Clock")],
                max_length=10,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("APPROVED", "Approved"),
                    ("REJECTED", "Rejected"),
                    ("BLOCKED", "Blocked"),
                    ("RETURNED", "Returned"),
                ],
                max_length=20,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="verdict",
            name="answer_outcome",
            field=models.CharField(
                choices=[
                    ("APPROVED", "Approved"),
                    ("REJECTED", "Rejected"),
                    ("BLOCKED", "Blocked"),
                    ("RETURNED", "Returned"),
                ],
                max_length=20,
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__isnull", True),
                    ("outcome__in", ["APPROVED", "REJECTED", "BLOCKED", "RETURNED"]),
                    _connector="OR",
                ),
                name="review_task_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    ("decided_by__in", ["PEOPLE", "AUTO", "CLOCK"]),
                    _connector="OR",
                ),
                name="review_task_decided_by_known",
            ),
        ),
        migrations.AddField(
            model_name="calendarversion",
            name="calendar",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="review.calendar",
            ),
        ),
        migrations.AddField(
            model_name="clockevent",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="clock_events",
                to="review.task",
            ),
        ),
        migrations.AddField(
            model_name="clockrecord",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="clock_records",
                to="review.task",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarversion",
            constraint=models.UniqueConstraint(
                fields=("calendar", "version"), name="review_calendar_version_once"
            ),
        ),
        migrations.AddIndex(
            model_name="clockevent",
            index=models.Index(
                condition=models.Q(("task__isnull", False)),
                fields=["task"],
                name="review_clock_event_task",
            ),
        ),
        migrations.AddIndex(
            model_name="clockevent",
            index=models.Index(
                condition=models.Q(("task__isnull", True)),
                fields=["instance_id"],
                name="review_clock_event_instance",
            ),
        ),
        migrations.AddIndex(
            model_name="clockrecord",
            index=models.Index(
                condition=models.Q(("task__isnull", False)),
                fields=["task"],
                name="review_clock_record_task",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrecord",
            constraint=models.UniqueConstraint(
                fields=("instance_id", "task", "cycle", "rung"),
                name="review_clock_record_once",
                nulls_distinct=False,
            ),
        ),
        audited_table("review_clockevent", columns=("audit_seq",)),
        audited_table("review_clockrecord", columns=("audit_seq",)),
        audited_table(
            "review_instanceclock",
            columns=("state", "terms", "due_at", "warned_at", "breached_at"),
        ),
        append_only_table("review_clockevent"),
        append_only_table("review_clockrecord"),
        append_only_table("review_calendarversion"),
        governed_table("review_calendarversion"),
    ]
