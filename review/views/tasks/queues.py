"""The queues, one queue, and taking the next task. Saved views are in saved_views.py."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.dashboards import desk, listing
from review.dashboards.covering import cover_titles
from review.dashboards.frame import Viewer
from review.filters import QueueFilter
from review.live import queue_topic
from review.models import Queue
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import format_count, format_duration
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.paging import Pages, cut, read_after
from review.views.stops.stop_banners import queue_banners
from review.views.tables import Table, choose_columns
from review.views.tasks import saved_views, taking
from review.views.tasks.empty import Empty, hidden_by_filters
from review.views.tasks.rows import COLUMNS, build_row, describe_hold
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now

MOST_ASKED: Final = 2 * listing.PAGE
"""How many shown tasks a page may ask about at once."""


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
        "queues": queue_cards(queues, now=database_now()),
        "topics": " ".join(queue_topic(queue.key) for queue in queues),
    }
    return render_page(request, "review/tasks/queue_list.html", context)


@require_GET
@screen()
def queue_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show one queue; htmx asks for the head or for the rows of an empty list.

    Without filters in the address the person's default view is opened, if there is one.
    """
    viewer = viewer_required(request)
    queue = find_queue(key)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.pk)
    now = database_now()
    if is_fragment(request) and request.GET.get("part") == "head":
        return render(
            request, "review/tasks/_queue_head.html", _head(request, queue, now=now)
        )
    views = saved_views.read_views(request, viewer, queue)
    if views.default_url and not request.GET:
        return redirect(views.default_url)
    context = _list(request, viewer, queue, views=views, now=now)
    if is_fragment(request):
        return render(request, "review/tasks/_task_rows.html", context)
    head = _head(request, queue, now=now)
    told = {"banners": queue_banners(viewer, queue.key)}
    return render_page(
        request, "review/tasks/queue_detail.html", {**context, **head, **told}
    )


@require_GET
@screen()
def queue_standing(request: HttpRequest, key: str) -> HttpResponse:
    """Say how the shown tasks stand now, so that the page can mark them in place."""
    viewer = viewer_required(request)
    queue = find_queue(key)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.pk)
    given = map(read_number, request.GET.getlist("id"))
    ids = [one for one in given if one is not None]
    now = database_now()
    rows = [
        _standing(row, queue=queue, viewer=viewer, now=now)
        for row in desk.list_standing(
            ids[:MOST_ASKED],
            person_id=viewer.person_id,
            persons=viewer.rights.persons,
            now=now,
        )
    ]
    return JsonResponse({"rows": rows})


@require_POST
@screen()
def queue_next(request: HttpRequest, key: str) -> HttpResponse:
    """Claim the next task of a queue ("any": of all the viewer reviews) and open it."""
    viewer = viewer_required(request)
    if key == "any":
        keys = list(Queue.objects.values_list("key", flat=True))
        page = reverse("my-work")
    else:
        queue = find_queue(key)
        permissions.check_can_review(viewer.rights, queue_id=queue.pk)
        keys, page = [queue.key], reverse("queue-detail", args=[key])
    taken = taking.take_next(request, keys)
    return redirect(taken or taking.where_from(request, otherwise=page))


def find_queue(key: str) -> Queue:
    """Return a queue by its key. Raises NotFound."""
    queue = Queue.objects.filter(key=key).first()
    if queue is None:
        raise NotFound(f"There is no queue {key}.")
    return queue


