"""Which rules of which decision tables matched: what hit counts are made of. INSERT only.

No foreign keys: a row is written for every table that a step asks, and speaks of what
never changes. Why a decision came out as it did stands in the step's audit entry.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Evaluation(models.Model):
    """One evaluation of one table of one definition version.

    `decision` is the name of what owns the table, `table_id` the table's own id; `matched`
    are the numbers, from 1, of the rules whose cells all passed.
    """

    definition_id = models.BigIntegerField()
    decision = models.CharField(max_length=200)
    table_id = models.CharField(max_length=200)
    matched = ArrayField(models.IntegerField())
    at = models.DateTimeField()
    instance_id = models.UUIDField()
    step_id = models.BigIntegerField()

    class Meta:
        indexes = [
            # By id last: counts look at the newest evaluations of one table.
            models.Index(
                fields=["definition_id", "decision", "table_id", "id"],
                name="workflows_evaluation_of_table",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} at {self.at.isoformat()}: {self.matched}"
