"""Hand in a verdict, or what stands in its place; take one back; look at the last ten.

One form carries every decision. A refusal shows the page again with what was typed; a
conflict shows what changed beside what was shown. Scripts get the same as JSON.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.states import VOTES, Decision, Outcome, Reveal, Signature
from review.dashboards.case import Case, read_case
from review.dashboards.frame import Viewer
from review.dashboards.recent import Decided, find_task_of, list_recent
from review.forms.verdicts import VerdictForm
from review.models import User
from review.operations.tasks import parking, tasks
from review.operations.verdicts import reveals, settling, signing, verdicts
from review.views.access import screen, viewer_required
from review.views.formats import OUTCOME_PILLS, format_moment
from review.views.pages import render_page
from review.views.tasks import taking, task_forms, undoing
from review.views.tasks.drafts import keep_draft
from review.views.tasks.suggestions import describe_proposal
from review.views.tasks.task_answers import TRUSTED_TYPES, show_task, wants_json
from review.views.tasks.tasks import person_of
from review.views.tasks.undoing import Toast
from workflows.operations.errors import Conflict, Forbidden, Invalid, Refused


@require_POST
@screen()
@csp_update(TRUSTED_TYPES)  # type: ignore[arg-type]
def task_verdict(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hand in what the viewer decides, then take the next task where asked to."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    form = task_forms.build_verdict_form(
        case, reasons=task_forms.list_reasons(case), data=request.POST
    )
    try:
        if not form.is_valid():
            raise Invalid("This was not sent; mend what is marked.", code="form")
        toast = _decide(request, case, form)
    except Refused as refusal:
        return _refuse(request, case, viewer, form=form, refusal=refusal)
    return _answer(request, case, toast)


@require_POST
@screen()
def verdict_undo(request: HttpRequest, verdict_id: int) -> HttpResponse:
    """Take the viewer's own verdict back; its task is held again."""
    lease = settling.undo(verdict_id=verdict_id, person=person_of(request))
    undoing.forget(request)
    said = "Taken back. What you handed in is your draft again."
    if lease is None:
        said += " You do not hold the task now: see there how it goes on."
    messages.success(request, said)
    task_id = find_task_of(verdict_id, person_id=viewer_required(request).person_id)
    return redirect("task-detail", task_id)


@require_GET
@screen()
def my_decisions(request: HttpRequest) -> HttpResponse:
    """Show the viewer's last ten decisions, with what can still be taken back."""
    viewer = viewer_required(request)
    context = {
        "page_title": "My last decisions",
        "decisions": [_line(each, viewer) for each in list_recent(viewer.person_id)],
    }
    return render_page(request, "review/tasks/my_decisions.html", context)


def _decide(request: HttpRequest, case: Case, form: VerdictForm) -> Toast:
    """Do what the form says; raises what the operations raise."""
    decision = form.wanted
    name = case.row.business_key or case.row.title
    url = reverse("task-detail", args=[case.row.id])
    if decision in VOTES:
        answer = _submit(request, case, form)
        is_shown = case.row.reveal == Reveal.VERDICT_FIRST.value and case.proposal
        if is_shown:
            reveals.reveal(
                task_id=case.row.id,
                person=person_of(request),
                token=form.cleaned_data["token"],
            )
        return Toast(
            text=_say(
                case, name, decision, outcome=answer.outcome, undo=answer.undo_until
            ),
            verdict_id=answer.verdict_id,
            url=url,
            until=answer.undo_until,
        )
    said = _pass_on(request, case, form)
    return Toast(text=f"Recorded: {name} {said}", verdict_id=0, url=url, until=None)


def _submit(request: HttpRequest, case: Case, form: VerdictForm) -> verdicts.Submitted:
    decision, digest = form.wanted, form.cleaned_data["payload_digest"]
    return verdicts.submit(
        task_id=case.row.id,
        person=person_of(request),
        token=form.cleaned_data["token"],
        payload_digest=digest,
        decision=decision,
        reason_code=form.cleaned_data["reason_code"],
        rationale=form.cleaned_data["rationale"],
        edits=form.corrections,
        seen=verdicts.Seen(
            revealed_at=case.row.revealed_at,
            sources_opened=tuple(form.opened),
            view=task_forms.view_of(case, task_forms.list_reasons(case)),
            view_digest=form.cleaned_data["view_digest"],
        ),
        signature=_sign(request, case, form)
        if case.row.signature == Signature.PASSWORD.value
        else None,
    )


