"""The timeline of a case as an auditor reads it: one list, to be printed as it is."""

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review import permissions
from review.core.verdicts.sights import Span, list_sources, tell_model_view
from review.dashboards import audit_case as case
from review.dashboards.audit_case import Surroundings
from review.dashboards.audit_scope import check_case
from review.dashboards.covering import cover_of, cover_words, is_personal
from review.dashboards.said import Said, read_said
from review.dashboards.sql import read_json
from review.evidence.masking import COVER, Mask
from review.forms.audit import UnmaskForm
from review.operations.evidence import auditing
from review.views.access import screen, viewer_required
from review.views.evidence.audit_words import describe_scope
from review.views.evidence.entries import TONES, describe_detail
from review.views.formats import (
    format_duration,
    format_label,
    format_moment,
    format_value,
    state_pill,
)
from review.views.pages import render_page
from review.views.paging import read_before
from review.views.tasks.tasks import person_of
from workflows.operations.errors import NotFound
from workflows.store import database_now


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One entry, with everything that is known of its moment."""

    anchor: str
    seq: int
    text: str
    tone: str
    by: str
    actor: str
    on_behalf_of: str
    at_iso: str
    at_label: str
    recorded: str
    gap: str
    note: str
    facts: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]
    sources: tuple[tuple[str, str, bool], ...]
    hash: str
    prev: str
    leaf: str


@require_GET
@screen(permissions.check_can_audit)
def audit_case(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Show everything that happened in a case; that an auditor looked is an entry."""
    viewer = viewer_required(request)
    check_case(viewer.rights, instance_id)
    found = case.find_case(instance_id)
    if found is None:
        raise NotFound(f"There is no instance {instance_id}.")
    auditing.record_opening(person=person_of(request), instance_id=instance_id)
    unmasked = auditing.find_unmasked(
        person_id=viewer.person_id, instance_id=instance_id
    )
    mask = cover_of(viewer.rights, instance_id)
    now, zone = database_now(), viewer.look.tzinfo
    actor = request.GET.get("actor", "")
    after = read_before(request.GET.get("after", "")) or 0
    rows = case.list_case_entries(instance_id, actor=actor, after=after)
    more = rows[case.MOST - 1].seq if len(rows) > case.MOST else 0
    name = _covered(found.business_key, mask) or str(found.id)[:13]
    context = {
        "page_title": f"Timeline of {name}",
        "case": found,
        "name": name,
        "state": state_pill(found.state),
        "scope": describe_scope(
            permissions.audit_scope_of(viewer.rights), zone=zone, now=now
        ),
        "events": build_events(
            rows[: case.MOST],
            case.read_surroundings(instance_id),
            said=read_said(rows[: case.MOST], mask=mask),
            sealed=found.sealed or 0,
            zone=zone,
            now=now,
        ),
        "next_url": f"?{urlencode({'actor': actor, 'after': more})}" if more else "",
        "actors": case.list_actors(instance_id),
        "actor": actor,
        "tasks": [
            row._replace(title=_covered(row.title, mask))
            for row in case.list_case_tasks(instance_id)
        ],
        "accesses": [
            {
                "name": one.name,
                "did": "unmasked its data" if one.kind == "UNMASKED" else "opened it",
                "at": format_moment(one.at, zone=zone, now=now),
                "reason": one.reason,
            }
            for one in case.list_accesses(instance_id)
        ],
        "unmasked": format_moment(unmasked, zone=zone, now=now) if unmasked else "",
        "unmask_form": UnmaskForm(),
        "zone": viewer.look.zone,
    }
    return render_page(request, "review/evidence/audit_case.html", context)


@require_POST
@screen(permissions.check_can_audit)
def audit_unmask(request: HttpRequest, instance_id: UUID) -> HttpResponse:
    """Show the personal data of a case to this auditor, for a time; an entry says so."""
    auditing.unmask(
        person=person_of(request),
        instance_id=instance_id,
        reason=request.POST.get("reason", ""),
    )
    minutes = auditing.UNMASKED_FOR // dt.timedelta(minutes=1)
    messages.success(
        request, f"You see this case's personal data for {minutes} minutes."
    )
    return redirect(reverse("audit-case", args=[instance_id]))


