"""The task page's content: sources, fields, suggestion, history, verdict form."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from review.core.states import Control, Decision, Stage
from review.core.visibility import Sight
from review.dashboards import audit, engine
from review.dashboards.blind import read_blindfold
from review.dashboards.case import (
    Case,
    find_earlier_payload,
    list_reason_codes,
    read_form,
)
from review.dashboards.frame import Viewer
from review.forms.corrections import Correction
from review.forms.verdicts import EscalateForm, VerdictForm
from review.live import task_topic
from review.models import Queue
from review.views import changes
from review.views.drafts import read_draft
from review.views.entries import Line, build_lines
from review.views.formats import (
    CONTROL_PILLS,
    OUTCOME_PILLS,
    Pill,
    format_duration,
    format_moment,
    sla_pill,
    state_pill,
)
from review.views.large import list_large
from review.views.lit import build_lit_grid
from review.views.sources import build_sources
from review.views.why import explain_why

CHOICES: Final = (
    (Decision.APPROVE, "Approve", "a"),
    (Decision.REJECT, "Reject", "r"),
    (Decision.EDIT_AND_APPROVE, "Edit and approve", "e"),
)
STAGES: Final = {
    Stage.SECOND.value: "2nd review, blind",
    Stage.ADJUDICATION.value: "3rd review: the first two disagree",
}
MOST_HISTORY: Final = 40


def build_page(
    request: HttpRequest,
    case: Case,
    viewer: Viewer,
    *,
    verdict_form: VerdictForm | None = None,
    escalate_form: EscalateForm | None = None,
    shows_earlier: bool = False,
) -> dict[str, object]:
    """Return all that the task's template shows to this viewer."""
    row, now, zone = case.row, case.row.now, viewer.look.tzinfo
    schema = read_form(case)
    fields = _fields(case, schema)
    earlier = find_earlier_payload(row.id) if shows_earlier else None
    form = verdict_form or build_verdict_form(request, case, fields=fields)
    return {
        "page_title": row.business_key or row.title,
        "task": _task(case, viewer),
        "pills": _pills(case),
        "lease": _lease(case, zone=zone) if case.is_mine else None,
        "why": [
            *explain_why(case.why, confidence=row.confidence, impact=row.impact),
            f"class {row.priority_class}, waiting {format_duration(now - row.opened_at)}",
        ],
        "lit_grid": build_lit_grid(case),
        "sources": build_sources(
            case.payload, labels=_labels(schema), proposal=case.proposal
        ),
        "large_values": list_large(case.payload, url="task-value", owner=row.id),
        "changes": _compare(case, earlier) if earlier else fields,
        "changes_title": _changes_title(fields, has_earlier=bool(earlier)),
        "old_label": "You were shown" if earlier else "On file",
        "new_label": "On file now" if earlier else "Proposed",
        "has_new": bool(earlier) or any(field.is_changed for field in fields),
        "has_sources": any(field.source_label for field in fields),
        "proposal": _suggest(case, fields),
        "history": _history(case, viewer),
        "verdicts": [_verdict(each, zone=zone, now=now) for each in case.verdicts],
        "form": form,
        "choices": _choices(form),
        "rationale_help": "Needed for reject and edit unless a reason says it all.",
        "draft_label": _draft_label(request, row.id),
        "escalate_form": escalate_form or build_escalate_form(case),
        "policy_text": row.policy_text,
        "may_claim": case.may_judge and not case.is_held,
        "read_only_reason": _read_only_reason(case, zone=zone),
        "notice": build_notice(case, zone=zone),
        "notice_url": f"{reverse('task-detail', args=[row.id])}?part=notice"
        f"&token={row.lease_token if case.is_mine else ''}",
    }


def build_verdict_form(
    request: HttpRequest,
    case: Case,
    *,
    fields: Sequence[changes.Field] | None = None,
    data: Mapping[str, Any] | None = None,
) -> VerdictForm:
    """Return the verdict form, filled with `data` or with the viewer's draft."""
    known = fields if fields is not None else _fields(case, read_form(case))
    return VerdictForm(
        data,
        initial={
            **read_draft(request, case.row.id),
            "token": case.row.lease_token,
            "payload_digest": case.row.payload_digest,
        },
        reasons=_reasons(case),
        corrections=[
            Correction(field.pointer, field.label, field.value)
            for field in known
            if not isinstance(field.value, list)
        ],
    )


def build_escalate_form(
    case: Case, *, data: Mapping[str, Any] | None = None
) -> EscalateForm | None:
    """Return the form that hands the task on, None where there is no other queue."""
    row = case.row
    queues = Queue.objects.exclude(pk=row.queue_id).order_by("name", "pk")
    choices = list(queues.values_list("key", "name"))
    if not choices or not case.is_mine:
        return None
    preset = str(case.policy.get("escalate_to") or row.escalates_to or "")
    return EscalateForm(
        data,
        queues=choices,
        prefix="escalate",
        initial={"token": row.lease_token, "to_queue": preset},
    )


def build_notice(
    case: Case, *, zone: dt.tzinfo, held_token: int | None = None
) -> dict[str, str] | None:
    """Return what has happened to the task that the viewer should know first.

    `held_token` is the lease the open page thinks it has.
    """
    row = case.row
    if not case.is_live:
        what = OUTCOME_PILLS.get(row.outcome or "") or state_pill(row.state)
        who = " by the grid, without people" if row.decided_by == "AUTO" else ""
        return {
            "tone": what.tone or "hold",
            "icon": "check-circle",
            "text": f"This task is closed: {what.label.lower()}{who}.",
        }
    if held_token is not None and not (case.is_mine and row.lease_token == held_token):
        return {
            "tone": "warn",
            "icon": "hourglass-split",
            "text": "You no longer hold this task. Your draft is kept.",
            "url": reverse("task-detail", args=[row.id]),
            "link": "Open it again",
        }
    if case.is_held and not case.is_mine:
        until = format_moment(row.lease_until, zone=zone, now=row.now)
        return {
            "tone": "hold",
            "icon": "lock",
            "text": f"{row.holder} holds this task until {until}. You may read it.",
        }
    return None


