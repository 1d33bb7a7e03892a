"""How long content is kept, and pruning what is older: whole cases, batch by batch.

Entries and leaves stay for ever; what goes is what they name by digest.
"""

import datetime as dt
import time
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Max

from review.core.evidence.erasing import Why
from review.models import RetentionRule
from review.operations.evidence import content, holds
from workflows import audit
from workflows.core.actors import SWEEPER, Actor
from workflows.driver import fetch
from workflows.models import Definition
from workflows.operations.errors import Conflict, Invalid, NotFound, check_reason
from workflows.store import database_now

BATCH: Final = 100
EVERY: Final = 300.0
"""Seconds until a sweeper looks again after it found little to prune."""
SWEPT: Final = 10
"""Cases that one sweep prunes; `manage.py apply_retention` prunes all there are."""

_RULES: Final = """
    SELECT DISTINCT ON (definition_key) definition_key, version, days
    FROM review_retentionrule ORDER BY definition_key, version DESC
"""
_OLD: Final = f"""
    SELECT i.id, i.ended_at
    FROM workflows_instance i
    JOIN workflows_definition d ON d.id = i.definition_id
    LEFT JOIN workflows_contentkey k ON k.instance_id = i.id
    WHERE d.key = %s AND i.ended_at < %s AND k.erased_at IS NULL
      AND NOT EXISTS ({holds.HELD})
    ORDER BY i.ended_at, i.id LIMIT %s FOR UPDATE OF i SKIP LOCKED
"""  # noqa: S608  (two constants)


class _Pause:
    """When this process looks again; no shared state, only less work."""

    until = 0.0


_PAUSE: Final = _Pause()


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule in force for a definition; without days its content stays."""

    definition_key: str
    version: int
    days: int | None


def list_rules() -> list[Rule]:
    """Return the rules in force, by definition."""
    return [Rule(*row) for row in fetch(_RULES)]


@transaction.atomic
def set_days(
    *, definition_key: str, days: int | None, actor: Actor, reason: str
) -> Rule:
    """Say for how many days after its end a definition's content is kept.

    A new version of the rule; None keeps it for ever. Raises NotFound, Invalid, and
    Conflict where that is in force already.
    """
    check_reason(reason)
    if days is not None and not 1 <= days <= 36_525:
        raise Invalid("Content is kept for a whole number of days from 1, or for ever.")
    if not Definition.objects.filter(key=definition_key).exists():
        raise NotFound(f"No definition {definition_key!r} is deployed.")
    holds.wait_for_holds()
    rules = {rule.definition_key: rule for rule in list_rules()}
    before = rules.get(definition_key)
    if (before.days if before else None) == days:
        raise Conflict("That is the rule already.")
    last = RetentionRule.objects.filter(definition_key=definition_key)
    version = (last.aggregate(last=Max("version"))["last"] or 0) + 1
    now = database_now()
    RetentionRule.objects.create(
        definition_key=definition_key,
        version=version,
        days=days,
        reason=reason.strip(),
        set_by=actor.ref,
        set_at=now,
    )
    detail = {
        "definition": definition_key,
        "version": version,
        "days": days,
        "days_before": before.days if before else None,
        "reason": reason.strip(),
    }
    draft = audit.Draft(kind="retention.set", actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return Rule(definition_key, version, days)


def prune(*, actor: Actor, limit: int = BATCH) -> int:
    """Prune up to `limit` cases whose time is over; return how many.

    One transaction for each definition; a crash leaves the rest for the next time.
    """
    left = limit
    for rule in list_rules():
        if rule.days is not None and left > 0:
            left -= _prune(rule, actor=actor, limit=left)
    return limit - left


def prune_all(*, actor: Actor) -> int:
    """Prune every case whose time is over, batch by batch; return how many."""
    done = 0
    while pruned := prune(actor=actor):
        done += pruned
    return done


def sweep() -> None:
    """Prune a few cases; for the sweeper, and only now and then."""
    now = time.monotonic()
    if now >= _PAUSE.until:
        pruned = prune(actor=SWEEPER, limit=SWEPT)
        _PAUSE.until = now + (0.0 if pruned == SWEPT else EVERY)


@transaction.atomic
def _prune(rule: Rule, *, actor: Actor, limit: int) -> int:
    holds.wait_for_holds()
    now = database_now()
    before = now - dt.timedelta(days=rule.days or 0)
    rows = fetch(_OLD, [rule.definition_key, before, limit])
    if not rows:
        return 0
    why = f"kept for {rule.days} days by rule {rule.version} of {rule.definition_key}"
    commitments = contents = 0
    for instance_id, _ in rows:
        gone = content.take_away(
            instance_id=instance_id,
            why=Why.RETENTION,
            actor=actor,
            reason=why,
            now=now,
        )
        commitments += len(gone.commitments)
        contents += len(gone.contents)
    detail = {
        "definition": rule.definition_key,
        "rule": rule.version,
        "days": rule.days,
        "ended_before": before.isoformat(),
        "ended_from": rows[0][1].isoformat(),
        "ended_until": rows[-1][1].isoformat(),
        "cases": len(rows),
        "commitments": commitments,
        "contents": contents,
    }
    draft = audit.Draft(kind="content.pruned", actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return len(rows)
