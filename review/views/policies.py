"""Policies of queues: the list, one queue's, one version, and what is decided of it."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.core.grid_table import read_grid, to_dmn
from review.core.states import PolicyKind, PolicyState
from review.dashboards import policies as shown
from review.dashboards.frame import Viewer
from review.forms.acts import ReasonForm
from review.forms.interventions import ApproveForm
from review.forms.policies import WeeksForm
from review.models import Person, Policy, Queue
from review.operations import policies
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_moment
from review.views.pages import render_page
from review.views.policy_replays import replay
from review.views.policy_sheet import draw_changes, draw_policy
from review.views.stop_banners import offer_stops, queue_banners
from workflows.operations.errors import Conflict, Forbidden, NotFound
from workflows.store import database_now

TITLES: Final = {
    PolicyKind.GRID: "Grid",
    PolicyKind.ROUTING: "Routing rules",
    PolicyKind.OBJECTIVES: "Objectives",
}
WHAT: Final = {
    PolicyKind.GRID: "row",
    PolicyKind.ROUTING: "rule",
    PolicyKind.OBJECTIVES: "objective",
}
NONE: Final = {
    PolicyKind.GRID: (
        "No grid yet",
        "Without one, people decide on every case whose step names no grid of its own.",
        "table",
    ),
    PolicyKind.ROUTING: (
        "No routing rules yet",
        "Without them, each case goes where its step says.",
        "diagram-3",
    ),
    PolicyKind.OBJECTIVES: (
        "No objectives yet",
        "Say what share of the work is to be decided in time, and who is told if not.",
        "clock",
    ),
}
STATES: Final = {
    PolicyState.PROPOSED: Pill("Waits for approval", "accent"),
    PolicyState.APPROVED: Pill("Approved", "hold", "In force from its moment on"),
    PolicyState.IN_FORCE: Pill("In force", "good"),
    PolicyState.SUPERSEDED: Pill("Replaced"),
    PolicyState.DECLINED: Pill("Declined", "bad"),
    PolicyState.WITHDRAWN: Pill("Withdrawn"),
}


@require_GET
@screen(permissions.check_can_see_policies)
def policy_list(request: HttpRequest) -> HttpResponse:
    """List what is in force in each queue, and what waits for a second person."""
    viewer = viewer_required(request)
    now = database_now()
    found = shown.list_standing(policies.KINDS)
    cells = [_standing(row, viewer, now=now) for row in found]
    kinds = len(policies.KINDS)
    context = {
        "page_title": "Policies",
        "titles": list(TITLES.values()),
        "rows": [cells[n : n + kinds] for n in range(0, len(cells), kinds)],
        "waiting": [cell for cell in cells if cell["waiting"]],
        "topic": live.POLICIES,
    }
    return render_page(request, "review/policy_list.html", context)


@require_GET
@screen()
def queue_policy(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Show a queue's policy of a kind: what is in force, and all versions."""
    viewer = viewer_required(request)
    queue = find_queue(key)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.id)
    what, now = PolicyKind(kind), database_now()
    versions = shown.list_versions(queue_id=queue.id, kind=what)
    standing = policies.get_in_force([queue.id], what).get(queue.id)
    current = next(
        (one for one in versions if standing and one.id == standing.id), None
    )
    context = {
        **name_place(queue, what),
        "page_title": f"{TITLES[what]} of {queue.name}",
        "drawn": draw_policy(what, current.body) if current else None,
        "current": build_version(current, viewer, now=now) if current else None,
        "waiting": next(
            (
                build_version(one, viewer, now=now)
                for one in versions
                if one.state == PolicyState.PROPOSED.value
            ),
            None,
        ),
        "versions": [build_version(one, viewer, now=now) for one in versions],
        "may_rule": permissions.can_rule(viewer.rights, queue_id=queue.id),
        "banners": queue_banners(viewer, queue.key),
        "topic": live.queue_topic(queue.key),
    }
    if what is PolicyKind.GRID:
        context |= offer_stops(viewer, queue, current)
    return render_page(request, "review/policy_queue.html", context)


