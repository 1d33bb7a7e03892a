"""The page that explains one clock, of a task or of a whole instance; and restarts it."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from review import permissions
from review.core.states import ClockEventKind
from review.dashboards.case import read_case
from review.dashboards.covering import cover_of, cover_words
from review.evidence.masking import Mask
from review.forms.acts import ReasonForm
from review.live import instance_topic, task_topic
from review.models import Person
from review.operations.clocks.clock_trace import (
    RungSeen,
    Trace,
    explain_clock,
    explain_instance_clock,
)
from review.operations.clocks.restarting import can_restart, restart
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import format_duration, format_moment
from review.views.pages import render_page

At = Callable[[dt.datetime | None], str]

_WORDS: Final = {
    ClockEventKind.START: "Started",
    ClockEventKind.PAUSE: "Paused",
    ClockEventKind.RESUME: "Went on",
    ClockEventKind.STOP: "Stopped",
    ClockEventKind.RESET: "Began again",
}

_TIMES: Final = (
    ("Waiting: nobody has it", "waiting"),
    ("of that before the first claim", "queue"),
    ("Handling: somebody has it", "handling"),
    ("of that touch: leases that led to an act", "touch"),
    ("Paused: its clock stood", "paused"),
    ("Lead: all of it", "lead"),
    ("Cycle: from the first claim to the end", "cycle"),
)
_TIMES_NOTE: Final = (
    "Waiting, handling and paused add up to the lead time. The queue time and the cycle"
    " leave out what was paused."
)


@require_safe
@screen()
def task_clock(request: HttpRequest, task_id: int) -> HttpResponse:
    """Explain the clock of one task to whoever may see the task."""
    return _show_task(request, task_id)


@require_POST
@screen()
def task_clock_restart(request: HttpRequest, task_id: int) -> HttpResponse:
    """Let a task's clock begin again, with a reason."""
    viewer = viewer_required(request)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show_task(request, task_id, form=form, status=422)
    restart(
        task_id=task_id,
        person=Person.objects.get(pk=viewer.person_id),
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "The clock began again.")
    return redirect("task-clock", task_id)


