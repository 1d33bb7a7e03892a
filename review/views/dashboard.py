"""The SLA dashboard: act-now rows first, then figures, then charts with their tables."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.states import Role
from review.dashboards import sla
from review.dashboards.frame import Viewer
from review.models import Queue
from review.views.access import is_fragment, screen, viewer_required
from review.views.charts import build_charts, build_queue_table
from review.views.formats import (
    NONE,
    format_count,
    format_duration,
    format_moment,
    format_short,
    sla_pill,
)
from review.views.pages import render_page
from workflows.store import database_now

PERIODS: Final = {7: "last 7 days", 30: "last 30 days", 90: "last 90 days"}
MOST_URGENT: Final = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """What the figures are about."""

    queues: tuple[Queue, ...]
    chosen: str
    days: int

    @property
    def queue_ids(self) -> list[int]:
        """Return the ids of the queues in scope."""
        return [queue.pk for queue in self.queues if self.chosen in {"", queue.key}]

    @property
    def label(self) -> str:
        """Name the scope."""
        names = [queue.name for queue in self.queues if queue.key == self.chosen]
        return names[0] if names else "All queues"


@dataclasses.dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its words; `how` says how it is computed."""

    label: str
    value: str
    detail: str
    how: str
    tone: str = ""
    url: str = ""


@require_GET
@screen(permissions.check_can_see_dashboard)
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the figures of the viewer's queues; htmx gets the body alone."""
    viewer = viewer_required(request)
    scope = _read_scope(request, viewer)
    context = _build(request, viewer, scope, now=database_now())
    if is_fragment(request):
        return render(request, "review/_dashboard_body.html", context)
    return render_page(request, "review/dashboard.html", context)


def list_overseen_queues(viewer: Viewer) -> list[Queue]:
    """Return the queues whose figures the viewer may see, by name."""
    rights = viewer.rights
    queues = Queue.objects.order_by("name", "pk")
    if not rights.holds_anywhere(Role.AUDITOR, Role.PROCESS_OWNER, Role.ADMINISTRATOR):
        managed = rights.list_queue_ids(Role.MANAGER)
        if managed is not None:
            queues = queues.filter(pk__in=managed)
    return list(queues)


def _read_scope(request: HttpRequest, viewer: Viewer) -> Scope:
    queues = tuple(list_overseen_queues(viewer))
    wanted = request.GET.get("queue", "")
    days = request.GET.get("days", "")
    return Scope(
        queues=queues,
        chosen=wanted if wanted in {queue.key for queue in queues} else "",
        days=int(days) if days.isdecimal() and int(days) in PERIODS else 30,
    )


def _build(
    request: HttpRequest, viewer: Viewer, scope: Scope, *, now: dt.datetime
) -> dict[str, object]:
    zone = viewer.look.tzinfo
    today = now.astimezone(zone).date()
    since = now - dt.timedelta(days=scope.days)
    waiting = sla.list_open(queue_ids=scope.queue_ids, now=now)
    decided = sla.list_decided(queue_ids=scope.queue_ids, since=since)
    days = sla.list_days(
        queue_ids=scope.queue_ids,
        first_day=today - dt.timedelta(days=scope.days - 1),
        last_day=today,
        zone=viewer.look.zone,
    )
    urgent = sla.list_urgent(queue_ids=scope.queue_ids, now=now, limit=MOST_URGENT + 1)
    queues = [queue for queue in scope.queues if queue.pk in set(scope.queue_ids)]
    query = request.GET.urlencode()
    return {
        "page_title": "SLA dashboard",
        "scope_label": scope.label,
        "period_label": PERIODS[scope.days],
        "queue_choices": [
            {
                "key": queue.key,
                "name": queue.name,
                "is_chosen": queue.key == scope.chosen,
            }
            for queue in scope.queues
        ],
        "period_choices": [
            {"days": days_, "label": label, "is_chosen": days_ == scope.days}
            for days_, label in PERIODS.items()
        ],
        "refresh_url": f"{reverse('dashboard')}?{query}",
        "tiles": _tiles(waiting, decided, now=now),
        "act_now": [
            _urgent_row(row, now=now, zone=zone) for row in urgent[:MOST_URGENT]
        ],
        "act_now_more": "More tasks are overdue or due soon; the queues list them all."
        if len(urgent) > MOST_URGENT
        else "",
        "charts": build_charts(waiting, decided, days, queues=queues),
        **build_queue_table(waiting, decided, queues=queues),
        "now_iso": now.isoformat(),
        "now_label": format_moment(now, zone=zone, now=now),
    }


def _tiles(
    waiting: Sequence[sla.OpenCount],
    decided: Sequence[sla.Decided],
    *,
    now: dt.datetime,
) -> list[Tile]:
    standing = {
        word: sum(row.tasks for row in waiting if row.standing == word)
        for word in ("breached", "soon", "calm")
    }
    total = sum(standing.values())
    oldest = min((row.oldest for row in waiting), default=None)
    every = next((row for row in decided if row.queue_id is None), None)
    return [
        Tile(
            "Breached now",
            f"{standing['breached']:,}",
            "open and overdue",
            "Open or claimed tasks whose due moment has passed.",
            tone="bad" if standing["breached"] else "",
        ),
        Tile(
            "Due within 4 h",
            f"{standing['soon']:,}",
            "open, not yet overdue",
            "Open or claimed tasks that fall due in the next four hours.",
            tone="warn" if standing["soon"] else "",
        ),
        Tile(
            "Open",
            f"{total:,}",
            f"oldest {format_duration(now - oldest)}" if oldest else "nothing waits",
            "Tasks that are open or claimed.",
        ),
        Tile(
            "Lead time p50 / p85",
            f"{format_short(every.median)} / {format_short(every.p85)}"
            if every
            else NONE,
            f"{format_count(every.tasks, 'task')} decided" if every else "none decided",
            "From opening to decision on the wall clock, of tasks decided by people.",
        ),
        Tile(
            "Decided late",
            f"{100 * every.late / every.tasks:.1f} %" if every else NONE,
            f"{every.late:,} of {every.tasks:,}" if every else "none decided",
            "Share of the period's decided tasks that were decided after they were due.",
        ),
    ]


def _urgent_row(
    row: sla.Urgent, *, now: dt.datetime, zone: dt.tzinfo
) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": reverse("task-detail", args=[row.id]),
        "case": row.case,
        "title": row.title,
        "queue": row.queue_name,
        "age": {"label": format_duration(now - row.opened_at)},
        "sla": sla_pill(
            due_at=row.due_at, warn_at=row.due_at - sla.SOON, now=now, zone=zone
        ),
        "held_by": row.held_by or "nobody",
    }
