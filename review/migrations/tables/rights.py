"""Who may do what: roles, authorities, delegations and emergency access."""

from django.db import migrations, models
from django.db.models import F, Q

from workflows.migrations_support import governed_table, table_stays
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="RoleGrant",
        fields=[
            ("id", row_id()),
            (
                "role",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("REVIEWER", "Reviewer"),
                        ("MANAGER", "Manager"),
                        ("AUDITOR", "Auditor"),
                        ("PROCESS_OWNER", "Process owner"),
                        ("ADMINISTRATOR", "Administrator"),
                    ],
                ),
            ),
            ("granted_at", models.DateTimeField()),
            ("granted_by", models.CharField(max_length=200)),
            ("revoked_at", models.DateTimeField(null=True)),
            ("revoked_by", models.CharField(max_length=200, null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="grants",
                    db_index=False,
                ),
            ),
            (
                "queue",
                models.ForeignKey(
                    "review.queue", models.PROTECT, null=True, related_name="grants"
                ),
            ),
            ("ends_at", models.DateTimeField(null=True)),
            ("scope", models.JSONField(default=dict, db_default={})),
        ],
        options={
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        role__in=[
                            "REVIEWER",
                            "MANAGER",
                            "AUDITOR",
                            "PROCESS_OWNER",
                            "ADMINISTRATOR",
                        ]
                    ),
                    name="review_role_grant_role_known",
                ),
                models.CheckConstraint(
                    condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                    | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                    name="review_role_grant_revoked_at_needs_by",
                ),
                models.UniqueConstraint(
                    fields=("person", "role", "queue"),
                    condition=Q(revoked_at__isnull=True),
                    nulls_distinct=False,
                    name="review_role_grant_held_once",
                ),
                models.CheckConstraint(
                    condition=Q(queue__isnull=True)
                    | Q(role__in=["REVIEWER", "MANAGER"]),
                    name="review_role_grant_queue_only_for_queue_roles",
                ),
                models.CheckConstraint(
                    condition=Q(ends_at__isnull=True, scope={}) | Q(role="AUDITOR"),
                    name="review_role_grant_limits_only_for_auditors",
                ),
                models.CheckConstraint(
                    condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("granted_at")),
                    name="review_role_grant_ends_after_it_began",
                ),
            ]
        },
    ),
    governed_table("review_rolegrant"),
    table_stays("review_rolegrant"),
    migrations.CreateModel(
        name="Authority",
        fields=[
            ("id", row_id()),
            ("amount", models.DecimalField(max_digits=30, decimal_places=6)),
            ("granted_at", models.DateTimeField()),
            ("granted_by", models.CharField(max_length=200)),
            ("revoked_at", models.DateTimeField(null=True)),
            ("revoked_by", models.CharField(max_length=200, null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="authorities",
                    db_index=False,
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
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("person", "queue"),
                    condition=Q(revoked_at__isnull=True),
                    nulls_distinct=False,
                    name="review_authority_held_once",
                ),
                models.CheckConstraint(
                    condition=Q(amount__gte=0), name="review_authority_from_0"
                ),
                models.CheckConstraint(
                    condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                    | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                    name="review_authority_revoked_at_needs_by",
                ),
            ]
        },
    ),
    governed_table("review_authority"),
    table_stays("review_authority"),
    migrations.CreateModel(
        name="Delegation",
        fields=[
            ("id", row_id()),
            ("amount", models.DecimalField(max_digits=30, decimal_places=6, null=True)),
            ("starts_at", models.DateTimeField()),
            ("ends_at", models.DateTimeField()),
            ("reason", models.TextField()),
            ("created_at", models.DateTimeField()),
            ("revoked_at", models.DateTimeField(null=True)),
            ("revoked_by", models.CharField(max_length=200, null=True)),
            (
                "giver",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="delegations",
                    db_index=False,
                ),
            ),
            (
                "taker",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="delegations_taken",
                    db_index=False,
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
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["taker", "ends_at"],
                    condition=Q(revoked_at__isnull=True),
                    name="review_delegation_of_taker",
                ),
                models.Index(
                    fields=["giver", "ends_at"],
                    condition=Q(revoked_at__isnull=True),
                    name="review_delegation_of_giver",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=~Q(giver=F("taker")), name="review_delegation_to_another"
                ),
                models.CheckConstraint(
                    condition=Q(ends_at__gt=F("starts_at")),
                    name="review_delegation_ends_after_its_start",
                ),
                models.CheckConstraint(
                    condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                    | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                    name="review_delegation_revoked_at_needs_by",
                ),
            ],
        },
    ),
    governed_table("review_delegation"),
    table_stays("review_delegation"),
    migrations.CreateModel(
        name="BreakGlass",
        fields=[
            ("id", row_id()),
            ("reason", models.TextField()),
            ("opened_at", models.DateTimeField()),
            ("expires_at", models.DateTimeField()),
            ("reviewed_at", models.DateTimeField(null=True)),
            ("review_note", models.TextField(default="")),
            ("is_justified", models.BooleanField(null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="emergencies",
                    db_index=False,
                ),
            ),
            (
                "reviewed_by",
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
                    "review.queue", models.PROTECT, related_name="+", db_index=False
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["person", "expires_at"], name="review_break_glass_of_person"
                ),
                models.Index(
                    fields=["opened_at"],
                    condition=Q(reviewed_at__isnull=True),
                    name="review_break_glass_unreviewed",
                ),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                    | Q(reviewed_at__isnull=False, reviewed_by__isnull=False),
                    name="review_break_glass_reviewed_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=Q(is_justified__isnull=True, reviewed_at__isnull=True)
                    | Q(is_justified__isnull=False, reviewed_at__isnull=False),
                    name="review_break_glass_reviewed_says_whether_justified",
                ),
                models.CheckConstraint(
                    condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("person")),
                    name="review_break_glass_reviewed_by_another",
                ),
                models.CheckConstraint(
                    condition=Q(expires_at__gt=F("opened_at")),
                    name="review_break_glass_expires_later",
                ),
            ],
        },
    ),
    governed_table("review_breakglass"),
    table_stays("review_breakglass"),
]
