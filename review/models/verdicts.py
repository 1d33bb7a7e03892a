"""Judgements of persons, with the digests of what they were shown."""

from django.db import models
from django.db.models import Q

from review.core.states import Decision, Outcome, Stage, TaskState
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from review.models.tasks import Task
from workflows.models.fields import choices, one_of


class Verdict(models.Model):
    """One person's judgement of one round of one task. Written once.

    `attempt` counts from 1 what the same person handed in for the same round and took
    back, or handed in without voting. `shown` tells what was on the screen: digests of
    payload, proposal, policy and sources, the reveal mode, when the model's view was
    revealed and which sources were opened. `rationale_committed` is what the entry
    names the rationale by; the text and its salt can be erased. `signature` is method, meaning and moment
    where the queue asks for one. `on_behalf_of` is whose delegate the person was.

    `round` is the round it counts for: an edit counts for the round it starts,
    whose payload has `result_digest`. `answer_*` is what the person was told, given
    again when the same lease hands in twice.
    """

    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="verdicts", db_index=False
    )
    instance_id = models.UUIDField()
    round = models.SmallIntegerField()
    attempt = models.SmallIntegerField(default=1, db_default=1)
    stage = models.CharField(max_length=20, choices=choices(Stage))
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False)
    person_name = models.CharField(max_length=200)
    decision = models.CharField(max_length=20, choices=choices(Decision))
    reason_code = models.CharField(max_length=60, default="")
    rationale = models.TextField(default="")
    rationale_committed = models.CharField(max_length=64, default="", db_default="")
    rationale_salt = models.BinaryField(null=True)
    edits = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)
    on_behalf_of = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    shown = models.JSONField(
        default=dict, db_default={}, encoder=ExactEncoder, decoder=ExactDecoder
    )
    signature = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)
    lease_token = models.BigIntegerField()
    payload_digest = models.CharField(max_length=64)
    proposal_digest = models.CharField(max_length=64, default="")
    result_digest = models.CharField(max_length=64)
    policy_version = models.CharField(max_length=200)
    claimed_at = models.DateTimeField()
    submitted_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    answer_state = models.CharField(max_length=20, choices=choices(TaskState))
    answer_outcome = models.CharField(
        max_length=20, choices=choices(Outcome), null=True
    )
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("decision", Decision, name="review_verdict_decision_known"),
            one_of("stage", Stage, name="review_verdict_stage_known"),
            models.UniqueConstraint(
                fields=["task", "round", "person", "attempt"],
                name="review_verdict_once_per_round_and_person",
            ),
            models.UniqueConstraint(
                fields=["task", "lease_token"], name="review_verdict_once_per_lease"
            ),
            models.CheckConstraint(
                condition=Q(decision="EDIT_AND_APPROVE", edits__isnull=False)
                | (~Q(decision="EDIT_AND_APPROVE") & Q(edits__isnull=True)),
                name="review_verdict_edits_only_when_edited",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-submitted_at"], name="review_verdict_of_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} of task {self.task_id}"


class VerdictUndo(models.Model):
    """A verdict its author took back while its effects were still held.

    The verdict itself stays as it was written; it no longer counts.
    """

    verdict = models.OneToOneField(
        Verdict, on_delete=models.PROTECT, primary_key=True, related_name="undo"
    )
    instance_id = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False)
    undone_at = models.DateTimeField()
    audit_seq = models.IntegerField()

    def __str__(self) -> str:
        return f"Undo of verdict {self.verdict_id}"


class Unveiling(models.Model):
    """When a person saw what the model suggests, once for each of his leases."""

    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="unveilings", db_index=False
    )
    instance_id = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, db_index=False)
    lease_token = models.BigIntegerField()
    revealed_at = models.DateTimeField()
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "lease_token"], name="review_unveiling_once_per_lease"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at task {self.task_id}"
