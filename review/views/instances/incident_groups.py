"""Incidents by what went wrong: groups, what is in one, and acts on many of them."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from review import permissions
from review.core.incident_groups import (
    HOURS,
    By,
    Group,
    draw_hours,
    normalize_message,
    say_outcome,
)
from review.core.incident_orders import OrderAct
from review.core.interventions import Act
from review.dashboards import incident_groups as boards
from review.dashboards import incidents as desk
from review.dashboards.frame import Viewer
from review.dashboards.incident_groups import Board
from review.dashboards.runbooks import find_connector, find_runbook
from review.evidence.masking import COVER
from review.filters import IncidentFilter
from review.forms.incidents import OrderForm
from review.models import IncidentOrder, Person
from review.operations.instances import acts, incident_orders
from review.operations.instances.bulk import Fate
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_moment
from review.views.instances.bulk import FATES
from review.views.instances.incidents import draw_incident
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.paging import Pages, cut, read_before
from workflows.operations import circuits
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now

ALL: Final = "all"
"""Stands for every open incident under the filters, in place of a group's key."""
MOST_GROUPS: Final = 100


@require_GET
@screen(permissions.check_can_see_incidents)
def incident_list(request: HttpRequest) -> HttpResponse:
    """Show what is open by what went wrong, the rates, and what was done last."""
    viewer = viewer_required(request)
    zone, now = viewer.look.tzinfo, database_now()
    form = IncidentFilter(request.GET)
    filters, by = _read(form)
    board = _board(viewer, filters, by, now=now)
    context = {
        "page_title": "Incidents",
        "filter_form": form,
        "reset_url": reverse("incident-list"),
        "groups": [
            _group(one, board, query=request.GET, zone=zone, now=now)
            for one in board.groups[:MOST_GROUPS]
        ],
        "more": max(len(board.groups) - MOST_GROUPS, 0),
        "by_step": by is By.STEP,
        "is_cut": board.is_cut,
        "each_url": _group_url(ALL, request.GET),
        "tiles": _tiles(board, viewer, now=now),
        "rates": _rates(board, now=now, zone=zone),
        "resolved": _draw(desk.list_resolved_incidents(), viewer, now=now),
        "orders": [
            _order(order, counts, zone=zone, now=now)
            for order, counts in boards.list_orders(limit=5)
        ],
        "held_back": [row.connector for row in circuits.list_broken()],
    }
    return render_page(request, "review/instances/incident_list.html", context)


@require_GET
@screen(permissions.check_can_see_incidents)
def incident_group(request: HttpRequest, key: str) -> HttpResponse:
    """Show the incidents of one group, or every one under the filters."""
    return _show_group(request, key)


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_resolve_incidents)
def incident_act(request: HttpRequest, key: str) -> HttpResponse:
    """Order an act on a group or on the incidents ticked in it.

    A form that came back stands at this address: read again, it leads to the group.
    """
    if request.method == "GET":
        return redirect(f"{reverse('incident-group', args=[key])}{_query(request)}")
    filters, by = _read(IncidentFilter(request.GET))
    board = boards.read_board(filters=filters, by=by, now=database_now())
    form = OrderForm(request.POST, count=len(board.instances))
    if not form.is_valid():
        return _show_group(request, key, form=form, status=422)
    chosen = _choose(form, board, key=key, ticked=request.POST.getlist("incident"))
    if not chosen:
        form.add_error(None, "None of these is open any more, or none is ticked.")
        return _show_group(request, key, form=form, status=422)
    act = OrderAct(form.cleaned_data["act"])
    group = board.find(key)
    order = incident_orders.place(
        person=Person.objects.get(pk=viewer_required(request).person_id),
        act=act,
        incidents=[(one, board.instances[one]) for one in chosen],
        title=_title(group) if group else "Incidents of several groups",
        reason=form.cleaned_data["reason"],
        output=form.cleaned_data["values"] if act is OrderAct.SETTLE else None,
    )
    return redirect("incident-order", order.pk)


