"""Natural persons, their accounts, skills and absences."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Person",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=200)),
            ("email", models.CharField(max_length=254, default="")),
            ("simulated", models.BooleanField(default=False)),
            (
                "regions",
                ArrayField(
                    models.CharField(max_length=40),
                    default=list,
                    db_default=models.Value(
                        [], output_field=ArrayField(models.CharField(max_length=40))
                    ),
                ),
            ),
            ("wip_limit", models.SmallIntegerField(null=True)),
            ("created_at", models.DateTimeField()),
            ("disabled_at", models.DateTimeField(null=True)),
            (
                "calendar",
                models.ForeignKey(
                    "review.calendar",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
    ),
    governed_table("review_person"),
    table_stays("review_person"),
    migrations.CreateModel(
        name="User",
        fields=[
            ("id", row_id()),
            ("password", models.CharField(max_length=128, verbose_name="password")),
            (
                "last_login",
                models.DateTimeField(verbose_name="last login", blank=True, null=True),
            ),
            ("username", models.CharField(max_length=150, unique=True)),
            ("is_active", models.BooleanField(default=True)),
            ("is_superuser", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField()),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="users"
                ),
            ),
        ],
        options={"abstract": False},
    ),
    # Signing in writes to an account too, and may renew the hash of its password.
    governed_table(
        "review_user", columns=("person_id", "username", "is_active", "is_superuser")
    ),
    table_stays("review_user"),
    migrations.CreateModel(
        name="Skill",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=60)),
            ("level", models.SmallIntegerField()),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="skills",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("person", "name"), name="review_skill_once_per_person"
                ),
                models.CheckConstraint(
                    condition=Q(level__gte=1, level__lte=5),
                    name="review_skill_level_1_to_5",
                ),
            ]
        },
    ),
    governed_table("review_skill"),
    table_stays("review_skill"),
    migrations.CreateModel(
        name="Absence",
        fields=[
            ("id", row_id()),
            ("starts_at", models.DateTimeField()),
            ("ends_at", models.DateTimeField()),
            ("reason", models.CharField(max_length=200, default="")),
            ("created_at", models.DateTimeField()),
            ("canceled_at", models.DateTimeField(null=True)),
            ("rebalanced_at", models.DateTimeField(null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="absences",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["person", "starts_at"],
                    condition=Q(canceled_at__isnull=True),
                    name="review_absence_of_person",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(ends_at__gt=F("starts_at")),
                    name="review_absence_ends_after_its_start",
                )
            ],
        },
    ),
    # When an absence's work was moved on is the sweeper's own note.
    governed_table(
        "review_absence", columns=("person_id", "starts_at", "ends_at", "canceled_at")
    ),
    table_stays("review_absence"),
]
