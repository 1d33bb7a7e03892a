import django.db.models.deletion
from django.db import migrations, models

from workflows.migrations_support import append_only_table, governed_table


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0016_removals"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvidenceBundle",
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
                ("title", models.CharField(max_length=300)),
                ("selection", models.JSONField()),
                ("redaction", models.JSONField(default=dict)),
                ("reason", models.TextField(default="")),
                ("ordered_by", models.CharField(max_length=200)),
                ("ordered_by_name", models.CharField(max_length=200)),
                ("ordered_at", models.DateTimeField()),
                ("ordered_seq", models.IntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("BUILDING", "Building"),
                            ("READY", "Ready"),
                            ("FAILED", "Failed"),
                            ("CANCELED", "Canceled"),
                            ("EXPIRED", "Expired"),
                        ],
                        max_length=20,
                    ),
                ),
                ("token", models.IntegerField(default=0)),
                ("attempts", models.SmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.TextField(default="")),
                ("plan", models.CharField(default="", max_length=60)),
                ("cases", models.IntegerField(default=0)),
                ("withheld", models.IntegerField(default=0)),
                ("entries", models.IntegerField(default=0)),
                ("parts_total", models.IntegerField(default=0)),
                ("parts", models.JSONField(default=list)),
                ("entries_done", models.IntegerField(default=0)),
                ("file_name", models.CharField(default="", max_length=200)),
                ("size", models.BigIntegerField(default=0)),
                ("digest", models.CharField(default="", max_length=64)),
                ("checkpoint_size", models.BigIntegerField(default=0)),
                ("previous_size", models.BigIntegerField(default=0)),
                ("previous_note", models.TextField(default="")),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="review.person",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BundleCustody",
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
                    "what",
                    models.CharField(
                        choices=[
                            ("evidence.exported", "Evidence.exported"),
                            ("evidence.finished", "Evidence.finished"),
                            ("evidence.failed", "Evidence.failed"),
                            ("evidence.canceled", "Evidence.canceled"),
                            ("evidence.expired", "Evidence.expired"),
                            ("evidence.downloaded", "Evidence.downloaded"),
                        ],
                        max_length=40,
                    ),
                ),
                ("actor", models.CharField(max_length=200)),
                ("actor_name", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("note", models.TextField(default="")),
                ("digest", models.CharField(default="", max_length=64)),
                ("first_byte", models.BigIntegerField(null=True)),
                ("last_byte", models.BigIntegerField(null=True)),
                ("audit_seq", models.IntegerField()),
                (
                    "bundle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="custody",
                        to="review.evidencebundle",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="evidencebundle",
            index=models.Index(
                condition=models.Q(("state__in", ["WAITING", "BUILDING", "READY"])),
                fields=["next_at"],
                name="review_bundle_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencebundle",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "state__in",
                    ["WAITING", "BUILDING", "READY", "FAILED", "CANCELED", "EXPIRED"],
                )),
                name="review_bundle_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencebundle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at__isnull", True),
                        ("state__in", ["WAITING", "BUILDING"]),
                    ),
                    models.Q(
                        models.Q(("state__in", ["WAITING", "BUILDING"]), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="review_bundle_finished_at_when_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencebundle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["WAITING", "BUILDING", "READY"]), _negated=True
                    ),
                    ("next_at__isnull", False),
                    _connector="OR",
                ),
                name="review_bundle_has_a_next_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencebundle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("size__gt", 0),
                        ("state", "READY"),
                        models.Q(("digest", ""), _negated=True),
                    ),
                    models.Q(("state", "READY"), _negated=True),
                    _connector="OR",
                ),
                name="review_bundle_file_when_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlecustody",
            constraint=models.CheckConstraint(
                condition=models.Q((
                    "what__in",
                    [
                        "evidence.exported",
                        "evidence.finished",
                        "evidence.failed",
                        "evidence.canceled",
                        "evidence.expired",
                        "evidence.downloaded",
                    ],
                )),
                name="review_bundle_custody_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlecustody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_byte__isnull", True), ("last_byte__isnull", True)),
                    models.Q(
                        ("first_byte__isnull", False), ("last_byte__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="review_bundle_custody_range_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="bundlecustody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_byte__isnull", True),
                    ("last_byte__gte", models.F("first_byte")),
                    _connector="OR",
                ),
                name="review_bundle_custody_range_forward",
            ),
        ),
        append_only_table("review_bundlecustody"),
        governed_table("review_bundlecustody"),
        governed_table(
            "review_evidencebundle",
            columns=(
                "selection",
                "redaction",
                "reason",
                "ordered_by",
                "finished_at",
                "file_name",
                "digest",
            ),
        ),
    ]