@require_GET
@screen(permissions.check_can_see_incidents)
def incident_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show how far an order is and what became of each incident."""
    found = boards.find_order(order_id)
    if found is None:
        raise NotFound(f"There is no order {order_id}.")
    order, counts = found
    zone, now = viewer_required(request).look.tzinfo, database_now()
    rows = boards.list_items(
        order.pk, after=read_before(request.GET.get("after", "")), limit=desk.PAGE
    )
    shown, pages = cut(
        request, rows, limit=desk.PAGE, parameter="after", mark=lambda row: str(row.pk)
    )
    refusals = boards.list_refusals(order.pk, limit=1_000)
    context = {
        "page_title": f"Order {order.pk}",
        "order": _order(order, counts, zone=zone, now=now),
        "said": say_outcome(
            done=counts.get("DONE", 0),
            proposed=counts.get("PROPOSED", 0),
            refusals=refusals,
            verb=OrderAct(order.act).verb,
        ),
        "may_approve": bool(counts.get("PROPOSED")),
        "rows": [
            {
                "id": row.incident_id,
                "url": reverse("incident-detail", args=[row.incident_id]),
                "fate": FATES[Fate(row.fate)] if row.fate else Pill("Waits", "info"),
                "sentence": row.sentence,
            }
            for row in shown
        ],
        "pages": pages,
    }
    return render_page(request, "review/instances/incident_order.html", context)


def _show_group(
    request: HttpRequest,
    key: str,
    *,
    form: OrderForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer = viewer_required(request)
    zone, now = viewer.look.tzinfo, database_now()
    filters, by = _read(IncidentFilter(request.GET))
    board = _board(viewer, filters, by, now=now)
    group = board.find(key)
    ids = sorted(board.instances) if key == ALL else group.ids if group else []
    shown, pages = _page(request, ids)
    may_act = bool(ids) and permissions.can_resolve_incidents(viewer.rights)
    context = {
        "page_title": "Every open incident" if key == ALL else "Group of incidents",
        "key": key,
        "group": _group(group, board, query=request.GET, zone=zone, now=now)
        if group
        else None,
        "rates": _bars(group.hours if group else board.hours),
        "back_url": _with_query(reverse("incident-list"), request.GET),
        "act_url": _with_query(reverse("incident-act", args=[key]), request.GET),
        "count": len(ids),
        "rows": _draw(desk.list_incidents(shown), viewer, now=now),
        "ticked": request.POST.getlist("incident"),
        "pages": pages,
        "may_act": may_act,
        "is_controlled": acts.is_controlled(Act.RETRY)
        or acts.is_controlled(Act.SETTLE),
        "form": form
        or OrderForm(count=len(ids), initial={"until": max(ids, default=0)}),
    }
    return render_page(
        request, "review/instances/incident_group.html", context, status=status
    )


def _board(
    viewer: Viewer, filters: Mapping[str, str], by: By, *, now: dt.datetime
) -> Board:
    """Read what is open; auditors find nobody's data by words in messages."""
    is_covered = viewer.rights.audit is not None
    return boards.read_board(filters=filters, by=by, now=now, is_covered=is_covered)


def _draw(
    rows: Sequence[Any], viewer: Viewer, *, now: dt.datetime
) -> list[dict[str, Any]]:
    """Return incidents as lists show them.

    Auditors read messages without what names the case, and no words of people: a list
    is of many cases, unmasked or not.
    """
    drawn = [draw_incident(row, now=now, zone=viewer.look.tzinfo) for row in rows]
    if viewer.rights.audit is None:
        return drawn
    return [
        {**row, "message": normalize_message(str(row["message"])), "reason": COVER}
        for row in drawn
    ]


def _choose(
    form: OrderForm, board: Board, *, key: str, ticked: Sequence[str]
) -> list[int]:
    """Return the open incidents an order is for, of those that were seen."""
    group = board.find(key)
    there = list(board.instances) if key == ALL else group.ids if group else []
    seen = [one for one in there if one <= form.cleaned_data["until"]]
    if form.cleaned_data["which"] == "all":
        return seen
    wanted = {read_number(one) for one in ticked}
    if None in wanted:
        raise Invalid("An incident's number in this form cannot be read.")
    return [one for one in seen if one in wanted]


def _read(form: IncidentFilter) -> tuple[dict[str, str], By]:
    given = form.given()
    return given, By(given.pop("by", "") or By.ERROR)


def _page(request: HttpRequest, ids: Sequence[int]) -> tuple[list[int], Pages]:
    after = read_before(request.GET.get("after", "")) or 0
    rest = [one for one in ids if one > after][: desk.PAGE + 1]
    return cut(request, rest, limit=desk.PAGE, parameter="after", mark=str)


