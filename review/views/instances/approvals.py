"""Proposed acts on instances: the list, and one to approve, decline or withdraw."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.interventions import Act, ProposalState
from review.dashboards import interventions as shown
from review.dashboards.covering import cover_of
from review.dashboards.engine import find_instance
from review.dashboards.frame import Viewer
from review.dashboards.sql import read_json
from review.evidence.masking import Mask
from review.forms.acts import ReasonForm
from review.forms.interventions import ApproveForm
from review.models import Person
from review.operations.instances import acts, approvals
from review.views.access import screen, viewer_required
from review.views.formats import (
    Pill,
    dump_json,
    format_duration,
    format_moment,
    format_value,
)
from review.views.instances.words import WORDS, describe_act, list_values, name_step
from review.views.pages import render_page
from workflows.operations import definitions
from workflows.operations.errors import Conflict, Forbidden, NotFound
from workflows.store import database_now

STATES = {
    ProposalState.DONE: Pill("Approved and done", "good"),
    ProposalState.DECLINED: Pill("Declined", "bad"),
    ProposalState.WITHDRAWN: Pill("Withdrawn"),
    ProposalState.LAPSED: Pill("Lapsed", "warn"),
}


@require_GET
@screen(permissions.check_can_see_incidents)
def approval_list(request: HttpRequest) -> HttpResponse:
    """List the acts that wait for a second person, and those settled last."""
    viewer = viewer_required(request)
    now = database_now()
    context = {
        "page_title": "Approvals",
        "rows": [
            build_row(row, viewer=viewer, now=now)
            for row in shown.list_open_proposals()
        ],
        "settled": [
            build_row(row, viewer=viewer, now=now)
            for row in shown.list_settled_proposals()
        ],
    }
    return render_page(request, "review/instances/approval_list.html", context)


@require_GET
@screen(permissions.check_can_see_incidents)
def approval_detail(request: HttpRequest, intervention_id: int) -> HttpResponse:
    """Show one proposed act with all that it would change."""
    return _show(request, intervention_id)


@require_POST
@screen(permissions.check_can_resolve_incidents)
def approval_approve(request: HttpRequest, intervention_id: int) -> HttpResponse:
    """Approve a proposed act, which does it."""
    form = ApproveForm(request.POST, prefix="approve")

    def approve(reason: str) -> None:
        approvals.approve(
            intervention_id=intervention_id, person=_person(request), reason=reason
        )

    return _settle(request, intervention_id, form, approve, said="Approved and done.")


@require_POST
@screen(permissions.check_can_resolve_incidents)
def approval_decline(request: HttpRequest, intervention_id: int) -> HttpResponse:
    """Refuse somebody else's proposed act."""
    form = ReasonForm(request.POST, prefix="decline")

    def decline(reason: str) -> None:
        approvals.decline(
            intervention_id=intervention_id, person=_person(request), reason=reason
        )

    return _settle(request, intervention_id, form, decline, said="Declined.")


@require_POST
@screen(permissions.check_can_resolve_incidents)
def approval_withdraw(request: HttpRequest, intervention_id: int) -> HttpResponse:
    """Take one's own proposed act back."""
    form = ReasonForm(request.POST, prefix="withdraw")

    def withdraw(reason: str) -> None:
        approvals.withdraw(
            intervention_id=intervention_id, person=_person(request), reason=reason
        )

    return _settle(request, intervention_id, form, withdraw, said="Withdrawn.")


