"""My work: what is given to the viewer, held, parked, waiting, and said last."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from review import permissions
from review.core.states import Role
from review.dashboards import desk, listing
from review.dashboards.frame import Viewer
from review.live import queue_topic
from review.models import Person, Queue
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import OUTCOME_PILLS, format_moment, state_pill
from review.views.pages import render_page
from review.views.tables import (
    Column,
    Row,
    Table,
    link,
    make_cells,
    muted,
    outlined,
)
from review.views.tasks.empty import Empty
from review.views.tasks.queues import queue_cards
from review.views.tasks.rows import HELD_COLUMNS, build_row
from workflows.operations.errors import Forbidden, NotFound
from workflows.store import database_now

_SAID = (
    Column("case", "Case", is_fixed=True),
    Column("title", "Task"),
    Column("queue", "Queue"),
    Column("said", "You said"),
    Column("outcome", "Stands as"),
    Column("at", "When"),
)


@require_GET
@screen()
def my_work(request: HttpRequest) -> HttpResponse:
    """Show what the viewer holds, where work waits, and what they decided last."""
    viewer = viewer_required(request)
    person_id = viewer.person_id
    now, zone = database_now(), viewer.look.tzinfo
    queues = [
        queue
        for queue in Queue.objects.order_by("name", "pk")
        if permissions.can_review(viewer.rights, queue_id=queue.pk)
    ]
    given = _list_given(viewer, now=now)
    context = {
        "page_title": "My work",
        "lists": [
            {
                "name": name,
                "title": title,
                "table": Table(
                    label=title,
                    columns=HELD_COLUMNS,
                    rows=tuple(
                        build_row(
                            row,
                            person_id=person_id,
                            now=now,
                            zone=zone,
                            columns=HELD_COLUMNS,
                            prefix=name,
                        )
                        for row in rows
                    ),
                ),
            }
            for name, title, rows in given
            if rows or name == "held"
        ],
        "queues": queue_cards(queues, now=now),
        "said": Table(
            label="Your last verdicts",
            columns=_SAID,
            rows=tuple(
                _said(row, now=now, zone=zone)
                for row in desk.list_own_verdicts(person_id)
            ),
        ),
        "topics": " ".join(queue_topic(queue.key) for queue in queues),
    }
    if is_fragment(request):
        return render(request, "review/tasks/_my_work_body.html", context)
    return render_page(request, "review/tasks/my_work.html", context)


def _list_given(
    viewer: Viewer, *, now: dt.datetime
) -> list[tuple[str, str, list[Any]]]:
    """Return the lists of what is the viewer's: name, title and tasks."""
    lists = (
        ("pushed", "Given to you", listing.list_pushed),
        ("held", "Held by you", listing.list_held),
        ("parked", "Waiting, yours again", listing.list_parked),
    )
    persons = viewer.rights.persons
    return [
        (name, title, listed(person_id=viewer.person_id, persons=persons, now=now))
        for name, title, listed in lists
    ]


def _said(row: Any, *, now: dt.datetime, zone: dt.tzinfo) -> Row:
    outcome = OUTCOME_PILLS.get(row.outcome or "") or state_pill(row.state)
    case = row.business_key or f"#{row.task_id}"
    return Row(
        anchor=f"said-{row.id}",
        cells=make_cells(
            _SAID,
            {
                "case": link(reverse("task-detail", args=[row.task_id]), case),
                "title": row.title,
                "queue": row.queue_name,
                "said": row.decision.replace("_", " ").capitalize(),
                "outcome": outlined(outcome.label, outcome.tone, outcome.title),
                "at": muted(format_moment(row.said_at, zone=zone, now=now)),
            },
        ),
        label=case,
    )


@require_GET
@screen()
def person_work(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show a manager what somebody holds, is given and has parked in queues they manage."""
    viewer = viewer_required(request)
    person = Person.objects.filter(pk=person_id, simulated=False).first()
    if person is None:
        raise NotFound(f"There is no person {person_id}.")
    if not viewer.rights.holds_anywhere(Role.MANAGER, Role.ADMINISTRATOR):
        raise Forbidden("Only managers and administrators look at others' work.")
    now, zone = database_now(), viewer.look.tzinfo
    rows = [
        row
        for listed in (listing.list_held, listing.list_pushed, listing.list_parked)
        for row in listed(person_id=person_id, persons=(), now=now)
        if permissions.can_see_queue(viewer.rights, queue_id=row.queue_id)
    ]
    table = Table(
        label=f"Work of {person.name}",
        columns=HELD_COLUMNS,
        rows=tuple(
            build_row(
                row,
                person_id=viewer.person_id,
                now=now,
                zone=zone,
                columns=HELD_COLUMNS,
            )
            for row in rows
        ),
        empty=Empty(
            f"{person.name} holds nothing",
            "No task of queues that you see is held by, given to or parked for them.",
            "inbox",
        ),
    )
    context = {"page_title": person.name, "name": person.name, "table": table}
    return render_page(request, "review/tasks/person_work.html", context)