def _group(
    group: Group,
    board: Board,
    *,
    query: QueryDict,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> dict[str, Any]:
    is_step = group.by is By.STEP
    places = [
        {"definition": definition, "step": board.names[definition, node] or "the case"}
        for (definition, node), _ in group.places.most_common(3)
    ]
    return {
        "key": group.key,
        "url": reverse("incident-detail", args=[group.ids[0]])
        if group.count == 1
        else _group_url(group.key, query),
        "title": _title(group),
        "code": group.code,
        "message": group.message,
        "is_step": is_step,
        "handler": group.handler,
        "connector": find_connector(group.handler),
        "runbook": find_runbook(group.handler),
        "places": places,
        "more_places": max(len(group.places) - len(places), 0),
        "faults": [text for text, _ in group.faults.most_common(2)] if is_step else [],
        "count": f"{group.count:,}",
        "first": format_moment(group.first_at, zone=zone, now=now),
        "last": format_moment(group.last_at, zone=zone, now=now),
        "rates": _bars(group.hours),
    }


def _title(group: Group) -> str:
    if group.by is By.STEP:
        return f"{group.node or 'the case itself'} of {group.definition}"
    return f"{group.code}: {group.message}" if group.message else group.code


def _bars(hours: Sequence[int]) -> dict[str, Any]:
    return {
        "bars": draw_hours(hours),
        "total": f"{sum(hours):,}",
        "label": f"{sum(hours):,} in the last {HOURS} hours, at most {max(hours):,} an hour,"
        f" {hours[-1]:,} in the present one",
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Tile:
    """One figure; `how` says how it is computed."""

    label: str
    value: str
    detail: str
    how: str
    tone: str = ""
    url: str = ""


def _tiles(board: Board, viewer: Viewer, *, now: dt.datetime) -> list[Tile]:
    since = now - dt.timedelta(hours=HOURS)
    cases = sum(desk.count_work(since).values())
    opened = sum(board.hours)
    dead = desk.count_dead_letters(since)
    rate = f"{1000 * opened / cases:,.1f}" if cases else "—"
    return [
        Tile(
            "Open",
            f"{board.open:,}",
            f"{board.aside:,} of them events set aside",
            "Open incidents, whatever the filters; those of no step are events that the"
            " engine could not handle and has set aside.",
            tone="bad" if board.open else "",
            url=reverse("incident-group", args=[ALL]) if board.open else "",
        ),
        Tile(
            "Opened in 24 h",
            f"{opened:,}",
            "under these filters",
            "Incidents opened in the last 24 hours, resolved or not.",
        ),
        Tile(
            "For 1,000 cases begun",
            rate,
            f"{cases:,} cases in 24 h",
            "Incidents opened in the last 24 hours for each 1,000 cases begun in them.",
        ),
        Tile(
            "Dead letters in 24 h",
            f"{dead + board.aside:,}",
            f"{dead:,} mails and posts, {board.aside:,} events",
            "Mails and posts given up in the last 24 hours, and events set aside that"
            " are still open.",
            url=reverse("undelivered-list")
            if dead and permissions.can_administer(viewer.rights)
            else "",
        ),
    ]


def _rates(board: Board, *, now: dt.datetime, zone: dt.tzinfo) -> list[dict[str, str]]:
    """Return the hours that had incidents, the newest first."""
    hour = dt.timedelta(hours=1)
    return [
        {
            "hour": f"{(now - (HOURS - place) * hour).astimezone(zone):%H:%M} to"
            f" {(now - (HOURS - place - 1) * hour).astimezone(zone):%H:%M}",
            "count": f"{count:,}",
        }
        for place, count in reversed(list(enumerate(board.hours)))
        if count
    ]


def _order(
    order: IncidentOrder,
    counts: Mapping[str, int],
    *,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> dict[str, Any]:
    waits = counts.get("", 0)
    is_over = order.finished_at is not None
    return {
        "id": order.pk,
        "url": reverse("incident-order", args=[order.pk]),
        "title": order.title,
        "act": OrderForm.base_fields["act"].choices[  # type: ignore[attr-defined]
            list(OrderAct).index(OrderAct(order.act))
        ][1],
        "reason": order.reason,
        "by": order.person.name,
        "at": format_moment(order.ordered_at, zone=zone, now=now),
        "total": f"{order.total:,}",
        "had": f"{order.total - waits:,}",
        "percent": 100 * (order.total - waits) // order.total,
        "is_under_way": not is_over,
        "state": Pill("Done", "good") if is_over else Pill("Under way", "info"),
        "counts": [
            {"pill": pill, "count": f"{counts[fate.value]:,}"}
            for fate, pill in FATES.items()
            if counts.get(fate.value)
        ],
    }


def _group_url(key: str, query: QueryDict) -> str:
    return _with_query(reverse("incident-group", args=[key]), query)


def _query(request: HttpRequest) -> str:
    return f"?{request.GET.urlencode()}" if request.GET else ""


def _with_query(url: str, query: QueryDict) -> str:
    kept = query.copy()
    kept.pop("after", None)
    return f"{url}?{kept.urlencode()}" if kept else url
