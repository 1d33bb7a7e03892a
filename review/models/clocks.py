"""What clocks leave behind: events, and the rungs they reached. Rows are only added."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from review.core.states import ClockEventKind, InstanceClockState
from review.models.calendars import Calendar
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.tasks import Task
from workflows.models import Instance
from workflows.models.fields import choices, one_of


class CalendarVersion(models.Model):
    """A calendar as it was under one version, its days off resolved for good.

    A clock started under a version is counted by it for ever: neither a change of the
    calendar nor a newer list of national holidays moves a due moment that was given.
    `sources` names the releases of the holidays and of the zone's rules.
    """

    calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    version = models.IntegerField()
    zone = models.CharField(max_length=64)
    hours = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    days_off = ArrayField(models.DateField())
    sources = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "version"], name="review_calendar_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.version} of calendar {self.calendar_id}"


class ClockEvent(models.Model):
    """One turn of a clock: of a task, or of a whole instance where `task` is null.

    `at` is the business time it happened (a replayed fact's, else the database's
    clock). `terms` is the policy in force from a START or RESET on. `due_at` is the
    due moment as it stands after the event; a halted clock has none.
    """

    instance_id = models.UUIDField()
    task = models.ForeignKey(
        Task,
        on_delete=models.PROTECT,
        null=True,
        related_name="clock_events",
        db_index=False,
    )
    kind = models.CharField(max_length=10, choices=choices(ClockEventKind))
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, default="")
    terms = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)
    due_at = models.DateTimeField(null=True)
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("kind", ClockEventKind, name="review_clock_event_kind_known"),
            models.CheckConstraint(
                condition=Q(kind__in=["START", "RESET"], terms__isnull=False)
                | (~Q(kind__in=["START", "RESET"]) & Q(terms__isnull=True)),
                name="review_clock_event_terms_when_it_begins",
            ),
        ]
        indexes = [
            models.Index(
                fields=["task"],
                condition=Q(task__isnull=False),
                name="review_clock_event_task",
            ),
            models.Index(
                fields=["instance_id"],
                condition=Q(task__isnull=True),
                name="review_clock_event_instance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at.isoformat()}"


class ClockRecord(models.Model):
    """A rung a clock reached, or its breach, as it was noticed. Never recomputed.

    `cycle` counts the clock's starts from 1, `rung` its rungs from 0: each is reached
    once in a cycle, whatever happens to the clock later. `reached_at` is the moment
    the rung lay at, `noticed_at` the database's clock when it was acted on.
    """

    instance_id = models.UUIDField()
    task = models.ForeignKey(
        Task,
        on_delete=models.PROTECT,
        null=True,
        related_name="clock_records",
        db_index=False,
    )
    cycle = models.SmallIntegerField()
    rung = models.SmallIntegerField()
    words = models.CharField(max_length=100)
    is_breach = models.BooleanField()
    goal = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reached_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    calendar = models.CharField(max_length=120, default="")
    did = models.CharField(max_length=300, default="")
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance_id", "task", "cycle", "rung"],
                nulls_distinct=False,
                name="review_clock_record_once",
            ),
            models.CheckConstraint(
                condition=Q(reached_at__lte=F("noticed_at")),
                name="review_clock_record_never_early",
            ),
        ]
        indexes = [
            models.Index(
                fields=["task"],
                condition=Q(task__isnull=False),
                name="review_clock_record_task",
            ),
            models.Index(
                fields=["reached_at"],
                condition=Q(is_breach=True),
                name="review_clock_record_breaches",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.words} at {self.reached_at.isoformat()}"


class InstanceClock(models.Model):
    """The clock of a whole instance whose process has a goal; ends with it.

    `started_at` and `ended_at` are business times. `due_at` stands still while the
    instance is suspended.
    """

    instance = models.OneToOneField(
        Instance, on_delete=models.PROTECT, primary_key=True, related_name="sla_clock"
    )
    state = models.CharField(max_length=10, choices=choices(InstanceClockState))
    terms = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of(
                "state", InstanceClockState, name="review_instance_clock_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="STOPPED", ended_at__isnull=False)
                | (~Q(state="STOPPED") & Q(ended_at__isnull=True)),
                name="review_instance_clock_ends_when_stopped",
            ),
            models.CheckConstraint(
                condition=Q(warn_at__lte=F("due_at")),
                name="review_instance_clock_warning_not_after_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=~Q(state="STOPPED"),
                name="review_instance_clock_due",
            ),
        ]

    def __str__(self) -> str:
        return f"Clock of instance {self.instance_id}"
