"""The task page's content: sources, fields, suggestion, history, verdict form."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.urls import reverse

from review.core.states import Decision, Signature, Stage, TaskState
from review.core.tasks.routing import Place
from review.core.verdicts.undoing import Vote, find_undo_until
from review.core.verdicts.visibility import Sight
from review.dashboards import audit, engine
from review.dashboards.blind import read_blindfold
from review.dashboards.case import Case, find_earlier_payload, read_form
from review.dashboards.frame import Viewer
from review.dashboards.notes import list_notes
from review.dashboards.proof import read_proof
from review.dashboards.said import read_said
from review.forms.verdicts import CommentForm, VerdictForm
from review.live import MANY_INSTANCES, instance_topic, task_topic
from review.operations.tasks.drafts import Kept
from review.operations.tasks.layouts import read_split
from review.views.evidence.entries import Line, build_lines, fold_ahead
from review.views.formats import (
    CONTROL_PILLS,
    OUTCOME_PILLS,
    Pill,
    format_count,
    format_duration,
    format_moment,
    sla_pill,
    state_pill,
)
from review.views.processes.lit import build_lit_grid
from review.views.sources import build, pages
from review.views.sources.documents import Document
from review.views.tasks import changes, next_steps, task_forms
from review.views.tasks.drafts import read_draft
from review.views.tasks.large import list_large
from review.views.tasks.suggestions import build_model_view
from review.views.tasks.task_notices import build_notice, explain_read_only
from review.views.tasks.task_returning import build_returning
from review.views.tasks.who_decided import describe_proof
from review.views.tasks.why import explain_why

STAGES: Final = {
    "SECOND": "2nd review, blind",
    "ADJUDICATION": "3rd review: the first two disagree",
}
MOST_HISTORY: Final = 40
NOTE_WORDS: Final = {
    "HAND_OVER": "handed over",
    "HELP": "asks for help",
    "QUESTION": "asks",
    "ANSWER": "answers",
}


def build_page(
    case: Case,
    viewer: Viewer,
    *,
    verdict_form: VerdictForm | None = None,
    shows_earlier: bool = False,
) -> dict[str, object]:
    """Return all that the task's template shows to this viewer."""
    row, zone = case.row, viewer.look.tzinfo
    fields = task_forms.build_fields(case)
    has_form = case.is_mine and verdict_form is None
    kept = read_draft(viewer.person_id, row.id) if has_form else None
    # A draft kept by a verdict that was refused after the person had moved on.
    shows_earlier |= kept is not None and kept.payload_digest != row.payload_digest
    return {
        "page_title": row.business_key or row.title,
        "task": _task(case, viewer),
        "pills": _pills(case),
        "why": _why(case),
        "lit_grid": build_lit_grid(case),
        "split": read_split(viewer.look.columns),
        **_sources(case),
        **_changes(case, fields, shows_earlier=shows_earlier),
        "model": build_model_view(case, fields, zone=zone),
        **build_past(case, viewer),
        "notes": _notes(case, zone=zone),
        "comment_form": CommentForm(prefix="note"),
        "returning": build_returning(case, viewer),
        "policy_text": row.policy_text,
        "task_waits_for_me": row.state == "WAITING"
        and row.parked_for_id == viewer.person_id,
        "may_claim": case.may_judge and not case.is_held and row.state != "WAITING",
        "read_only_reason": explain_read_only(case, zone=zone),
        "notice": build_notice(case, zone=zone),
        "notice_url": f"{reverse('task-detail', args=[row.id])}?part=notice"
        f"&token={row.lease_token if case.is_mine else ''}",
        "settling": _settling(case, zone=zone),
        **_verdict_side(case, viewer, fields, given=verdict_form, kept=kept),
    }


def build_past(case: Case, viewer: Viewer) -> dict[str, object]:
    """Return the verdicts so far and the history, a live part of the page."""
    row, zone = case.row, viewer.look.tzinfo
    proven = read_proof(case)
    return {
        "proof": describe_proof(proven, case, zone=zone) if proven else None,
        "verdicts": [_verdict(each, zone=zone, now=row.now) for each in case.verdicts],
        "history": _history(case, viewer),
        "past_url": f"{reverse('task-detail', args=[row.id])}?part=past",
        "past_topics": f"{task_topic(row.id)} {instance_topic(row.instance_id)}"
        f" {MANY_INSTANCES}",
    }


