"""Changes by two persons as pages list them: of one subject, or what waits."""

from typing import Any, Final

from review.core.changes import ChangeState, GovernedKind
from review.dashboards.sql import read_rows
from review.models import ProposedChange

HISTORY: Final = 50

_DELIVERIES: Final = """
    SELECT d.id, d.state, d.attempts, d.error, d.due_at, d.next_at, d.finished_at,
        split_part(split_part(h.url, '/', 3), ':', 1) AS host,
        (SELECT string_agg(n.title, '; ' ORDER BY n.id) FROM review_notification n
            WHERE n.delivery_id = d.id) AS title
    FROM review_delivery d JOIN review_chathook h ON h.id = d.hook_id
    WHERE h.rule_id = %(rule)s ORDER BY d.id DESC LIMIT %(limit)s
"""


def find_change(change_id: int) -> ProposedChange | None:
    """Return one change with its persons."""
    found = ProposedChange.objects.filter(pk=change_id)
    return found.select_related("author", "settled_by", "queue").first()


def list_waiting(kind: GovernedKind, *, subject: str = "") -> list[ProposedChange]:
    """Return what waits for a second person, of one subject or of all."""
    found = ProposedChange.objects.filter(
        kind=kind.value, state=ChangeState.PROPOSED.value
    )
    if subject:
        found = found.filter(subject__startswith=subject)
    return list(found.select_related("author", "settled_by").order_by("id"))


def list_made(kind: GovernedKind, *, subject: str) -> list[ProposedChange]:
    """Return the changes of a subject that were settled, the newest first."""
    found = ProposedChange.objects.filter(kind=kind.value, subject=subject)
    found = found.exclude(state=ChangeState.PROPOSED.value)
    return list(
        found.select_related("author", "settled_by").order_by("-settled_at")[:HISTORY]
    )


def list_deliveries(rule_id: int) -> list[Any]:
    """Return what was posted to the receivers of a rule, the newest first."""
    return read_rows(_DELIVERIES, {"rule": rule_id, "limit": HISTORY})
