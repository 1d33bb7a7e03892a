"""What an erasure takes away beside its cases: finished bundles, words in sessions.

A bundle that was handed out is out of reach; one that lies here with values goes.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.contrib.sessions.models import Session

from review.core.bundles import UNDER_WAY, Redaction
from review.core.erasing import blank_words
from review.core.selections import Selection
from review.models import EvidenceBundle
from review.operations import bundles
from workflows.operations.errors import Conflict
from workflows.store import database_now

_WHY: Final = "content of its cases was erased"


def forget_beside(instance_ids: Collection[UUID], needles: frozenset[str]) -> None:
    """Let go of bundles with these cases' values, and of what pages wanted to say next.

    A bundle of a query goes whatever its cases are. Raises Conflict where one is being
    built: it may have read what is to be erased.
    """
    _forget_bundles(instance_ids)
    _forget_in_sessions(needles)


def _forget_bundles(instance_ids: Collection[UUID]) -> None:
    rows = EvidenceBundle.objects.filter(state__in=[*UNDER_WAY, "READY"])
    found = [row for row in rows if _may_hold(row, instance_ids)]
    for row in found:
        if row.state in UNDER_WAY:
            raise Conflict(
                f"Bundle {row.pk} is being built and may have read this person's cases;"
                " wait until it is ready, or call it off.",
                code="bundle-under-way",
            )
    for row in found:  # the next sweep takes their files off the disk
        bundles.expire(row.pk, now=database_now(), why=_WHY)


def _may_hold(row: EvidenceBundle, instance_ids: Collection[UUID]) -> bool:
    if Redaction.from_json(row.redaction).without_disclosures:
        return False
    asked = Selection.from_json(row.selection)
    return not asked.cases or not set(asked.cases).isdisjoint(instance_ids)


def _forget_in_sessions(needles: frozenset[str]) -> None:
    """Blank a title that the next page of who decided a moment ago would tell."""
    for session in Session.objects.filter(expire_date__gt=database_now()):
        said = session.get_decoded()
        left = {
            name: value if name.startswith("_auth") else blank_words(value, needles)
            for name, value in said.items()
        }
        if left != said:
            session.session_data = Session.objects.encode(left)
            session.save(update_fields=["session_data"])
