"""Stops: what is stopped, what it diverted; place, extend and lift."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from review import live, permissions
from review.core.stops import DiversionKind, StopKind, Target
from review.dashboards import stops as shown
from review.dashboards.frame import Viewer
from review.forms.stops import (
    ProcessStopForm,
    SearchForm,
    StopForm,
    WhyForm,
    read_target,
    write_target,
)
from review.models import Person
from review.operations.stops import stopping
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_duration, format_moment, state_pill
from review.views.pages import render_page
from review.views.paging import cut, read_before
from review.views.stops.stop_choices import Choice, count_would, list_choices
from workflows.operations.errors import NotFound, Refused
from workflows.store import database_now

ROWS: Final = 50
WHAT: Final = {
    DiversionKind.REVIEW: "went to people",
    DiversionKind.HELD: "waits for the end",
    DiversionKind.FALLBACK: "took the drawn fallback",
}


@require_GET
@screen(permissions.check_can_see_policies)
def stop_list(request: HttpRequest) -> HttpResponse:
    """Show what is stopped now and what was."""
    viewer, now = viewer_required(request), database_now()
    rows = [build_row(row, viewer, now=now) for row in shown.list_stops()]
    context = {
        "page_title": "Stops",
        "standing": [row for row in rows if row["stands"]],
        "over": [row for row in rows if not row["stands"]],
        "may_stop": permissions.can_oversee(viewer.rights, queue_id=None),
        "topic": live.STOPS,
    }
    return render_page(request, "review/stops/stop_list.html", context)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def stop_new(request: HttpRequest) -> HttpResponse:
    """Choose what to stop, see what it would divert, and stop it."""
    target = read_target(request.GET)
    if target is None:
        return _choose(request)
    stopping.check_target(target, rights=viewer_required(request).rights)
    kind = ProcessStopForm if target.kind is StopKind.DEFINITION else StopForm
    if request.method != "POST":
        return _offer(request, target, kind())
    form = kind(request.POST)
    if not form.is_valid():
        return _offer(request, target, form, status=422)
    everything = form.cleaned_data.get("everything", False)
    try:
        stop = stopping.place(
            person=_person(request),
            target=dataclasses.replace(target, everything=everything),
            lasting=form.lasting,
            reason=form.cleaned_data["reason"],
        )
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _offer(request, target, form, status=refusal.status)
    messages.success(
        request, "Stopped. From now on people decide what this decided by itself."
    )
    return redirect("stop-detail", stop.id)


@require_GET
@screen(permissions.check_can_see_policies)
def stop_detail(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Show one stop, and every decision that it diverted."""
    return _show(request, stop_id)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def stop_extend(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Let a stop end later."""
    form = StopForm(request.POST, prefix="extend")

    def extend(person: Person) -> None:
        stopping.extend(
            stop_id=stop_id,
            person=person,
            lasting=form.lasting,
            reason=form.cleaned_data["reason"],
        )

    return _act(request, stop_id, form, extend, said="It ends later now.")


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def stop_ask(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Ask that a stop be lifted."""
    form = WhyForm(request.POST, prefix="ask")

    def ask(person: Person) -> None:
        reason = form.cleaned_data["reason"]
        stopping.ask_to_lift(stop_id=stop_id, person=person, reason=reason)

    said = "Asked. It is lifted when another person agrees."
    return _act(request, stop_id, form, ask, said=said)


@require_POST
@screen(permissions.check_can_see_policies)
def stop_lift(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Agree to lift a stop, as a second person."""
    stopping.lift(stop_id=stop_id, person=_person(request))
    messages.success(request, "Lifted. Automatic decisions go on.")
    return redirect("stop-detail", stop_id)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_policies)
def stop_refuse(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Say that a stop is not lifted, or that one no longer asks."""
    form = WhyForm(request.POST, prefix="refuse")

    def refuse(person: Person) -> None:
        reason = form.cleaned_data["reason"]
        stopping.refuse_to_lift(stop_id=stop_id, person=person, reason=reason)

    return _act(request, stop_id, form, refuse, said="The stop stands.")


def build_row(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    """Return a stop as lists and its page show it."""
    zone = viewer.look.tzinfo

    def moment(at: dt.datetime | None) -> str:
        return format_moment(at, zone=zone, now=now) if at else ""

    if row.stands:
        state = Pill("Stopped", "bad")
    elif row.lifted_at:
        state = Pill("Lifted early")
    else:
        state = Pill("Over")
    what = shown.target_of(row).describe()
    return {
        "id": row.id,
        "url": reverse("stop-detail", args=[row.id]),
        "what": what[:1].upper() + what[1:],
        "grid": f"version {row.grid_version}" if row.grid_version else "",
        "grid_url": reverse("policy-detail", args=[row.grid_id]) if row.grid_id else "",
        "state": state,
        "stands": row.stands,
        "left": format_duration(row.ends_at - now) if row.stands else "",
        "reason": row.reason,
        "by": _name(row.placed_by, row.placed_by_id, viewer),
        "placed": moment(row.placed_at),
        "ends": moment(row.lifted_at or row.ends_at),
        "diverted": row.diverted,
        "asked_by": _name(row.lift_asked_by, row.lift_asked_by_id, viewer),
        "asked": moment(row.lift_asked_at),
        "lift_reason": row.lift_reason,
        "lifted_by": row.lifted_by or "",
    }


def _name(name: str | None, person_id: int | None, viewer: Viewer) -> str:
    return "you" if person_id == viewer.person_id else name or ""


def _choose(request: HttpRequest) -> HttpResponse:
    viewer = viewer_required(request)
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    choices = list_choices(words, rights=viewer.rights, now=database_now())
    context = {
        "page_title": "Stop automatic decisions",
        "form": form,
        "words": words,
        "groups": [
            {"label": label, "choices": [_choice(one) for one in found]}
            for label, found in choices
            if found
        ],
    }
    return render_page(request, "review/stops/stop_choose.html", context)


def _choice(one: Choice) -> dict[str, Any]:
    return {
        "title": one.title,
        "note": one.note,
        "count": one.count,
        "url": f"{reverse('stop-new')}?{write_target(one.target)}",
    }


def _offer(
    request: HttpRequest, target: Target, form: StopForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "page_title": f"Stop {target.describe()}",
        "what": target.describe(),
        "would": count_would(target, now=database_now()),
        "form": form,
        "here_url": f"{reverse('stop-new')}?{write_target(target)}",
    }
    return render_page(request, "review/stops/stop_new.html", context, status=status)


def _act(
    request: HttpRequest,
    stop_id: int,
    form: StopForm | WhyForm,
    act: Callable[[Person], None],
    *,
    said: str,
) -> HttpResponse:
    if request.method == "GET":
        # A form that came back stands at the act's address: read again, it is the page.
        return redirect("stop-detail", stop_id)
    if not form.is_valid():
        return _show(request, stop_id, form=form, status=422)
    try:
        act(_person(request))
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _show(request, stop_id, form=form, status=refusal.status)
    messages.success(request, said)
    return redirect("stop-detail", stop_id)


def _show(
    request: HttpRequest,
    stop_id: int,
    *,
    form: StopForm | WhyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    found = shown.find_stop(stop_id)
    if found is None:
        raise NotFound(f"There is no stop {stop_id}.")
    row = build_row(found, viewer, now=now)
    before = read_before(request.GET.get("before", ""))
    diverted, pages = cut(
        request,
        shown.list_diverted(stop_id, before=before, limit=ROWS + 1),
        limit=ROWS,
        parameter="before",
        mark=lambda one: str(one.id),
    )
    counts = shown.count_diverted(stop_id)
    may = found.stands and permissions.can_oversee(
        viewer.rights, queue_id=found.queue_id
    )
    forms = {form.prefix: form} if form is not None else {}
    asked_by = found.lift_asked_by_id
    context = {
        "page_title": f"Stop {stop_id}",
        "row": row,
        "counts": [
            (WHAT[DiversionKind(kind)], count) for kind, count in counts.items()
        ],
        "diverted": [_diverted(one, viewer, now=now) for one in diverted],
        "pages": pages,
        "may_act": may,
        "may_agree": may and asked_by and asked_by not in viewer.rights.persons,
        "is_own_wish": asked_by == viewer.person_id,
        "problem": form,
        "extend": forms.get("extend") or StopForm(prefix="extend"),
        "ask": forms.get("ask") or WhyForm(prefix="ask"),
        "refuse": forms.get("refuse") or WhyForm(prefix="refuse"),
        "topic": live.STOPS,
    }
    return render_page(request, "review/stops/stop_detail.html", context, status=status)


def _diverted(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    url = reverse("instance-detail", args=[row.instance_id])
    if row.task_id:
        url = reverse("task-detail", args=[row.task_id])
    state = state_pill(row.outcome or row.task_state) if row.task_id else None
    # Titles may tell personal values, which auditors see on cases they unmasked alone.
    title = row.title if viewer.rights.audit is None else ""
    return {
        "url": url,
        "title": title or row.business_key or str(row.instance_id)[:8],
        "step": row.node_id,
        "process": f"{row.process} {row.version}",
        "what": WHAT[DiversionKind(row.kind)],
        "state": state,
        "is_waiting": row.kind == DiversionKind.HELD and row.step_state == "READY",
        "at": format_moment(row.at, zone=viewer.look.tzinfo, now=now),
    }


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)
