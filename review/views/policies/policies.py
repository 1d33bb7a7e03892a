"""Policies: the list, one subject's, one version, and what is decided of it."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import live, permissions
from review.core.changes import GovernedKind
from review.core.policies.grid_table import read_grid, to_dmn
from review.core.states import PolicyKind, PolicyState
from review.dashboards import policies as shown
from review.dashboards.frame import Viewer
from review.dashboards.proposed import list_waiting
from review.forms.acts import ReasonForm
from review.forms.interventions import ApproveForm
from review.forms.policies import WeeksForm
from review.models import Person, Policy, Queue
from review.operations.policies import policies
from review.operations.policies.policies import KINDS_OF_QUEUES
from review.operations.policies.policy_subjects import Subject, subject_of
from review.views.access import screen, viewer_required
from review.views.formats import Pill, format_moment
from review.views.pages import render_page
from review.views.policies.policy_kinds import (
    PAGES,
    find_edit_url,
    find_subject_url,
    find_url,
    name_place,
)
from review.views.policies.policy_replays import replay
from review.views.policies.policy_sheet import draw_changes, draw_policy
from review.views.policies.proposed_changes import tell_change
from review.views.stops.stop_banners import offer_stops, queue_banners
from workflows.operations.errors import Conflict, Forbidden, NotFound
from workflows.store import database_now

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
    found = shown.list_standing(KINDS_OF_QUEUES)
    cells = [_standing(row, viewer, now=now) for row in found]
    calendars = [_standing(row, viewer, now=now) for row in shown.list_of_calendars()]
    kinds = len(KINDS_OF_QUEUES)
    context = {
        "page_title": "Policies",
        "titles": [PAGES[kind].title for kind in KINDS_OF_QUEUES],
        "rows": [cells[n : n + kinds] for n in range(0, len(cells), kinds)],
        "calendars": calendars,
        "new_calendars": [
            tell_change(one, viewer, now=now)
            for one in list_waiting(GovernedKind.CALENDAR)
        ],
        "may_make": permissions.can_rule(viewer.rights, queue_id=None),
        "waiting": [cell for cell in (*cells, *calendars) if cell["waiting"]],
        "topic": live.POLICIES,
    }
    return render_page(request, "review/policies/policy_list.html", context)


@require_GET
@screen()
def queue_policy(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Show a queue's policy of a kind: what is in force, and all versions."""
    viewer = viewer_required(request)
    queue, what = find_queue(key), PolicyKind(kind)
    permissions.check_can_see_queue(viewer.rights, queue_id=queue.id)
    context, current = show_standing(viewer, Subject(queue=queue), what)
    context["banners"] = queue_banners(viewer, queue.key)
    if what is PolicyKind.GRID:
        context |= offer_stops(viewer, queue, current)
    return render_page(request, "review/policies/policy_queue.html", context)


def show_standing(
    viewer: Viewer, subject: Subject, kind: PolicyKind
) -> tuple[dict[str, Any], Policy | None]:
    """Return the context of a page of what is in force, and the version that is."""
    now = database_now()
    versions = shown.list_versions(subject.list_policies(kind))
    standing = subject.find_in_force(kind)
    current = next(
        (one for one in versions if standing and one.id == standing.id), None
    )
    before = None if current else policies.find_before(subject, kind)
    rows = [build_version(one, viewer, now=now) for one in versions]
    body = current.body if current else before
    context = {
        **name_place(subject, kind),
        "page_title": f"{PAGES[kind].title} of {subject.name}",
        "drawn": None if body is None else draw_policy(kind, body),
        "current": next(
            (row for row in rows if current and row["id"] == current.id), None
        ),
        "waiting": next((row for row in rows if row["is_open"]), None),
        "versions": rows,
        "may_rule": permissions.can_rule(viewer.rights, queue_id=subject.queue_id),
        "topic": subject.topic,
    }
    return context, current


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
    subject = subject_of(policy)
    name = f"Grid of {subject.name}, version {policy.version}"
    file = f"grid-{subject.key}-{policy.version}.dmn"
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
        "by": _name(
            policy.author,
            viewer,
            none="nobody" if policy.reason == policies.KEPT else "the command line",
        ),
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
    is_own = row.waiting_author_id == viewer.person_id
    queue_id = None if kind is PolicyKind.CALENDAR else row.subject_id
    may_rule = permissions.can_rule(viewer.rights, queue_id=queue_id)

    def moment(at: dt.datetime | None) -> str:
        return format_moment(at, zone=zone, now=now) if at else ""

    def version_url(policy_id: int | None) -> str:
        return reverse("policy-detail", args=[policy_id]) if policy_id else ""

    return {
        "subject": row.name,
        "subject_url": find_subject_url(kind, row.key),
        "kind": PAGES[kind].title,
        "url": find_url(kind, row.key),
        "edit_url": find_edit_url(kind, row.key),
        "in_force": row.in_force,
        "since": moment(row.effective_at),
        "people": " and ".join(filter(None, [row.author, row.settled_by])),
        "approved": row.approved,
        "approved_url": version_url(row.approved_id),
        "approved_at": moment(row.approved_at),
        "waiting": row.waiting,
        "waiting_url": version_url(row.waiting_id),
        "waiting_by": "you" if is_own else row.waiting_author,
        "proposed": moment(row.proposed_at),
        "reason": row.reason,
        "may_rule": may_rule,
        "may_settle": may_rule and not is_own,
    }


def _find(request: HttpRequest, policy_id: int) -> Policy:
    policy = shown.find_policy(policy_id)
    if policy is None:
        raise NotFound(f"There is no policy version {policy_id}.")
    rights = viewer_required(request).rights
    if policy.queue_id is None:
        permissions.check_can_see_policies(rights)
    else:
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
    kind, subject = PolicyKind(policy.kind), subject_of(policy)
    versions = shown.list_versions(subject.list_policies(kind))
    other = _find_other(request, policy, versions)
    forms = {form.prefix: form} if form is not None else {}
    now = database_now()
    context = {
        **name_place(subject, kind),
        "page_title": f"{PAGES[kind].title} {policy.version} of {subject.name}",
        "row": build_version(policy, viewer, now=now),
        "drawn": draw_policy(kind, policy.body),
        "other": other,
        "others": [one for one in versions if one.id != policy.id],
        "changes": draw_changes(kind, other.body, policy.body) if other else None,
        "problem": form,
        "approve": forms.get("approve") or ApproveForm(prefix="approve"),
        "decline": forms.get("decline") or ReasonForm(prefix="decline"),
        "withdraw": forms.get("withdraw") or ReasonForm(prefix="withdraw"),
        "topic": subject.topic,
    }
    if policy.state == PolicyState.PROPOSED.value:
        weeks = WeeksForm.read(request.GET)
        context |= replay(subject, kind, policy.body, weeks=weeks)
        context["weeks"] = WeeksForm(initial={"weeks": weeks})
    return render_page(
        request, "review/policies/policy_detail.html", context, status=status
    )


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
