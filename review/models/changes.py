"""Drafts of definitions, and changes that two persons make."""

from django.db import models
from django.db.models import F, Q

from review.core.changes import ChangeKind, ChangeState, GovernedKind, MoveState
from review.models.people import Person
from review.models.queues import Queue
from workflows.models import Definition
from workflows.models.fields import choices, one_of, together


class DefinitionDraft(models.Model):
    """A package that is worked on; `base` is the version it began from, if any.

    `revision` is the newest of its savings. Whoever saves names the revision he began
    from, so that nobody writes over what he has not seen.
    """

    key = models.CharField(max_length=100, primary_key=True)
    base = models.ForeignKey(
        Definition,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    revision = models.IntegerField()
    created_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Draft of {self.key}"


class DraftRevision(models.Model):
    """One saving of a draft: the whole package as a zip, and what it was saved for."""

    draft = models.ForeignKey(
        DefinitionDraft,
        on_delete=models.CASCADE,
        related_name="revisions",
        db_index=False,
    )
    revision = models.IntegerField()
    archive = models.BinaryField()
    digest = models.CharField(max_length=64)
    what = models.CharField(max_length=300)
    saved_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "revision"], name="review_draft_revision_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} revision {self.revision}"


class DefinitionChange(models.Model):
    """A change of a definition, proposed by one person and made by another's approval.

    DEPLOY brings `archive`, whose package has `digest`; ROLL_BACK and MIGRATE name a
    deployed `target`, which a deployment gets when it is done. `migrations` are the
    versions whose instances go along, with the mapping of nodes. `base` is the version
    that new instances followed when it was proposed.
    """

    key = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=choices(ChangeKind))
    version = models.CharField(max_length=50)
    digest = models.CharField(max_length=64)
    archive = models.BinaryField(null=True)
    base = models.ForeignKey(
        Definition,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    target = models.ForeignKey(
        Definition,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    migrations = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    reason = models.TextField()
    state = models.CharField(max_length=20, choices=choices(ChangeState))
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(default="")

    class Meta:
        constraints = [
            one_of("kind", ChangeKind, name="review_change_kind_known"),
            one_of("state", ChangeState, name="review_change_state_known"),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(state="PROPOSED"),
                name="review_change_one_proposed",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE")
                | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                name="review_change_made_by_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", settled_at__isnull=True)
                | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                name="review_change_settled_when_final",
            ),
            together(
                "settled_at", "settled_by", name="review_change_settled_at_needs_by"
            ),
            models.CheckConstraint(
                condition=Q(kind="DEPLOY", archive__isnull=False)
                | (
                    ~Q(kind="DEPLOY")
                    & Q(archive__isnull=True)
                    & Q(target__isnull=False)
                ),
                name="review_change_brings_package_or_target",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE") | Q(target__isnull=False),
                name="review_change_done_has_target",
            ),
        ]
        indexes = [
            models.Index(fields=["key", "-id"], name="review_change_of_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.version}"


class DefinitionMove(models.Model):
    """One approved migration of running instances, and how far it is.

    Batches go in the order of the instances' ids, `after` is where the last one ended;
    a batch and its counts commit together, so a worker that dies leaves neither.
    """

    change = models.ForeignKey(
        DefinitionChange, on_delete=models.PROTECT, related_name="moves"
    )
    source = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    target = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    nodes = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=choices(MoveState))
    after = models.UUIDField(null=True)
    total = models.IntegerField()
    migrated = models.IntegerField(default=0)
    blocked = models.IntegerField(default=0)
    gone = models.IntegerField(default=0)
    reasons = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    failures = models.SmallIntegerField(default=0)
    error = models.TextField(default="")
    next_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("state", MoveState, name="review_move_state_known"),
            models.UniqueConstraint(
                fields=["change", "source"], name="review_move_once_of_a_version"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="WAITING", next_at__isnull=False, finished_at__isnull=True
                )
                | (
                    ~Q(state="WAITING")
                    & Q(next_at__isnull=True, finished_at__isnull=False)
                ),
                name="review_move_waits_or_is_over",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state="WAITING"),
                name="review_move_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} to {self.target_id}"


class ProposedChange(models.Model):
    """A change of a rule or of a right, proposed by one person and made by another's word.

    `subject` names what is changed: one change of it waits at a time. `before` is what
    stood when it was proposed, `body` what shall stand; empty means nothing. `version`
    is the version of the subject that it made.
    """

    kind = models.CharField(max_length=20, choices=choices(GovernedKind))
    subject = models.CharField(max_length=250)
    title = models.CharField(max_length=300)
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    before = models.JSONField(default=dict)
    body = models.JSONField(default=dict)
    version = models.IntegerField(null=True)
    reason = models.TextField()
    state = models.CharField(max_length=20, choices=choices(ChangeState))
    author = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    proposed_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(default="")

    class Meta:
        constraints = [
            one_of("kind", GovernedKind, name="review_proposed_kind_known"),
            one_of("state", ChangeState, name="review_proposed_state_known"),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state="PROPOSED"),
                name="review_proposed_one_of_a_subject",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE")
                | (Q(settled_by__isnull=False) & ~Q(settled_by=F("author"))),
                name="review_proposed_made_by_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", settled_at__isnull=True)
                | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                name="review_proposed_settled_when_final",
            ),
            together(
                "settled_at", "settled_by", name="review_proposed_settled_at_needs_by"
            ),
            models.CheckConstraint(
                condition=~(Q(body={}) & Q(before={})),
                name="review_proposed_changes_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "subject", "-id"], name="review_proposed_of_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.title}"
