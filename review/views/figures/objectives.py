"""Objectives: how the budgets of queues stand, what burnt, and who was told."""

import datetime as dt
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.core.figures.objectives import Objective, window_start
from review.dashboards import watching as shown
from review.dashboards.covering import cover_titles
from review.dashboards.frame import Viewer
from review.forms.watching import SilenceForm
from review.models import Person, Queue
from review.operations.figures import objective_counts, objectives, watching
from review.operations.figures.objectives import Ruled, Standing
from review.operations.tasks.task_rows import find_queues
from review.views.access import screen, viewer_required
from review.views.figures.objective_bars import (
    draw_budget,
    draw_windows,
    objective_url,
    tell_objective,
)
from review.views.figures.watch_rows import build_episode, build_silence
from review.views.formats import format_moment, state_pill
from review.views.pages import render_page
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now

MOST_LATE: Final = 50


@require_GET
@screen(permissions.check_can_see_policies)
def objective_list(request: HttpRequest) -> HttpResponse:
    """Show every queue's objectives with their budgets, and what is alerted now."""
    viewer, now = viewer_required(request), database_now()
    ruled = {one.queue.id: one for one in objectives.list_ruled()}
    queues = [
        _queue(queue, ruled.get(queue.id), viewer, now=now)
        for queue in Queue.objects.order_by("name")
    ]
    context = {
        "page_title": "Objectives",
        "queues": [one for one in queues if one["objectives"]],
        "without": [one for one in queues if not one["objectives"]],
        "episodes": [build_episode(row, viewer, now=now) for row in shown.list_open()],
        "topic": live.ALERTS,
    }
    return render_page(request, "review/figures/objective_list.html", context)


@require_GET
@screen(permissions.check_can_see_policies)
def objective_detail(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """Show one objective: its budget, how fast it burns, its late tasks, its history."""
    return _show(request, key, name)


@require_POST
@screen(permissions.check_can_see_policies)
def objective_silence(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """Tell nobody of an objective for a time."""
    form = SilenceForm(request.POST)
    if not form.is_valid():
        return _show(request, key, name, form=form, status=422)
    try:
        watching.silence(
            subject=objectives.subject_of(key, name),
            person=Person.objects.get(pk=viewer_required(request).person_id),
            lasting=form.lasting,
            reason=form.cleaned_data["reason"],
        )
    except (Conflict, Invalid) as refusal:
        form.add_error(None, refusal.message)
        return _show(request, key, name, form=form, status=refusal.status)
    messages.success(request, "Nobody is told of it meanwhile; alerts are kept.")
    return redirect(objective_url(key, name))


def _queue(
    queue: Queue, ruled: Ruled | None, viewer: Viewer, *, now: dt.datetime
) -> dict[str, Any]:
    may_rule = permissions.can_rule(viewer.rights, queue_id=queue.id)
    found: dict[str, Any] = {
        "name": queue.name,
        "url": reverse("queue-objectives", args=[queue.key]),
        "edit_url": reverse("queue-objectives-edit", args=[queue.key])
        if may_rule
        else "",
        "objectives": [],
    }
    if ruled is None:
        return found
    calendar = find_queues([queue.key])[queue.key].calendar
    open_ones = shown.list_open(f"objective:{queue.key}:")
    for one in ruled.objectives:
        standing = objectives.find_standing(queue.id, one, calendar=calendar, now=now)
        found["objectives"].append({
            "name": one.name,
            "url": objective_url(queue.key, one.name),
            "said": tell_objective(one),
            "budget": draw_budget(standing.budget, least=one.least),
            "alerts": [
                build_episode(row, viewer, now=now)
                for row in open_ones
                if row.subject.split(":")[2] == one.name
            ],
        })
    found["version"] = ruled.policy.version
    return found


def _show(
    request: HttpRequest,
    key: str,
    name: str,
    *,
    form: SilenceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, now = viewer_required(request), database_now()
    queue = Queue.objects.filter(key=key).first()
    ruled = objectives.find_ruled(queue) if queue else None
    one = next(
        (each for each in (ruled.objectives if ruled else ()) if each.name == name),
        None,
    )
    if queue is None or ruled is None or one is None:
        raise NotFound(f"The queue {key!r} has no objective {name!r} in force.")
    calendar = find_queues([key])[key].calendar
    standing = objectives.find_standing(queue.id, one, calendar=calendar, now=now)
    subject = objectives.subject_of(key, name)
    context = {
        "page_title": f"{name} of {queue.name}",
        "name": name,
        "queue": queue,
        "said": tell_objective(one),
        "row": row_of(ruled, one),
        "budget": draw_budget(standing.budget, least=one.least),
        "least": one.least,
        "windows": draw_windows(standing),
        "policy_url": reverse("policy-detail", args=[ruled.policy.id]),
        "version": ruled.policy.version,
        "versions_url": reverse("queue-objectives", args=[key]),
        "edit_url": reverse("queue-objectives-edit", args=[key]),
        "may_rule": permissions.can_rule(viewer.rights, queue_id=queue.id),
        "late": _late(queue, one, standing, viewer, now=now),
        "episodes": [
            build_episode(row, viewer, now=now) for row in shown.list_episodes(subject)
        ],
        "silences": [
            build_silence(each, viewer, now=now)
            for each in shown.list_silences(subject)
        ],
        "brakes": shown.list_brakes(subject),
        "form": form or SilenceForm(),
        "silence_url": reverse("objective-silence", args=[key, name]),
        "topic": live.ALERTS,
    }
    return render_page(
        request, "review/figures/objective_detail.html", context, status=status
    )


def row_of(ruled: Ruled, objective: Objective) -> dict[str, Any]:
    """Return an objective's line as it stands in the version in force."""
    rows = ruled.policy.body["rows"]
    return next(row for row in rows if row["name"] == objective.name)


def _late(
    queue: Queue,
    objective: Objective,
    standing: Standing,
    viewer: Viewer,
    *,
    now: dt.datetime,
) -> list[dict[str, Any]]:
    zone = viewer.look.tzinfo
    since = min(standing.since, window_start("28d", now=now, zone=dt.UTC))
    rows = objective_counts.list_late(
        queue_id=queue.id, measure=objective.measure, since=since, limit=MOST_LATE
    )
    return [
        {
            "url": reverse("task-detail", args=[row.id]),
            "title": row.title,
            "state": state_pill(row.outcome or row.state),
            "late": format_moment(row.at, zone=zone, now=now),
        }
        for row in cover_titles(viewer.rights, rows)
    ]