@require_GET
@screen()
def policy_detail(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Show one version: what it says, what it changes, what it would have done."""
    return _show(request, policy_id)


@require_GET
@screen()
def policy_dmn(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Give a version of a grid as a DMN file: the very table that decides."""
    policy = _find(request, policy_id)
    grid = read_grid(policy.body)[0] if policy.kind == PolicyKind.GRID.value else None
    if grid is None:
        raise NotFound("Only grids are decision tables; this is none.")
    name = f"Grid of {policy.queue.name}, version {policy.version}"
    file = f"grid-{policy.queue.key}-{policy.version}.dmn"
    return HttpResponse(
        to_dmn(grid, name=name),
        content_type="application/xml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


@require_POST
@screen()
def policy_approve(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Approve a proposed version, as a second person."""
    form = ApproveForm(request.POST, prefix="approve")

    def approve(person: Person, reason: str) -> None:
        policies.approve(policy_id=policy_id, person=person, reason=reason)

    return _settle(request, policy_id, form, approve, said="Approved.")


@require_POST
@screen()
def policy_decline(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Refuse somebody else's proposed version."""
    form = ReasonForm(request.POST, prefix="decline")

    def decline(person: Person, reason: str) -> None:
        policies.decline(policy_id=policy_id, person=person, reason=reason)

    return _settle(request, policy_id, form, decline, said="Declined.")


@require_POST
@screen()
def policy_withdraw(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Take one's own proposed version back."""
    form = ReasonForm(request.POST, prefix="withdraw")

    def withdraw(person: Person, reason: str) -> None:
        policies.withdraw(policy_id=policy_id, person=person, reason=reason)

    return _settle(request, policy_id, form, withdraw, said="Withdrawn.")


def find_queue(key: str) -> Queue:
    """Return a queue by its key. Raises NotFound."""
    queue = Queue.objects.filter(key=key).first()
    if queue is None:
        raise NotFound(f"There is no queue {key!r}.")
    return queue


def find_person(request: HttpRequest) -> Person:
    """Return the natural person who is signed in."""
    return Person.objects.get(pk=viewer_required(request).person_id)


def name_place(queue: Queue, kind: PolicyKind) -> dict[str, Any]:
    """Return the words and addresses of a queue's policy, as every page has them."""
    slug = kind.value.lower()
    return {
        "queue": queue,
        "kind": kind.value,
        "title": TITLES[kind],
        "is_grid": kind is PolicyKind.GRID,
        "what": WHAT[kind],
        "nothing": NONE[kind],
        "here_url": reverse(f"queue-{slug}", args=[queue.key]),
        "edit_url": reverse(f"queue-{slug}-edit", args=[queue.key]),
    }


def build_version(
    policy: Policy, viewer: Viewer, *, now: dt.datetime
) -> dict[str, Any]:
    """Return one version as lists and its own page show it."""
    zone = viewer.look.tzinfo

    def moment(at: dt.datetime | None) -> str:
        return format_moment(at, zone=zone, now=now) if at else ""

    state = PolicyState(policy.state)
    is_due = state is PolicyState.APPROVED and (policy.effective_at or now) <= now
    is_open = state is PolicyState.PROPOSED
    is_own = policy.author_id == viewer.person_id
    may = permissions.can_rule(viewer.rights, queue_id=policy.queue_id)
    return {
        "id": policy.id,
        "url": reverse("policy-detail", args=[policy.id]),
        "version": policy.version,
        "state": STATES[PolicyState.IN_FORCE if is_due else state],
        "digest": policy.digest,
        "reason": policy.reason,
        "by": _name(policy.author, viewer, none="the command line"),
        "proposed": moment(policy.proposed_at),
        "settled": moment(policy.settled_at),
        "settled_by": _name(policy.settled_by, viewer, none=""),
        "settled_reason": policy.settled_reason,
        "effective": moment(policy.effective_at),
        "superseded": moment(policy.superseded_at),
        "is_open": is_open,
        "is_own": is_own and is_open,
        "may_settle": may and is_open and not is_own,
    }


def _name(person: Person | None, viewer: Viewer, *, none: str) -> str:
    if person is None:
        return none
    return "you" if person.id == viewer.person_id else person.name


def _standing(row: Any, viewer: Viewer, *, now: dt.datetime) -> dict[str, Any]:
    zone = viewer.look.tzinfo
    kind = PolicyKind(row.kind)
    slug = row.kind.lower()
    is_own = row.waiting_author_id == viewer.person_id
    return {
        "queue": row.name,
        "queue_url": reverse("queue-detail", args=[row.key]),
        "kind": TITLES[kind],
        "url": reverse(f"queue-{slug}", args=[row.key]),
        "edit_url": reverse(f"queue-{slug}-edit", args=[row.key]),
        "in_force": row.in_force,
        "since": format_moment(row.effective_at, zone=zone, now=now)
        if row.effective_at
        else "",
        "people": " and ".join(filter(None, [row.author, row.settled_by])),
        "approved": row.approved,
        "approved_url": reverse("policy-detail", args=[row.approved_id])
        if row.approved_id
        else "",
        "approved_at": format_moment(row.approved_at, zone=zone, now=now)
        if row.approved_at
        else "",
        "waiting": row.waiting,
        "waiting_url": reverse("policy-detail", args=[row.waiting_id])
        if row.waiting_id
        else "",
        "waiting_by": "you" if is_own else row.waiting_author,
        "proposed": format_moment(row.proposed_at, zone=zone, now=now)
        if row.proposed_at
        else "",
        "reason": row.reason,
        "may_rule": permissions.can_rule(viewer.rights, queue_id=row.queue_id),
        "may_settle": not is_own
        and permissions.can_rule(viewer.rights, queue_id=row.queue_id),
    }


def _find(request: HttpRequest, policy_id: int) -> Policy:
    policy = shown.find_policy(policy_id)
    if policy is None:
        raise NotFound(f"There is no policy version {policy_id}.")
    rights = viewer_required(request).rights
    permissions.check_can_see_queue(rights, queue_id=policy.queue_id)
    return policy


def _settle(
    request: HttpRequest,
    policy_id: int,
    form: ApproveForm | ReasonForm,
    settle: Callable[[Person, str], None],
    *,
    said: str,
) -> HttpResponse:
    if not form.is_valid():
        return _show(request, policy_id, form=form, status=422)
    try:
        settle(find_person(request), form.cleaned_data["reason"])
    except (Conflict, Forbidden) as refusal:
        form.add_error(None, refusal.message)
        return _show(request, policy_id, form=form, status=refusal.status)
    messages.success(request, said)
    return redirect("policy-detail", policy_id)


def _show(
    request: HttpRequest,
    policy_id: int,
    *,
    form: ApproveForm | ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer, policy = viewer_required(request), _find(request, policy_id)
    kind = PolicyKind(policy.kind)
    versions = shown.list_versions(queue_id=policy.queue_id, kind=kind)
    other = _find_other(request, policy, versions)
    forms = {form.prefix: form} if form is not None else {}
    now = database_now()
    context = {
        **name_place(policy.queue, kind),
        "page_title": f"{TITLES[kind]} {policy.version} of {policy.queue.name}",
        "row": build_version(policy, viewer, now=now),
        "drawn": draw_policy(kind, policy.body),
        "other": other,
        "others": [one for one in versions if one.id != policy.id],
        "changes": draw_changes(kind, other.body, policy.body) if other else None,
        "problem": form,
        "approve": forms.get("approve") or ApproveForm(prefix="approve"),
        "decline": forms.get("decline") or ReasonForm(prefix="decline"),
        "withdraw": forms.get("withdraw") or ReasonForm(prefix="withdraw"),
        "topic": live.queue_topic(policy.queue.key),
    }
    if policy.state == PolicyState.PROPOSED.value:
        weeks = WeeksForm.read(request.GET)
        context |= replay(policy.queue, kind, policy.body, weeks=weeks)
        context["weeks"] = WeeksForm(initial={"weeks": weeks})
    return render_page(request, "review/policy_detail.html", context, status=status)


def _find_other(
    request: HttpRequest, policy: Policy, versions: list[Policy]
) -> Policy | None:
    """Return what a version is held against: as asked, else what it replaces."""
    asked = request.GET.get("with", "")
    for one in versions:
        if asked and str(one.version) == asked and one.id != policy.id:
            return one
    standing = {PolicyState.IN_FORCE.value, PolicyState.SUPERSEDED.value}
    return next(
        (
            one
            for one in versions
            if one.version < policy.version and one.state in standing
        ),
        None,
    )
