"""What managers' figures are read from. Derived: each row can be made anew from others.

`operations/figures/rollups.py` keeps these tables and `manage.py rollup --rebuild` makes them
from nothing; nobody else writes them and no act depends on them.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class TaskFact(models.Model):
    """What one task adds to the figures, as far as it was folded; none for work that the
    grid decided alone.

    `begun_at` is the first claim, or the end of what nobody ever claimed; `ended_at` the
    decision or the withdrawal; `breached_at` the first breach of any cycle. `wall` and
    `business` are milliseconds by core.metrics.Measure, the bucket of each beside it;
    -1 where the task has none. `pauses` is {reason: [wall, business]}.
    """

    task_id = models.BigIntegerField(primary_key=True)
    cell_id = models.IntegerField()
    task_class = models.CharField(max_length=1, db_default="")
    state = models.CharField(max_length=20)
    opened_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    is_decided = models.BooleanField()
    is_reworked = models.BooleanField()
    is_first_pass = models.BooleanField()
    is_suggested = models.BooleanField()
    is_overturned = models.BooleanField()
    reassigned = models.SmallIntegerField()
    wall = ArrayField(models.BigIntegerField(), default=list)
    wall_buckets = ArrayField(models.SmallIntegerField(), default=list)
    business = ArrayField(models.BigIntegerField(), default=list)
    business_buckets = ArrayField(models.SmallIntegerField(), default=list)
    pauses = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["ended_at"], name="review_task_fact_ended"),
            models.Index(fields=["cell_id", "ended_at"], name="review_task_fact_cell"),
            models.Index(
                fields=["opened_at"],
                condition=Q(ended_at__isnull=True),
                name="review_task_fact_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Facts of task {self.task_id}"


class RollupCell(models.Model):
    """Tasks that agree in all that figures are narrowed by.

    Cell 0 is all tasks and has no row; -1, -2 and -3 are those of class A, B and C
    (core.facts.CLASS_CELLS): most of what is asked is of all, and of each class.
    """

    id = models.AutoField(primary_key=True)
    queue_id = models.BigIntegerField(null=True)
    task_class = models.CharField(max_length=1)
    definition_key = models.CharField(max_length=100)
    node_id = models.CharField(max_length=200)
    region = models.CharField(max_length=40)
    skill = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "queue_id",
                    "task_class",
                    "definition_key",
                    "node_id",
                    "region",
                    "skill",
                ],
                name="review_rollup_cell_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue_id} {self.task_class} {self.node_id}"


class RollupHour(models.Model):
    """Counts of one cell and one hour (UTC): each where its own moment lies.

    `live` are the tasks opened in the hour that are not closed yet. `late` to
    `overturned` are of the tasks closed in it.
    """

    cell_id = models.IntegerField()
    hour = models.DateTimeField()
    arrivals = models.IntegerField()
    live = models.IntegerField()
    begun = models.IntegerField()
    breaches = models.IntegerField()
    closed = models.IntegerField()
    decided = models.IntegerField()
    late = models.IntegerField()
    reworked = models.IntegerField()
    reassigned = models.IntegerField()
    first_pass = models.IntegerField()
    suggested = models.IntegerField()
    overturned = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cell_id", "hour"], name="review_rollup_hour_once"
            ),
        ]
        indexes = [
            # Few of all hours have open tasks left.
            models.Index(
                fields=["hour"],
                condition=Q(live__gt=0),
                name="review_rollup_hour_live",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cell_id} {self.hour.isoformat()}"


class RollupSpread(models.Model):
    """How many tasks decided on a day (UTC) took how long: one bucket of a histogram.

    `measure` is core.metrics.Measure, `bucket` that of core.histograms; `hours` is 0 for
    the wall clock and 1 for business time.
    """

    cell_id = models.IntegerField()
    day = models.DateField()
    hours = models.SmallIntegerField()
    measure = models.SmallIntegerField()
    bucket = models.SmallIntegerField()
    tasks = models.IntegerField()
    milliseconds = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cell_id", "hours", "measure", "day", "bucket"],
                name="review_rollup_spread_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cell_id} {self.day} {self.measure}/{self.bucket}"


class RollupPause(models.Model):
    """For what the clocks of tasks decided on a day (UTC) stood, and how long."""

    cell_id = models.IntegerField()
    day = models.DateField()
    reason = models.CharField(max_length=200)
    tasks = models.IntegerField()
    wall = models.BigIntegerField()
    business = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cell_id", "day", "reason"], name="review_rollup_pause_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cell_id} {self.day} {self.reason}"


class RollupState(models.Model):
    """How many tasks of a cell are in a state in which they are not closed."""

    cell_id = models.IntegerField()
    state = models.CharField(max_length=20)
    tasks = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cell_id", "state"], name="review_rollup_state_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cell_id} {self.state}"


class RollupMark(models.Model):
    """How far the log was folded: the one row, and the lock of who folds.

    Entries of transactions below `folded_xid` are in, all ids up to `floor_id` are of
    such. `looks` are [highest id, next transaction, POSIX seconds] from which the floor
    rises. Tasks up to `backfilled_id` were folded from the table itself, up to
    `backfill_to` are to be.
    """

    id = models.SmallIntegerField(primary_key=True)
    folded_xid = models.BigIntegerField()
    floor_id = models.BigIntegerField()
    looks = models.JSONField(default=list)
    backfilled_id = models.BigIntegerField(default=0)
    backfill_to = models.BigIntegerField(default=0)
    folded_at = models.DateTimeField()
    rebuilt_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id=1), name="review_rollup_mark_only_one"
            ),
        ]

    def __str__(self) -> str:
        return f"folded up to transaction {self.folded_xid}"
