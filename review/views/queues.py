"""My work, the queues, one queue, and taking the next task."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.states import Role
from review.dashboards import desk
from review.dashboards.frame import Viewer
from review.filters import QueueFilter
from review.live import queue_topic
from review.models import Person, Queue
from review.operations import claims
from review.views.access import is_fragment, screen, viewer_required
from review.views.empty import Empty, explain_empty
from review.views.formats import (
    OUTCOME_PILLS,
    format_duration,
    format_moment,
    state_pill,
)
from review.views.pages import render_page
from review.views.paging import cut, read_after
from review.views.rows import build_row
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now


@require_GET
@screen()
def my_work(request: HttpRequest) -> HttpResponse:
    """Show what the viewer holds, where work waits, and what they decided last."""
    viewer = viewer_required(request)
    now, zone = database_now(), viewer.look.tzinfo
    held = desk.list_tasks(
        person_id=viewer.person_id, now=now, filters={"held": "mine"}
    )
    queues = [
        queue
        for queue in Queue.objects.order_by("name", "pk")
        if permissions.can_review(viewer.rights, queue_id=queue.pk)
    ]
    context = {
        "page_title": "My work",
        "rows": [
            build_row(row, person_id=viewer.person_id, now=now, zone=zone)
            for row in held
        ],
        "queues": _queue_cards(queues, now=now),
        "verdicts": [
            _own_verdict(row, now=now, zone=zone)
            for row in desk.list_own_verdicts(viewer.person_id)
        ],
        "topics": " ".join(queue_topic(queue.key) for queue in queues),
    }
    if is_fragment(request):
        return render(request, "review/_my_work_body.html", context)
    return render_page(request, "review/my_work.html", context)


@require_GET
@screen()
def queue_list(request: HttpRequest) -> HttpResponse:
    """List every queue the viewer may look at."""
    viewer = viewer_required(request)
    queues = [
        queue
        for queue in Queue.objects.order_by("name", "pk")
        if permissions.can_see_queue(viewer.rights, queue_id=queue.pk)
    ]
    context = {
        "page_title": "All queues",
        "queues": _queue_cards(queues, now=database_now()),
        "topics": " ".join(queue_topic(queue.key) for queue in queues),
    }
    return render_page(request, "review/queue_list.html", context)


@require_GET
@screen()
def queue_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show one queue; htmx asks for the head or for the rows of an empty list."""
    viewer = viewer_required(request)
    queue = _find_queue(key)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.pk)
    now = database_now()
    if is_fragment(request) and request.GET.get("part") == "head":
        return render(
            request, "review/_queue_head.html", _head(request, queue, now=now)
        )
    context = _list(request, viewer, queue, now=now)
    if is_fragment(request):
        return render(request, "review/_task_rows.html", context)
    return render_page(
        request,
        "review/queue_detail.html",
        {**context, **_head(request, queue, now=now)},
    )


@require_POST
@screen()
def queue_next(request: HttpRequest, key: str) -> HttpResponse:
    """Claim the next task of a queue ("any": of all the viewer reviews) and open it."""
    viewer = viewer_required(request)
    person = Person.objects.get(pk=viewer.person_id)
    if key == "any":
        keys = list(Queue.objects.values_list("key", flat=True))
    else:
        queue = _find_queue(key)
        permissions.check_can_review(viewer.rights, queue_id=queue.pk)
        keys = [queue.key]
    lease = claims.claim_next(queue_keys=keys, person=person)
    if lease is not None:
        return redirect("task-detail", lease.task_id)
    empty = _why_nothing(viewer, keys, now=database_now())
    messages.info(request, f"{empty.title}. {empty.text}")
    return redirect("my-work" if key == "any" else reverse("queue-detail", args=[key]))


def _find_queue(key: str) -> Queue:
    queue = Queue.objects.filter(key=key).first()
    if queue is None:
        raise NotFound(f"There is no queue {key}.")
    return queue


