"""What breached and what will within hours, as rows a manager acts on in place."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from review import permissions
from review.core.states import PriorityClass, Role
from review.dashboards import metrics, staffing
from review.dashboards.colleagues import list_reviewers_of
from review.dashboards.covering import cover_titles
from review.dashboards.frame import Viewer
from review.dashboards.metrics.rows import LateTask
from review.forms.bulk_tasks import ActForm, AssignForm, MoveForm, RankForm
from review.models import Person, Queue, Task
from review.operations.tasks import bulk_tasks
from review.operations.tasks.batches import Result
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import Bar, format_duration, sla_pill
from review.views.overview.asking import Asked
from review.views.pages import render_page
from review.views.tasks.bulk_tasks import read_ids, results_table
from workflows.operations.errors import Forbidden, Invalid, NotFound

MOST: Final = 15
"""Rows of each kind; the rest is a page of its own."""
WARNED: Final = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Act:
    """What a manager does to late work, in words."""

    title: str
    button: str
    explain: str


ACTS: Final[Mapping[str, Act]] = {
    "assign": Act(
        "Reassign",
        "Reassign",
        "The task goes to this person at once, whoever holds it now; both see it live.",
    ),
    "rank": Act(
        "Change class",
        "Change class",
        "A higher class is served before the lower ones.",
    ),
    "move": Act(
        "Escalate",
        "Escalate",
        "The task goes to another queue, free to its reviewers; who holds it loses it.",
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Deed:
    """One act as a row's link."""

    label: str
    url: str


def build(asked: Asked, viewer: Viewer) -> dict[str, object]:
    """Return the rows with their counts, as `review/figures/_urgent.html` shows them."""
    now = asked.now
    late = metrics.read_breached(asked.scope, now=now, limit=MOST + 1)
    soon = metrics.read_due_soon(asked.scope, now=now, limit=MOST + 1)
    soon = metrics.add_chances(asked.scope, soon, now=now)
    breached, due = metrics.count_urgent(asked.scope, now=now)
    managed = _managed_keys(viewer)
    rows = [
        _build_row(task, asked, may_act=managed is None or task.queue in managed)
        for task in cover_titles(viewer.rights, [*late[:MOST], *soon[:MOST]])
    ]
    return {
        "rows": rows,
        "refresh_url": f"{reverse('dashboard')}?{asked.query}",
        "breached": f"{breached:,}",
        "breached_tone": "bad" if breached else "",
        "breached_url": asked.rows_url("breached_open"),
        "due": f"{due:,}",
        "due_tone": "warn" if due else "",
        "due_url": asked.rows_url("due_soon"),
        "has_more": len(late) > MOST or len(soon) > MOST,
        "may_act": any(row["deeds"] for row in rows),
        "act_url": reverse("figure-act"),
        "signature": " ".join(
            f"{row['id']}{row['sla'].tone}{row['held_by']}" for row in rows
        ),
    }


def _managed_keys(viewer: Viewer) -> frozenset[str] | None:
    """Return the keys of the queues that the viewer manages, None for all of them."""
    ids = viewer.rights.list_queue_ids(Role.MANAGER)
    if ids is None:
        return None
    if not ids:
        return frozenset()
    return frozenset(Queue.objects.filter(pk__in=ids).values_list("key", flat=True))


def _build_row(task: LateTask, asked: Asked, *, may_act: bool) -> dict[str, Any]:
    now = asked.now
    percent = round(task.chance * 100)
    is_late = task.overdue_seconds >= 0
    return {
        "id": task.id,
        "url": reverse("task-detail", args=[task.id]),
        "case": task.case,
        "title": task.title,
        "queue": task.queue_name,
        "queue_url": reverse("queue-detail", args=[task.queue]),
        "task_class": task.task_class,
        "age": format_duration(now - task.opened_at),
        "sla": sla_pill(
            due_at=task.due_at, warn_at=task.due_at - WARNED, now=now, zone=asked.zone
        ),
        "chance": None
        if is_late
        else Bar(
            percent,
            f"{percent} %",
            "How likely work of its class that is as old is still open when it is due",
            "bad" if percent >= 70 else "warn" if percent >= 30 else "",
        ),
        "held_by": task.held_by or "nobody",
        "deeds": _list_deeds(task, asked) if may_act else (),
    }


def _list_deeds(task: LateTask, asked: Asked) -> tuple[Deed, ...]:
    words = [("Reassign", "assign"), ("Escalate", "move")]
    if task.task_class != PriorityClass.A:
        words.insert(1, ("Raise class", "rank"))
    return tuple(
        Deed(
            label,
            f"{reverse('figure-act')}?"
            + urlencode({"act": act, "task": task.id, "back": asked.query}),
        )
        for label, act in words
    )


@require_http_methods(["GET", "POST"])
@screen(permissions.check_can_see_dashboard)
def urgent_act(request: HttpRequest) -> HttpResponse:
    """Ask for what an act on late tasks needs, then do it and say what became of it.

    Asked for as a fragment it is what a dialog shows; what one task's act is refused
    for comes back into the form.
    """
    viewer = viewer_required(request)
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("act", "")
    if name not in ACTS:
        raise Invalid("Choose what to do with the selected tasks.")
    tasks = _read_tasks(read_ids(given.getlist("task")), viewer)
    form = _make_form(name, tasks, request.POST if request.method == "POST" else None)
    if request.method == "GET":
        return _ask(request, name, tasks, form, status=200)
    if not form.is_valid():
        return _ask(request, name, tasks, form, status=422)
    person = Person.objects.get(pk=viewer.person_id)
    results = _do(name, [task.pk for task in tasks], person=person, form=form)
    if len(results) == 1 and not results[0].is_done:
        form.add_error(None, results[0].sentence)
        return _ask(request, name, tasks, form, status=409)
    return _tell(request, name, results)


