"""Runs of definitions and what they still have to hear."""

from django.db import models

from workflows.core.states import InstanceState
from workflows.models.definitions import Definition
from workflows.models.fields import choices, one_of


class Instance(models.Model):
    """One run of a definition version, with the head of its audit chain."""

    id = models.UUIDField(primary_key=True)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, db_index=False)
    process_id = models.CharField(max_length=200)
    state = models.CharField(max_length=20, choices=choices(InstanceState))
    business_key = models.CharField(max_length=200, default="")
    variables = models.JSONField(default=dict)
    data = models.JSONField(default=dict, db_default={})
    initiator = models.CharField(max_length=200)
    parent_instance_id = models.UUIDField(null=True)
    parent_step_id = models.BigIntegerField(null=True)
    depth = models.SmallIntegerField(default=0)
    end_node_id = models.CharField(max_length=200, default="")
    version = models.IntegerField(default=0)
    audit_seq = models.IntegerField(default=0)
    audit_head = models.BinaryField()
    started_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("state", InstanceState, name="workflows_instance_state_known"),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["ACTIVE", "SUSPENDED"], ended_at__isnull=True
                )
                | (
                    ~models.Q(state__in=["ACTIVE", "SUSPENDED"])
                    & models.Q(ended_at__isnull=False)
                ),
                name="workflows_instance_ended_at_when_final",
            ),
        ]
        indexes = [
            models.Index(
                fields=["definition", "state", "started_at"],
                name="workflows_instance_by_state",
            ),
            models.Index(fields=["started_at", "id"], name="workflows_instance_recent"),
            models.Index(
                fields=["business_key"],
                condition=~models.Q(business_key=""),
                name="workflows_instance_key",
            ),
            models.Index(
                fields=["parent_instance_id"],
                condition=models.Q(parent_instance_id__isnull=False),
                name="workflows_instance_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.business_key or str(self.id)


class Stimulus(models.Model):
    """Something an instance still has to hear; deleted when it has heard it.

    Writers only insert, so that telling another instance never waits for its lock.
    """

    instance_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    step_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    attempt = models.SmallIntegerField(default=0)
    run_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["run_at", "id"], name="workflows_stimulus_due"),
            models.Index(fields=["instance_id"], name="workflows_stimulus_instance"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.instance_id}"
