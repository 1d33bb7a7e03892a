"""What is held, kept and erased, as the page of it shows them."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from review.core.evidence.erasing import HoldKind
from review.models import Erasure, LegalHold, RetentionRule
from workflows.models import Definition

MOST: Final = 50

Told = Callable[[dt.datetime | None], str]


def list_definition_keys() -> list[str]:
    """Return the keys of all deployed definitions."""
    keys = Definition.objects.order_by("key").values_list("key", flat=True)
    return list(keys.distinct())


def list_proposals(told: Told) -> list[dict[str, Any]]:
    """Return what waits for a second person."""
    rows = Erasure.objects.filter(state="PROPOSED").select_related("proposed_by")
    return [
        {
            "id": row.id,
            "cases": row.instances[:10],
            "more": max(0, len(row.instances) - 10),
            "reason": row.reason,
            "person_id": row.proposed_by_id,
            "by": row.proposed_by.name,
            "at": told(row.proposed_at),
        }
        for row in rows.order_by("id")
    ]


def list_erasures(told: Told) -> list[dict[str, Any]]:
    """Return what was settled last."""
    rows = (
        Erasure.objects
        .exclude(state="PROPOSED")
        .select_related("proposed_by", "settled_by")
        .order_by("-settled_at")[:MOST]
    )
    return [
        {
            "id": row.id,
            "state": row.state.capitalize(),
            "is_done": row.state == "DONE",
            "cases": len(row.instances),
            "reason": row.reason,
            "by": row.proposed_by.name,
            "second": row.settled_by.name if row.settled_by else "",
            "at": told(row.settled_at),
        }
        for row in rows
    ]


def list_holds(told: Told, *, zone: dt.tzinfo) -> list[dict[str, Any]]:
    """Return the holds that stand, and after them those lifted last; days of a zone."""
    rows = LegalHold.objects.order_by("lifted_at", "-placed_at")
    standing = rows.filter(lifted_at__isnull=True)
    lifted = rows.filter(lifted_at__isnull=False).order_by("-lifted_at")[:MOST]
    return [_tell_hold(row, told, zone) for row in [*standing, *lifted]]


def _tell_hold(row: LegalHold, told: Told, zone: dt.tzinfo) -> dict[str, Any]:
    return {
        "id": row.id,
        "what": _what(row, zone),
        "instance": str(row.instance_id or ""),
        "reason": row.reason,
        "placed": told(row.placed_at),
        "stands": row.lifted_at is None,
        "lifted": told(row.lifted_at),
    }


def _what(row: LegalHold, zone: dt.tzinfo) -> str:
    match HoldKind(row.kind):
        case HoldKind.CASE:
            return "One case"
        case HoldKind.SUBJECT:
            return "All cases about one person"
        case HoldKind.RANGE:
            parts = [row.definition_key or "Every process"]
            if row.since:
                parts.append(f"started from {row.since.astimezone(zone):%Y-%m-%d}")
            if row.until:
                parts.append(f"started before {row.until.astimezone(zone):%Y-%m-%d}")
            return ", ".join(parts)


def list_rules(told: Told) -> list[dict[str, Any]]:
    """Return the newest rule of each definition."""
    rows = RetentionRule.objects.order_by("definition_key", "-version")
    rows = rows.distinct("definition_key")
    return [
        {
            "definition": row.definition_key,
            "version": row.version,
            "days": row.days,
            "reason": row.reason,
            "at": told(row.set_at),
        }
        for row in rows
    ]
