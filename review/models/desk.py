"""What lies on a reviewer's desk besides the verdicts: drafts, notes, views."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from review.models.queues import Queue
from review.models.tasks import Task
from workflows.models.fields import together


class Draft(models.Model):
    """What a person has typed about a task so far; it outlives lease and session.

    `payload_digest` is what was on the screen then.
    """

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    payload_digest = models.CharField(max_length=64)
    fields = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "task"], name="review_draft_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"Draft of {self.person_id} for task {self.task_id}"


class Note(models.Model):
    """A comment at a task, or what a hand-over or a call for help says. Only added.

    `committed` is what its entry names the text by; text and salt can be erased.
    """

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="notes")
    instance_id = models.UUIDField()
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    person_name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    text = models.TextField()
    committed = models.CharField(max_length=64, default="", db_default="")
    salt = models.BinaryField(null=True)
    written_at = models.DateTimeField()
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["COMMENT", "HAND_OVER", "HELP"]),
                name="review_note_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id} at task {self.task_id}"


class InformationRequest(models.Model):
    """A question a reviewer put to somebody outside; the task's clock stands meanwhile."""

    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="questions", db_index=False
    )
    instance_id = models.UUIDField()
    asked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_of = models.CharField(max_length=200, default="")
    question = models.TextField()
    question_committed = models.CharField(max_length=64, default="", db_default="")
    question_salt = models.BinaryField(null=True)
    asked_at = models.DateTimeField()
    answer = models.TextField(default="")
    answer_committed = models.CharField(max_length=64, default="", db_default="")
    answer_salt = models.BinaryField(null=True)
    answered_by = models.CharField(max_length=200, null=True)
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            together(
                "answered_by",
                "answered_at",
                name="review_information_request_answered_at_needs_by",
            ),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(answered_at__isnull=True, withdrawn_at__isnull=True),
                name="review_information_request_one_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["task", "asked_at"], name="review_information_of_task"
            ),
        ]

    def __str__(self) -> str:
        return f"Question at task {self.task_id}"


class Skip(models.Model):
    """A person put a task off: until then it is neither served nor pushed to him.

    He may still claim it by name, and nobody else is kept from it.
    """

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="skips", db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="skips", db_index=False
    )
    reason = models.CharField(max_length=300, default="")
    skipped_at = models.DateTimeField()
    # The default is for writers of the release before this column.
    until_at = models.DateTimeField(db_default=Now() + dt.timedelta(days=7))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "person"], name="review_skip_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(until_at__gt=F("skipped_at")),
                name="review_skip_until_after_skipped",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "skipped_at"], name="review_skip_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} skipped task {self.task_id}"


class QuorumGap(models.Model):
    """A live task that nobody can approve as things stand, and why.

    Worked out again and again from who may judge (operations/tasks/coverage.py): a note for
    managers, nobody's evidence. Without a constraint in the database, so that writing
    one never waits for who works on the task.
    """

    task = models.OneToOneField(
        Task,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="gap",
        db_constraint=False,
    )
    why = models.TextField()
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Task {self.task_id}: {self.why}"


class Presence(models.Model):
    """Who is looking at a task now. Information only: the lease is the lock."""

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="presences", db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    mode = models.CharField(max_length=10)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "person"], name="review_presence_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(mode__in=["VIEWING", "EDITING", "AWAY"]),
                name="review_presence_mode_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at task {self.task_id}"


class SavedView(models.Model):
    """A list's filters under a name: a person's own, or a queue's team's.

    `query` is the filters' query string, `columns` and `density` how it is shown.
    """

    owner = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="views", db_index=False
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, null=True, related_name="views", db_index=False
    )
    name = models.CharField(max_length=80)
    page = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)
    columns = models.JSONField(default=list)
    density = models.CharField(max_length=10, default="")
    is_team = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "page", "queue", "name"],
                nulls_distinct=False,
                name="review_saved_view_name_once",
            ),
            models.UniqueConstraint(
                fields=["owner", "page", "queue"],
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
        ]
        indexes = [
            models.Index(
                fields=["queue"],
                condition=Q(is_team=True),
                name="review_saved_view_of_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name
