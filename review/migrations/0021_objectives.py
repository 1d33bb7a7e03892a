import datetime

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from workflows.migrations_support import governed_table, table_stays

_GOVERNED = (
    "review_alertrule",
    "review_alertepisode",
    "review_silence",
    "review_intakebrake",
)


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0018_rollups_of_classes"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertEpisode",
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
                ("subject", models.CharField(max_length=250)),
                ("title", models.CharField(max_length=300)),
                (
                    "value",
                    models.DecimalField(decimal_places=6, max_digits=24, null=True),
                ),
                ("opened_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(null=True)),
                ("acts", models.JSONField(default=list)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_value",
                    models.DecimalField(decimal_places=6, max_digits=24, null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AlertRule",
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
                ("name", models.CharField(max_length=120)),
                ("figure", models.CharField(max_length=40)),
                ("scope", models.JSONField(default=dict)),
                (
                    "comparison",
                    models.CharField(
                        choices=[("ABOVE", "Above"), ("BELOW", "Below")], max_length=10
                    ),
                ),
                ("threshold", models.DecimalField(decimal_places=6, max_digits=24)),
                ("clear", models.DecimalField(decimal_places=6, max_digits=24)),
                ("lasting_seconds", models.IntegerField(default=0)),
                ("period_seconds", models.IntegerField()),
                ("note", models.TextField(default="")),
                ("made_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="IntakeBrake",
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
                ("process", models.CharField(max_length=100)),
                ("per_hour", models.IntegerField()),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ObjectiveEvent",
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
                ("measure", models.CharField(max_length=32)),
                ("task_id", models.BigIntegerField()),
                ("is_good", models.BooleanField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Silence",
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
                ("subject", models.CharField(max_length=250)),
                ("reason", models.TextField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="WatchState",
            fields=[
                (
                    "subject",
                    models.CharField(max_length=250, primary_key=True, serialize=False),
                ),
                ("next_at", models.DateTimeField()),
                ("out_since", models.DateTimeField(null=True)),
                (
                    "value",
                    models.DecimalField(decimal_places=6, max_digits=24, null=True),
                ),
                ("read_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="policy",
            name="review_policy_kind_known",
        ),
        migrations.AlterField(
            model_name="policy",
            name="kind",
            field=models.CharField(
                choices=[
                    ("GRID", "Grid"),
                    ("ROUTING", "Routing"),
                    ("OBJECTIVES", "Objectives"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["GRID", "ROUTING", "OBJECTIVES"])),
                name="review_policy_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="alertepisode",
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
            model_name="alertrule",
            name="changed_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="made_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
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
            model_name="alertepisode",
            name="rule",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="episodes",
                to="review.alertrule",
            ),
        ),
        migrations.AddField(
            model_name="intakebrake",
            name="episode",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="brakes",
                to="review.alertepisode",
            ),
        ),
        migrations.AddField(
            model_name="objectiveevent",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="review.queue",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="ended_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="placed_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("comparison__in", ["ABOVE", "BELOW"])),
                name="review_alert_rule_comparison_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("name",),
                name="review_alert_rule_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("clear__lte", models.F("threshold")), ("comparison", "ABOVE")
                    ),
                    models.Q(
                        ("clear__gte", models.F("threshold")), ("comparison", "BELOW")
                    ),
                    _connector="OR",
                ),
                name="review_alert_rule_clears_on_the_good_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lasting_seconds__gte", 0), ("period_seconds__gte", 300)
                ),
                name="review_alert_rule_spans",
            ),
        ),
        migrations.AddIndex(
            model_name="alertepisode",
            index=models.Index(
                fields=["-opened_at"], name="review_alert_episode_recent"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertepisode",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at__isnull", True)),
                fields=("subject",),
                name="review_alert_episode_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertepisode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True),
                    ("closed_at__gte", models.F("opened_at")),
                    _connector="OR",
                ),
                name="review_alert_episode_ends_after_it_begins",
            ),
        ),
        migrations.AddIndex(
            model_name="intakebrake",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["process"],
                name="review_intake_brake_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="intakebrake",
            constraint=models.UniqueConstraint(
                fields=("episode", "process"), name="review_intake_brake_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="intakebrake",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_hour__gte", 0)),
                name="review_intake_brake_from_0",
            ),
        ),
        migrations.AddIndex(
            model_name="objectiveevent",
            index=models.Index(
                fields=["queue", "measure", "at"],
                include=("is_good",),
                name="review_objective_event_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="objectiveevent",
            constraint=models.UniqueConstraint(
                fields=("queue", "measure", "task_id"),
                name="review_objective_event_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("starts_at")),
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("starts_at"),
                            "+",
                            models.Value(datetime.timedelta(days=30)),
                        ),
                    ),
                ),
                name="review_silence_ends_within_a_month",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="review_silence_ended_whole",
            ),
        ),
        *(governed_table(table) for table in _GOVERNED),
        *(table_stays(table) for table in _GOVERNED),
    ]
