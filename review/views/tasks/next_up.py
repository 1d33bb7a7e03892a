"""What would I get next, and why; and what is held back from me, and why."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.states import PriorityClass
from review.core.tasks.routing import Place, age, explain_lack
from review.dashboards import next_up
from review.dashboards.frame import Viewer
from review.dashboards.next_up import Asked
from review.live import queue_topic
from review.models import Lane, Queue
from review.operations.tasks import serving
from review.operations.tasks.serving import Offer
from review.views.access import screen, viewer_required
from review.views.formats import (
    Pill,
    format_count,
    format_duration,
    format_moment,
    sla_pill,
)
from review.views.pages import render_page
from workflows.store import database_now

SHOWN: Final = 5
_HOWS: Final = {
    "ASSIGNED": Pill("Given to you", "accent", "The queue or a manager gave it to you"),
    "AHEAD": Pill("Taken ahead", "accent", "Kept for you, not begun"),
    "CLAIMED": Pill("Lapsed", "warn", "Somebody's lease is over; it is free again"),
}


@require_GET
@screen()
def next_up_page(request: HttpRequest) -> HttpResponse:
    """Show the next tasks in the order they would be served, each with its reason."""
    viewer = viewer_required(request)
    queues = _list_queues(viewer)
    keys = [queue.key for queue in queues]
    offer = serving.find_offer(person_id=viewer.person_id, queue_keys=keys, lock=False)
    now, zone = database_now(), viewer.look.tzinfo
    asked = Asked(
        person_id=viewer.person_id,
        persons=offer.holder.rights.persons,
        queues=frozenset(lane.place.queue_id for lane in offer.lanes),
        lanes=frozenset(lane.id for lane in offer.lanes),
        skipped=offer.holder.skipped,
    )
    rows = next_up.list_next(asked)
    context = {
        "page_title": "What comes next",
        "rows": [
            _row(number, row, now=now, zone=zone) for number, row in enumerate(rows, 1)
        ],
        "held_back": [
            *_full(offer),
            *_not_served(offer, queues),
            *_kept(next_up.list_kept(asked), viewer=viewer, now=now),
        ],
        "wip": _wip(offer),
        "is_reviewer": bool(queues),
        "topics": " ".join(map(queue_topic, keys)),
    }
    return render_page(request, "review/tasks/next_up.html", context)


def _list_queues(viewer: Viewer) -> list[Queue]:
    return [
        queue
        for queue in Queue.objects.order_by("name", "pk")
        if permissions.can_review(viewer.rights, queue_id=queue.pk)
    ]


def _row(
    number: int, row: Any, *, now: dt.datetime, zone: dt.tzinfo
) -> dict[str, object]:
    aged = age(
        priority=PriorityClass(row.priority_class),
        opened_at=row.opened_at,
        aging=dt.timedelta(seconds=row.aging_seconds),
        now=now,
    )
    since = format_moment(aged.since, zone=zone, now=now) if aged.since else ""
    lane = Place(0, row.region, row.skill, row.level).describe()
    return {
        "number": number,
        "url": reverse("task-detail", args=[row.id]),
        "case": row.business_key or f"#{row.id}",
        "title": row.title,
        "queue": row.queue_name,
        "lane": lane,
        "class": row.priority_class,
        "aged": f"as {aged.ranks_with}" if since else "",
        "aged_title": f"Ranks with class {aged.ranks_with} since {since}",
        "waited": format_duration(now - row.opened_at),
        "how": _HOWS.get(row.source),
        "sla": sla_pill(due_at=row.due_at, warn_at=None, now=now, zone=zone),
        "why": _why(
            number,
            row,
            since=since,
            ranks_with=aged.ranks_with,
            moment=_until(row, now=now, zone=zone),
        ),
    }


def _until(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> str:
    until = row.assigned_until if row.source == "ASSIGNED" else row.lease_until
    return format_moment(until, zone=zone, now=now) if until else ""


def _why(number: int, row: Any, *, since: str, ranks_with: str, moment: str) -> str:
    if row.source == "ASSIGNED":
        return f"It is yours until {moment}; what is given to you comes first."
    if row.source == "AHEAD":
        return f"You took it ahead; it is kept for you until {moment}."
    ranked = (
        f"Class {row.priority_class} ranks with a fresh {ranks_with} since {since}"
        if since
        else f"Class {row.priority_class}, first come first served"
    )
    first = "; nothing in your lanes comes before it" if number == 1 else ""
    if row.source == "CLAIMED":
        return f"The lease of {row.holder} lapsed at {moment}. {ranked}{first}."
    return f"{ranked}{first}."


def _wip(offer: Offer) -> list[str]:
    """Return what the viewer holds beside the limits, one sentence each."""
    holder = offer.holder
    whole = holder.in_all
    limit = f" of {whole.limit}" if whole.limit is not None else ""
    said = (
        [f"You hold {whole.held}{limit} in all queues."] if whole.held or limit else []
    )
    seen = set()
    for lane in (*offer.lanes, *offer.full):
        wip = holder.in_queue(lane.place.queue_id, lane.wip_limit)
        if lane.queue_key not in seen and wip.held and wip.limit is not None:
            said.append(f"{lane.queue_name}: {wip.held} of {wip.limit}.")
        seen.add(lane.queue_key)
    return said


def _full(offer: Offer) -> list[dict[str, object]]:
    if not offer.full:
        return []
    waiting = sum(next_up.count_waiting([lane.id for lane in offer.full]).values())
    return [
        _held_back(
            "You hold as many as you may",
            "hourglass-split",
            [offer.refuse_full().message],
            waiting,
        )
    ]


def _not_served(offer: Offer, queues: Sequence[Queue]) -> list[dict[str, object]]:
    """Return the lanes of the viewer's queues that ask for what he does not have."""
    names = {queue.pk: queue.name for queue in queues}
    lacking = {}
    for lane in Lane.objects.filter(queue_id__in=names).order_by("id"):
        place = Place(lane.queue_id, lane.region, lane.skill, lane.level)
        lack = explain_lack(offer.holder.taker, place)
        if lack:
            lacking[lane.pk] = f"{names[lane.queue_id]}: {lack}"
    counts = next_up.count_waiting(lacking) if lacking else {}
    kept = {lane: said for lane, said in lacking.items() if counts.get(lane)}
    if not kept:
        return []
    said = [f"{text} {counts[lane]} wait." for lane, text in kept.items()]
    total = sum(counts[lane] for lane in kept)
    return [_held_back("They ask for a region or a skill", "funnel", said, total)]


