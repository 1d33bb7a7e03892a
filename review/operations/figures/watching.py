"""Alerts from beginning to end: raise once, tell unless silenced, clear, silence.

Whoever evaluates has locked the subject's WatchState row, so one evaluator at a time
looks at a subject, and the constraint that one episode is open stands behind. Entries
of the installation are written last in a transaction: its chain is one row for all.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from review import live, permissions
from review.core.figures.alerting import LONGEST_SILENCE
from review.core.notices.notices import Notice
from review.core.states import Role
from review.models import AlertEpisode, AlertRule, Person, RoleGrant, Silence
from review.operations.notices import notifying
from review.operations.people.people import actor_of
from workflows import audit
from workflows.core.actors import ENGINE
from workflows.operations.errors import Conflict, Invalid, NotFound, check_reason
from workflows.store import database_now

EVERY: Final = 60.0
"""How many seconds lie between two looks at a subject."""

_ONE_SILENCE: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('silence:' || %s, 0))"
)
_SEED: Final = """
    INSERT INTO review_watchstate (subject, next_at)
    SELECT v, clock_timestamp() FROM unnest(%s::text[]) v ORDER BY v
    ON CONFLICT DO NOTHING
"""
_DUE: Final = """
    SELECT subject FROM review_watchstate
    WHERE subject = ANY(%s) AND next_at <= clock_timestamp() ORDER BY next_at, subject
"""
# A second evaluator waits here for the first, and finds the moment moved on.
_TAKE: Final = """
    UPDATE review_watchstate SET next_at = clock_timestamp() + %s * interval '1 second'
    WHERE subject = %s AND next_at <= clock_timestamp()
    RETURNING out_since
"""
_RAISE: Final = """
    INSERT INTO review_alertepisode
        (subject, rule_id, queue_id, title, value, opened_at, told_at, acts)
    VALUES (%s, %s, %s, %s, %s, %s, %s, '[]') ON CONFLICT DO NOTHING RETURNING id
"""
# What ends in a colon is silent with all that begins with it.
_SILENT: Final = """
    SELECT EXISTS (SELECT FROM review_silence
        WHERE (subject = %s OR subject LIKE '%%:' AND starts_with(%s, subject))
          AND ended_at IS NULL
          AND starts_at <= clock_timestamp() AND ends_at > clock_timestamp())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is to be told when a subject's alert begins or ends."""

    subject: str
    title: str
    text: str
    url: str
    kind: Notice = Notice.ALERT
    queue_id: int | None = None
    rule_id: int | None = None
    value: Decimal | None = None


@dataclass(slots=True)
class Watch:
    """One evaluation of a subject: what it did, and the entries that tell of it."""

    now: dt.datetime
    out_since: dt.datetime | None = None
    drafts: list[audit.Draft] = field(default_factory=list)
    changed: bool = False

    def note(self, kind: str, detail: dict[str, object]) -> None:
        """Keep an entry for the end of the transaction."""
        self.drafts.append(audit.Draft(kind=kind, actor=ENGINE, detail=detail))

    def finish(self) -> None:
        """Write the entries; the last thing of the transaction."""
        if self.drafts:
            audit.record_installation(drafts=self.drafts, now=self.now)
        if self.changed:
            live.publish(live.ALERTS)


def list_due(subjects: Sequence[str]) -> list[str]:
    """Return the subjects whose moment to be looked at has come."""
    with connection.cursor() as cursor:
        cursor.execute(_SEED, [list(subjects)])
        cursor.execute(_DUE, [list(subjects)])
        return [row[0] for row in cursor.fetchall()]


def take(subject: str) -> Watch | None:
    """Lock a subject for one evaluation; None where another has just looked at it."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [EVERY, subject])
        row = cursor.fetchone()
    return None if row is None else Watch(now=database_now(), out_since=row[0])


def raise_alert(watch: Watch, alarm: Alarm) -> int | None:
    """Begin an alert and tell of it unless it is silenced; None where it is open."""
    told_at = None if is_silent(alarm.subject) else watch.now
    with connection.cursor() as cursor:
        cursor.execute(
            _RAISE,
            [
                alarm.subject,
                alarm.rule_id,
                alarm.queue_id,
                alarm.title[:300],
                alarm.value,
                watch.now,
                told_at,
            ],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    if told_at:
        tell(alarm, key=f"alert:{row[0]}")
    detail: dict[str, object] = {"alert": row[0], "subject": alarm.subject}
    if alarm.value is not None:
        detail["value"] = f"{alarm.value:f}"
    if not told_at:
        detail["silenced"] = True
    watch.note("alert.raised", detail)
    watch.changed = True
    return int(row[0])


def tell_late(watch: Watch, alarm: Alarm) -> None:
    """Tell of an open alert whose silence is over."""
    open_one = AlertEpisode.objects.filter(
        subject=alarm.subject, closed_at=None, told_at=None
    ).first()
    if open_one is None or is_silent(alarm.subject):
        return
    AlertEpisode.objects.filter(pk=open_one.pk).update(told_at=watch.now)
    tell(alarm, key=f"alert:{open_one.id}")
    watch.note("alert.told", {"alert": open_one.id, "subject": alarm.subject})


def clear_alert(watch: Watch, alarm: Alarm) -> AlertEpisode | None:
    """End a subject's open alert and tell of it where its beginning was told."""
    episode = AlertEpisode.objects.filter(subject=alarm.subject, closed_at=None).first()
    if episode is None:
        return None
    episode.closed_at, episode.closed_value = watch.now, alarm.value
    episode.save(update_fields=["closed_at", "closed_value"])
    if episode.told_at is not None and not is_silent(alarm.subject):
        tell(alarm, key=f"alert:{episode.id}:over")
    watch.note("alert.cleared", {"alert": episode.id, "subject": alarm.subject})
    watch.changed = True
    return episode