def build_row(row: Any, *, viewer: Viewer, now: dt.datetime) -> dict[str, Any]:
    """Return a proposal as a list shows it; None of its values are shown there."""
    zone = viewer.look.tzinfo
    act, state = Act(row.act), ProposalState(row.state)
    arguments = read_json(row.arguments)
    is_open = state is ProposalState.PROPOSED
    is_live = is_open and not row.is_expired and not row.has_moved_on
    may = act in acts.list_allowed(viewer.rights)
    is_own = row.proposed_by_id == viewer.person_id
    return {
        "id": row.id,
        "url": reverse("approval-detail", args=[row.id]),
        "approve_url": reverse("approval-approve", args=[row.id]),
        "decline_url": reverse("approval-decline", args=[row.id]),
        "withdraw_url": reverse("approval-withdraw", args=[row.id]),
        "what": describe_act(
            act, arguments, step=name_step(row.step_name, row.node_id)
        ),
        "case": row.business_key or str(row.instance_id)[:13],
        "instance_url": reverse("instance-detail", args=[row.instance_id]),
        "process": f"{row.definition_name} {row.definition_version}",
        "reason": row.reason,
        "by": "you" if is_own else row.proposed_by,
        "proposed": format_moment(row.proposed_at, zone=zone, now=now),
        "expires": format_duration(row.expires_at - now),
        "state": _standing(row) if is_open else STATES[state],
        "settled": format_moment(row.settled_at, zone=zone, now=now)
        if row.settled_at
        else "",
        "settled_by": row.settled_by or "",
        "settled_reason": row.settled_reason,
        "is_open": is_open,
        "is_own": is_own and is_open,
        "may_approve": may and is_live and not is_own,
        "may_decline": may and is_open and not is_own,
        # What sets values is approved where they are shown.
        "may_approve_here": may
        and is_live
        and not is_own
        and not list_values(arguments),
    }


def _standing(row: Any) -> Pill:
    if row.is_expired:
        return Pill("Time is over", "warn", "Propose it again")
    if row.has_moved_on:
        return Pill("Instance moved on", "warn", "Propose it again")
    return Pill("Waits", "accent")


def _settle(
    request: HttpRequest,
    intervention_id: int,
    form: ApproveForm | ReasonForm,
    settle: Callable[[str], None],
    *,
    said: str,
) -> HttpResponse:
    if not form.is_valid():
        return _show(request, intervention_id, form=form, status=422)
    try:
        settle(form.cleaned_data["reason"])
    except (Conflict, Forbidden) as refusal:
        form.add_error(None, refusal.message)
        return _show(request, intervention_id, form=form, status=refusal.status)
    messages.success(request, said)
    return redirect("approval-detail", intervention_id)


def _show(
    request: HttpRequest,
    intervention_id: int,
    *,
    form: ApproveForm | ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    viewer = viewer_required(request)
    found = shown.find_proposal(intervention_id)
    if found is None:
        raise NotFound(f"There is no proposed act {intervention_id}.")
    arguments = read_json(found.arguments)
    forms = {form.prefix: form} if form is not None else {}
    context = {
        "page_title": f"Proposed act {found.id}",
        "row": build_row(found, viewer=viewer, now=database_now()),
        "words": WORDS[Act(found.act)],
        "targets": _name_nodes(found, arguments.get("to", [])),
        "values": _compare(
            found, arguments, cover_of(viewer.rights, found.instance_id)
        ),
        "removed": arguments.get("remove") or [],
        "problem": form,
        "approve": forms.get("approve") or ApproveForm(prefix="approve"),
        "decline": forms.get("decline") or ReasonForm(prefix="decline"),
        "withdraw": forms.get("withdraw") or ReasonForm(prefix="withdraw"),
    }
    return render_page(
        request, "review/instances/approval_detail.html", context, status=status
    )


def _compare(
    found: Any, arguments: dict[str, Any], mask: Mask | None
) -> list[dict[str, str]]:
    """Return the variables that the act sets: what stands there, what would."""
    values = list_values(arguments)
    if not values:
        return []
    instance = find_instance(found.instance_id)
    now = read_json(instance.variables) if instance else {}
    if mask is not None:
        values, now = mask.variables(values), mask.variables(now)
    return [
        {
            "name": name,
            "old": _text(now[name]) if name in now else "",
            "new": _text(value),
        }
        for name, value in sorted(values.items())
    ]


def _name_nodes(found: Any, nodes: list[str]) -> list[str]:
    """Return nodes by their names, with the ids that tell equal names apart."""
    if not nodes:
        return []
    process = definitions.compiled(found.definition_id).processes[found.process_id]
    names = {name: process.nodes[name].name for name in nodes}
    return [f"{names[name]} ({name})" if names[name] else name for name in nodes]


def _text(value: object) -> str:
    return dump_json(value) if isinstance(value, dict | list) else format_value(value)


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)
