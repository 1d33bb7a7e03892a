"""How each person arranges the screens; nobody's evidence."""

from django.db import migrations, models
from django.db.models import Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="SavedView",
        fields=[
            ("id", row_id()),
            ("name", models.CharField(max_length=80)),
            ("page", models.CharField(max_length=40)),
            ("query", models.CharField(max_length=1000)),
            ("columns", models.JSONField(default=list)),
            ("density", models.CharField(max_length=10, default="")),
            ("is_team", models.BooleanField(default=False)),
            ("is_default", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField()),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.CASCADE,
                    related_name="views",
                    db_index=False,
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.CASCADE,
                    null=True,
                    related_name="views",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["queue"],
                    condition=Q(is_team=True),
                    name="review_saved_view_of_team",
                )
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("owner", "page", "queue", "name"),
                    nulls_distinct=False,
                    name="review_saved_view_name_once",
                ),
                models.UniqueConstraint(
                    fields=("owner", "page", "queue"),
                    condition=Q(is_default=True),
                    nulls_distinct=False,
                    name="review_saved_view_one_default",
                ),
                models.CheckConstraint(
                    condition=Q(is_team=False) | Q(queue__isnull=False),
                    name="review_saved_view_team_needs_queue",
                ),
                models.CheckConstraint(
                    condition=Q(density__in=["", "compact", "standard", "spacious"]),
                    name="review_saved_view_density_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Preference",
        fields=[
            (
                "person",
                models.OneToOneField(
                    "review.person",
                    models.CASCADE,
                    primary_key=True,
                    serialize=False,
                    related_name="preference",
                ),
            ),
            ("zone", models.CharField(max_length=64, default="UTC")),
            ("theme", models.CharField(max_length=10, default="auto")),
            ("density", models.CharField(max_length=10, default="standard")),
            ("single_keys", models.BooleanField(default=True)),
            (
                "keys",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            (
                "wellness",
                models.JSONField(
                    default=dict,
                    db_default={},
                    encoder=ExactEncoder,
                    decoder=ExactDecoder,
                ),
            ),
            ("columns", models.JSONField(default=dict, db_default={})),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(theme__in=["auto", "light", "dark"]),
                    name="review_preference_theme_known",
                ),
                models.CheckConstraint(
                    condition=Q(density__in=["compact", "standard", "spacious"]),
                    name="review_preference_density_known",
                ),
            ]
        },
    ),
]
