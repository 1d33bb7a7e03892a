"""What an auditor keeps: searches, what was looked at, samples, papers, control tests.

All but the saved searches is only ever added. No foreign keys to cases: what an
auditor found outlives what it speaks of.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from review.core.evidence.controls import OrderState, Result
from review.core.evidence.sampling import Method
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from workflows.models.fields import choices, one_of


class AuditList(models.Model):
    """A search an auditor keeps, with how much it found when it was last run.

    `facets` are strings, as the address has them. What was searched by personal data
    is kept as the `cases` it found, never by its words: those have no name.
    """

    owner = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="audit_lists", db_index=False
    )
    name = models.CharField(max_length=80)
    facets = models.JSONField(default=dict)
    cases = ArrayField(models.UUIDField(), default=list)
    count = models.BigIntegerField()
    previous_count = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=~Q(name=""),
                name="review_audit_list_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Cases found at {self.created_at}"


class AuditAccess(models.Model):
    """An auditor opened a case, or saw its personal data unmasked until a moment."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    instance_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    reason = models.TextField(default="")
    at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="OPENED", until_at__isnull=True)
                | Q(kind="UNMASKED", until_at__isnull=False),
                name="review_audit_access_unmasked_until",
            ),
        ]
        indexes = [
            models.Index(
                fields=["instance_id", "person", "-at"], name="review_audit_access_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.instance_id} by {self.person_id}"


class SamplePlan(models.Model):
    """A sample as it was planned and drawn; everything to draw it again is here.

    `population` is the selection it was drawn from, `listing` the population itself as
    compressed CSV (id, amount, stratum; ordered by id) and `population_digest` the
    SHA-256 of that CSV. `controls` are the tests of its working paper.
    """

    owner = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="samples", db_index=False
    )
    title = models.CharField(max_length=200)
    method = models.CharField(max_length=20, choices=choices(Method))
    parameters = models.JSONField(
        default=dict, encoder=ExactEncoder, decoder=ExactDecoder
    )
    seed = models.CharField(max_length=100)
    population = models.JSONField()
    population_size = models.IntegerField()
    population_value = models.DecimalField(max_digits=36, decimal_places=6, null=True)
    population_digest = models.CharField(max_length=64)
    listing = models.BinaryField()
    exclusions = models.JSONField(default=list)
    size = models.IntegerField()
    rationale = models.TextField()
    controls = models.JSONField(default=list)
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [
            one_of("method", Method, name="review_sample_plan_method_known"),
            models.CheckConstraint(
                condition=Q(size__gte=1, population_size__gte=1),
                name="review_sample_plan_draws_something",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-drawn_at"], name="review_sample_plan_own"),
        ]

    def __str__(self) -> str:
        return self.title


class SampleItem(models.Model):
    """One case of a sample, in the order it was drawn.

    `digest` is SHA-256 of seed and id; `hits` is how often a monetary unit of it was
    selected.
    """

    plan = models.ForeignKey(
        SamplePlan, on_delete=models.PROTECT, related_name="items", db_index=False
    )
    position = models.IntegerField()
    instance_id = models.UUIDField()
    business_key = models.CharField(max_length=200, default="")
    stratum = models.CharField(max_length=100, default="")
    amount = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    hits = models.IntegerField(default=1)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "position"], name="review_sample_item_place_once"
            ),
            models.UniqueConstraint(
                fields=["plan", "instance_id"], name="review_sample_item_case_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Item {self.position} of sample {self.plan_id}"


class SampleMark(models.Model):
    """What an auditor noted of one item under one test; the last one counts.

    The test "reperformance" has the auditor's own decision as `result`, made before he
    saw what was decided; `audited` is what he holds the right amount to be.
    """

    item = models.ForeignKey(
        SampleItem, on_delete=models.PROTECT, related_name="marks", db_index=False
    )
    test = models.CharField(max_length=40)
    result = models.CharField(max_length=20)
    note = models.TextField(default="")
    audited = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(result__in=[word.value for word in Result]),
                name="review_sample_mark_result_known",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "test", "id"], name="review_sample_mark_last"),
        ]

    def __str__(self) -> str:
        return f"{self.test} of item {self.item_id}: {self.result}"


