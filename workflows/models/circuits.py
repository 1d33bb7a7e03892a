"""Circuits of connectors. What opens and closes them: core/circuit.py."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from workflows.core.circuit import MAX_FAILURES, CircuitState
from workflows.models.fields import choices, one_of


class Circuit(models.Model):
    """One connector's circuit; a connector that never failed has no row.

    `failed_at` are its last failures. `retry_at` is when the next probe may go.
    """

    connector = models.CharField(max_length=100, primary_key=True)
    state = models.CharField(max_length=20, choices=choices(CircuitState))
    failed_at = ArrayField(models.DateTimeField(), size=MAX_FAILURES, default=list)
    retry_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("state", CircuitState, name="workflows_circuit_state_known"),
            models.CheckConstraint(
                condition=models.Q(state="CLOSED", retry_at__isnull=True)
                | (~models.Q(state="CLOSED") & models.Q(retry_at__isnull=False)),
                name="workflows_circuit_retry_at_unless_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector} {self.state}"
