"""Saved views of the dashboard: the person's own, and those of the queues' teams."""

import dataclasses
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from review import permissions
from review.dashboards.frame import Viewer
from review.dashboards.saved_views import list_page_views
from review.models import Person, Queue
from review.operations.tasks import saved_views
from review.views.access import screen, viewer_required
from review.views.overview.asking import Asked, list_overseen_queues, read_words
from workflows.operations.errors import Invalid

PAGE = "dashboard"


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """One saved view as a link."""

    id: int
    name: str
    url: str
    is_team: bool
    is_current: bool
    may_change: bool
    owner: str


@dataclasses.dataclass(frozen=True, slots=True)
class Views:
    """The views of the dashboard, and the question that would be saved."""

    links: tuple[View, ...]
    query: str
    queue: str
    default_url: str = ""
    current: str = ""


def read_views(request: HttpRequest, viewer: Viewer, asked: Asked) -> Views:
    """Return the views with the open one, named by `view` in the address."""
    queue_ids = [queue.pk for queue in list_overseen_queues(viewer)]
    rows = list_page_views(person_id=viewer.person_id, page=PAGE, queue_ids=queue_ids)
    opened = request.GET.get("view", "")
    current = next((row for row in rows if str(row.id) == opened), None)
    return Views(
        links=tuple(
            View(
                id=row.id,
                name=row.name,
                url=_url(row.query, row.id),
                is_team=row.is_team,
                is_current=row is current,
                may_change=row.is_own
                or (
                    row.is_team
                    and permissions.can_manage(viewer.rights, queue_id=row.queue_id)
                ),
                owner=row.owner,
            )
            for row in rows
        ),
        query=asked.query,
        queue=asked.scope.queue or "",
        default_url=next((_url(r.query, r.id) for r in rows if r.is_default), ""),
        current=current.name if current else "",
    )


@require_POST
@screen(permissions.check_can_see_dashboard)
def figure_view_save(request: HttpRequest) -> HttpResponse:
    """Keep what the dashboard shows under a name."""
    viewer = viewer_required(request)
    words = QueryDict(mutable=True)
    words.update(read_words(QueryDict(request.POST.get("query", ""))))
    is_team = request.POST.get("scope") == "team"
    queue = _find_queue(viewer, words.get("queue", "")) if is_team else None
    view = saved_views.save_view(
        person=Person.objects.get(pk=viewer.person_id),
        page=PAGE,
        queue=queue,
        wanted=saved_views.Wanted(
            name=request.POST.get("name", ""),
            query=words.urlencode(),
            is_team=is_team,
            is_default="default" in request.POST,
            of_page=True,
        ),
    )
    messages.success(request, f"The view “{view.name}” is saved.")
    return redirect(_url(view.query, view.pk))


def _find_queue(viewer: Viewer, key: str) -> Queue:
    """Return the queue whose team gets a view. Raises Invalid: none is chosen."""
    for queue in list_overseen_queues(viewer):
        if queue.key == key:
            return queue
    raise Invalid("A view for a team is of one queue: choose the queue first.")


def _url(query: str, view_id: Any) -> str:
    words = f"{query}&" if query else ""
    return f"{reverse('dashboard')}?{words}view={view_id}"