def _sign(request: HttpRequest, case: Case, form: VerdictForm) -> Mapping[str, Any]:
    assert isinstance(request.user, User)
    return signing.sign(
        user=request.user,
        password=form.cleaned_data["password"],
        meaning=case.row.signature_meaning,
        record=signing.digest_record(
            payload_digest=form.cleaned_data["payload_digest"], decision=form.wanted
        ),
    )


def _pass_on(request: HttpRequest, case: Case, form: VerdictForm) -> str:
    """Do what is no vote; return what became of the task, to follow its name."""
    given = form.cleaned_data
    what: dict[str, Any] = {
        "task_id": case.row.id,
        "person": person_of(request),
        "token": given["token"],
    }
    why = {"reason": given["rationale"], "reason_code": given["reason_code"]}
    match form.wanted:
        case Decision.REQUEST_INFORMATION:
            parking.ask_information(
                **what, question=given["rationale"], asked_of=given["asked_of"]
            )
            return "waits for the answer."
        case Decision.ESCALATE:
            queue = tasks.escalate(**what, to_queue=given["to_queue"], **why)
            return f"went to the queue {queue}."
        case _:
            verdicts.abstain(**what, **why)
            return "goes to somebody else."


def _refuse(
    request: HttpRequest,
    case: Case,
    viewer: Viewer,
    *,
    form: VerdictForm,
    refusal: Refused,
) -> HttpResponse:
    """Say why nothing was recorded; what was typed is kept as a draft."""
    keep_draft(request, viewer.person_id, case.row.id)
    if wants_json(request):
        return JsonResponse(
            {"message": refusal.message, "code": refusal.code}, status=refusal.status
        )
    if isinstance(refusal, Forbidden):
        raise refusal
    if isinstance(refusal, Conflict):
        messages.error(request, f"{refusal.message} Your draft is kept.")
        return show_task(
            request,
            read_case(case.row.id, viewer),
            viewer,
            shows_earlier=refusal.code == "payload-changed",
            status=409,
        )
    if refusal.code != "form":
        where = "password" if refusal.code.startswith("signature") else None
        form.add_error(where, refusal.message)
    return show_task(request, case, viewer, verdict_form=form, status=422)


def _say(
    case: Case,
    name: str,
    decision: Decision,
    *,
    outcome: Outcome | None,
    undo: object,
) -> str:
    """Return what was recorded, and the model's view where it comes after the vote."""
    if outcome is not None and not undo:
        said = f"Recorded: {name} is {OUTCOME_PILLS[outcome.value].label.lower()}."
    elif outcome is not None:
        said = f"Recorded: {decision.value.replace('_', ' ').lower()} for {name}."
    else:
        said = f"Recorded for {name}. It now waits for another person."
    if case.row.reveal == Reveal.VERDICT_FIRST.value and case.proposal:
        model = describe_proposal(case.proposal, task_forms.build_fields(case))[0]
        said += f" The model's view: {model.lower()}."
    return said


def _answer(request: HttpRequest, case: Case, toast: Toast) -> HttpResponse:
    queue, task = "", ""
    if request.POST.get("then") == "next":
        # The queue's page says why there is no next task.
        queue = reverse("queue-detail", args=[case.row.queue_key])
        task = taking.take_next(request, [case.row.queue_key])
    if toast.until is not None:
        undoing.remember(request, toast)
    elif not request.POST.get("shows"):  # a script that shows it itself says so
        messages.success(request, toast.text)
    if wants_json(request):
        seconds = case.row.undo_seconds if toast.until else 0
        places = {"next": task, "queue": queue}
        return JsonResponse({**toast.to_json(), "seconds": seconds, **places})
    return redirect(task or queue or toast.url)


def _line(decided: Decided, viewer: Viewer) -> dict[str, object]:
    zone = viewer.look.tzinfo
    until = decided.undo_until
    return {
        **dataclasses.asdict(decided),
        "url": reverse("task-detail", args=[decided.task_id]),
        "decision": decided.decision.replace("_", " ").capitalize(),
        "at": format_moment(decided.at, zone=zone, now=decided.now),
        "until": format_moment(until, zone=zone, now=decided.now) if until else "",
        "undo_url": reverse("verdict-undo", args=[decided.id]) if until else "",
    }
