"""What pages of changes by two persons have in common. No kind of change is known here."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from review.core.changes import ChangeState
from review.core.policies.policies import Line, compare_lines, describe_changes
from review.dashboards.frame import Viewer
from review.models import Person
from review.views.formats import Pill, format_moment
from workflows.operations.errors import NotFound, Refused

STATES = {
    ChangeState.PROPOSED: Pill("Waits for approval", "accent"),
    ChangeState.DONE: Pill("Approved and done", "good"),
    ChangeState.DECLINED: Pill("Declined", "bad"),
    ChangeState.WITHDRAWN: Pill("Withdrawn"),
}


class Proposal(Protocol):
    """What every change by two persons has."""

    id: int
    state: str
    reason: str
    author_id: int
    author: Person
    proposed_at: dt.datetime
    settled_by: Person | None
    settled_at: dt.datetime | None
    settled_reason: str


def tell_settling(
    change: Proposal, viewer: Viewer, *, may: bool, now: dt.datetime
) -> dict[str, Any]:
    """Return who proposed and settled a change; `may` is the viewer's right to settle."""
    zone = viewer.look.tzinfo
    is_open = change.state == ChangeState.PROPOSED.value
    is_own = change.author_id in viewer.rights.persons
    return {
        "id": change.id,
        "state": STATES[ChangeState(change.state)],
        "reason": change.reason,
        "by": _name(change.author, viewer),
        "proposed": format_moment(change.proposed_at, zone=zone, now=now),
        "settled": format_moment(change.settled_at, zone=zone, now=now)
        if change.settled_at
        else "",
        "settled_by": _name(change.settled_by, viewer) if change.settled_by else "",
        "settled_reason": change.settled_reason,
        "is_open": is_open,
        "is_own": is_open and change.author_id == viewer.person_id,
        "may_settle": may and is_open and not is_own,
    }


def settle(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[str], object],
    *,
    show: Callable[[forms.Form, int], HttpResponse],
    back: Sequence[Any],
    said: str,
) -> HttpResponse:
    """Do what a form says and go `back`; show it again with what is wrong."""
    if not form.is_valid():
        return show(form, 422)
    try:
        act(form.cleaned_data["reason"])
    except NotFound:
        raise
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return show(form, refusal.status)
    messages.success(request, said)
    return redirect(*back)


def draw_lines(
    heads: Sequence[str], old: Sequence[Line], new: Sequence[Line], *, what: str
) -> dict[str, Any]:
    """Return what differs line by line, for `_policy_changes.html`."""
    changes = compare_lines(old, new)
    return {
        "said": describe_changes(changes, what=what),
        "lost": "",
        "heads": heads,
        "rows": [
            {
                "kind": one.kind,
                "number": one.number or "",
                "was": one.was or "",
                "cells": [
                    {"text": text, "old": before, "is_changed": mark}
                    for text, before, mark in zip(
                        one.cells,
                        one.old or one.cells,
                        one.marks or (False,) * len(one.cells),
                        strict=True,
                    )
                ],
            }
            for one in changes
        ],
    }


def _name(person: Person, viewer: Viewer) -> str:
    return "you" if person.id == viewer.person_id else person.name