def _kept(
    rows: Sequence[Any], *, viewer: Viewer, now: dt.datetime
) -> list[dict[str, object]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        head, why = _explain(row, viewer=viewer, now=now)
        case = row.business_key or f"#{row.id}"
        groups[head].append(f"{case}, {row.title}: {why}")
    icons = {
        "Four eyes or a conflict of interest": "exclamation-octagon",
        "You skipped them": "chevron-right",
        "Given to somebody else": "bookmark",
        "Somebody works on them": "lock",
    }
    return [
        _held_back(head, icons[head], groups[head], len(groups[head]))
        for head in icons
        if groups[head]
    ]


def _explain(row: Any, *, viewer: Viewer, now: dt.datetime) -> tuple[str, str]:
    zone = viewer.look.tzinfo
    if row.is_excluded:
        own = row.initiator == f"person:{viewer.person_id}"
        other = "you started the case" if own else "you or your stand-in judged it"
        return "Four eyes or a conflict of interest", f"{row.conflict or other}."
    if row.is_skipped:
        days = serving.SKIP_DAYS
        return "You skipped them", f"it comes back to you after {days} days."
    if row.assigned_to_id is not None:
        until = format_moment(row.assigned_until, zone=zone, now=now)
        return "Given to somebody else", f"{row.assignee} has it until {until}."
    until = format_moment(row.lease_until, zone=zone, now=now)
    return "Somebody works on them", f"{row.holder} holds it until {until}."


def _held_back(
    title: str, icon: str, lines: Sequence[str], count: int
) -> dict[str, object]:
    more = len(lines) - SHOWN
    return {
        "title": title,
        "icon": icon,
        "lines": list(lines[:SHOWN]),
        "more": f"and {more} more" if more > 0 else "",
        "count": format_count(count, "task", cap=next_up.CAP),
    }
