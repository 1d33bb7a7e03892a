"""The reasons that may be given in a queue."""

from django.db.models import Exists, Q, QuerySet

from review.core.states import PolicyKind, PolicyState
from review.models import Policy, ReasonCode


def reasons_of(queue_id: int) -> "QuerySet[ReasonCode]":
    """Return what a queue offers: its own codes, and those for all queues.

    Where a policy of the queue rules them, these are all: what is for all queues does
    not count there.
    """
    ruled = Policy.objects.filter(
        queue_id=queue_id,
        kind=PolicyKind.REASONS.value,
        state=PolicyState.IN_FORCE.value,
    )
    own_or_all = Q(queue_id=queue_id) | (Q(queue=None) & ~Exists(ruled))
    return ReasonCode.objects.filter(own_or_all, retired_at=None)
