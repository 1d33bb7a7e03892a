"""The list of instances. It stays still while open: rows are marked in place."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.dashboards import engine
from review.dashboards.frame import Viewer
from review.dashboards.instance_search import (
    Where,
    list_definition_ids,
    list_processes,
)
from review.forms.instance_search import InstanceFilter, Line, read_lines
from review.live import INSTANCES
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import format_duration, format_moment, state_pill
from review.views.instances.bulk import may_act_on_many
from review.views.pages import render_page
from review.views.paging import cut, mark_moment, read_after
from workflows.core.searching import Searchable
from workflows.operations.errors import Invalid
from workflows.operations.searching import list_searchable
from workflows.store import database_now

MOST_ASKED: Final = 2 * engine.PAGE
"""How many shown instances a page may ask about at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """What the address asks for; `declared` are the variables one may search by."""

    form: InstanceFilter
    filters: Mapping[str, Any]
    wheres: Sequence[Where]
    lines: Sequence[Line]
    declared: Sequence[Searchable]
    processes: Sequence[Any]


@require_GET
@screen(permissions.check_can_see_instances)
def instance_list(request: HttpRequest) -> HttpResponse:
    """List instances, newest first, by what they are and by declared variables.

    htmx asks for the head, or for the rows of an empty list.
    """
    viewer = viewer_required(request)
    asked = read_question(request, viewer)
    now = database_now()
    head = _head(request, asked, now=now)
    part = request.GET.get("part", "") if is_fragment(request) else ""
    if part == "head":
        return render(request, "review/instances/_instance_head.html", head)
    rows = engine.list_instances(
        filters=asked.filters,
        wheres=asked.wheres,
        after=read_after(request.GET.get("after", "")),
    )
    shown, pages = cut(
        request,
        rows,
        limit=engine.PAGE,
        parameter="after",
        mark=lambda row: mark_moment(row.started_at, row.id),
    )
    zone = viewer.look.tzinfo
    context = {
        **head,
        "page_title": "Instances",
        "filter_form": asked.form,
        "lines": asked.lines if asked.declared else [],
        "processes": asked.processes,
        "is_narrowed": asked.form.is_narrowed or bool(asked.wheres),
        "reset_url": reverse("instance-list"),
        "csv_url": f"{reverse('instance-csv')}?{_filters(request)}",
        "rows": [_row(row, now=now, zone=zone) for row in shown],
        "rows_url": _address(request, part="rows"),
        "standing_url": reverse("instance-standing"),
        "pages": pages,
    }
    if part == "rows":
        return render(request, "review/instances/_instance_rows.html", context)
    return render_page(request, "review/instances/instance_list.html", context)


def read_question(request: HttpRequest, viewer: Viewer) -> Question:
    """Return what an address asks for; variables are those of its process."""
    form = InstanceFilter(request.GET, zone=viewer.look.tzinfo)
    filters = form.given()
    processes = list_processes()
    key = filters.get("definition", "")
    ids = [row.id for row in processes if row.key == key]
    if ids and filters.get("version"):
        ids = list_definition_ids(key=key, version=filters["version"])
    declared = list_searchable(ids[0]) if ids else ()
    wheres, lines = read_lines(request.GET, declared)
    return Question(form, filters, wheres, lines, declared, processes)


@require_GET
@screen(permissions.check_can_see_instances)
def instance_standing(request: HttpRequest) -> HttpResponse:
    """Say how the shown instances stand now, so that the page can mark them in place."""
    ids = [text for text in request.GET.getlist("id") if _is_id(text)][:MOST_ASKED]
    now = database_now()
    rows = [
        {"id": str(row.id), "cells": _standing(row, now=now)}
        for row in engine.list_instances_standing(ids)
    ]
    return JsonResponse({"rows": rows})


def _head(
    request: HttpRequest, asked: Question, *, now: dt.datetime
) -> dict[str, object]:
    """Return the page's head: how many have started since `seen`, else since now."""
    given = request.GET.get("seen", "")
    arrived = 0
    if given:
        try:
            seen = dt.datetime.fromisoformat(given)
        except ValueError:
            raise Invalid(
                "The page in this address cannot be read; start from the list."
            ) from None
        arrived = engine.count_instances_since(
            seen, filters=asked.filters, wheres=asked.wheres
        )
    many = "+" if arrived >= engine.CAP else ""
    return {
        "topic": INSTANCES,
        "new": f"{arrived:,}{many} new" if arrived else "",
        "refresh_url": _address(request, part="head", seen=given or now.isoformat()),
        "reload_url": _address(request),
        "bulk_url": f"{reverse('instance-bulk')}?{_filters(request)}"
        if may_act_on_many(viewer_required(request).rights)
        else "",
    }


def _filters(request: HttpRequest) -> str:
    kept = request.GET.copy()
    for name in ("after", "part", "seen"):
        kept.pop(name, None)
    return kept.urlencode()


def _address(request: HttpRequest, **more: str) -> str:
    """Return the list's first page with its filters."""
    words = "&".join(filter(None, (_filters(request), urlencode(more))))
    url = reverse("instance-list")
    return f"{url}?{words}" if words else url


def _row(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "id": row.id,
        "url": reverse("instance-detail", args=[row.id]),
        "case": row.business_key or str(row.id)[:13],
        "definition": f"{row.definition_name} {row.definition_version}",
        "state": state_pill("INCIDENT" if row.has_incident else row.state),
        "at": _place(row),
        "started": format_moment(row.started_at, zone=zone, now=now),
        "lasted": format_duration((row.ended_at or now) - row.started_at),
    }


def _standing(row: Any, *, now: dt.datetime) -> dict[str, dict[str, str]]:
    """Return a row's live cells: text, and the class of the pill it stands in."""
    state = state_pill("INCIDENT" if row.has_incident else row.state)
    kind = f"pill is-{state.tone}" if state.tone else "pill"
    lasted = format_duration((row.ended_at or now) - row.started_at)
    return {
        "state": {"text": state.label, "kind": kind},
        "at": {"text": _place(row), "kind": ""},
        "lasted": {"text": lasted, "kind": ""},
    }


def _place(row: Any) -> str:
    """Return at which steps an instance stands, or where it ended."""
    steps = ", ".join(name for name in row.at_steps if name)
    return steps or (f"ended at {row.end_node_id}" if row.end_node_id else "")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
