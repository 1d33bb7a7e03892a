"""Acts on running instances that two persons do."""

from django.db import migrations, models
from django.db.models import F, Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import audited_table, removals_need_entry
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Intervention",
        fields=[
            ("id", row_id()),
            (
                "act",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("SUSPEND", "Suspend"),
                        ("RESUME", "Resume"),
                        ("CANCEL", "Cancel"),
                        ("RETRY", "Retry"),
                        ("MEND", "Mend"),
                        ("SETTLE", "Settle"),
                        ("SKIP", "Skip"),
                        ("MOVE", "Move"),
                        ("EDIT", "Edit"),
                    ],
                ),
            ),
            (
                "arguments",
                models.JSONField(
                    default=dict, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            ("digest", models.CharField(max_length=64)),
            ("standing", models.IntegerField()),
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
                        ("LAPSED", "Lapsed"),
                    ],
                ),
            ),
            ("proposed_at", models.DateTimeField()),
            ("expires_at", models.DateTimeField()),
            ("settled_at", models.DateTimeField(null=True)),
            ("settled_reason", models.TextField(default="")),
            ("audit_seq", models.IntegerField()),
            (
                "instance",
                models.ForeignKey(
                    "workflows.instance", models.PROTECT, related_name="interventions"
                ),
            ),
            (
                "proposed_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="proposals",
                    db_index=False,
                ),
            ),
            (
                "settled_by",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="settlements",
                    db_index=False,
                ),
            ),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["proposed_at", "id"],
                    condition=Q(state="PROPOSED"),
                    name="review_intervention_open",
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        act__in=[
                            "SUSPEND",
                            "RESUME",
                            "CANCEL",
                            "RETRY",
                            "MEND",
                            "SETTLE",
                            "SKIP",
                            "MOVE",
                            "EDIT",
                        ]
                    ),
                    name="review_intervention_act_known",
                ),
                models.CheckConstraint(
                    condition=Q(
                        state__in=[
                            "PROPOSED",
                            "DONE",
                            "DECLINED",
                            "WITHDRAWN",
                            "LAPSED",
                        ]
                    ),
                    name="review_intervention_state_known",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                    | Q(settled_at__isnull=False, settled_by__isnull=False),
                    name="review_intervention_settled_at_needs_by",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True, state="PROPOSED")
                    | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                    name="review_intervention_settled_when_final",
                ),
                models.CheckConstraint(
                    condition=~Q(state="DONE") | ~Q(settled_by=F("proposed_by")),
                    name="review_intervention_done_by_another_person",
                ),
                models.CheckConstraint(
                    condition=~Q(state="WITHDRAWN") | Q(settled_by=F("proposed_by")),
                    name="review_intervention_withdrawn_by_its_author",
                ),
                models.UniqueConstraint(
                    fields=("digest",),
                    condition=Q(state="PROPOSED"),
                    name="review_intervention_proposed_once",
                ),
            ],
        },
    ),
    audited_table(
        "review_intervention",
        columns=(
            "instance_id",
            "act",
            "arguments",
            "standing",
            "reason",
            "state",
            "proposed_by_id",
            "expires_at",
            "settled_by_id",
        ),
    ),
    removals_need_entry("review_intervention"),
]