def _list(
    request: HttpRequest, viewer: Viewer, queue: Queue, *, now: dt.datetime
) -> dict[str, object]:
    form = QueueFilter(request.GET)
    filters = form.given()
    rows = desk.list_tasks(
        person_id=viewer.person_id,
        now=now,
        queue_id=queue.pk,
        filters=filters,
        after=_read_after(request.GET.get("after", "")),
    )
    shown, pages = cut(
        request,
        rows,
        limit=desk.PAGE,
        parameter="after",
        mark=lambda row: f"{row.serve_at.isoformat()}~{row.id}",
    )
    url = reverse("queue-detail", args=[queue.key])
    return {
        "page_title": queue.name,
        "queue": _queue(queue),
        "may_work": permissions.can_review(viewer.rights, queue_id=queue.pk),
        "filter_form": form,
        "reset_url": url,
        "rows": [
            build_row(row, person_id=viewer.person_id, now=now, zone=viewer.look.tzinfo)
            for row in shown
        ],
        "rows_url": f"{url}?{request.GET.urlencode()}",
        "pages": pages,
        "empty": Empty(
            "The filters hide every task",
            "Tasks wait in this queue, but none of them fits the filters.",
            "funnel",
            url,
            "Clear the filters",
        )
        if filters
        else _why_nothing(viewer, [queue.key], now=now),
    }


def _why_nothing(viewer: Viewer, keys: Sequence[str], *, now: dt.datetime) -> Empty:
    """Return which of the four kinds of nothing this is."""
    reviewed = [
        queue_id
        for queue_id in Queue.objects.filter(key__in=keys).values_list("pk", flat=True)
        if permissions.can_review(viewer.rights, queue_id=queue_id)
    ]
    return explain_empty(
        desk.explain_none(reviewed, person_id=viewer.person_id, now=now),
        is_reviewer=bool(reviewed) or not viewer.rights.holds_anywhere(Role.REVIEWER),
        zone=viewer.look.tzinfo,
        now=now,
    )


def _head(request: HttpRequest, queue: Queue, *, now: dt.datetime) -> dict[str, object]:
    counts = desk.list_queue_counts([queue.pk], now=now)[0]
    url = reverse("queue-detail", args=[queue.key])
    given = request.GET.get("seen", "")
    seen = int(given) if given.isdecimal() and len(given) < 19 else None
    arrived = 0
    if seen is None:
        seen = desk.find_last_task()
    else:
        arrived = desk.count_arrived(queue_id=queue.pk, seen=seen)
    kept = {"part": "head", "seen": str(seen)}
    return {
        "queue": _queue(queue),
        "head": {
            "open": f"{counts.live:,}{'+' if counts.live >= desk.CAP else ''} open",
            "breached": f"{counts.breached:,} breached" if counts.breached else "",
            "due_soon": f"{counts.soon:,} due within the hour" if counts.soon else "",
            "new": f"{arrived:,} new" if arrived else "",
            "refresh_url": f"{url}?{urlencode(kept)}",
            "reload_url": url,
        },
    }


def _queue(queue: Queue) -> dict[str, str]:
    return {
        "key": queue.key,
        "name": queue.name,
        "description": queue.description,
        "topic": queue_topic(queue.key),
    }


def _queue_cards(queues: Sequence[Queue], *, now: dt.datetime) -> list[dict[str, Any]]:
    counts = desk.list_queue_counts([queue.pk for queue in queues], now=now)
    return [
        {
            "key": row.key,
            "name": row.name,
            "description": row.description,
            "url": reverse("queue-detail", args=[row.key]),
            "open": f"{row.live:,}{'+' if row.live >= desk.CAP else ''}",
            "held": f"{row.held:,}",
            "breached": f"{row.breached:,}" if row.breached else "",
            "soon": f"{row.soon:,}" if row.soon else "",
            "oldest": format_duration(now - row.oldest) if row.oldest else "",
        }
        for row in counts
    ]


def _own_verdict(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> dict[str, Any]:
    outcome = OUTCOME_PILLS.get(row.outcome or "") or state_pill(row.state)
    return {
        "url": reverse("task-detail", args=[row.task_id]),
        "case": row.business_key or f"#{row.task_id}",
        "title": row.title,
        "queue": row.queue_name,
        "decision": row.decision.replace("_", " ").capitalize(),
        "outcome": outcome,
        "at": format_moment(row.said_at, zone=zone, now=now),
    }


def _read_after(text: str) -> desk.AfterTask | None:
    after = read_after(text)
    if after is None:
        return None
    if not after.id.isdecimal():
        raise Invalid("The page in this address cannot be read; start from the list.")
    return desk.AfterTask(after.at, int(after.id))