def _show_task(
    request: HttpRequest,
    task_id: int,
    *,
    form: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    trace = explain_clock(task_id)
    trace = _covered(trace, case.mask, title=case.row.title)
    context = {
        **_page(trace, zone=viewer.look.tzinfo),
        "back_route": "task-detail",
        "back_id": task_id,
        "back_label": case.row.title,
        "topic": task_topic(task_id),
        "here_url": reverse("task-clock", args=[task_id]),
    }
    runs = trace.reading is not None and trace.reading.is_running
    if runs and can_restart(viewer.rights, queue_id=case.row.queue_id):
        context["restart"] = form or ReasonForm()
    return _answer(request, context, status=status)


@require_safe
@screen(permissions.check_can_see_instances)
def instance_clock(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Explain the clock of one whole instance."""
    viewer = viewer_required(request)
    trace = explain_instance_clock(instance_id)
    mask = cover_of(viewer.rights, instance_id)
    trace = _covered(trace, mask, title=cover_words(trace.title, mask))
    context = {
        **_page(trace, zone=viewer.look.tzinfo),
        "back_route": "instance-detail",
        "back_id": instance_id,
        "back_label": trace.title or str(instance_id)[:13],
        "topic": instance_topic(instance_id),
        "here_url": reverse("instance-clock", args=[instance_id]),
    }
    return _answer(request, context)


def _covered(trace: Trace, mask: Mask | None, *, title: str) -> Trace:
    """Return a trace under its title, with the reasons of its turns covered."""
    turns = [
        dataclasses.replace(turn, reason=cover_words(turn.reason, mask))
        for turn in trace.turns
    ]
    return dataclasses.replace(trace, title=title, turns=turns)


def _answer(
    request: HttpRequest, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    if is_fragment(request):
        return render(request, "review/clocks/_clock.html", context)
    return render_page(request, "review/clocks/clock.html", context, status=status)


def _page(trace: Trace, *, zone: dt.tzinfo) -> dict[str, Any]:
    def at(moment: dt.datetime | None) -> str:
        return format_moment(moment, zone=zone, now=trace.now) if moment else ""

    parts = [
        _list_rungs(trace, at),
        _list_stretches(trace, at),
        _list_turns(trace, at),
        _list_times(trace),
    ]
    return {
        "page_title": f"Clock: {trace.title}",
        "verdict": _verdict(trace, at),
        "why": _why(trace, at),
        "sources": _list_sources(trace),
        "bar": _bar(trace),
        "parts": [part for part in parts if part["rows"]],
        "zone_name": str(zone),
    }


def _part(
    name: str,
    title: str,
    heads: Sequence[tuple[str, bool]],
    rows: Sequence[Sequence[str | tuple[str, str]]],
    *,
    note: str = "",
) -> dict[str, Any]:
    """Return one table; a head is (label, is it a number), a cell text or (text, tone)."""
    return {
        "id": f"clock-{name}",
        "title": title,
        "heads": [{"label": label, "is_number": number} for label, number in heads],
        "rows": [
            [
                {
                    "text": cell if isinstance(cell, str) else cell[0],
                    "tone": "" if isinstance(cell, str) else cell[1],
                    "is_number": number,
                    # The first cell is a row's name: it needs no label.
                    "label": label if place else "",
                }
                for place, (cell, (label, number)) in enumerate(
                    zip(row, heads, strict=True)
                )
            ]
            for row in rows
        ],
        "note": note,
    }


def _list_rungs(trace: Trace, at: At) -> dict[str, Any]:
    heads = [("Rung", False), ("At", False), ("State", False), ("What came", False)]
    rows = [_rung(one, trace, at) for one in trace.rungs]
    return _part("rungs", "Rungs of its ladder", heads, rows)


def _list_stretches(trace: Trace, at: At) -> dict[str, Any]:
    heads = [
        ("From", False),
        ("To", False),
        ("The clock", False),
        ("Wall clock", True),
        ("Counted", True),
        ("Outside hours", True),
    ]
    rows = [
        [
            at(one.since),
            "now" if one.is_open and not trace.is_stopped else at(one.until),
            "runs" if one.is_running else (f"stands: {one.reason}", "warn"),
            format_duration(one.wall),
            format_duration(one.working if one.is_running else dt.timedelta()),
            format_duration(one.idle),
        ]
        for one in trace.stretches
    ]
    return _part("spans", "When it ran and when it stood", heads, rows)


def _list_turns(trace: Trace, at: At) -> dict[str, Any]:
    heads = [
        ("At", False),
        ("What", False),
        ("For", False),
        ("By", False),
        ("Due thereafter", False),
    ]
    rows = [
        [
            at(turn.at),
            _WORDS[turn.kind],
            turn.reason,
            turn.actor,
            at(turn.due_at),
        ]
        for turn in trace.turns
    ]
    return _part("turns", "Its turns, as they were recorded", heads, rows)


def _list_times(trace: Trace) -> dict[str, Any]:
    """Return where a task's time went, a row for each part."""
    heads = [("Part", False), ("Wall clock", True), ("Business time", True)]
    rows: list[list[str]] = []
    if trace.wall is not None and trace.business is not None:
        wall, business = trace.wall, trace.business
        rows = [
            [
                label,
                format_duration(getattr(wall, name)),
                format_duration(getattr(business, name)),
            ]
            for label, name in _TIMES
        ]
    return _part("times", "Where the time went", heads, rows, note=_TIMES_NOTE)


def _verdict(trace: Trace, at: At) -> dict[str, str]:
    """Return where the clock stands in one sentence, with its tone."""
    reading = trace.reading
    if reading is None:
        return {"tone": "", "text": trace.problem or "This task has no goal of time."}
    used = f"{format_duration(reading.elapsed)} of {format_duration(reading.goal)}"
    late = trace.breached_at is not None or reading.remaining < dt.timedelta()
    if trace.is_stopped:
        word = "Too late" if late else "In time"
        return {"tone": "bad" if late else "good", "text": f"{word}: it used {used}."}
    if late:
        over = format_duration(-reading.remaining)
        text = (
            f"Late since {at(trace.breached_at or reading.due_at)}, by {over} so far."
        )
        return {"tone": "bad", "text": text}
    if not reading.is_running:
        text = f"Stands for {reading.halted_for}; {used} are used."
        return {"tone": "warn", "text": text}
    left = format_duration(reading.remaining)
    rest = "" if trace.is_working_now else " It is outside working hours now."
    return {
        "tone": "",
        "text": f"Due {at(reading.due_at)}: {left} left, {used} used.{rest}",
    }


def _why(trace: Trace, at: At) -> str:
    """Return in words how the due moment comes about."""
    reading = trace.reading
    if reading is None:
        return ""
    hours = (
        f"counted in the hours of the calendar {trace.calendar} ({trace.zone})"
        if trace.calendar
        else "counted around the clock"
    )
    text = (
        f"The goal is {trace.sla}, {format_duration(reading.goal)}, {hours},"
        f" from {at(reading.started_at)}."
    )
    if reading.paused:
        text += f" It stood for {format_duration(reading.paused)} of these hours, and"
        text += " due is later by as much."
    elif len(reading.spans) > 1:
        text += " It stood only outside these hours, so due did not move."
    if reading.due_at is None and not trace.is_stopped:
        text += " While it stands there is no due moment."
    return text


def _list_sources(trace: Trace) -> list[dict[str, str]]:
    """Return which versions of policies the goal and the ladder come from."""
    found = []
    for name, what in (("clock_policy", "Goal"), ("ladder_policy", "Ladder")):
        pinned = trace.pins.get(name)
        if not pinned:
            continue
        kind = "clocks" if name == "clock_policy" else "ladder"
        row = f", row {pinned['row']}" if "row" in pinned else ""
        found.append({
            "what": what,
            "label": f"the queue's {kind} {pinned['version']}{row}",
            "url": reverse("policy-detail", args=[pinned["id"]]),
        })
    return found


def _bar(trace: Trace) -> dict[str, int] | None:
    """Return how much of the goal is used, in percent, for the meter."""
    if trace.reading is None:
        return None
    share = trace.reading.elapsed / trace.reading.goal if trace.reading.goal else 1
    return {"percent": min(100, int(share * 100)), "whole": int(share * 100)}


def _rung(one: RungSeen, trace: Trace, at: At) -> list[str | tuple[str, str]]:
    """Return the cells of one rung."""
    never = "ended before" if trace.is_stopped else "not while it stands"
    moment = at(one.reached_at or one.lies_at) or never
    if one.reached_at is None or one.noticed_at is None:
        state = "not reached" if trace.is_stopped else "to come"
        return [one.words, moment, state, ""]
    lag = one.noticed_at - one.reached_at
    late = f" Noticed {format_duration(lag)} later." if lag.total_seconds() >= 1 else ""
    tone = "bad" if one.is_breach else "warn"
    return [one.words, moment, ("reached", tone), f"{one.did}{late}".strip()]
