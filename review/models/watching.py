"""What figures are watched for: rules, alerts raised, silences, and how budgets stand."""

from django.db import models
from django.db.models import F, Q

from review.core.figures.alerting import LONGEST_SILENCE, Comparison
from review.models.people import Person
from review.models.queues import Queue
from workflows.models.fields import choices, one_of, together


class ObjectiveEvent(models.Model):
    """One task that was decided in time by a measure, or late at its deadline.

    Worked out from the tasks; `measure` names what is measured (core/figures/objectives.py), so
    that a new version of an objective that measures the same keeps its past. No foreign
    key to the task, so that counting never waits for who works on it.
    """

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    measure = models.CharField(max_length=32)
    task_id = models.BigIntegerField()
    is_good = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "measure", "task_id"],
                name="review_objective_event_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "measure", "at"],
                include=["is_good"],
                name="review_objective_event_when",
            ),
        ]

    def __str__(self) -> str:
        return f"Task {self.task_id} by {self.measure}: {self.is_good}"


class AlertRule(models.Model):
    """When a figure is out of bounds, for whom and for how long; data, not code.

    `scope` is as an address names it. The chat rooms and receivers of `queue` hear it,
    and the rule's own. Each version was proposed by one person (`changed_by`) and
    approved by another (ProposedChange).
    """

    name = models.CharField(max_length=120)
    figure = models.CharField(max_length=40)
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    scope = models.JSONField(default=dict)
    comparison = models.CharField(max_length=10, choices=choices(Comparison))
    threshold = models.DecimalField(max_digits=24, decimal_places=6)
    clear = models.DecimalField(max_digits=24, decimal_places=6)
    lasting_seconds = models.IntegerField(default=0)
    period_seconds = models.IntegerField()
    note = models.TextField(default="")
    made_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    made_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    changed_at = models.DateTimeField()
    version = models.IntegerField(default=1, db_default=1)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of("comparison", Comparison, name="review_alert_rule_comparison_known"),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(removed_at__isnull=True),
                name="review_alert_rule_name_once",
            ),
            models.CheckConstraint(
                condition=Q(comparison="ABOVE", clear__lte=F("threshold"))
                | Q(comparison="BELOW", clear__gte=F("threshold")),
                name="review_alert_rule_clears_on_the_good_side",
            ),
            models.CheckConstraint(
                condition=Q(lasting_seconds__gte=0, period_seconds__gte=300),
                name="review_alert_rule_spans",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WatchState(models.Model):
    """Where the watch of one subject stands: when it is looked at next, what was read.

    Nobody's evidence: without it everything is read anew. Its row is the lock that lets
    one evaluator at a time look at a subject.
    """

    subject = models.CharField(max_length=250, primary_key=True)
    next_at = models.DateTimeField()
    out_since = models.DateTimeField(null=True)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.subject


class AlertEpisode(models.Model):
    """One alert from its beginning to its end. One is open for a subject.

    The subject is `rule:<id>`, or `objective:<queue>:<name>:<burn>`. `told_at` is null
    while a silence keeps it from being told. `acts` says what it did by itself.
    """

    subject = models.CharField(max_length=250)
    rule = models.ForeignKey(
        AlertRule, on_delete=models.PROTECT, null=True, related_name="episodes"
    )
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    title = models.CharField(max_length=300)
    value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    opened_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    acts = models.JSONField(default=list)
    closed_at = models.DateTimeField(null=True)
    closed_value = models.DecimalField(max_digits=24, decimal_places=6, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(closed_at__isnull=True),
                name="review_alert_episode_one_open",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="review_alert_episode_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["-opened_at"], name="review_alert_episode_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} since {self.opened_at.isoformat()}"


class Silence(models.Model):
    """Nobody is told of a subject, or of all that begin with it, for a time."""

    subject = models.CharField(max_length=250)
    reason = models.TextField()
    placed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"))
                & Q(ends_at__lte=F("starts_at") + LONGEST_SILENCE),
                name="review_silence_ends_within_a_month",
            ),
            together("ended_by", "ended_at", name="review_silence_ended_whole"),
        ]

    def __str__(self) -> str:
        return f"Silence of {self.subject} until {self.ends_at.isoformat()}"


class HeldStart(models.Model):
    """An instance that a program started while intake was slowed, in its order.

    It is suspended until there is room; that it was held and went on are entries of its
    case. `released_at` says when its turn came; who is let go by hand has no row.
    """

    instance_id = models.UUIDField(unique=True)
    process = models.CharField(max_length=100)
    held_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["process", "id"],
                condition=Q(released_at__isnull=True),
                name="review_held_start_waiting",
            ),
            models.Index(
                fields=["process", "-released_at"],
                condition=Q(released_at__isnull=False),
                name="review_held_start_released",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.process} {self.instance_id}"


class IntakeBrake(models.Model):
    """A process that may be started so many times an hour while a budget is burnt."""

    episode = models.ForeignKey(
        AlertEpisode, on_delete=models.PROTECT, related_name="brakes"
    )
    process = models.CharField(max_length=100)
    per_hour = models.IntegerField()
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "process"], name="review_intake_brake_once"
            ),
            models.CheckConstraint(
                condition=Q(per_hour__gte=0), name="review_intake_brake_from_0"
            ),
        ]
        indexes = [
            models.Index(
                fields=["process"],
                condition=Q(ended_at__isnull=True),
                name="review_intake_brake_standing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.process}: {self.per_hour} an hour"
