"""Acts on the tasks selected in a queue's list. Deciding them is in batches.py."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from review import permissions
from review.core.states import Decision, PriorityClass
from review.dashboards.colleagues import list_reviewers
from review.forms.bulk_tasks import (
    ActForm,
    AssignForm,
    MoveForm,
    RankForm,
    SnoozeForm,
)
from review.models import Person, Queue, Task
from review.operations.tasks import batches, bulk_tasks
from review.operations.tasks.batches import Result
from review.views.access import screen, viewer_required
from review.views.numbers import read_number
from review.views.pages import render_page
from review.views.tables import Column, Row, Table, link, make_cells, outlined
from review.views.tasks.queues import find_queue
from workflows.operations.errors import Invalid
from workflows.store import database_now

TITLES: Final[Mapping[str, str]] = {
    "claim": "Claim",
    "snooze": "Snooze",
    "assign": "Assign",
    "rank": "Change class",
    "move": "Move",
    "approve": "Approve together",
    "reject": "Reject together",
}
_DECISIONS: Final = {"approve": Decision.APPROVE, "reject": Decision.REJECT}
_RESULTS: Final = (
    Column("case", "Case", is_fixed=True),
    Column("fate", "What became of it"),
    Column("why", "Why"),
)


@screen()
def queue_act(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for what an act on the selected tasks needs, then do it and tell of each."""
    viewer = viewer_required(request)
    queue = find_queue(key)
    given = request.POST if request.method == "POST" else request.GET
    act = given.get("act", "")
    if act not in TITLES:
        raise Invalid("Choose what to do with the selected tasks.")
    ids = read_ids(given.getlist("task"))
    if act in {"assign", "rank", "move"}:
        permissions.check_can_manage(viewer.rights, queue_id=queue.pk)
    else:
        permissions.check_can_review(viewer.rights, queue_id=queue.pk)
    form = _form(request, queue, act)
    refusal = None
    if request.method == "POST" and (form is None or form.is_valid()):
        person = Person.objects.get(pk=viewer.person_id)
        if act not in _DECISIONS:
            return _tell(request, queue, act, _do(act, ids, person=person, form=form))
        try:
            batch = batches.make_batch(
                queue=queue, person=person, task_ids=ids, decision=_DECISIONS[act]
            )
        except Invalid as error:
            refusal = error
        else:
            return redirect("batch-detail", batch.pk)
    return _ask(request, queue, act, ids, form=form, refusal=refusal)


def _ask(
    request: HttpRequest,
    queue: Queue,
    act: str,
    ids: Sequence[int],
    *,
    form: ActForm | None,
    refusal: Invalid | None,
) -> HttpResponse:
    """Show the form of an act with the tasks; those that cannot join a batch unticked."""
    odd: dict[int, str] = {}
    if act in _DECISIONS:
        person = Person.objects.get(pk=viewer_required(request).person_id)
        odd = batches.list_odd(
            queue=queue, person=person, task_ids=ids, decision=_DECISIONS[act]
        )
    tasks = _tasks(queue, ids, odd)
    context = {
        "page_title": TITLES[act],
        "title": TITLES[act],
        "act": act,
        "queue": {"key": queue.key, "name": queue.name},
        "form": form,
        "tasks": tasks,
        "chosen": sum(not task["why_not"] for task in tasks),
        "decides": act in _DECISIONS,
        "refusal": refusal.message if refusal else "",
    }
    status = 400 if form is not None and form.errors else 200
    if refusal is not None:
        status = refusal.status
    return render_page(request, "review/tasks/queue_act.html", context, status=status)


def read_ids(texts: Sequence[str]) -> list[int]:
    """Return task ids of an address or a form. Raises Invalid for none or too many."""
    ids = [one for one in map(read_number, texts) if one is not None]
    if not ids:
        raise Invalid("Select at least one task of the list first.")
    if len(ids) > bulk_tasks.MOST_AT_ONCE:
        raise Invalid(f"At most {bulk_tasks.MOST_AT_ONCE} tasks at once; choose fewer.")
    return list(dict.fromkeys(ids))


def results_table(results: Sequence[Result]) -> Table:
    """Return what became of each task as a list."""
    return Table(
        label="What became of each task",
        columns=_RESULTS,
        rows=tuple(
            Row(
                anchor=f"result-{one.task}",
                cells=make_cells(
                    _RESULTS,
                    {
                        "case": link(
                            reverse("task-detail", args=[one.task]), one.label
                        ),
                        "fate": outlined(
                            "Done" if one.is_done else "Not done",
                            "good" if one.is_done else "bad",
                        ),
                        "why": one.sentence,
                    },
                ),
                label=one.label,
            )
            for one in results
        ),
    )


def _form(request: HttpRequest, queue: Queue, act: str) -> ActForm | None:
    data = request.POST if request.method == "POST" else None
    match act:
        case "assign":
            return AssignForm(data, reviewers=list_reviewers(queue.pk))
        case "rank":
            return RankForm(data)
        case "snooze":
            zone = viewer_required(request).look.tzinfo
            return SnoozeForm(data, now=database_now(), zone=zone)
        case "move":
            others = Queue.objects.exclude(pk=queue.pk).order_by("name")
            return MoveForm(data, queues=list(others.values_list("key", "name")))
        case _:
            return None


def _do(
    act: str, ids: Sequence[int], *, person: Person, form: ActForm | None
) -> list[Result]:
    if form is None:
        return bulk_tasks.claim_many(ids=ids, person=person)
    to, reason = form.cleaned_data["to"], form.cleaned_data["reason"]
    if act == "assign":
        return bulk_tasks.assign_many(
            ids=ids,
            manager=person,
            to_person=Person.objects.get(pk=to) if to else None,
            reason=reason,
        )
    if act == "snooze":
        return bulk_tasks.snooze_many(ids=ids, person=person, until=to, reason=reason)
    if act == "rank":
        return bulk_tasks.rank_many(
            ids=ids, manager=person, priority=PriorityClass(to), reason=reason
        )
    return bulk_tasks.move_many(ids=ids, manager=person, to_queue=to, reason=reason)


def _tell(
    request: HttpRequest, queue: Queue, act: str, results: Sequence[Result]
) -> HttpResponse:
    """Go back to the list where all went well; else say of each task what became of it."""
    done = sum(one.is_done for one in results)
    if done == len(results):
        messages.success(request, f"{TITLES[act]}: {done} done.")
        return redirect("my-work" if act == "claim" else _list_url(queue))
    context = {
        "page_title": TITLES[act],
        "title": f"{TITLES[act]}: {done} of {len(results)} done",
        "queue": {"key": queue.key, "name": queue.name},
        "table": results_table(results),
    }
    return render_page(request, "review/tasks/queue_act_done.html", context)


def _tasks(
    queue: Queue, ids: Sequence[int], odd: Mapping[int, str]
) -> list[dict[str, object]]:
    """Return the tasks for the form; what stands out comes last, with why."""
    found = Task.objects.filter(id__in=ids, queue=queue).order_by("serve_at", "id")
    tasks = [
        {
            "id": pk,
            "case": case or f"#{pk}",
            "title": title,
            "why_not": odd.get(pk, ""),
        }
        for pk, case, title in found.values_list("pk", "business_key", "title")
    ]
    return sorted(tasks, key=lambda task: bool(task["why_not"]))


def _list_url(queue: Queue) -> str:
    return f"{reverse('queue-detail', args=[queue.key])}?all=1"
