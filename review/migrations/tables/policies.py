"""Versions of policies, and changes of other rules that two persons make."""

from django.db import migrations, models
from django.db.models import F, Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

# Not validated: a database of before this rule may hold a version that one person set,
# which stays in force until it is replaced.
_AUTOMATION_BY_TWO = """
    ALTER TABLE review_policy ADD CONSTRAINT review_policy_automation_by_two_persons
    CHECK (
        kind <> 'GRID' OR state NOT IN ('APPROVED', 'IN_FORCE')
        OR NOT jsonb_path_exists(body, '$.rows[*].control ? (@ == "auto")')
        OR (author_id IS NOT NULL AND settled_by_id IS NOT NULL
            AND author_id <> settled_by_id)
    ) NOT VALID
"""
# The words of a step were deployed by two, and what a clock ends nobody judged.
_OVERRULING_BY_TWO = """
    ALTER TABLE review_policy ADD CONSTRAINT review_policy_overruling_by_two_persons
    CHECK (
        state NOT IN ('APPROVED', 'IN_FORCE')
        OR NOT (
            (kind = 'CLOCKS'
             AND jsonb_path_exists(body, '$.rows[*].where ? (@ == "over the step")'))
            OR (kind = 'LADDER' AND jsonb_path_exists(
                body, '$.rungs[*].acts[*] ? (@ == "reject" || @ == "return")')))
        OR (author_id IS NOT NULL AND settled_by_id IS NOT NULL
            AND author_id <> settled_by_id)
    )
"""


def _by_two_persons(subject: str, rule: str) -> migrations.RunSQL:
    name = f"review_policy_{subject}_by_two_persons"
    return migrations.RunSQL(
        sql=rule, reverse_sql=f"ALTER TABLE review_policy DROP CONSTRAINT {name}"
    )


OPERATIONS = [
    migrations.CreateModel(
        name="Policy",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("GRID", "Grid"),
                        ("ROUTING", "Routing"),
                        ("OBJECTIVES", "Objectives"),
                        ("QUORUM", "Quorum"),
                        ("REASONS", "Reasons"),
                        ("CLOCKS", "Clocks"),
                        ("LADDER", "Ladder"),
                        ("CALENDAR", "Calendar"),
                    ],
                ),
            ),
            ("version", models.IntegerField()),
            ("body", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("digest", models.CharField(max_length=64)),
            (
                "state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("PROPOSED", "Proposed"),
                        ("APPROVED", "Approved"),
                        ("IN_FORCE", "In force"),
                        ("SUPERSEDED", "Superseded"),
                        ("DECLINED", "Declined"),
                        ("WITHDRAWN", "Withdrawn"),
                    ],
                ),
            ),
            ("reason", models.TextField()),
            ("proposed_at", models.DateTimeField()),
            ("settled_at", models.DateTimeField(null=True)),
            ("settled_reason", models.TextField(default="")),
            ("effective_at", models.DateTimeField(null=True)),
            ("superseded_at", models.DateTimeField(null=True)),
            (
                "author",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "settled_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="policies",
                    db_index=False,
                ),
            ),
            (
                "calendar",
                models.ForeignKey(
                    "review.calendar",
                    models.PROTECT,
                    null=True,
                    related_name="policies",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, state="PROPOSED")
                    | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                    name="review_policy_settled_when_final",
                ),
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "PROPOSED",
                            "APPROVED",
                            "IN_FORCE",
                            "SUPERSEDED",
                            "DECLINED",
                            "WITHDRAWN",
                        ]
                    ),
                    name="review_policy_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(version=1)
                    | ~Q(state__in=["APPROVED", "IN_FORCE", "SUPERSEDED"])
                    | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                    name="review_policy_changed_by_two_persons",
                ),
                models.CheckConstraint(
                    condition=~Q(state__in=["APPROVED", "IN_FORCE", "SUPERSEDED"])
                    | Q(effective_at__isnull=False),
                    name="review_policy_in_force_since",
                ),
                models.CheckConstraint(
                    condition=Q(
                        kind__in=[
                            "GRID",
                            "ROUTING",
                            "OBJECTIVES",
                            "QUORUM",
                            "REASONS",
                            "CLOCKS",
                            "LADDER",
                            "CALENDAR",
                        ]
                    ),
                    name="review_policy_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        calendar__isnull=False, kind="CALENDAR", queue__isnull=True
                    )
                    | (
                        ~Q(kind="CALENDAR")
                        & Q(calendar__isnull=True)
                        & Q(queue__isnull=False)
                    ),
                    name="review_policy_of_a_queue_or_a_calendar",
                ),
                models.UniqueConstraint(
                    fields=("queue", "kind", "calendar", "version"),
                    nulls_distinct=False,
                    name="review_policy_version_once",
                ),
                models.UniqueConstraint(
                    fields=("queue", "kind", "calendar"),
                    condition=Q(state="IN_FORCE"),
                    nulls_distinct=False,
                    name="review_policy_one_in_force",
                ),
                models.UniqueConstraint(
                    fields=("queue", "kind", "calendar"),
                    condition=Q(state="PROPOSED"),
                    nulls_distinct=False,
                    name="review_policy_one_proposed",
                ),
                models.UniqueConstraint(
                    fields=("queue", "kind", "calendar"),
                    condition=Q(state="APPROVED"),
                    nulls_distinct=False,
                    name="review_policy_one_approved",
                ),
            ]
        },
    ),
    governed_table("review_policy"),
    table_stays("review_policy"),
    _by_two_persons("automation", _AUTOMATION_BY_TWO),
    _by_two_persons("overruling", _OVERRULING_BY_TWO),
    migrations.CreateModel(
        name="ProposedChange",
        fields=[
            ("id", row_id()),
            (
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[("ALERT_RULE", "Alert rule"), ("ROLE", "Role")],
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
                    max_length=20,
                    choices=[
                        ("PROPOSED", "Proposed"),
                        ("DONE", "Done"),
                        ("DECLINED", "Declined"),
                        ("WITHDRAWN", "Withdrawn"),
                    ],
                ),
            ),
            ("proposed_at", models.DateTimeField()),
            ("settled_at", models.DateTimeField(null=True)),
            ("settled_reason", models.TextField(default="")),
            (
                "author",
                models.ForeignKey(
                    "review.person", models.PROTECT, related_name="+", db_index=False
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "settled_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["kind", "subject", "-id"], name="review_proposed_of_subject"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(kind__in=["ALERT_RULE", "ROLE"]),
                    name="review_proposed_kind_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        state__in=["PROPOSED", "DONE", "DECLINED", "WITHDRAWN"]
                    ),
                    name="review_proposed_state_known",
                ),
                models.UniqueConstraint(
                    fields=("kind", "subject"),
                    condition=Q(state="PROPOSED"),
                    name="review_proposed_one_of_a_subject",
                ),
                models.CheckConstraint(
                    condition=~Q(state="DONE")
                    | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                    name="review_proposed_made_by_two_persons",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, state="PROPOSED")
                    | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                    name="review_proposed_settled_when_final",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                    | Q(settled_at__isnull=False, settled_by__isnull=False),
                    name="review_proposed_settled_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=~(Q(body={}) & Q(before={})),
                    name="review_proposed_changes_something",
                ),
            ],
        },
    ),
    governed_table("review_proposedchange"),
    table_stays("review_proposedchange"),
]
