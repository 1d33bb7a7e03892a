"""What one person does with what he was told: read it, choose how to be told, retry."""

import datetime as dt
from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet

from review import live
from review.core.notices.notices import (
    Channel,
    DeliveryState,
    Digest,
    Notice,
    Schedule,
    find_report_moment,
)
from review.models import Delivery, Notification, NotificationPreference, Preference
from review.operations.notices.notifying import BELL
from workflows import dispatch
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now


@transaction.atomic
def mark_read(*, person_id: int, notification_ids: Collection[int]) -> int:
    """Mark a person's own notices as read; return how many were not yet."""
    changed = _unread(person_id).filter(id__in=notification_ids)
    return _mark(person_id, changed.update(read_at=database_now()))


@transaction.atomic
def mark_unread(*, person_id: int, notification_ids: Collection[int]) -> int:
    """Put a person's own notices back among the unread; return how many."""
    changed = Notification.objects.filter(
        person_id=person_id,
        is_listed=True,
        read_at__isnull=False,
        id__in=notification_ids,
    )
    return _mark(person_id, changed.update(read_at=None))


@transaction.atomic
def mark_all_read(*, person_id: int, up_to: int) -> int:
    """Mark all up to the newest that the person has seen; what came since stays."""
    changed = _unread(person_id).filter(id__lte=up_to)
    return _mark(person_id, changed.update(read_at=database_now()))


def open_notice(*, person_id: int, notification_id: int) -> str:
    """Mark one as read and return the path it leads to. Raises NotFound."""
    found = Notification.objects.filter(id=notification_id, person_id=person_id).first()
    if found is None:
        raise NotFound(f"There is no notification {notification_id} for you.")
    mark_read(person_id=person_id, notification_ids=[notification_id])
    return found.url


def change_wishes(
    *,
    person_id: int,
    channels: Mapping[Notice, Collection[Channel]],
    digest: Digest,
    digest_at: dt.time,
    urgent_passes: bool,
    quiet: tuple[dt.time, dt.time] | None,
    figures: Schedule = Schedule.NEVER,
    figures_at: dt.time = dt.time(7),
) -> None:
    """Keep how a person wants to be told; it holds for what is told from now on.

    `figures` are those of the person's queues, next at `figures_at` by the zone of the
    person's screens. Raises Invalid for quiet hours that begin when they end.
    """
    if quiet is not None and quiet[0] == quiet[1]:
        raise Invalid("Quiet hours that begin when they end have no length.")
    start, end = quiet or (None, None)
    zone = Preference.objects.filter(person_id=person_id).values_list("zone", flat=True)
    due_at = find_report_moment(
        figures,
        at=figures_at,
        zone=ZoneInfo(zone.first() or "UTC"),
        after=database_now(),
    )
    NotificationPreference.objects.update_or_create(
        person_id=person_id,
        defaults={
            "channels": {
                kind.value: sorted(word.value for word in words)
                for kind, words in channels.items()
            },
            "digest": digest.value,
            "digest_at": digest_at,
            "urgent_passes": urgent_passes,
            "quiet_from": start,
            "quiet_until": end,
            "figures": figures.value,
            "figures_at": figures_at,
            "figures_due_at": due_at,
        },
    )


@transaction.atomic
def send_again(*, delivery_id: int) -> None:
    """Give a dead delivery another five days. Raises NotFound and Conflict."""
    now = database_now()
    changed = Delivery.objects.filter(
        id=delivery_id, state=DeliveryState.DEAD.value
    ).update(
        state=DeliveryState.WAITING.value,
        due_at=now,
        next_at=now,
        attempts=1,  # nothing more joins what was tried: see operations.planning
        token=F("token") + 1,
        finished_at=None,
    )
    if not changed:
        if not Delivery.objects.filter(id=delivery_id).exists():
            raise NotFound(f"There is no delivery {delivery_id}.")
        raise Conflict("Only what was given up can be sent again.")
    dispatch.ring_after_commit(BELL)


def _unread(person_id: int) -> QuerySet[Notification]:
    return Notification.objects.filter(
        person_id=person_id, is_listed=True, read_at__isnull=True
    )


def _mark(person_id: int, changed: int) -> int:
    if changed:
        live.publish(live.person_topic(person_id))
    return changed
