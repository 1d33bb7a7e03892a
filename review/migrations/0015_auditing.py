import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import review.models.fields
from workflows.migrations_support import append_only_table, governed_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0012_automation_by_two"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditAccess",
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
                ("kind", models.CharField(max_length=20)),
                ("reason", models.TextField(default="")),
                ("at", models.DateTimeField()),
                ("until_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AuditList",
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
                ("name", models.CharField(max_length=80)),
                ("facets", models.JSONField(default=dict)),
                (
                    "cases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("count", models.BigIntegerField()),
                ("previous_count", models.BigIntegerField(null=True)),
                ("counted_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ControlException",
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
                ("test", models.CharField(max_length=40)),
                ("instance_id", models.UUIDField()),
                ("task_id", models.BigIntegerField(null=True)),
                ("seq", models.IntegerField(null=True)),
                ("why", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="ControlRun",
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
                ("title", models.CharField(max_length=200)),
                ("selection", models.JSONField()),
                ("tests", models.JSONField()),
                ("results", models.JSONField()),
                ("cases", models.IntegerField()),
                ("entries", models.BigIntegerField()),
                ("tree_size", models.BigIntegerField(null=True)),
                ("tree_root", models.CharField(default="", max_length=64)),
                ("seconds", models.DecimalField(decimal_places=3, max_digits=9)),
                ("run_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SampleItem",
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
                ("position", models.IntegerField()),
                ("instance_id", models.UUIDField()),
                ("business_key", models.CharField(default="", max_length=200)),
                ("stratum", models.CharField(default="", max_length=100)),
                (
                    "amount",
                    models.DecimalField(decimal_places=6, max_digits=30, null=True),
                ),
                ("hits", models.IntegerField(default=1)),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="SampleMark",
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
                ("test", models.CharField(max_length=40)),
                ("result", models.CharField(max_length=20)),
                ("note", models.TextField(default="")),
                (
                    "audited",
                    models.DecimalField(decimal_places=6, max_digits=30, null=True),
                ),
                ("marked_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SamplePlan",
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
                ("title", models.CharField(max_length=200)),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("RANDOM", "Random"),
                            ("SYSTEMATIC", "Systematic"),
                            ("STRATIFIED", "Stratified"),
                            ("MONETARY_INTERVAL", "Monetary interval"),
                            ("MONETARY_CELL", "Monetary cell"),
                            ("DISCOVERY", "Discovery"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        default=dict,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("seed", models.CharField(max_length=100)),
                ("population", models.JSONField()),
                ("population_size", models.IntegerField()),
                (
                    "population_value",
                    models.DecimalField(decimal_places=6, max_digits=36, null=True),
                ),
                ("population_digest", models.CharField(max_length=64)),
                ("listing", models.BinaryField()),
                ("exclusions", models.JSONField(default=list)),
                ("size", models.IntegerField()),
                ("rationale", models.TextField()),
                ("controls", models.JSONField(default=list)),
                ("drawn_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="rolegrant",
            name="ends_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="rolegrant",
            name="scope",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddConstraint(
            model_name="rolegrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ends_at__isnull", True), ("scope", {})),
                    ("role", "AUDITOR"),
                    _connector="OR",
                ),
                name="review_role_grant_limits_only_for_auditors",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolegrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__isnull", True),
                    ("ends_at__gt", models.F("granted_at")),
                    _connector="OR",
                ),
                name="review_role_grant_ends_after_it_began",
            ),
        ),
        migrations.AddField(
            model_name="auditaccess",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="auditlist",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="audit_lists",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="controlrun",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="control_runs",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="controlexception",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exceptions",
                to="review.controlrun",
            ),
        ),
        migrations.AddField(
            model_name="samplemark",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="marks",
                to="review.sampleitem",
            ),
        ),
        migrations.AddField(
            model_name="samplemark",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.CreateModel(
            name="SampleSignOff",
            fields=[
                (
                    "plan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sign_off",
                        serialize=False,
                        to="review.sampleplan",
                    ),
                ),
                ("conclusion", models.TextField()),
                (
                    "figures",
                    models.JSONField(
                        decoder=review.models.fields.ExactDecoder,
                        encoder=review.models.fields.ExactEncoder,
                    ),
                ),
                ("paper_digest", models.CharField(max_length=64)),
                ("person_name", models.CharField(max_length=200)),
                ("signed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="sampleplan",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="samples",
                to="review.person",
            ),
        ),
        migrations.AddField(
            model_name="sampleitem",
            name="plan",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="review.sampleplan",
            ),
        ),
        migrations.AddIndex(
            model_name="auditaccess",
            index=models.Index(
                fields=["instance_id", "person", "-at"], name="review_audit_access_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditaccess",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "OPENED"), ("until_at__isnull", True)),
                    models.Q(("kind", "UNMASKED"), ("until_at__isnull", False)),
                    _connector="OR",
                ),
                name="review_audit_access_unmasked_until",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditlist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("name", ""), _negated=True),
                fields=("owner", "name"),
                name="review_audit_list_name_once",
            ),
        ),
        migrations.AddIndex(
            model_name="controlrun",
            index=models.Index(
                fields=["owner", "-run_at"], name="review_control_run_own"
            ),
        ),
        migrations.AddIndex(
            model_name="controlexception",
            index=models.Index(
                fields=["run", "test", "id"], name="review_control_exception"
            ),
        ),
        migrations.AddIndex(
            model_name="samplemark",
            index=models.Index(
                fields=["item", "test", "id"], name="review_sample_mark_last"
            ),
        ),
        migrations.AddConstraint(
            model_name="samplemark",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "result__in",
                    [
                        "OK",
                        "EXCEPTION",
                        "NOT_APPLICABLE",
                        "APPROVED",
                        "REJECTED",
                        "BLOCKED",
                        "UNDECIDED",
                    ],
                )),
                name="review_sample_mark_result_known",
            ),
        ),
        migrations.AddField(
            model_name="samplesignoff",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="review.person",
            ),
        ),
        migrations.AddIndex(
            model_name="sampleplan",
            index=models.Index(
                fields=["owner", "-drawn_at"], name="review_sample_plan_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="sampleplan",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "method__in",
                    [
                        "RANDOM",
                        "SYSTEMATIC",
                        "STRATIFIED",
                        "MONETARY_INTERVAL",
                        "MONETARY_CELL",
                        "DISCOVERY",
                    ],
                )),
                name="review_sample_plan_method_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sampleplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("population_size__gte", 1), ("size__gte", 1)),
                name="review_sample_plan_draws_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="sampleitem",
            constraint=models.UniqueConstraint(
                fields=("plan", "position"), name="review_sample_item_place_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="sampleitem",
            constraint=models.UniqueConstraint(
                fields=("plan", "instance_id"), name="review_sample_item_case_once"
            ),
        ),
        append_only_table("review_auditaccess"),
        append_only_table("review_sampleplan"),
        append_only_table("review_sampleitem"),
        append_only_table("review_samplemark"),
        append_only_table("review_samplesignoff"),
        append_only_table("review_controlrun"),
        append_only_table("review_controlexception"),
        governed_table("review_auditaccess"),
        governed_table("review_sampleplan"),
        governed_table("review_samplesignoff"),
        governed_table("review_controlrun"),
    ]
