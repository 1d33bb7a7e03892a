"""Acts on instances that wait for a second person, or were settled by one."""

from django.db import models
from django.db.models import F, Q

from review.core.interventions import Act, ProposalState
from review.models.fields import ExactDecoder, ExactEncoder
from review.models.people import Person
from workflows.models import Instance
from workflows.models.fields import choices, one_of, together


class Intervention(models.Model):
    """A proposed act on one instance.

    `standing` is the place of the last audit entry that told of a change of the run
    when it was proposed; `digest` is over instance, act, arguments and standing, so
    that the same act is not proposed twice while one waits.
    """

    instance = models.ForeignKey(
        Instance, on_delete=models.PROTECT, related_name="interventions"
    )
    act = models.CharField(max_length=20, choices=choices(Act))
    arguments = models.JSONField(
        default=dict, encoder=ExactEncoder, decoder=ExactDecoder
    )
    digest = models.CharField(max_length=64)
    standing = models.IntegerField()
    reason = models.TextField()
    state = models.CharField(max_length=20, choices=choices(ProposalState))
    proposed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="proposals", db_index=False
    )
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="settlements",
        null=True,
        db_index=False,
    )
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.TextField(default="")
    audit_seq = models.IntegerField()

    class Meta:
        constraints = [
            one_of("act", Act, name="review_intervention_act_known"),
            one_of("state", ProposalState, name="review_intervention_state_known"),
            together(
                "settled_at",
                "settled_by",
                name="review_intervention_settled_at_needs_by",
            ),
            models.CheckConstraint(
                condition=Q(state="PROPOSED", settled_at__isnull=True)
                | (~Q(state="PROPOSED") & Q(settled_at__isnull=False)),
                name="review_intervention_settled_when_final",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE") | ~Q(settled_by=F("proposed_by")),
                name="review_intervention_done_by_another_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="WITHDRAWN") | Q(settled_by=F("proposed_by")),
                name="review_intervention_withdrawn_by_its_author",
            ),
            models.UniqueConstraint(
                fields=["digest"],
                condition=Q(state="PROPOSED"),
                name="review_intervention_proposed_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["proposed_at", "id"],
                condition=Q(state="PROPOSED"),
                name="review_intervention_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} of {self.instance_id}"
