"""What cases carry beside their variables: large payloads, what opens commitments,
and the values they are found by.
"""

from django.db import migrations, models
from django.db.models import Q

from workflows.migrations_support import guard_secrets, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Payload",
        fields=[
            (
                "digest",
                models.CharField(max_length=64, primary_key=True, serialize=False),
            ),
            ("content", models.TextField()),
            ("size", models.IntegerField()),
            ("created_at", models.DateTimeField()),
            ("checked_at", models.DateTimeField()),
        ],
        options={
            "indexes": [
                models.Index(fields=["checked_at"], name="workflows_payload_checked")
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(size__gt=0), name="workflows_payload_has_bytes"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="PayloadUse",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("digest", models.CharField(max_length=64)),
        ],
        options={
            "indexes": [
                models.Index(fields=["instance_id"], name="workflows_payload_user")
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("digest", "instance_id"), name="workflows_payload_used_once"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="ContentKey",
        fields=[
            ("instance_id", models.UUIDField(primary_key=True, serialize=False)),
            ("secret", models.BinaryField(null=True)),
            ("subject", models.CharField(max_length=64, default="")),
            ("erased_at", models.DateTimeField(null=True)),
            ("erased_for", models.CharField(max_length=10, default="")),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["subject"],
                    condition=~Q(subject=""),
                    name="workflows_content_key_subject",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        erased_at__isnull=False, secret__isnull=True, subject=""
                    )
                    | Q(erased_at__isnull=True, erased_for=""),
                    name="workflows_content_key_gone_when_erased",
                ),
                models.CheckConstraint(
                    condition=Q(erased_for__in=["", "SUBJECT", "RETENTION"]),
                    name="workflows_content_key_reason_known",
                ),
            ],
        },
    ),
    table_stays("workflows_contentkey"),
    migrations.CreateModel(
        name="Disclosure",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("committed", models.CharField(max_length=64)),
            ("salt", models.BinaryField()),
            ("value", models.TextField()),
            ("what", models.CharField(max_length=200)),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("instance_id", "committed"),
                    name="workflows_disclosure_once",
                )
            ]
        },
    ),
    table_stays("workflows_disclosure"),
    *guard_secrets(),
    migrations.CreateModel(
        name="SearchValue",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("name", models.CharField(max_length=100)),
            ("text", models.CharField(max_length=200, default="")),
            (
                "number",
                models.DecimalField(max_digits=38, decimal_places=12, null=True),
            ),
            ("moment", models.DateTimeField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["name", "text"],
                    condition=~Q(text=""),
                    opclasses=["varchar_ops", "varchar_pattern_ops"],
                    name="workflows_searchvalue_text",
                ),
                models.Index(
                    fields=["name", "number"],
                    condition=Q(number__isnull=False),
                    name="workflows_searchvalue_number",
                ),
                models.Index(
                    fields=["name", "moment"],
                    condition=Q(moment__isnull=False),
                    name="workflows_searchvalue_moment",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("instance_id", "name"), name="workflows_searchvalue_once"
                )
            ],
        },
    ),
]
