"""An auditor's limits, methods and figures in words."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from review.core.evidence.scopes import AuditScope
from review.views.formats import format_moment

NAMES: Final = {
    "q": "search",
    "kind": "what happened",
    "bypass": "bypasses and lookups only",
    "actor": "who",
    "role": "acting as",
    "definition": "process",
    "version": "version",
    "queue": "queue",
    "policy": "policy version",
    "model": "model version",
    "decision": "a verdict",
    "outcome": "outcome",
    "overturned": "model overturned",
    "four_eyes": "four eyes",
    "sla": "SLA breached",
    "least": "amount from",
    "most": "amount to",
    "since": "from",
    "until": "to",
    "found": "cases found by somebody's data",
}


def tell_facets(facets: Mapping[str, str]) -> list[str]:
    """Return the facets of a search in words, none for one that finds everything."""
    return [
        f"{words}: {facets[name]}" for name, words in NAMES.items() if facets.get(name)
    ]


def describe_scope(scope: AuditScope, *, zone: dt.tzinfo, now: dt.datetime) -> str:
    """Return "You audit: … until …", "" for one who audits everything for good."""
    if not scope.is_limited and scope.ends_at is None and not scope.matter:
        return ""
    parts = [scope.matter] if scope.matter else []
    if scope.definitions:
        parts.append(f"cases of {_list(scope.definitions)}")
    if scope.queues:
        parts.append(f"with work in {_list(scope.queues)}")
    period = _period(scope, zone)
    if period:
        parts.append(period)
    what = ", ".join(parts) or "every case"
    until = (
        f", until {format_moment(scope.ends_at, zone=zone, now=now)}"
        if scope.ends_at
        else ""
    )
    return f"You audit: {what}{until}."


def _period(scope: AuditScope, zone: dt.tzinfo) -> str:
    since, until = scope.opened_from, scope.opened_until
    last = until - dt.timedelta(microseconds=1) if until else None
    if since and last:
        return f"opened {_day(since, zone)} to {_day(last, zone)}"
    if since:
        return f"opened from {_day(since, zone)} on"
    return f"opened up to {_day(last, zone)}" if last else ""


def _day(moment: dt.datetime, zone: dt.tzinfo) -> str:
    return f"{moment.astimezone(zone):%-d %b %Y}"


def _list(words: tuple[str, ...]) -> str:
    return " and ".join(words)
