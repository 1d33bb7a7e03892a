"""What the command palette finds on the server, as far as the viewer may see it."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.states import Role
from review.dashboards import finding
from review.dashboards.covering import cover_titles
from review.dashboards.frame import Viewer
from review.models import Queue
from review.views.access import screen, viewer_required
from review.views.formats import state_pill

SHORTEST = 2
LONGEST = 100


@require_GET
@screen()
def find(request: HttpRequest) -> HttpResponse:
    """Find tasks, cases, queues and people by a key or by words."""
    viewer = viewer_required(request)
    text = request.GET.get("q", "").strip()[:LONGEST]
    groups = _find(viewer, text) if len(text) >= SHORTEST else {}
    return JsonResponse({
        "groups": [
            {"label": label, "items": items} for label, items in groups.items() if items
        ]
    })


def _find(viewer: Viewer, text: str) -> dict[str, list[dict[str, str]]]:
    rights = viewer.rights
    queues = [
        queue
        for queue in Queue.objects.order_by("name", "pk")
        if permissions.can_see_queue(rights, queue_id=queue.pk)
    ]
    found = {
        "Tasks": [
            _task(row)
            for row in cover_titles(
                rights,
                finding.find_tasks(text, queue_ids=[q.pk for q in queues]),
                sought=text,
            )
        ]
    }
    if permissions.can_see_instances(rights):
        found["Cases"] = [_case(row) for row in finding.find_cases(text)]
    found["Queues"] = [
        _item(queue.name, "queue", reverse("queue-detail", args=[queue.key]))
        for queue in queues
        if text.lower() in queue.name.lower()
    ][: finding.MOST]
    if permissions.can_audit(rights):
        found["People"] = [
            _item(
                row.name,
                row.roles or "no role",
                f"{reverse('audit-search')}?{urlencode({'actor': f'person:{row.id}'})}",
            )
            for row in finding.find_people(text)
        ]
    elif rights.holds_anywhere(Role.MANAGER, Role.ADMINISTRATOR):
        found["People"] = [
            _item(
                row.name, row.roles or "no role", reverse("person-work", args=[row.id])
            )
            for row in finding.find_people(text)
        ]
    return found


def _task(row: Any) -> dict[str, str]:
    return _item(
        f"{row.business_key or f'#{row.id}'} · {row.title}",
        f"{row.queue_name}, {state_pill(row.state).label.lower()}",
        reverse("task-detail", args=[row.id]),
    )


def _case(row: Any) -> dict[str, str]:
    return _item(
        row.business_key,
        f"{row.definition}, {state_pill(row.state).label.lower()}",
        reverse("instance-detail", args=[row.id]),
    )


def _item(label: str, detail: str, url: str) -> dict[str, str]:
    return {"label": label, "detail": detail, "url": url}
