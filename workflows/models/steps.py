"""Activations of BPMN nodes and the incidents they end in."""

from django.db import models

from workflows.core.states import IncidentState, Resolution, StepState
from workflows.models.fields import choices, one_of, together
from workflows.models.instances import Instance


class Step(models.Model):
    """One activation of a BPMN node in an instance.

    A step that calls an outside system is claimed by raising `lease_token` and
    `attempt` in one compare-and-set; a finish must carry the same token.
    """

    id = models.BigIntegerField(primary_key=True)
    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    scope_id = models.BigIntegerField(null=True)
    node_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=300, default="")
    state = models.CharField(max_length=20, choices=choices(StepState))
    attempt = models.SmallIntegerField(default=0)
    data = models.JSONField(default=dict)
    error = models.TextField(default="")
    external = models.BooleanField(default=False)
    run_at = models.DateTimeField(null=True)
    lease_token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, default="")
    audit_seq = models.IntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("state", StepState, name="workflows_step_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="RUNNING")
                | models.Q(lease_until__isnull=False),
                name="workflows_step_running_needs_lease",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["COMPLETED", "CANCELED", "SKIPPED"],
                    ended_at__isnull=False,
                )
                | (
                    ~models.Q(state__in=["COMPLETED", "CANCELED", "SKIPPED"])
                    & models.Q(ended_at__isnull=True)
                ),
                name="workflows_step_ended_at_when_final",
            ),
        ]
        indexes = [
            models.Index(fields=["instance", "id"], name="workflows_step_instance"),
            models.Index(
                fields=["instance", "id"],
                condition=models.Q(
                    state__in=["READY", "RUNNING", "WAITING", "INCIDENT"]
                ),
                name="workflows_step_live",
            ),
            models.Index(
                fields=["run_at"],
                condition=models.Q(state="READY"),
                name="workflows_step_ready",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state="RUNNING"),
                name="workflows_step_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node_id} {self.state}"


class Incident(models.Model):
    """A step that ran out of retries and waits for a person."""

    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="incidents"
    )
    step = models.ForeignKey(
        Step, on_delete=models.PROTECT, related_name="incidents", null=True
    )
    state = models.CharField(max_length=20, choices=choices(IncidentState))
    code = models.CharField(max_length=100)
    message = models.TextField()
    attempts = models.SmallIntegerField()
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=200, null=True)
    resolution = models.CharField(
        max_length=20, choices=choices(Resolution), default=""
    )
    reason = models.TextField(default="")
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("state", IncidentState, name="workflows_incident_state_known"),
            together(
                "resolved_at",
                "resolved_by",
                name="workflows_incident_resolved_at_needs_by",
            ),
            models.UniqueConstraint(
                fields=["step"],
                condition=models.Q(state="OPEN"),
                name="workflows_incident_one_open_per_step",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opened_at", "id"],
                condition=models.Q(state="OPEN"),
                name="workflows_incident_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