def _verdict_side(
    case: Case,
    viewer: Viewer,
    fields: Sequence[changes.Field],
    *,
    given: VerdictForm | None,
    kept: Kept | None,
) -> dict[str, object]:
    """Return the verdict form and what stands around it; only for who holds the task."""
    if not case.is_mine:
        return {"lease": None}
    row, zone = case.row, viewer.look.tzinfo
    reasons = task_forms.list_reasons(case)
    form = given or task_forms.build_verdict_form(
        case, reasons=reasons, fields=fields, draft=kept.fields if kept else {}
    )
    nexts = next_steps.describe_next(case)
    choices = task_forms.list_choices(case, form)
    return {
        "lease": _lease(case, zone=zone),
        "form": form,
        "choices": [{**each, "next": nexts[str(each["value"])]} for each in choices],
        "reasons": reasons,
        "rationale_help": task_forms.describe_rationale(case),
        "draft_label": _describe_draft(kept, case, zone=zone) if kept else "",
        "is_signed": row.signature == Signature.PASSWORD.value,
        "meaning": row.signature_meaning
        or "I reviewed these sources and take this decision.",
        "undo_seconds": row.undo_seconds,
        "hand_over_form": task_forms.build_hand_over_form(case),
    }


def _describe_draft(kept: Kept, case: Case, *, zone: dt.tzinfo) -> str:
    saved = format_moment(kept.saved_at, zone=zone, now=case.row.now)
    if kept.payload_digest == case.row.payload_digest:
        return f"Your draft of {saved} is filled in."
    return (
        f"Your draft of {saved} is filled in. The case has changed since then:"
        " look at what changed before you sign."
    )


def _sources(case: Case) -> dict[str, object]:
    schema = read_form(case)
    sources = build.build_sources(
        case.payload,
        labels=task_forms.read_labels(schema),
        count_pages=_count_pages,
        proposal=case.proposal,
    )
    return {
        "sources": sources,
        "source_count": len(sources),
        # The documents are shown one by one, however large they are together.
        "large_values": [
            each
            for each in list_large(case.payload, url="task-value", owner=case.row.id)
            if not each["label"].startswith("documents")
        ],
        "digest": case.row.payload_digest[:12],
    }


def _count_pages(document: Document) -> pages.Pages:
    return pages.count_pages(document.data, digest=document.digest)


def _changes(
    case: Case, fields: list[changes.Field], *, shows_earlier: bool
) -> dict[str, object]:
    """Return the middle: a comparison with what was shown, or with what is proposed."""
    has_rounds = case.row.round > 1
    earlier = find_earlier_payload(case) if shows_earlier or has_rounds else None
    if shows_earlier and earlier is not None:
        shown = changes.compare_rounds(fields, earlier)
        title, old, new = "What has changed since you looked", "You were shown", "Now"
    else:
        shown = changes.add_before(fields, earlier) if earlier else fields
        title, old, new = "What changes", "On file", "Proposed"
    changed = any(field.is_changed or field.before for field in shown)
    same = sum(field.is_plain for field in shown)
    return {
        "changes": shown,
        "changes_title": title if changed else "Fields",
        "old_label": old,
        "new_label": new,
        "has_new": any(field.is_changed for field in shown),
        "has_before": any(field.before for field in shown),
        "has_sources": any(field.place.label for field in shown),
        "same_label": format_count(same, "unchanged field")
        if 0 < same < len(shown)
        else "",
    }


def _head(case: str, title: str) -> str:
    """Return case and title, the case once where the title names it."""
    return title if case in title else f"{case} · {title}"


def _task(case: Case, viewer: Viewer) -> dict[str, object]:
    row = case.row
    return {
        "id": row.id,
        "case": row.business_key or f"#{row.id}",
        "heading": _head(row.business_key or f"#{row.id}", row.title),
        "url": reverse("task-detail", args=[row.id]),
        "queue_key": row.queue_key,
        "queue_name": row.queue_name,
        "queue_url": reverse("queue-detail", args=[row.queue_key]),
        "instance_url": reverse("instance-detail", args=[row.instance_id]),
        "clock_url": reverse("task-clock", args=[row.id]),
        "topic": task_topic(row.id),
        "claim_ahead": row.claim_ahead,
        "sla": sla_pill(
            due_at=row.due_at,
            warn_at=row.warn_at,
            now=row.now,
            zone=viewer.look.tzinfo,
        )
        if case.is_live
        else Pill(""),
    }


