"""Tasks as rows of a list. Plain values in, plain values out."""

import dataclasses
import datetime as dt
from typing import Any

from django.urls import reverse

from review.views.formats import (
    CONTROL_PILLS,
    Bar,
    Pill,
    age_bar,
    confidence_bar,
    format_moment,
    format_number,
    sla_pill,
)


@dataclasses.dataclass(frozen=True, slots=True)
class TaskRow:
    """One live task in a list."""

    id: int
    url: str
    case: str
    title: str
    queue: str
    queue_url: str
    priority: str
    control: str
    control_tone: str
    impact: str
    confidence: Bar | None
    age: Bar
    sla: Pill
    held: Pill | None


def build_row(
    row: Any, *, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> TaskRow:
    """Return a row of `desk.list_tasks` as the list shows it."""
    control = CONTROL_PILLS[row.control]
    sla = sla_pill(due_at=row.due_at, warn_at=row.warn_at, now=now, zone=zone)
    stage = {"SECOND": ", 2nd", "ADJUDICATION": ", 3rd"}.get(row.stage, "")
    return TaskRow(
        id=row.id,
        url=reverse("task-detail", args=[row.id]),
        case=row.business_key or f"#{row.id}",
        title=row.title,
        queue=row.queue_name,
        queue_url=reverse("queue-detail", args=[row.queue_key]),
        priority=row.priority_class,
        control=f"{control.label}{stage}",
        control_tone=control.tone,
        impact=format_number(row.impact),
        confidence=confidence_bar(row.confidence),
        age=age_bar(opened_at=row.opened_at, due_at=row.due_at, tone=sla.tone, now=now),
        sla=sla,
        held=_held(row, person_id=person_id, now=now, zone=zone),
    )


def _held(
    row: Any, *, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> Pill | None:
    if row.holder_id is None:
        return (
            Pill("not for you", "", "Four eyes: you started or judged this case")
            if (row.is_excluded)
            else None
        )
    until = format_moment(row.lease_until, zone=zone, now=now)
    if row.holder_id == person_id:
        return Pill(f"You until {until}", "accent")
    return Pill(f"{row.holder} until {until}")
