"""Queues, reason codes and calendars. Each change is an entry of the installation."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.urls import reverse

from review.core.states import Assignment, Decision, PolicyKind, Signature
from review.models import Calendar, Person, Queue, ReasonCode
from review.operations.clocks import calendars
from review.operations.policies.policies_in_force import is_ruled
from workflows import audit
from workflows.core.actors import Actor
from workflows.core.calendars import CalendarError, read_calendar
from workflows.core.canonical import digest
from workflows.core.ladders import LadderError, read_ladder
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now

Hours = Mapping[str, Sequence[Sequence[str]]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """How work is handed out and handed in at a queue; see models.Queue for each."""

    undo_seconds: int = 8
    wip_limit: int | None = 3
    claim_ahead: int = 1
    assignment: Assignment = Assignment.PULL
    assign_seconds: int = 900
    is_sticky: bool = True
    aging_seconds: int = 14_400
    stuck_after: int = 3
    signature: Signature = Signature.NONE
    signature_meaning: str = ""
    rationale_below: Decimal | None = None
    rationale_above: Decimal | None = None
    hidden_decisions: list[str] = dataclasses.field(default_factory=list)
    ladder: str = ""


LONGEST_TEXT: Final = 2_000
DEFAULT_RULES: Final = QueueRules()
_RANGES: Final = {
    "undo_seconds": (0, 60),
    "wip_limit": (1, 1000),
    "claim_ahead": (0, 3),
    "assign_seconds": (20, 604_800),
    "aging_seconds": (60, 31_536_000),
    "stuck_after": (1, 100),
    "rationale_below": (0, 1),
    "rationale_above": (0, 10**23),
}


def check_rules(rules: QueueRules) -> None:
    """Raise Invalid for a rule out of its range; the sentence names rule and range."""
    for name, (least, most) in _RANGES.items():
        value = getattr(rules, name)
        if value is not None and not least <= value <= most:
            label = name.replace("_", " ")
            raise Invalid(
                f"The rule {label} is {value}; it goes from {least} to {most}."
            )
    unknown = set(rules.hidden_decisions) - {word.value for word in Decision}
    if unknown:
        raise Invalid(f"{min(unknown)!r} is no decision that could be hidden.")
    try:
        read_ladder(rules.ladder)
    except LadderError as error:
        raise Invalid(f"The ladder cannot be read. {error}") from error


def define_queue(
    *,
    key: str,
    name: str,
    actor: Actor,
    description: str = "",
    policy_text: str = "",
    lease_seconds: int = 600,
    calendar: Calendar | None = None,
    escalate_to: Queue | None = None,
    owner: Person | None = None,
    rules: QueueRules = DEFAULT_RULES,
) -> Queue:
    """Create a queue, or give the one with this key these values.

    Raises Invalid for a lease below 20 seconds (nobody could extend it in time, WCAG
    2.2.1) or above a day, for a queue that would escalate to itself, and for rules
    out of their range; Conflict for another ladder where a policy rules it.
    """
    check_rules(rules)
    if not 20 <= lease_seconds <= 86_400:
        raise Invalid("A lease lasts from 20 seconds to a day.")
    if escalate_to is not None and escalate_to.key == key:
        raise Invalid(f"The queue {key} cannot escalate to itself.")
    values = {
        "name": name,
        "description": description,
        "policy_text": policy_text,
        "lease_seconds": lease_seconds,
        "calendar": calendar,
        "escalate_to": escalate_to,
        "owner": owner,
        **dataclasses.asdict(rules),
    }
    with transaction.atomic():
        _check_ladder(key, rules.ladder)
        queue, created = Queue.objects.update_or_create(key=key, defaults=values)
        _record(
            "queue.created" if created else "queue.changed",
            actor,
            {
                "queue": key,
                "name": name,
                "lease_seconds": lease_seconds,
                "calendar": calendar.key if calendar else None,
                "escalate_to": escalate_to.key if escalate_to else None,
                "owner": owner.name if owner else None,
                "rules": dataclasses.asdict(rules),
            },
        )
    return queue


def _check_ladder(key: str, ladder: str) -> None:
    """Refuse to change, past the two persons, a ladder that a policy rules."""
    # The lock that policies of the queue are changed under.
    queue = Queue.objects.select_for_update(no_key=True).filter(key=key).first()
    if queue is None or queue.ladder == ladder:
        return
    if is_ruled(PolicyKind.LADDER, queue=queue):
        raise Conflict(
            f"A policy rules the ladder of {queue.name}; change it there, at"
            f" /queues/{key}/ladder/, where a second person approves it."
        )


def define_reason_code(
    *,
    code: str,
    label: str,
    decision: Decision,
    actor: Actor,
    queue: Queue | None = None,
    policy_text: str = "",
    rationale_text: str = "",
    needs_rationale: bool = False,
) -> ReasonCode:
    """Create a reason code of a queue (or of all), or give it these values.

    Raises Invalid for a text longer than a rationale may be, and Conflict where a
    policy of the queue rules its reasons.
    """
    _check_not_ruled(queue)
    if len(rationale_text) > LONGEST_TEXT:
        raise Invalid(f"The text of a reason has at most {LONGEST_TEXT} characters.")
    values = {
        "label": label,
        "decision": decision.value,
        "policy_text": policy_text,
        "rationale_text": rationale_text,
        "needs_rationale": needs_rationale,
        "retired_at": None,
    }
    with transaction.atomic():
        reason, created = ReasonCode.objects.update_or_create(
            queue=queue, code=code, defaults=values
        )
        _record(
            "reason_code.created" if created else "reason_code.changed",
            actor,
            {
                "code": code,
                "queue": queue.key if queue else None,
                "label": label,
                "decision": decision.value,
                "policy": digest(policy_text),
                "rationale": digest(rationale_text),
            },
        )
    return reason


def retire_reason_code(
    *, code: str, actor: Actor, queue: Queue | None = None
) -> ReasonCode:
    """Offer a reason no more; what was decided with it keeps it.

    Raises NotFound, and Conflict where a policy of the queue rules its reasons.
    """
    _check_not_ruled(queue)
    with transaction.atomic():
        found = ReasonCode.objects.filter(queue=queue, code=code, retired_at=None)
        reason = found.select_for_update().first()
        if reason is None:
            where = f"in {queue.key}" if queue else "for all queues"
            raise NotFound(f"There is no reason {code!r} {where}.")
        reason.retired_at = database_now()
        reason.save(update_fields=["retired_at"])
        detail = {"code": code, "queue": queue.key if queue else None}
        _record("reason_code.retired", actor, detail)
    return reason


def _check_not_ruled(queue: Queue | None) -> None:
    if queue is not None and is_ruled(PolicyKind.REASONS, queue=queue):
        raise Conflict(
            f"The reasons of {queue.name} are a policy that two persons change: propose"
            f" it at {reverse('queue-reasons-edit', args=[queue.key])}.",
            code="ruled-by-policy",
        )


def define_calendar(
    *,
    key: str,
    name: str,
    zone: str,
    hours: Hours,
    actor: Actor,
    country: str = "",
    subdivision: str = "",
    days_off: Mapping[dt.date, str] | None = None,
) -> Calendar:
    """Create a calendar. `hours` is as read_calendar reads it.

    A later version takes two persons, by the policies (kind CALENDAR). Raises Invalid
    for hours or a zone that cannot be read and for a country whose holidays nobody
    knows, and Conflict where the calendar stands already.
    """
    try:
        read_calendar(zone=zone, hours=hours)
        calendars.check_country(country, subdivision)
    except CalendarError as error:
        raise Invalid(str(error)) from error
    with transaction.atomic():
        if Calendar.objects.filter(key=key).exists():
            raise Conflict(
                f"The calendar {key} stands already, and two persons change it: propose"
                f" it at {reverse('calendar-edit', args=[key])}.",
                code="ruled-by-policy",
            )
        calendar = Calendar(key=key, name=name, version=0)
        calendars.write_version(
            calendar,
            zone=zone,
            hours=hours,
            country=country,
            subdivision=subdivision,
            days_off=days_off or {},
        )
        _record(
            "calendar.created",
            actor,
            {"calendar": key, "version": calendar.version, "zone": zone},
        )
    return calendar


def _record(kind: str, actor: Actor, detail: Mapping[str, object]) -> None:
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=database_now())
