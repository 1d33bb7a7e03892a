"""Samples that auditors draw, mark and sign off."""

from django.db import migrations, models
from django.db.models import Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import append_only_table, governed_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="SamplePlan",
        fields=[
            ("id", row_id()),
            ("title", models.CharField(max_length=200)),
            (
                "method",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("RANDOM", "Random"),
                        ("SYSTEMATIC", "Systematic"),
                        ("STRATIFIED", "Stratified"),
                        ("MONETARY_INTERVAL", "Monetary interval"),
                        ("MONETARY_CELL", "Monetary cell"),
                        ("DISCOVERY", "Discovery"),
                    ],
                ),
            ),
            (
                "parameters",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            ("seed", models.CharField(max_length=100)),
            ("population", models.JSONField()),
            ("population_size", models.IntegerField()),
            (
                "population_value",
                models.DecimalField(max_digits=36, decimal_places=6, null=True),
            ),
            ("population_digest", models.CharField(max_length=64)),
            ("listing", models.BinaryField()),
            ("exclusions", models.JSONField(default=list)),
            ("size", models.IntegerField()),
            ("rationale", models.TextField()),
            ("controls", models.JSONField(default=list)),
            ("drawn_at", models.DateTimeField()),
            (
                "owner",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="samples",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["owner", "-drawn_at"], name="review_sample_plan_own"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        method__in=[
                            "RANDOM",
                            "SYSTEMATIC",
                            "STRATIFIED",
                            "MONETARY_INTERVAL",
                            "MONETARY_CELL",
                            "DISCOVERY",
                        ]
                    ),
                    name="review_sample_plan_method_known",
                ),
                models.CheckConstraint(
                    condition=Q(population_size__gte=1, size__gte=1),
                    name="review_sample_plan_draws_something",
                ),
            ],
        },
    ),
    governed_table("review_sampleplan"),
    append_only_table("review_sampleplan"),
    migrations.CreateModel(
        name="SampleItem",
        fields=[
            ("id", row_id()),
            ("position", models.IntegerField()),
            ("instance_id", models.UUIDField()),
            ("business_key", models.CharField(max_length=200, default="")),
            ("stratum", models.CharField(max_length=100, default="")),
            ("amount", models.DecimalField(max_digits=30, decimal_places=6, null=True)),
            ("hits", models.IntegerField(default=1)),
            ("digest", models.CharField(max_length=64)),
            (
                "plan",
                models.ForeignKey(
                    "review.sampleplan",
                    models.PROTECT,
                    related_name="items",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("plan", "position"), name="review_sample_item_place_once"
                ),
                models.UniqueConstraint(
                    fields=("plan", "instance_id"), name="review_sample_item_case_once"
                ),
            ]
        },
    ),
    append_only_table("review_sampleitem", erasable=("business_key",)),
    migrations.CreateModel(
        name="SampleMark",
        fields=[
            ("id", row_id()),
            ("test", models.CharField(max_length=40)),
            ("result", models.CharField(max_length=20)),
            ("note", models.TextField(default="")),
            (
                "audited",
                models.DecimalField(max_digits=30, decimal_places=6, null=True),
            ),
            ("marked_at", models.DateTimeField()),
            (
                "item",
                models.ForeignKey(
                    "review.sampleitem",
                    models.PROTECT,
                    related_name="marks",
                    db_index=False,
                ),
            ),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["item", "test", "id"], name="review_sample_mark_last"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        result__in=[
                            "OK",
                            "EXCEPTION",
                            "NOT_APPLICABLE",
                            "APPROVED",
                            "REJECTED",
                            "BLOCKED",
                            "UNDECIDED",
                        ]
                    ),
                    name="review_sample_mark_result_known",
                )
            ],
        },
    ),
    append_only_table("review_samplemark"),
    migrations.CreateModel(
        name="SampleSignOff",
        fields=[
            (
                "plan",
                models.OneToOneField(
                    "review.sampleplan",
                    models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    related_name="sign_off",
                ),
            ),
            ("conclusion", models.TextField()),
            ("figures", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("paper_digest", models.CharField(max_length=64)),
            ("person_name", models.CharField(max_length=200)),
            ("signed_at", models.DateTimeField()),
            (
                "person",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
    ),
    governed_table("review_samplesignoff"),
    append_only_table("review_samplesignoff"),
]
