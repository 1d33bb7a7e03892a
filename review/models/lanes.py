"""Lanes: what tasks of one queue have in common for who may take them; and turns."""

from django.db import models
from django.db.models import Q

from review.models.people import Person
from review.models.queues import Queue


class Lane(models.Model):
    """The tasks of a queue that ask for the same region and the same skill.

    Which lanes a person may serve is found once for each claim; within a lane the
    oldest rank is next, so that claiming reads one index entry for each lane however
    many tasks wait. Lanes are few and stay: an empty skill or region asks for none.
    """

    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, related_name="lanes", db_index=False
    )
    region = models.CharField(max_length=40, default="", db_default="")
    skill = models.CharField(max_length=60, default="", db_default="")
    level = models.SmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "region", "skill", "level"],
                name="review_lane_once",
            ),
            models.CheckConstraint(
                condition=Q(skill="", level=0)
                | (~Q(skill="") & Q(level__gte=1, level__lte=5)),
                name="review_lane_level_1_to_5_with_a_skill",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue_id} {self.region} {self.skill} {self.level}"


class Turn(models.Model):
    """When a person was last given work by a queue that pushes: whose turn it is.

    `number` rises with each piece of work the queue gives to anybody; who has the
    lowest, or none, is next. Arranging, no evidence: the task's entry says who got it.
    """

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "person"], name="review_turn_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.person_id} in {self.queue_id}"
