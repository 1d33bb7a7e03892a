"""Tasks as rows of a list. Plain values in, cells out."""

import datetime as dt
from functools import lru_cache
from typing import Any, Final

from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString

from review.core.states import PriorityClass
from review.core.tasks.routing import age
from review.views.formats import (
    CONTROL_PILLS,
    Pill,
    age_bar,
    confidence_bar,
    format_impact,
    format_moment,
    sla_pill,
)
from review.views.tables import (
    Column,
    Row,
    bar,
    link,
    make_cells,
    markup,
    muted,
    outlined,
    pill,
)

COLUMNS: Final = (
    Column("case", "Case", is_fixed=True),
    Column("title", "Task", is_wide=True),
    Column("queue", "Queue", is_extra=True),
    Column("process", "Process", is_extra=True),
    Column("place", "Asks for"),
    Column("rank", "Class", short="Class"),
    Column("control", "Control"),
    Column("impact", "Impact", is_number=True, short="Impact"),
    Column("confidence", "Confidence"),
    Column("opened", "Opened", is_extra=True, short="Opened"),
    Column("age", "Age"),
    Column("sla", "SLA"),
    Column("held", "Held by", is_live=True),
)
HELD_COLUMNS: Final = tuple(
    column
    for column in COLUMNS
    if column.name in {"case", "title", "queue", "control", "age", "sla", "held"}
)
"""What a list of one person's own tasks shows."""

_STAGES: Final = {"SECOND": ", 2nd", "ADJUDICATION": ", 3rd"}
_NOT_FOR_YOU: Final = Pill(
    "not for you",
    "",
    "You, or who counts as one with you, started or judged this case,"
    " or a conflict of interest keeps it from you",
)
_PARKED: Final = {"INFORMATION": "Waits for information", "HELP": "Waits for help"}


def build_row(
    row: Any,
    *,
    person_id: int,
    now: dt.datetime,
    zone: dt.tzinfo,
    columns: tuple[Column, ...],
    may_pick: bool = False,
    prefix: str = "task",
) -> Row:
    """Return a row of `listing` as a list shows it, with the cells of these columns."""
    case = row.business_key or f"#{row.id}"
    return Row(
        anchor=f"{prefix}-{row.id}",
        cells=make_cells(
            columns,
            {
                **_values(row, case=case, person_id=person_id, now=now, zone=zone),
                **_extra_values(row, columns=columns, now=now, zone=zone),
            },
        ),
        mark=_mark(row, person_id=person_id),
        pick=str(row.id) if may_pick and row.state != "WAITING" else "",
        label=case,
    )


def describe_hold(
    row: Any, *, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> Pill | None:
    """Return who has the task: the holder, whom it is pushed to, or what it waits for."""
    if row.state == "WAITING":
        since = format_moment(row.parked_at, zone=zone, now=now)
        words = _PARKED.get(row.parking or "", "Waits")
        return Pill(words, "hold", f"Parked since {since}; its clock stands")
    if row.seats > 1 and row.seated and not row.is_excluded:
        return Pill(f"{row.seated} of {row.seats} seats taken")
    if row.holder_id is not None and row.seats == 1:
        return _describe_holder(row, person_id=person_id, now=now, zone=zone)
    if row.assigned_to_id in {None, person_id} and (row.gap or row.is_excluded):
        return _describe_barred(row)
    if row.assigned_to_id is not None:
        return _describe_push(row, person_id=person_id, now=now, zone=zone)
    return None


def _describe_barred(row: Any) -> Pill:
    if row.gap:
        return Pill("No approver", "bad", row.gap)
    return _NOT_FOR_YOU


def _describe_holder(
    row: Any, *, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> Pill:
    until = _brief(row.lease_until, zone=zone, now=now)
    if row.holder_id == person_id:
        return Pill(f"You until {until}", "accent")
    title = "Taken ahead, to be opened next" if row.is_ahead else ""
    return Pill(f"{row.holder} until {until}", "", title)


def _describe_push(
    row: Any, *, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> Pill:
    until = _brief(row.assigned_until, zone=zone, now=now)
    if row.assigned_to_id == person_id:
        return Pill(f"For you until {until}", "accent", "Given to you by the queue")
    return Pill(f"For {row.assignee} until {until}")


def _values(
    row: Any, *, case: str, person_id: int, now: dt.datetime, zone: dt.tzinfo
) -> dict[str, SafeString | str]:
    control = CONTROL_PILLS[row.control]
    sla = sla_pill(due_at=row.due_at, warn_at=row.warn_at, now=now, zone=zone)
    return {
        "case": link(_task_url().format(row.id), case),
        "title": row.title,
        "place": _place(row),
        "rank": _rank(row, now=now, zone=zone),
        "control": outlined(
            f"{control.label}{_STAGES.get(row.stage, '')}", control.tone, control.title
        ),
        "impact": format_impact(row.impact),
        "confidence": bar(confidence_bar(row.confidence)),
        "age": bar(
            age_bar(opened_at=row.opened_at, due_at=row.due_at, tone=sla.tone, now=now)
        ),
        "sla": pill(sla),
        "held": pill(describe_hold(row, person_id=person_id, now=now, zone=zone)),
    }


def _extra_values(
    row: Any, *, columns: tuple[Column, ...], now: dt.datetime, zone: dt.tzinfo
) -> dict[str, SafeString | str]:
    """Return what few lists show, made only for those that do."""
    found: dict[str, SafeString | str] = {}
    for column in columns:
        if column.name == "queue":
            url = reverse("queue-detail", args=[row.queue_key])
            found["queue"] = link(url, row.queue_name)
        elif column.name == "process":
            found["process"] = row.definition_key
        elif column.name == "opened":
            moment = format_moment(row.opened_at, zone=zone, now=now)
            found["opened"] = muted(moment)
    return found


def _task_url() -> str:
    """Return the address of a task, its number left open: fifty rows ask for it."""
    return _make_task_url(get_script_prefix())


@lru_cache(maxsize=8)
def _make_task_url(_prefix: str) -> str:
    return reverse("task-detail", args=[0]).replace("/0/", "/{}/")


def _place(row: Any) -> SafeString:
    skill = f"{row.skill} {row.level}" if row.skill else ""
    chips = [
        markup('<span class="chip">{}</span>', word)
        for word in (row.region, skill)
        if word
    ]
    return SafeString(" ".join(chips))


def _rank(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> SafeString | str:
    """Return the class; below it the one it ranks with by now, having waited so long."""
    aged = age(
        priority=PriorityClass(row.priority_class),
        opened_at=row.opened_at,
        aging=dt.timedelta(seconds=row.aging_seconds),
        now=now,
    )
    if aged.since is None:
        return str(row.priority_class)
    since = _brief(aged.since, zone=zone, now=now)
    return markup(
        '{} <span class="rank" title="Waited so long that it ranks with class {}">'
        "ranks with {} since {}</span>",
        row.priority_class,
        aged.ranks_with.value,
        aged.ranks_with.value,
        since,
    )


def _brief(at: dt.datetime, *, zone: dt.tzinfo, now: dt.datetime) -> str:
    """Return a moment without seconds; of another day the day alone."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M}"
    return f"{local:%-d %b}"


def _mark(row: Any, *, person_id: int) -> str:
    if row.state == "WAITING":
        return "is-parked"
    mine = person_id == row.holder_id or (
        person_id == row.assigned_to_id and not row.is_excluded
    )
    return "is-yours" if mine else ""