def build_events(
    rows: Sequence[Any],
    around: Surroundings,
    *,
    said: Said,
    sealed: int,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> list[Event]:
    """Return the entries as events, oldest first, each with what belongs to it."""
    events = []
    before: dt.datetime | None = None
    for row in rows:
        happened = row.occurred_at or row.at
        gap = happened - before if before else dt.timedelta()
        events.append(
            _event(row, around, said=said, sealed=sealed, zone=zone, now=now, gap=gap)
        )
        before = happened
    return events


def _event(
    row: Any,
    around: Surroundings,
    *,
    said: Said,
    sealed: int,
    zone: dt.tzinfo,
    now: dt.datetime,
    gap: dt.timedelta,
) -> Event:
    entry = json.loads(row.entry, parse_float=Decimal)
    mask = said.mask
    happened = row.occurred_at or row.at
    words = format_label(row.kind.replace(".", " ")).replace("Sla ", "SLA ")
    step = around.steps.get(row.step_id, "")
    verdict = around.verdicts.get(row.seq)
    facts = [
        _tell_turn(turn, zone=zone, now=now) for turn in around.clock.get(row.seq, ())
    ]
    if verdict is not None:
        facts += _tell_verdict(verdict, zone=zone, now=now)
    return Event(
        anchor=f"event-{row.seq}",
        seq=row.seq,
        text=f"{words}: {step}" if step else words,
        tone=TONES.get(row.kind, ""),
        by=entry["actor_name"],
        actor=row.actor,
        on_behalf_of=(verdict.on_behalf_of or "") if verdict is not None else "",
        at_iso=happened.isoformat(),
        at_label=f"{happened.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        recorded=row.at.astimezone(dt.UTC).isoformat(timespec="milliseconds"),
        gap=format_duration(gap) if gap >= dt.timedelta(minutes=1) else "",
        note=said.cover(describe_detail(said.open(row.chain, entry["detail"]))),
        facts=tuple(_covered(fact, mask) for fact in facts),
        changes=_changes(verdict, mask) if verdict is not None else (),
        sources=tuple(
            list_sources(read_json(verdict.shown) or {}) if verdict is not None else ()
        ),
        hash=row.hash,
        prev=entry["prev"],
        leaf=_tell_leaf(row.leaf_index, sealed=sealed),
    )


def _covered(text: str, mask: Mask | None) -> str:
    return str(cover_words(text, mask))


def _changes(verdict: Any, mask: Mask | None) -> tuple[tuple[str, str, str], ...]:
    """Return what an edit changed; in personal fields that it did, not what."""
    return tuple(
        (path, COVER, COVER)
        if mask is not None and is_personal(path, mask)
        else (
            path,
            _covered(format_value(old), mask),
            _covered(format_value(new), mask),
        )
        for path, old, new in case.list_changes(verdict)
    )


def _tell_verdict(row: Any, *, zone: dt.tzinfo, now: dt.datetime) -> list[str]:
    """Say what the judge held, saw and wrote."""
    span = Span(token=row.lease_token, begins=row.claimed_at, ends=row.submitted_at)
    held = (
        f"Held for {format_duration(span.ends - span.begins)}, from"
        f" {span.begins.astimezone(zone):%H:%M:%S} to"
        f" {span.ends.astimezone(zone):%H:%M:%S} (lease {span.token})."
    )
    facts = [held, tell_model_view(read_json(row.shown) or {}, span=span)]
    facts.append(
        f"Shown: payload {row.payload_digest[:16]}…, policy {row.policy_version}."
    )
    if row.rationale:
        facts.append(f"Rationale: {row.rationale}")
    return facts


def _tell_turn(turn: Any, *, zone: dt.tzinfo, now: dt.datetime) -> str:
    words = {
        "START": "The clock started",
        "PAUSE": "The clock paused",
        "RESUME": "The clock went on",
        "STOP": "The clock stopped",
        "RESET": "The clock was set anew",
    }[turn.kind]
    reason = f" ({turn.reason})" if turn.reason else ""
    due = (
        f", due {format_moment(turn.due_at, zone=zone, now=now)}" if turn.due_at else ""
    )
    return f"{words}{reason}{due}."


def _tell_leaf(index: int | None, *, sealed: int) -> str:
    if index is None:
        return "not sealed yet"
    return f"leaf {index:,}" + ("" if index < sealed else ", not signed yet")
