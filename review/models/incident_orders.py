"""Orders to act on many incidents at once, and what became of each."""

from django.db import models

from review.core.incident_orders import OrderAct
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from workflows.models.fields import choices, one_of


class IncidentOrder(models.Model):
    """What one person wants done with many incidents, worked off one by one.

    `title` says what was chosen, `output` what a step that is settled would have had; it
    is emptied when the order is done, for from then on it stands with the cases.
    """

    act = models.CharField(max_length=10, choices=choices(OrderAct))
    title = models.CharField(max_length=300)
    reason = models.TextField()
    output = models.JSONField(default=dict, encoder=ExactEncoder, decoder=ExactDecoder)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    total = models.IntegerField()
    ordered_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("act", OrderAct, name="review_incident_order_act_known"),
            models.CheckConstraint(
                condition=models.Q(total__gte=1), name="review_incident_order_of_some"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(finished_at__isnull=True),
                name="review_incident_order_open",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentOrderItem(models.Model):
    """One incident of an order. `fate` is empty until its turn came (operations/instances/bulk.py).

    Fate and act are one transaction, so that a worker who dies leaves an incident
    either untouched or done and noted.
    """

    order = models.ForeignKey(
        IncidentOrder, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    incident_id = models.BigIntegerField()
    instance_id = models.UUIDField()
    fate = models.CharField(max_length=10, default="")
    sentence = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "incident_id"],
                name="review_incident_order_item_once",
            ),
            models.CheckConstraint(
                condition=models.Q(fate__in=["", "DONE", "PROPOSED", "REFUSED"]),
                name="review_incident_order_item_fate_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["order", "id"],
                condition=models.Q(fate=""),
                name="review_incident_order_item_due",
            ),
        ]

    def __str__(self) -> str:
        return f"Incident {self.incident_id}: {self.fate or 'waits'}"
