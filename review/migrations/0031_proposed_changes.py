"""Changes of alert rules and roles by two persons; receivers of alert rules."""

import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import governed_table, table_stays


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0029_policies_of_calendars"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProposedChange",
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
                        choices=[("ALERT_RULE", "Alert rule"), ("ROLE", "Role")],
                        max_length=20,
                    ),
                ),
                ("subject", models.CharField(max_length=250)),
                ("title", models.CharField(max_length=300)),
                ("before", models.JSONField(default=dict)),
                ("body", models.JSONField(default=dict)),
                ("version", models.IntegerField(null=True)),
                ("reason", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PROPOSED", "Proposed"),
                            ("DONE", "Done"),
                            ("DECLINED", "Declined"),
                            ("WITHDRAWN", "Withdrawn"),
                        ],
                        max_length=20,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_reason", models.TextField(default="")),
            ],
        ),
        migrations.AddField(
            model_name="alertrule",
            name="version",
            field=models.IntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="chathook",
            name="rule",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="receivers",
                to="review.alertrule",
            ),
        ),
        migrations.AddField(
            model_name="chathook",
            name="secret",
            field=models.CharField(db_default="", default="", max_length=100),
        ),
        migrations.AlterField(
            model_name="chathook",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="chat_hooks",
                to="review.queue",
            ),
        ),
        migrations.AddConstraint(
            model_name="chathook",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True), ("rule__isnull", False)
                ),
                fields=("rule",),
                name="review_chat_hook_one_of_a_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="chathook",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("queue__isnull", False), ("rule__isnull", True)),
                    models.Q(("queue__isnull", True), ("rule__isnull", False)),
                    _connector="OR",
                ),
                name="review_chat_hook_of_a_queue_or_a_rule",
            ),
        ),
        migrations.AddField(
            model_name="proposedchange",
            name="author",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="proposedchange",
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
            model_name="proposedchange",
            name="settled_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddIndex(
            model_name="proposedchange",
            index=models.Index(
                fields=["kind", "subject", "-id"], name="review_proposed_of_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["ALERT_RULE", "ROLE"])),
                name="review_proposed_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "state__in",
                    ["PROPOSED", "DONE", "DECLINED", "WITHDRAWN"],
                )),
                name="review_proposed_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "PROPOSED")),
                fields=("kind", "subject"),
                name="review_proposed_one_of_a_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DONE"), _negated=True),
                    models.Q(
                        ("settled_by__isnull", False),
                        models.Q(("settled_by", models.F("author")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="review_proposed_made_by_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at__isnull", True), ("state", "PROPOSED")),
                    models.Q(
                        models.Q(("state", "PROPOSED"), _negated=True),
                        ("settled_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_proposed_settled_when_final",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("settled_at__isnull", True), ("settled_by__isnull", True)
                    ),
                    models.Q(
                        ("settled_at__isnull", False), ("settled_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="review_proposed_settled_at_needs_by",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("body", {}), ("before", {}), _negated=True),
                name="review_proposed_changes_something",
            ),
        ),
        governed_table("review_proposedchange"),
        table_stays("review_proposedchange"),
    ]
