"""Rows with a due moment. Who acts when it comes is the timer kind's business."""

from django.db import models

from workflows.core.states import TimerState
from workflows.models.fields import choices, one_of
from workflows.models.instances import Instance


class Timer(models.Model):
    """One due moment of an instance; fired once, never early.

    `kind` names who fires it: the engine's own kinds (`engine.catch`,
    `engine.boundary`) or a kind another part registered (`review.sla`).
    `ref` is that part's own key, e.g. a task id.
    """

    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="timers", null=True
    )
    step_id = models.BigIntegerField(null=True)
    node_id = models.CharField(max_length=200, default="")
    kind = models.CharField(max_length=40)
    ref = models.CharField(max_length=100, default="")
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=choices(TimerState))
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    attempt = models.SmallIntegerField(default=0)
    audit_seq = models.IntegerField(default=0)

    class Meta:
        constraints = [
            one_of("state", TimerState, name="workflows_timer_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state="FIRED") | models.Q(fired_at__isnull=False),
                name="workflows_timer_fired_needs_fired_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="ARMED"),
                name="workflows_timer_due",
            ),
            models.Index(
                fields=["step_id"],
                condition=models.Q(state="ARMED"),
                name="workflows_timer_step",
            ),
            models.Index(
                fields=["kind", "ref"],
                condition=models.Q(state="ARMED") & ~models.Q(ref=""),
                name="workflows_timer_ref",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} due {self.due_at.isoformat()}"