def end_of_day(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return when the person's day ends."""
    return dt.datetime.combine(now.astimezone(zone).date(), dt.time.max, zone)


def _list(
    request: HttpRequest,
    viewer: Viewer,
    queue: Queue,
    *,
    views: saved_views.Views,
    now: dt.datetime,
) -> dict[str, object]:
    places = listing.list_places(queue.pk)
    form = QueueFilter(request.GET, places=places)
    filters = form.given()
    shown, pages = _read_rows(request, viewer, queue, filters=filters, now=now)
    may_work = permissions.can_review(viewer.rights, queue_id=queue.pk)
    may_manage = permissions.can_manage(viewer.rights, queue_id=queue.pk)
    columns = choose_columns(
        COLUMNS if any(places) else [c for c in COLUMNS if c.name != "place"],
        views.columns or viewer.look.columns.get("queue"),
    )
    url = reverse("queue-detail", args=[queue.key])
    table = Table(
        label=f"Tasks of {queue.name}",
        columns=columns,
        rows=tuple(
            build_row(
                row,
                person_id=viewer.person_id,
                now=now,
                zone=viewer.look.tzinfo,
                columns=columns,
                may_pick=may_manage or (may_work and not row.is_excluded),
            )
            for row in shown
        ),
        empty=None
        if shown
        else _why_empty(viewer, queue, filters=bool(filters), url=url, now=now),
        is_selectable=may_work or may_manage,
    )
    return {
        "page_title": queue.name,
        "queue": _queue(queue),
        "may_work": may_work,
        "may_manage": may_manage,
        "filter_form": form,
        "reset_url": f"{url}?all=1" if views.default_url else url,
        "table": table,
        "all_columns": [column for column in COLUMNS if not column.is_fixed],
        "shown_columns": [column.name for column in columns],
        "views": views,
        "aging": format_duration(dt.timedelta(seconds=queue.aging_seconds)),
        "rows_url": f"{url}?{request.GET.urlencode()}",
        "standing_url": reverse("queue-standing", args=[queue.key]),
        "pages": pages,
    }


def _read_rows(
    request: HttpRequest,
    viewer: Viewer,
    queue: Queue,
    *,
    filters: Mapping[str, str],
    now: dt.datetime,
) -> tuple[Sequence[Any], Pages]:
    """Return the rows of this page, what was given to the viewer first, and the pages."""
    after = _read_after(request.GET.get("after", ""))
    rows = listing.list_tasks(
        person_id=viewer.person_id,
        persons=viewer.rights.persons,
        now=now,
        today=end_of_day(now, viewer.look.tzinfo),
        queue_id=queue.pk,
        filters=filters,
        after=after,
    )
    shown, pages = cut(
        request,
        rows,
        limit=listing.PAGE,
        parameter="after",
        mark=lambda row: f"{row.serve_at.isoformat()}~{row.id}",
    )
    if filters or after is not None:
        sought = str(filters.get("q") or "")
        return cover_titles(viewer.rights, shown, sought=sought), pages
    pushed = listing.list_pushed(
        person_id=viewer.person_id,
        persons=viewer.rights.persons,
        now=now,
        queue_id=queue.pk,
    )
    return cover_titles(viewer.rights, [*pushed, *shown]), pages


def _why_empty(
    viewer: Viewer, queue: Queue, *, filters: bool, url: str, now: dt.datetime
) -> Empty:
    if not filters:
        return taking.why_nothing(viewer, [queue.key])
    live = desk.list_queue_counts([queue.pk], now=now)[0].live
    if not live:
        return taking.why_nothing(viewer, [queue.key])
    verb = "waits" if live == 1 else "wait"
    return hidden_by_filters(
        f"{format_count(live, 'task', cap=desk.CAP)} {verb}", url=f"{url}?all=1"
    )


def _head(request: HttpRequest, queue: Queue, *, now: dt.datetime) -> dict[str, object]:
    counts = desk.list_queue_counts([queue.pk], now=now)[0]
    url = reverse("queue-detail", args=[queue.key])
    given = request.GET.get("seen", "")
    seen = read_number(given)
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
            "gaps": f"{counts.gaps:,} without approver" if counts.gaps else "",
            "gaps_url": f"{url}?held=stranded",
            "due_soon": f"{counts.soon:,} due within the hour" if counts.soon else "",
            "new": f"{arrived:,} new" if arrived else "",
            "refresh_url": f"{url}?{urlencode(kept)}",
            "reload_url": f"{url}?all=1",
        },
    }


def _queue(queue: Queue) -> dict[str, str]:
    return {
        "key": queue.key,
        "name": queue.name,
        "description": queue.description,
        "topic": queue_topic(queue.key),
    }


def queue_cards(queues: Sequence[Queue], *, now: dt.datetime) -> list[dict[str, Any]]:
    """Return what a table of queues shows of each."""
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
            "gaps": f"{row.gaps:,}" if row.gaps else "",
            "oldest": format_duration(now - row.oldest) if row.oldest else "",
        }
        for row in counts
    ]


def _standing(
    row: Any, *, queue: Queue, viewer: Viewer, now: dt.datetime
) -> dict[str, str | bool | int]:
    """Return a shown row's news: gone from here and why, or who has it now."""
    gone = ""
    if row.state not in {"OPEN", "CLAIMED", "WAITING"}:
        gone = (row.outcome or row.state).capitalize()
    elif row.queue_id != queue.pk:
        gone = "Moved to another queue"
    hold = describe_hold(
        row, person_id=viewer.person_id, now=now, zone=viewer.look.tzinfo
    )
    return {
        "id": row.id,
        "gone": gone,
        "held": hold.label if hold else "",
        "tone": hold.tone if hold else "",
    }


def _read_after(text: str) -> listing.AfterTask | None:
    after = read_after(text)
    if after is None:
        return None
    last = read_number(after.id)
    if last is None:
        raise Invalid("The page in this address cannot be read; start from the list.")
    return listing.AfterTask(after.at, last)
