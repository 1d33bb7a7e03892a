"""Saved views of a queue: list, save, rename, delete, and the columns shown."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.dashboards import listing
from review.dashboards.frame import Viewer
from review.dashboards.saved_views import list_views
from review.dashboards.sql import read_json
from review.filters import QueueFilter
from review.models import Person, Queue, SavedView
from review.operations.people import people
from review.operations.tasks import saved_views as operations
from review.views.access import screen, viewer_required
from review.views.tasks.rows import COLUMNS
from workflows.operations.errors import NotFound
from workflows.store import database_now

PAGE: Final = "queue"
MOST_COUNTED: Final = 12
_NOT_FILTERS: Final = ("after", "view", "all", "part", "seen")


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """One saved view as a link."""

    id: int
    name: str
    url: str
    share_url: str
    is_team: bool
    is_default: bool
    is_current: bool
    may_change: bool
    owner: str
    count: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Views:
    """The views of a queue, and what the open one says of columns and density."""

    links: tuple[View, ...]
    query: str
    default_url: str = ""
    columns: tuple[str, ...] = ()
    density: str = ""
    current: str = ""


def read_views(request: HttpRequest, viewer: Viewer, queue: Queue) -> Views:
    """Return the queue's views with the open one, named by `view` in the address."""
    rows = list_views(person_id=viewer.person_id, page=PAGE, queue_id=queue.pk)
    opened = request.GET.get("view", "")
    current = next((row for row in rows if str(row.id) == opened), None)
    manages = permissions.can_manage(viewer.rights, queue_id=queue.pk)
    return Views(
        links=tuple(
            _view(row, queue, is_current=row is current, manages=manages)
            for row in rows
        ),
        query=_filters_of(request.GET).urlencode(),
        default_url=next((_url(queue, row) for row in rows if row.is_default), ""),
        columns=tuple(read_json(current.columns) or ()) if current else (),
        density=current.density if current else "",
        current=current.name if current else "",
    )


@require_GET
@screen()
def queue_views(request: HttpRequest, key: str) -> HttpResponse:
    """Give the links of the views with their counts, for the page that shows them."""
    viewer = viewer_required(request)
    queue = _find(key)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.pk)
    now = database_now()
    views = read_views(request, viewer, queue)
    counted = views.links[:MOST_COUNTED]
    counts = listing.count_views(
        [_read_filters(view.url) for view in counted],
        person_id=viewer.person_id,
        queue_id=queue.pk,
        now=now,
        today=_end_of_day(now, viewer.look.tzinfo),
    )
    links = [
        dataclasses.replace(view, count=_count(count))
        for view, count in zip(counted, counts, strict=True)
    ]
    context = {
        "queue": {"key": queue.key},
        "views": dataclasses.replace(
            views, links=(*links, *views.links[MOST_COUNTED:])
        ),
    }
    return render(request, "review/tasks/_queue_views.html", context)


@require_POST
@screen()
def view_save(request: HttpRequest, key: str) -> HttpResponse:
    """Keep the filters of the open list under a name."""
    viewer = viewer_required(request)
    queue = _find(key)
    wanted = operations.Wanted(
        name=request.POST.get("name", ""),
        query=_filters_of(QueryDict(request.POST.get("query", ""))).urlencode(),
        columns=_known(request.POST.getlist("column")),
        density=request.POST.get("density", ""),
        is_team=request.POST.get("scope") == "team",
        is_default="default" in request.POST,
    )
    view = operations.save_view(
        person=_person(viewer), page=PAGE, queue=queue, wanted=wanted
    )
    messages.success(request, f"The view “{view.name}” is saved.")
    return redirect(_url(queue, view))


@require_POST
@screen()
def view_rename(request: HttpRequest, view_id: int) -> HttpResponse:
    """Give a view another name."""
    view = operations.rename_view(
        view_id=view_id,
        person=_person(viewer_required(request)),
        name=request.POST.get("name", ""),
    )
    messages.success(request, f"The view is called “{view.name}” now.")
    return _back(view)


@require_POST
@screen()
def view_delete(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete a view."""
    view = operations.delete_view(
        view_id=view_id, person=_person(viewer_required(request))
    )
    messages.success(request, f"The view “{view.name}” is deleted.")
    return _back(view)


@require_POST
@screen()
def queue_columns(request: HttpRequest, key: str) -> HttpResponse:
    """Keep which columns the person's lists of tasks show."""
    viewer = viewer_required(request)
    queue = _find(key)
    people.change_columns(
        person=_person(viewer),
        page=PAGE,
        columns=_known(request.POST.getlist("column")),
    )
    query = _filters_of(QueryDict(request.POST.get("query", ""))).urlencode()
    return redirect(f"{reverse('queue-detail', args=[queue.key])}?{query or 'all=1'}")


def _view(row: Any, queue: Queue, *, is_current: bool, manages: bool) -> View:
    url = reverse("queue-detail", args=[queue.key])
    return View(
        id=row.id,
        name=row.name,
        url=_url(queue, row),
        # What others open must not need this person's own view to be found.
        share_url=_url(queue, row) if row.is_team else f"{url}?{row.query or 'all=1'}",
        is_team=row.is_team,
        is_default=row.is_default,
        is_current=is_current,
        may_change=row.is_own or (row.is_team and manages),
        owner=row.owner,
    )


def _url(queue: Queue, view: Any) -> str:
    url = reverse("queue-detail", args=[queue.key])
    query = f"{view.query}&" if view.query else ""
    return f"{url}?{query}view={view.id}"


def _read_filters(url: str) -> Mapping[str, Any]:
    return QueueFilter(QueryDict(url.partition("?")[2])).given()


def _filters_of(query: QueryDict) -> QueryDict:
    """Return the filters of an address, without empty ones, pages and views."""
    kept = query.copy()
    for name in list(kept):
        if name in _NOT_FILTERS or not kept[name]:
            del kept[name]
    return kept


def _known(names: list[str]) -> list[str]:
    known = {column.name for column in COLUMNS}
    return [name for name in names if name in known]


def _count(count: int) -> str:
    return f"{count}+" if count >= listing.VIEW_CAP else str(count)


def _end_of_day(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(now.astimezone(zone).date(), dt.time.max, zone)


def _find(key: str) -> Queue:
    queue = Queue.objects.filter(key=key).first()
    if queue is None:
        raise NotFound(f"There is no queue {key}.")
    return queue


def _person(viewer: Viewer) -> Person:
    return Person.objects.get(pk=viewer.person_id)


def _back(view: SavedView) -> HttpResponse:
    """Go back to the list that the view is of."""
    if view.page == "dashboard":
        return redirect("dashboard")
    if view.queue is None:
        return redirect("queue-list")
    return redirect(f"{reverse('queue-detail', args=[view.queue.key])}?all=1")