def _read_tasks(ids: Sequence[int], viewer: Viewer) -> list[Task]:
    """Return the tasks. Raises NotFound and Forbidden: the viewer manages them all."""
    found = list(
        Task.objects
        .filter(pk__in=ids)
        .select_related("queue__escalate_to")
        .order_by("due_at", "pk")
    )
    if not found:
        raise NotFound("These tasks are not there any more.")
    for task in found:
        if not permissions.can_manage(viewer.rights, queue_id=task.queue_id):
            raise Forbidden(
                f"{viewer.rights.name} is not a manager of {task.queue.name}; only its"
                " managers move its work.",
                code="not-a-manager",
            )
    return found


def _make_form(name: str, tasks: Sequence[Task], data: Any) -> ActForm:
    if name == "assign":
        reviewers = _list_reviewers(tasks)
        least_busy = reviewers[0][0] if reviewers else None
        return AssignForm(data, reviewers=reviewers, initial={"to": least_busy})
    if name == "rank":
        ranks = list(PriorityClass)
        now = ranks.index(PriorityClass(tasks[0].priority_class))
        return RankForm(data, initial={"to": ranks[max(now - 1, 0)].value})
    here = {task.queue_id for task in tasks}
    others = Queue.objects.order_by("name")
    if len(here) == 1:
        others = others.exclude(pk__in=here)
    onward = tasks[0].queue.escalate_to
    return MoveForm(
        data,
        queues=list(others.values_list("key", "name")),
        initial={"to": onward.key if onward else None},
    )


def _list_reviewers(tasks: Sequence[Task]) -> list[tuple[int, str]]:
    """Return who may be given all of the tasks, who is there and least busy first."""
    common: set[int] | None = None
    for queue_id in {task.queue_id for task in tasks}:
        people = set(list_reviewers_of([queue_id]))
        common = people if common is None else common & people
    return [
        (
            row.id,
            f"{row.name}: away"
            if row.away_until
            else f"{row.name}: holds {row.held}, given {row.given}",
        )
        for row in sorted(
            staffing.list_team(common or ()),
            key=lambda row: (
                row.away_until is not None,
                row.held + row.given,
                row.name,
            ),
        )
    ]


def _do(
    name: str, ids: Sequence[int], *, person: Person, form: ActForm
) -> list[Result]:
    to, reason = form.cleaned_data["to"], form.cleaned_data["reason"]
    if name == "assign":
        return bulk_tasks.assign_many(
            ids=ids,
            manager=person,
            to_person=Person.objects.get(pk=to) if to else None,
            reason=reason,
        )
    if name == "rank":
        return bulk_tasks.rank_many(
            ids=ids, manager=person, priority=PriorityClass(to), reason=reason
        )
    return bulk_tasks.move_many(ids=ids, manager=person, to_queue=to, reason=reason)


def _ask(
    request: HttpRequest,
    name: str,
    tasks: Sequence[Task],
    form: ActForm,
    *,
    status: int,
) -> HttpResponse:
    act = ACTS[name]
    given = request.POST if request.method == "POST" else request.GET
    back = given.get("back", "")
    context = {
        "page_title": act.title,
        "title": f"{act.title} {_label(tasks[0])}" if len(tasks) == 1 else act.title,
        "act": name,
        "words": act,
        "form": form,
        "tasks": [
            {"id": task.pk, "case": _label(task), "title": task.title} for task in tasks
        ],
        "is_one": len(tasks) == 1,
        "back": back,
        "back_url": f"{reverse('dashboard')}?{back}",
    }
    if is_fragment(request):
        template = "review/figures/_urgent_act.html"
        return render(request, template, {**context, "in_dialog": True}, status=status)
    return render_page(
        request, "review/figures/urgent_act.html", context, status=status
    )


def _tell(request: HttpRequest, name: str, results: Sequence[Result]) -> HttpResponse:
    done = [one for one in results if one.is_done]
    words = (
        f"{results[0].label}: {results[0].sentence}"
        if len(results) == 1
        else f"{ACTS[name].title}: {len(done)} of {len(results)} done."
    )
    if is_fragment(request) and len(done) == len(results):
        # The dialog closes, the rows are read again, the words are said there.
        headers = {"X-Done": quote(words), "X-Refresh": "urgent"}
        return HttpResponse(status=204, headers=headers)
    back_url = f"{reverse('dashboard')}?{request.POST.get('back', '')}"
    if len(done) == len(results):
        messages.success(request, words)
        return redirect(back_url)
    context = {
        "page_title": ACTS[name].title,
        "title": words,
        "back_url": back_url,
        "table": results_table(results),
    }
    return render_page(request, "review/figures/urgent_act_done.html", context)


def _label(task: Task) -> str:
    return task.business_key or f"#{task.pk}"
