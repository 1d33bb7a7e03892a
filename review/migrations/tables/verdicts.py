"""Verdicts, their undoing, when the model's view was revealed, and batches."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import F, Q

from review.models.fields import ExactDecoder, ExactEncoder
from workflows.migrations_support import append_only_table, audited_table
from workflows.migrations_tables import row_id

OPERATIONS = [
    migrations.CreateModel(
        name="Verdict",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("round", models.SmallIntegerField()),
            ("attempt", models.SmallIntegerField(default=1, db_default=1)),
            (
                "stage",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("FIRST", "First"),
                        ("SECOND", "Second"),
                        ("ADJUDICATION", "Adjudication"),
                    ],
                ),
            ),
            ("person_name", models.CharField(max_length=200)),
            (
                "decision",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("APPROVE", "Approve"),
                        ("REJECT", "Reject"),
                        ("EDIT_AND_APPROVE", "Edit and approve"),
                        ("REQUEST_INFORMATION", "Request information"),
                        ("ESCALATE", "Escalate"),
                        ("ABSTAIN", "Abstain"),
                    ],
                ),
            ),
            ("reason_code", models.CharField(max_length=60, default="")),
            ("rationale", models.TextField(default="")),
            (
                "edits",
                models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder),
            ),
            (
                "shown",
                models.JSONField(
                    default=dict,
                    db_default={},
                    encoder=ExactEncoder,
                    decoder=ExactDecoder,
                ),
            ),
            (
                "signature",
                models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder),
            ),
            ("lease_token", models.BigIntegerField()),
            ("payload_digest", models.CharField(max_length=64)),
            ("proposal_digest", models.CharField(max_length=64, default="")),
            ("result_digest", models.CharField(max_length=64)),
            ("policy_version", models.CharField(max_length=200)),
            ("claimed_at", models.DateTimeField()),
            ("submitted_at", models.DateTimeField()),
            ("occurred_at", models.DateTimeField(null=True)),
            (
                "answer_state",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("OPEN", "Open"),
                        ("CLAIMED", "Claimed"),
                        ("WAITING", "Waiting"),
                        ("SETTLING", "Settling"),
                        ("DECIDED", "Decided"),
                        ("CANCELED", "Canceled"),
                    ],
                ),
            ),
            (
                "answer_outcome",
                models.CharField(
                    max_length=20,
                    null=True,
                    choices=[
                        ("APPROVED", "Approved"),
                        ("REJECTED", "Rejected"),
                        ("BLOCKED", "Blocked"),
                        ("RETURNED", "Returned"),
                    ],
                ),
            ),
            ("audit_seq", models.IntegerField()),
            (
                "on_behalf_of",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    null=True,
                    related_name="+",
                    db_index=False,
                ),
            ),
            (
                "person",
                models.ForeignKey("review.person", models.PROTECT, db_index=False),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    related_name="verdicts",
                    db_index=False,
                ),
            ),
            (
                "rationale_committed",
                models.CharField(max_length=64, default="", db_default=""),
            ),
            ("rationale_salt", models.BinaryField(null=True)),
        ],
        options={
            "indexes": [
                models.Index(
                    fields=["person", "-submitted_at"], name="review_verdict_of_person"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(
                        decision__in=[
                            "APPROVE",
                            "REJECT",
                            "EDIT_AND_APPROVE",
                            "REQUEST_INFORMATION",
                            "ESCALATE",
                            "ABSTAIN",
                        ]
                    ),
                    name="review_verdict_decision_known",
                ),
                models.CheckConstraint(
                    condition=Q(stage__in=["FIRST", "SECOND", "ADJUDICATION"]),
                    name="review_verdict_stage_known",
                ),
                models.CheckConstraint(
                    condition=Q(decision="EDIT_AND_APPROVE", edits__isnull=False)
                    | (~Q(decision="EDIT_AND_APPROVE") & Q(edits__isnull=True)),
                    name="review_verdict_edits_only_when_edited",
                ),
                models.UniqueConstraint(
                    fields=("task", "round", "person", "attempt"),
                    name="review_verdict_once_per_round_and_person",
                ),
                models.UniqueConstraint(
                    fields=("task", "lease_token"), name="review_verdict_once_per_lease"
                ),
            ],
        },
    ),
    audited_table("review_verdict", columns=("audit_seq",)),
    append_only_table(
        "review_verdict", erasable=("rationale", "rationale_salt", "edits")
    ),
    migrations.CreateModel(
        name="VerdictUndo",
        fields=[
            (
                "verdict",
                models.OneToOneField(
                    "review.verdict",
                    models.PROTECT,
                    primary_key=True,
                    serialize=False,
                    related_name="undo",
                ),
            ),
            ("instance_id", models.UUIDField()),
            ("undone_at", models.DateTimeField()),
            ("audit_seq", models.IntegerField()),
            (
                "person",
                models.ForeignKey("review.person", models.PROTECT, db_index=False),
            ),
        ],
    ),
    audited_table("review_verdictundo", columns=("audit_seq",)),
    append_only_table("review_verdictundo"),
    migrations.CreateModel(
        name="Unveiling",
        fields=[
            ("id", row_id()),
            ("instance_id", models.UUIDField()),
            ("lease_token", models.BigIntegerField()),
            ("revealed_at", models.DateTimeField()),
            ("audit_seq", models.IntegerField()),
            (
                "person",
                models.ForeignKey("review.person", models.PROTECT, db_index=False),
            ),
            (
                "task",
                models.ForeignKey(
                    "review.task",
                    models.PROTECT,
                    related_name="unveilings",
                    db_index=False,
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(
                    fields=("task", "lease_token"),
                    name="review_unveiling_once_per_lease",
                )
            ]
        },
    ),
    audited_table("review_unveiling", columns=("audit_seq",)),
    append_only_table("review_unveiling"),
    migrations.CreateModel(
        name="Batch",
        fields=[
            ("id", row_id()),
            (
                "decision",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("APPROVE", "Approve"),
                        ("REJECT", "Reject"),
                        ("EDIT_AND_APPROVE", "Edit and approve"),
                        ("REQUEST_INFORMATION", "Request information"),
                        ("ESCALATE", "Escalate"),
                        ("ABSTAIN", "Abstain"),
                    ],
                ),
            ),
            ("items", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("alike", models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)),
            ("sample", ArrayField(models.BigIntegerField())),
            ("opened", ArrayField(models.BigIntegerField(), default=list)),
            (
                "results",
                models.JSONField(
                    default=list, encoder=ExactEncoder, decoder=ExactDecoder
                ),
            ),
            ("made_at", models.DateTimeField()),
            ("handed_in_at", models.DateTimeField(null=True)),
            (
                "person",
                models.ForeignKey(
                    "review.person",
                    models.PROTECT,
                    related_name="batches",
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
                    fields=["person", "made_at"], name="review_batch_of_person"
                )
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(decision__in=["APPROVE", "REJECT"]),
                    name="review_batch_approves_or_rejects",
                ),
                models.CheckConstraint(
                    condition=Q(handed_in_at__isnull=True)
                    | Q(opened__contains=F("sample")),
                    name="review_batch_sample_is_opened_first",
                ),
            ],
        },
    ),
]
