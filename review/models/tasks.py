"""What waits for people: a narrow hot row, and its content apart."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q, Value

from review.core.states import (
    Control,
    DecidedBy,
    Outcome,
    Parking,
    PriorityClass,
    Reveal,
    Stage,
    TaskState,
)
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.lanes import Lane
from review.models.people import Person
from review.models.queues import Queue
from workflows.models import Instance
from workflows.models.fields import choices, one_of, together

LIVE = Q(state__in=["OPEN", "CLAIMED", "WAITING"])


class Task(models.Model):
    """One step's work for people, or what the grid decided without them.

    Lists read this row alone; payload and reasons are in TaskContent.
    `opened_at` and `decided_at` are business times: those of a replayed fact where
    it was replayed, else the database's clock. `recorded_at` is always the clock.
    `lease_token` rises with each claim; what a person hands in must carry the
    token of a lease that still holds. A lease whose `lease_until` has passed is
    free without anybody sweeping.
    `round` is the version of the payload: an edit starts the next one.
    `excluded` are the ids of persons who may not take the task as it now stands:
    the initiator, who has already judged this round, and who has a conflict of
    interest.

    `lane` and `serve_at` are the order in which it is served: `serve_at` is
    `opened_at`, later by the queue's aging for each class below A. Work pushed to a
    person is `assigned_to` him until `assigned_until`. `is_ahead` marks a lease taken
    ahead: short, without touch time. `seats` persons may hold the task side by side
    (see Seat); `seated` are those who do now, where it is more than one.
    A WAITING task keeps in `parked_for` whose it is again afterwards. The effects of
    the verdict of a SETTLING task are held until `release_at`.
    """

    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    step_id = models.BigIntegerField(unique=True)
    queue = models.ForeignKey(
        Queue, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    definition_id = models.BigIntegerField()
    definition_key = models.CharField(max_length=100)
    node_id = models.CharField(max_length=200)
    title = models.CharField(max_length=300)
    business_key = models.CharField(max_length=200, default="")
    initiator = models.CharField(max_length=200)

    state = models.CharField(max_length=20, choices=choices(TaskState))
    control = models.CharField(max_length=10, choices=choices(Control))
    stage = models.CharField(max_length=20, choices=choices(Stage))
    round = models.SmallIntegerField(default=1)
    priority_class = models.CharField(max_length=1, choices=choices(PriorityClass))
    payload_digest = models.CharField(max_length=64)
    confidence = models.DecimalField(max_digits=20, decimal_places=18, null=True)
    impact = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    excluded = ArrayField(models.BigIntegerField(), default=list)
    reveal = models.CharField(
        max_length=20,
        choices=choices(Reveal),
        default="ON_REQUEST",
        db_default="ON_REQUEST",
    )

    lane = models.ForeignKey(
        Lane, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    serve_at = models.DateTimeField()
    assigned_to = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        related_name="assignments",
        db_index=False,
    )
    assigned_at = models.DateTimeField(null=True)
    assigned_until = models.DateTimeField(null=True)
    lapses = models.SmallIntegerField(default=0, db_default=0)
    seats = models.SmallIntegerField(default=1, db_default=1)
    seated = ArrayField(
        models.BigIntegerField(),
        default=list,
        db_default=Value([], output_field=ArrayField(models.BigIntegerField())),
    )
    is_ahead = models.BooleanField(default=False, db_default=False)

    parked_at = models.DateTimeField(null=True)
    parking = models.CharField(max_length=20, choices=choices(Parking), null=True)
    parked_for = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    release_at = models.DateTimeField(null=True)

    claimed_by = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        related_name="claims",
        db_index=False,
    )
    claimed_at = models.DateTimeField(null=True)
    lease_token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    first_claimed_at = models.DateTimeField(null=True)

    opened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    escalations = models.SmallIntegerField(default=0)

    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=choices(Outcome), null=True)
    decided_by = models.CharField(max_length=10, choices=choices(DecidedBy), null=True)
    canceled_at = models.DateTimeField(null=True)
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("state", TaskState, name="review_task_state_known"),
            one_of("control", Control, name="review_task_control_known"),
            one_of("stage", Stage, name="review_task_stage_known"),
            one_of("priority_class", PriorityClass, name="review_task_class_known"),
            one_of("reveal", Reveal, name="review_task_reveal_known"),
            together(
                "assigned_to", "assigned_at", name="review_task_assigned_at_needs_to"
            ),
            together(
                "assigned_to", "assigned_until", name="review_task_assigned_needs_until"
            ),
            models.CheckConstraint(
                condition=Q(parking__isnull=True)
                | Q(parking__in=["INFORMATION", "HELP"]),
                name="review_task_parking_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="WAITING", parked_at__isnull=False, parking__isnull=False
                )
                | (
                    ~Q(state="WAITING")
                    & Q(
                        parked_at__isnull=True,
                        parking__isnull=True,
                        parked_for__isnull=True,
                    )
                ),
                name="review_task_parked_only_when_waiting",
            ),
            models.CheckConstraint(
                condition=Q(state="SETTLING", release_at__isnull=False)
                | (~Q(state="SETTLING") & Q(release_at__isnull=True)),
                name="review_task_release_only_when_settling",
            ),
            models.CheckConstraint(
                condition=Q(is_ahead=False) | Q(state="CLAIMED"),
                name="review_task_ahead_only_when_claimed",
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1), name="review_task_seats_from_1"
            ),
            models.CheckConstraint(
                condition=Q(outcome__isnull=True)
                | Q(outcome__in=[word.value for word in Outcome]),
                name="review_task_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(decided_by__in=[word.value for word in DecidedBy]),
                name="review_task_decided_by_known",
            ),
            together(
                "claimed_by", "claimed_at", name="review_task_claimed_at_needs_by"
            ),
            together(
                "claimed_by", "lease_until", name="review_task_claimed_needs_lease"
            ),
            together(
                "decided_by", "decided_at", name="review_task_decided_at_needs_by"
            ),
            together("outcome", "decided_at", name="review_task_decided_needs_outcome"),
            models.CheckConstraint(
                condition=Q(state="CLAIMED", claimed_by__isnull=False)
                | (~Q(state="CLAIMED") & Q(claimed_by__isnull=True)),
                name="review_task_claimed_only_with_lease",
            ),
            models.CheckConstraint(
                condition=Q(state="DECIDED", outcome__isnull=False)
                | (~Q(state="DECIDED") & Q(outcome__isnull=True)),
                name="review_task_outcome_only_when_decided",
            ),
            models.CheckConstraint(
                condition=Q(state="CANCELED", canceled_at__isnull=False)
                | (~Q(state="CANCELED") & Q(canceled_at__isnull=True)),
                name="review_task_canceled_at_only_when_canceled",
            ),
            models.CheckConstraint(
                condition=Q(breached_at__isnull=True) | Q(due_at__isnull=False),
                name="review_task_breach_needs_due",
            ),
            models.CheckConstraint(
                condition=Q(warn_at__isnull=True) | Q(due_at__isnull=False),
                name="review_task_warning_needs_due",
            ),
            models.CheckConstraint(
                condition=Q(warn_at__isnull=True) | Q(warn_at__lte=F("due_at")),
                name="review_task_warning_not_after_due",
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True)
                | Q(confidence__gte=0, confidence__lte=1),
                name="review_task_confidence_0_to_1",
            ),
            models.CheckConstraint(
                condition=Q(round__gte=1), name="review_task_round_from_1"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "serve_at", "id"],
                condition=Q(state="OPEN", assigned_to__isnull=True),
                name="review_task_claim_next",
            ),
            models.Index(
                fields=["assigned_to", "serve_at", "id"],
                condition=Q(state="OPEN", assigned_to__isnull=False),
                name="review_task_assigned",
            ),
            # Whoever asks for a lane's leases names no holder, and whoever asks for a
            # person's names no lane: by these conditions each has one index that fits,
            # however few claims the statistics know of.
            models.Index(
                fields=["lane", "lease_until"],
                condition=Q(state="CLAIMED", lane__isnull=False),
                name="review_task_lapsed",
            ),
            models.Index(
                fields=["claimed_by"],
                condition=Q(state="CLAIMED", claimed_by__isnull=False),
                name="review_task_held",
            ),
            models.Index(
                fields=["queue", "serve_at", "id"],
                condition=LIVE,
                name="review_task_page",
            ),
            # Counted without a look at the rows: most of them look due to the planner,
            # which would read the whole table.
            models.Index(
                fields=["due_at", "id"],
                condition=Q(
                    state__in=["OPEN", "CLAIMED"],
                    breached_at__isnull=True,
                    due_at__isnull=False,
                ),
                include=["queue", "instance"],
                name="review_task_falls_due",
            ),
            models.Index(
                fields=["queue", "breached_at", "id"],
                condition=LIVE & Q(breached_at__isnull=False),
                name="review_task_breached",
            ),
            models.Index(
                fields=["queue", "due_at"],
                condition=LIVE & Q(due_at__isnull=False),
                name="review_task_queue_due",
            ),
            models.Index(
                fields=["parked_for"],
                condition=Q(state="WAITING"),
                name="review_task_parked_for",
            ),
            models.Index(
                fields=["decided_at", "id"],
                condition=Q(state="DECIDED"),
                name="review_task_decided",
            ),
            models.Index(fields=["instance"], name="review_task_instance"),
            # Tasks arrive in the order of time, so a few pages tell what weeks hold.
            BrinIndex(
                fields=["opened_at"], name="review_task_opened", autosummarize=True
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TaskContent(models.Model):
    """What a task shows and why it came; never read by lists.

    `payload` is the current round's. `policy` pins what was in force when the task
    opened (definition version, form, quorum, escalation, result). `why` is the
    grid's answer with its explanation. `clock` is the clock policy as started.
    `routing` says which lane, class and person it was given, by which rules; `proof`
    is who was eligible and who was excluded, and why, when the quorum was reached.
    """

    task = models.OneToOneField(
        Task, on_delete=models.PROTECT, primary_key=True, related_name="content"
    )
    payload = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    proposal = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)
    why = models.JSONField(default=dict, encoder=ExactEncoder, decoder=ExactDecoder)
    policy = models.JSONField(default=dict, encoder=ExactEncoder, decoder=ExactDecoder)
    clock = models.JSONField(default=dict, encoder=ExactEncoder, decoder=ExactDecoder)
    routing = models.JSONField(
        default=dict, db_default={}, encoder=ExactEncoder, decoder=ExactDecoder
    )
    proof = models.JSONField(null=True, encoder=ExactEncoder, decoder=ExactDecoder)

    def __str__(self) -> str:
        return f"Content of task {self.task_id}"


class Seat(models.Model):
    """One person's hold of a task that several judge side by side.

    Only tasks with more than one of `seats` have rows here; a row goes when its
    person hands in, gives up, or lapses and another takes the place. `token` comes
    from the task's `lease_token`, so that no two holds ever share one.
    """

    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="seat_rows", db_index=False
    )
    instance_id = models.UUIDField()
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="seats", db_index=False
    )
    token = models.BigIntegerField()
    claimed_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "person"], name="review_seat_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["task", "token"], name="review_seat_once_per_token"
            ),
        ]
        indexes = [models.Index(fields=["person"], name="review_seat_of_person")]

    def __str__(self) -> str:
        return f"Seat of {self.person_id} at task {self.task_id}"


class TaskRevision(models.Model):
    """A payload as it was shown in a round that an edit ended."""

    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="revisions", db_index=False
    )
    round = models.SmallIntegerField()
    payload = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    payload_digest = models.CharField(max_length=64)
    superseded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "round"], name="review_task_revision_once_per_round"
            ),
        ]

    def __str__(self) -> str:
        return f"Round {self.round} of task {self.task_id}"
