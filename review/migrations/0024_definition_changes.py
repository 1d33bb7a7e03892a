"""Deploy, roll back and migrate definitions by two persons."""

import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import governed_table, table_stays


class Migration(migrations.Migration):
    dependencies = [("review", "0023_definition_drafts")]

    operations = [
        migrations.CreateModel(
            name="DefinitionChange",
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
                ("key", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("DEPLOY", "Deploy"),
                            ("ROLL_BACK", "Roll back"),
                            ("MIGRATE", "Migrate"),
                        ],
                        max_length=20,
                    ),
                ),
                ("version", models.CharField(max_length=50)),
                ("digest", models.CharField(max_length=64)),
                ("archive", models.BinaryField(null=True)),
                ("migrations", models.JSONField(default=list)),
                ("findings", models.JSONField(default=list)),
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
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.person",
                    ),
                ),
                (
                    "base",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.definition",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.person",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.definition",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DefinitionMove",
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
                ("nodes", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("after", models.UUIDField(null=True)),
                ("total", models.IntegerField()),
                ("migrated", models.IntegerField(default=0)),
                ("blocked", models.IntegerField(default=0)),
                ("gone", models.IntegerField(default=0)),
                ("reasons", models.JSONField(default=list)),
                ("examples", models.JSONField(default=list)),
                ("failures", models.SmallIntegerField(default=0)),
                ("error", models.TextField(default="")),
                ("next_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="review.definitionchange",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.definition",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workflows.definition",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="definitionchange",
            index=models.Index(fields=["key", "-id"], name="review_change_of_key"),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["DEPLOY", "ROLL_BACK", "MIGRATE"])),
                name="review_change_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "state__in",
                    ["PROPOSED", "DONE", "DECLINED", "WITHDRAWN"],
                )),
                name="review_change_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "PROPOSED")),
                fields=("key",),
                name="review_change_one_proposed",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DONE"), _negated=True),
                    models.Q(
                        ("settled_by__isnull", False),
                        models.Q(("settled_by", models.F("author")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="review_change_made_by_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at__isnull", True), ("state", "PROPOSED")),
                    models.Q(
                        models.Q(("state", "PROPOSED"), _negated=True),
                        ("settled_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_change_settled_when_final",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
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
                name="review_change_settled_at_needs_by",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("archive__isnull", False), ("kind", "DEPLOY")),
                    models.Q(
                        models.Q(("kind", "DEPLOY"), _negated=True),
                        ("archive__isnull", True),
                        ("target__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_change_brings_package_or_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DONE"), _negated=True),
                    ("target__isnull", False),
                    _connector="OR",
                ),
                name="review_change_done_has_target",
            ),
        ),
        migrations.AddIndex(
            model_name="definitionmove",
            index=models.Index(
                condition=models.Q(("state", "WAITING")),
                fields=["next_at"],
                name="review_move_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionmove",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["WAITING", "DONE", "FAILED"])),
                name="review_move_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionmove",
            constraint=models.UniqueConstraint(
                fields=("change", "source"), name="review_move_once_of_a_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="definitionmove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at__isnull", True),
                        ("next_at__isnull", False),
                        ("state", "WAITING"),
                    ),
                    models.Q(
                        models.Q(("state", "WAITING"), _negated=True),
                        ("finished_at__isnull", False),
                        ("next_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="review_move_waits_or_is_over",
            ),
        ),
        governed_table(
            "review_definitionchange",
            columns=(
                "key",
                "kind",
                "version",
                "digest",
                "archive",
                "target_id",
                "migrations",
                "reason",
                "state",
                "author_id",
                "settled_by_id",
            ),
        ),
        table_stays("review_definitionchange"),
        governed_table(
            "review_definitionmove",
            columns=("change_id", "source_id", "target_id", "nodes", "state"),
        ),
        table_stays("review_definitionmove"),
    ]
