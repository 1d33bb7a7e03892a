"""Policies of queues as pages list them."""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import QuerySet

from review.core.states import PolicyKind
from review.dashboards.sql import read_rows
from review.models import Policy

# The newest version of each state that counts, for each queue, in one statement.
_STANDING: Final = """
    SELECT q.id AS queue_id, q.key, q.name, k.kind,
        f.id AS in_force_id, f.version AS in_force, f.effective_at, fs.name AS settled_by,
        fa.name AS author, w.id AS waiting_id, w.version AS waiting, w.reason,
        w.proposed_at, w.author_id AS waiting_author_id, wa.name AS waiting_author,
        a.id AS approved_id, a.version AS approved, a.effective_at AS approved_at
    FROM review_queue q
    CROSS JOIN unnest(%(kinds)s::text[]) WITH ORDINALITY AS k(kind, place)
    LEFT JOIN review_policy f
        ON f.queue_id = q.id AND f.kind = k.kind AND f.state = 'IN_FORCE'
    LEFT JOIN review_person fa ON fa.id = f.author_id
    LEFT JOIN review_person fs ON fs.id = f.settled_by_id
    LEFT JOIN review_policy w
        ON w.queue_id = q.id AND w.kind = k.kind AND w.state = 'PROPOSED'
    LEFT JOIN review_person wa ON wa.id = w.author_id
    LEFT JOIN review_policy a
        ON a.queue_id = q.id AND a.kind = k.kind AND a.state = 'APPROVED'
    ORDER BY q.name, q.id, k.place
"""
HISTORY: Final = 100


def list_standing(kinds: Iterable[PolicyKind]) -> list[Any]:
    """Return, for each queue and kind, what is in force, approved and proposed."""
    return read_rows(_STANDING, {"kinds": [kind.value for kind in kinds]})


def list_versions(*, queue_id: int, kind: PolicyKind) -> list[Policy]:
    """Return the versions of a queue's policy, the newest first."""
    return list(
        _with_persons(
            Policy.objects.filter(queue_id=queue_id, kind=kind.value)
        ).order_by("-version")[:HISTORY]
    )


def find_policy(policy_id: int) -> Policy | None:
    """Return one version with its queue and persons, or None."""
    return _with_persons(Policy.objects.filter(pk=policy_id)).first()


def _with_persons(rows: "QuerySet[Policy]") -> "QuerySet[Policy]":
    return rows.select_related("queue", "author", "settled_by")