def tell(alarm: Alarm, *, key: str) -> None:
    """Tell process owners, managers and the queue's receivers."""
    notifying.tell(
        persons=find_overseers(alarm.queue_id),
        kind=alarm.kind,
        title=alarm.title,
        text=alarm.text,
        url=alarm.url,
        queue_id=alarm.queue_id,
        rule_id=alarm.rule_id,
        key=key,
    )


def find_overseers(queue_id: int | None) -> Collection[int]:
    """Return process owners, managers of everything, and those of the queue."""
    granted = RoleGrant.objects.filter(
        Q(role=Role.PROCESS_OWNER.value)
        | Q(role=Role.MANAGER.value, queue__isnull=True)
        | Q(role=Role.MANAGER.value, queue=queue_id),
        revoked_at=None,
    )
    return set(granted.values_list("person_id", flat=True))


def is_silent(subject: str) -> bool:
    """Tell whether nobody is to be told of a subject now."""
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, [subject, subject])
        return bool(cursor.fetchone()[0])


# --- silences ------------------------------------------------------------------------


@transaction.atomic
def silence(
    *, subject: str, person: Person, lasting: dt.timedelta, reason: str
) -> Silence:
    """Tell nobody of a subject for a time; alerts are raised and kept all the same.

    Raises Invalid (no reason, no such time), Forbidden, NotFound for no subject, and
    Conflict where it is silent already: two would have to be ended one by one.
    """
    check_reason(reason)
    if not dt.timedelta() < lasting <= LONGEST_SILENCE:
        raise Invalid(f"A silence lasts {LONGEST_SILENCE.days} days at most.")
    _check_may(subject, person)
    with connection.cursor() as cursor:
        cursor.execute(_ONE_SILENCE, [subject])
    now = database_now()
    standing = Silence.objects.filter(subject=subject, ended_at=None, ends_at__gt=now)
    if standing.exists():
        raise Conflict("Nobody is told of it as it is; end that silence first.")
    made = Silence.objects.create(
        subject=subject,
        reason=reason.strip(),
        placed_by=person,
        starts_at=now,
        ends_at=now + lasting,
    )
    detail: dict[str, object] = {
        "silence": made.id,
        "subject": subject,
        "ends_at": made.ends_at.isoformat(),
        "reason": made.reason,
    }
    _record("alert.silenced", person, detail, now=now)
    return made


@transaction.atomic
def end_silence(*, silence_id: int, person: Person) -> None:
    """Let a silence end now. Raises NotFound, Forbidden, Conflict."""
    found = Silence.objects.select_for_update().filter(pk=silence_id).first()
    if found is None:
        raise NotFound(f"There is no silence {silence_id}.")
    _check_may(found.subject, person)
    now = database_now()
    if found.ended_at is not None or found.ends_at <= now:
        raise Conflict("This silence is over already.")
    found.ended_at, found.ended_by = now, person
    found.save(update_fields=["ended_at", "ended_by"])
    detail: dict[str, object] = {"silence": found.id, "subject": found.subject}
    _record("alert.silence_ended", person, detail, now=now)


def _check_may(subject: str, person: Person) -> None:
    rights = permissions.get_rights(person.id)
    kind, _, rest = subject.partition(":")
    if kind == "rule" and rest.isdecimal():
        rule = AlertRule.objects.filter(pk=int(rest), removed_at=None).first()
        if rule is not None:
            permissions.check_can_oversee(rights, queue_id=rule.queue_id)
            return
    if kind == "objective":
        queue_id = _find_queue_id(rest.partition(":")[0])
        if queue_id is not None:
            permissions.check_can_rule(rights, queue_id=queue_id)
            return
    raise NotFound("There is nothing of that name to be silent about.")


def _find_queue_id(key: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM review_queue WHERE key = %s", [key])
        row = cursor.fetchone()
    return row[0] if row else None


def _record(
    kind: str, person: Person, detail: dict[str, object], *, now: dt.datetime
) -> None:
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    live.publish(live.ALERTS)


def alerts_url() -> str:
    """Return where alerts are listed."""
    return reverse("alert-list")