def _fields(case: Case, schema: Mapping[str, Any]) -> list[changes.Field]:
    order = (schema.get("x-ui") or {}).get("order") or list(
        schema.get("properties", {})
    )
    return changes.build_fields(
        case.payload, proposal=case.proposal, labels=_labels(schema), order=order
    )


def _labels(schema: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(each["title"])
        for name, each in (schema.get("properties") or {}).items()
        if isinstance(each, Mapping) and each.get("title")
    }


def _compare(case: Case, earlier: Mapping[str, Any]) -> list[changes.Field]:
    """Return the fields with what was shown before an edit as the old side."""
    flat = {
        field.pointer: field
        for field in changes.build_fields(earlier, proposal=None, labels={}, order=())
    }
    compared = []
    for field in _fields(case, read_form(case)):
        before = flat.get(field.pointer)
        old = before.text if before else ""
        left, right = changes.diff_words(old, field.text)
        is_changed = old != field.text
        compared.append(
            changes.Field(
                name=field.name,
                pointer=field.pointer,
                label=field.label,
                value=field.value,
                old=left,
                new=right,
                is_changed=is_changed,
            )
        )
    return sorted(compared, key=lambda field: not field.is_changed)


def _changes_title(fields: Sequence[changes.Field], *, has_earlier: bool) -> str:
    if has_earlier:
        return "What has changed since you looked"
    changed = sum(field.is_changed for field in fields)
    return f"What changes: {changed} of {len(fields)} fields" if changed else "Fields"


def _suggest(case: Case, fields: Sequence[changes.Field]) -> dict[str, object] | None:
    suggestion = changes.build_suggestion(
        case.proposal, confidence=case.row.confidence, fields=fields
    )
    if suggestion is None:
        return None
    # Where much hangs on it or the model is unsure, the reviewer's own look comes
    # first; the suggestion is one key away (Bucinca 2021, doi 10.1145/3449287).
    is_hidden = case.may_judge and (
        case.row.control == Control.DUAL.value
        or changes.is_doubtful(case.row.confidence)
    )
    return {
        "action": suggestion.action,
        "confidence": suggestion.confidence,
        "lines": suggestion.lines,
        "is_hidden": is_hidden,
    }


def _task(case: Case, viewer: Viewer) -> dict[str, object]:
    row = case.row
    return {
        "id": row.id,
        "case": row.business_key or f"#{row.id}",
        "title": row.title,
        "url": reverse("task-detail", args=[row.id]),
        "queue_name": row.queue_name,
        "queue_url": reverse("queue-detail", args=[row.queue_key]),
        "instance_url": reverse("instance-detail", args=[row.instance_id]),
        "topic": task_topic(row.id),
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
    if not case.is_live:
        pills.append(
            OUTCOME_PILLS.get(case.row.outcome or "") or state_pill(case.row.state)
        )
    return pills


def _lease(case: Case, *, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "token": case.row.lease_token,
        "now_iso": case.row.now.isoformat(),
        "until_iso": case.row.lease_until.isoformat(),
        "until_label": format_moment(case.row.lease_until, zone=zone, now=case.row.now),
    }


def _reasons(case: Case) -> list[tuple[str, object]]:
    """Return the reasons grouped by the decision they belong to."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for code in list_reason_codes(case.row.queue_id):
        groups.setdefault(code.decision, []).append((code.code, code.label))
    labels = {word.value: label for word, label, _ in CHOICES}
    return [("", "No reason chosen"), *((labels[k], v) for k, v in groups.items())]


def _choices(form: VerdictForm) -> list[dict[str, object]]:
    chosen = form["decision"].value()
    return [
        {"value": word.value, "label": label, "key": key, "is_chosen": word == chosen}
        for word, label, key in CHOICES
    ]


def _history(case: Case, viewer: Viewer) -> list[Line]:
    """Return what led here and what happened at this task, the newest first."""
    entries = [
        entry
        for entry in audit.list_entries(case.row.instance_id)
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
        step_names=names,
        zone=viewer.look.tzinfo,
        now=case.row.now,
    )
    return list(reversed(lines))


def _verdict(verdict: Any, *, zone: dt.tzinfo, now: dt.datetime) -> dict[str, object]:
    return {
        "is_hidden": verdict.sight is Sight.HIDDEN,
        "by": verdict.person_name or "a reviewer",
        "decision": verdict.decision.replace("_", " ").lower(),
        "reason": verdict.reason_code,
        "rationale": verdict.rationale,
        "at": format_moment(verdict.at, zone=zone, now=now),
    }


def _draft_label(request: HttpRequest, task_id: int) -> str:
    return "Your draft is filled in." if read_draft(request, task_id) else ""


def _read_only_reason(case: Case, *, zone: dt.tzinfo) -> str:
    row = case.row
    if not case.is_live:
        return "This task is closed. Its verdicts are in the history."
    if not case.is_reviewer:
        return "You may read this task; its queue's reviewers decide it."
    if case.is_excluded:
        return (
            "Four eyes: you started this case or have judged it already,"
            " so somebody else must judge it now."
        )
    if not case.is_held:
        return "Nobody holds this task."
    until = format_moment(row.lease_until, zone=zone, now=row.now)
    return f"{row.holder} holds this task until {until}."