class SampleSignOff(models.Model):
    """The end of a working paper: its conclusion, and the digest of what it holds."""

    plan = models.OneToOneField(
        SamplePlan,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="sign_off",
    )
    conclusion = models.TextField()
    figures = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    paper_digest = models.CharField(max_length=64)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    person_name = models.CharField(max_length=200)
    signed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Sign-off of sample {self.plan_id}"


class ControlRun(models.Model):
    """One run of control tests over all cases of a selection, and its counts.

    `tests` are the tests as they were, with their statements' digests; `results` per
    test how many were looked at and how many are exceptions. `tree_size` and
    `tree_root` name the last checkpoint of what was read.
    """

    owner = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="control_runs", db_index=False
    )
    title = models.CharField(max_length=200)
    selection = models.JSONField()
    tests = models.JSONField()
    results = models.JSONField()
    cases = models.IntegerField()
    entries = models.BigIntegerField()
    tree_size = models.BigIntegerField(null=True)
    tree_root = models.CharField(max_length=64, default="")
    seconds = models.DecimalField(max_digits=9, decimal_places=3)
    run_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-run_at"], name="review_control_run_own"),
        ]

    def __str__(self) -> str:
        return self.title


class ControlOrder(models.Model):
    """Control tests asked for over many cases; workers test part by part until it is a run.

    `next_at` is when a worker may take it up: of one that is being worked on, the end
    of its lease. `token` rises with each claim. `tree_size` and `tree_root` name the
    last checkpoint when the cases were listed.
    """

    owner = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="control_orders", db_index=False
    )
    title = models.CharField(max_length=200)
    selection = models.JSONField()
    state = models.CharField(max_length=20, choices=choices(OrderState))
    token = models.IntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    ordered_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(default="")
    cases = models.IntegerField(default=0)
    cases_done = models.IntegerField(default=0)
    parts_total = models.IntegerField(null=True)
    tree_size = models.BigIntegerField(null=True)
    tree_root = models.CharField(max_length=64, default="")
    run = models.OneToOneField(
        ControlRun, on_delete=models.PROTECT, null=True, related_name="order"
    )

    class Meta:
        constraints = [
            one_of("state", OrderState, name="review_control_order_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["WAITING", "TESTING"], next_at__isnull=False)
                | (~Q(state__in=["WAITING", "TESTING"]) & Q(next_at__isnull=True)),
                name="review_control_order_due_while_open",
            ),
            models.CheckConstraint(
                condition=Q(state="DONE", run__isnull=False)
                | (~Q(state="DONE") & Q(run__isnull=True)),
                name="review_control_order_done_is_a_run",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(next_at__isnull=False),
                name="review_control_order_due",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ControlPart(models.Model):
    """Some of an order's cases, and what the tests found in them once they ran.

    `found` is per test how many were looked at and failed, with the exceptions to keep.
    Parts go when the order has become a run, or nothing.
    """

    order = models.ForeignKey(
        ControlOrder, on_delete=models.CASCADE, related_name="parts", db_index=False
    )
    number = models.IntegerField()
    cases = ArrayField(models.UUIDField())
    found = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "number"], name="review_control_part_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of order {self.order_id}"


class ControlException(models.Model):
    """One case in which one test of a run found its control not held, and why."""

    run = models.ForeignKey(
        ControlRun, on_delete=models.PROTECT, related_name="exceptions", db_index=False
    )
    test = models.CharField(max_length=40)
    instance_id = models.UUIDField()
    task_id = models.BigIntegerField(null=True)
    seq = models.IntegerField(null=True)
    why = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["run", "test", "id"], name="review_control_exception"),
        ]

    def __str__(self) -> str:
        return f"{self.test} of {self.instance_id}"