def _pills(case: Case) -> list[Pill]:
    control = CONTROL_PILLS[case.row.control]
    stage = STAGES.get(case.row.stage, "") if case.is_live else ""
    pills = [
        Pill(
            f"{control.label} control{', ' + stage if stage else ''}",
            control.tone,
            control.title,
        )
    ]
    if case.row.round > 1:
        pills.append(Pill(f"Round {case.row.round}", "", "An edit started this round"))
    if not case.is_live or case.row.state == "WAITING":
        pills.append(
            OUTCOME_PILLS.get(case.row.outcome or "") or state_pill(case.row.state)
        )
    return pills


def _why(case: Case) -> list[str]:
    row = case.row
    words = explain_why(case.why, confidence=row.confidence, impact=row.impact)
    asked = Place(row.queue_id, row.region, row.skill, row.level).describe()
    if asked:
        words.append(f"asks for {asked}")
    waited = format_duration(row.now - row.opened_at)
    return [*words, f"class {row.priority_class}, waiting {waited}"]


def _lease(case: Case, *, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "token": case.row.lease_token,
        "is_ahead": case.row.is_ahead,
        "now_iso": case.row.now.isoformat(),
        "until_iso": case.row.lease_until.isoformat(),
        "until_label": format_moment(case.row.lease_until, zone=zone, now=case.row.now),
    }


def _settling(case: Case, *, zone: dt.tzinfo) -> dict[str, object] | None:
    """Return the viewer's own verdict while its effects are held."""
    row = case.row
    own = case.own_verdict
    if own is None:
        return None
    is_last = own.id == max(each.id for each in case.verdicts if not each.is_undone)
    until = find_undo_until(
        Vote(
            decision=Decision(own.decision),
            round=own.round,
            submitted_at=own.at,
            was_held=own.was_held,
            is_undone=own.is_undone,
        ),
        state=TaskState(row.state),
        stage=Stage(row.stage),
        current_round=row.round,
        seats=row.seats,
        undo_seconds=row.undo_seconds,
        holds_task_until=row.release_at if is_last else None,
    )
    if until is None or until <= row.now:
        return None
    return {
        "decision": own.decision.replace("_", " ").lower(),
        "at": format_moment(until, zone=zone, now=row.now),
        "is_beside": row.state != TaskState.SETTLING.value,
        "undo_url": reverse("verdict-undo", args=[own.id]),
    }


def _notes(case: Case, *, zone: dt.tzinfo) -> list[dict[str, object]]:
    """Return what was said at the task, the newest first."""
    found = list_notes(case.row.id, viewer_id=case.viewer_id, is_blind=case.may_judge)
    if case.mask is not None:
        found = [
            dataclasses.replace(said, text=case.mask.words(said.text)) for said in found
        ]
    return [
        {
            "by": note.name,
            "at": format_moment(note.at, zone=zone, now=case.row.now),
            "text": note.text,
            "kind": NOTE_WORDS.get(note.kind, ""),
        }
        for note in found
    ]


def _history(case: Case, viewer: Viewer) -> list[Line]:
    """Return what led here and what happened at this task, the newest first."""
    entries = [
        entry
        for entry in fold_ahead(audit.list_entries(case.row.instance_id))
        if (entry.step_id == case.row.step_id and entry.kind != "step.waiting")
        or entry.kind in {"instance.started", "step.completed", "incident.resolved"}
    ][-MOST_HISTORY:]
    names = {
        step.id: step.name or step.node_id
        for step in engine.list_steps(case.row.instance_id)
    }
    lines = build_lines(
        entries,
        blindfold=read_blindfold(viewer, [case.row.step_id]),
        said=read_said(entries, mask=case.mask),
        step_names=names,
        zone=viewer.look.tzinfo,
        now=case.row.now,
    )
    return list(reversed(lines))


def _verdict(verdict: Any, *, zone: dt.tzinfo, now: dt.datetime) -> dict[str, object]:
    return {
        "is_hidden": verdict.sight is Sight.HIDDEN,
        "is_undone": verdict.is_undone,
        "by": verdict.person_name or "a reviewer",
        "decision": verdict.decision.replace("_", " ").lower(),
        "reason": verdict.reason_code,
        "rationale": verdict.rationale,
        "at": format_moment(verdict.at, zone=zone, now=now),
    }
