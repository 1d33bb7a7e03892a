"""Batches: tasks of one kind that a person decides with one form."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from review.core.states import Decision
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from review.models.queues import Queue
from workflows.models.fields import choices


class Batch(models.Model):
    """What a person wants to decide at once, and what of it was looked at first.

    `items` are the tasks with the digest of what stood there when the batch was made,
    `alike` what they have in common (rule, proposed action, form version). `sample`
    are the tasks drawn for looking at, `opened` those opened since. `results` says
    what became of each task.
    """

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="batches", db_index=False
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decision = models.CharField(max_length=20, choices=choices(Decision))
    items = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    alike = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    sample = ArrayField(models.BigIntegerField())
    opened = ArrayField(models.BigIntegerField(), default=list)
    results = models.JSONField(default=list, encoder=ExactEncoder, decoder=ExactDecoder)
    made_at = models.DateTimeField()
    handed_in_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=["APPROVE", "REJECT"]),
                name="review_batch_approves_or_rejects",
            ),
            # What was not looked at is not handed in, whatever the screens do.
            models.CheckConstraint(
                condition=Q(handed_in_at__isnull=True)
                | Q(opened__contains=F("sample")),
                name="review_batch_sample_is_opened_first",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "made_at"], name="review_batch_of_person"),
        ]

    def __str__(self) -> str:
        return f"Batch {self.pk} of {self.person_id}"
