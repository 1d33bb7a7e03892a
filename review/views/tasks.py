"""One task: read it, claim it, hold it, decide it, hand it on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.states import Decision
from review.dashboards.case import Case, read_case
from review.dashboards.frame import Viewer
from review.forms.verdicts import EscalateForm, LeaseForm, VerdictForm
from review.live import task_topic
from review.models import Person
from review.operations import claims, tasks, verdicts
from review.operations.verdicts import Submitted
from review.views.access import is_fragment, screen, viewer_required
from review.views.drafts import drop_draft, keep_draft
from review.views.formats import OUTCOME_PILLS, format_moment
from review.views.pages import render_page
from review.views.task_page import (
    build_escalate_form,
    build_notice,
    build_page,
    build_verdict_form,
)
from workflows.operations.errors import Conflict, Invalid, Refused
from workflows.store import database_now


@require_GET
@screen()
def task_detail(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show a task; read-only until the viewer has claimed it."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    if is_fragment(request):
        return _notice(request, case, viewer)
    return _page(request, case, viewer)


@require_POST
@screen()
def task_claim(request: HttpRequest, task_id: int) -> HttpResponse:
    """Claim the task."""
    claims.claim(task_id=task_id, person=_person(request))
    return redirect("task-detail", task_id)


@require_POST
@screen()
def task_release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give the task back to its queue."""
    claims.release(task_id=task_id, person=_person(request), token=_token(request))
    messages.info(request, "You gave the task back. Your draft is kept.")
    viewer = viewer_required(request)
    return redirect("queue-detail", read_case(task_id, viewer).row.queue_key)


@require_POST
@screen()
def task_extend(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hold the task for another lease; scripts get the new end as JSON."""
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        lease = claims.extend(
            task_id=task_id, person=_person(request), token=_token(request)
        )
    except Refused as refusal:
        if wants_json:
            return JsonResponse({"message": refusal.message}, status=refusal.status)
        raise
    if wants_json:
        return JsonResponse({"expires_at": lease.until.isoformat()})
    messages.info(request, "Your lease is extended.")
    return redirect("task-detail", task_id)


@require_POST
@screen()
def task_draft(request: HttpRequest, task_id: int) -> HttpResponse:
    """Keep what is typed so far."""
    viewer = viewer_required(request)
    if not keep_draft(request, task_id):
        return JsonResponse({"message": "Too long for a draft."}, status=422)
    now = database_now()
    at = format_moment(now, zone=viewer.look.tzinfo, now=now)
    return JsonResponse({"message": f"Draft saved {at}"})


@require_POST
@screen()
def task_verdict(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hand in the viewer's verdict, then take the next task where asked to."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    form = build_verdict_form(request, case, data=request.POST)
    keep_draft(request, task_id)
    if not form.is_valid():
        return _page(request, case, viewer, verdict_form=form, status=422)
    try:
        answer = _submit(request, task_id, form)
    except Invalid as refusal:
        form.add_error(None, refusal.message)
        return _page(request, case, viewer, verdict_form=form, status=422)
    except Conflict as refusal:
        return _conflict(request, task_id, viewer, refusal)
    drop_draft(request, task_id)
    messages.success(request, _recorded(case, answer))
    if request.POST.get("then") == "next":
        return _next(request, case.row.queue_key)
    return redirect("task-detail", task_id)


@require_POST
@screen()
def task_escalate(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hand the task to another queue with a reason."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    form = build_escalate_form(case, data=request.POST)
    if form is None:
        raise Conflict("You do not hold this task now; claim it to hand it on.")
    if not form.is_valid():
        return _page(request, case, viewer, escalate_form=form, status=422)
    queue_key = tasks.escalate(
        task_id=task_id,
        person=_person(request),
        token=form.cleaned_data["token"],
        to_queue=form.cleaned_data["to_queue"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, f"{case.row.title} went to the queue {queue_key}.")
    return _next(request, case.row.queue_key)


def _page(
    request: HttpRequest,
    case: Case,
    viewer: Viewer,
    *,
    verdict_form: VerdictForm | None = None,
    escalate_form: EscalateForm | None = None,
    shows_earlier: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = build_page(
        request,
        case,
        viewer,
        verdict_form=verdict_form,
        escalate_form=escalate_form,
        shows_earlier=shows_earlier,
    )
    return render_page(request, "review/task_detail.html", context, status=status)


def _notice(request: HttpRequest, case: Case, viewer: Viewer) -> HttpResponse:
    given = request.GET.get("token", "")
    token = int(given) if given.isdecimal() and len(given) < 19 else None
    zone = viewer.look.tzinfo
    context = {
        "task": {
            "url": reverse("task-detail", args=[case.row.id]),
            "topic": task_topic(case.row.id),
        },
        "notice": build_notice(case, zone=zone, held_token=token),
        "notice_url": request.get_full_path(),
    }
    return render(request, "review/_task_notice.html", context)


def _submit(request: HttpRequest, task_id: int, form: VerdictForm) -> Submitted:
    return verdicts.submit(
        task_id=task_id,
        person=_person(request),
        token=form.cleaned_data["token"],
        payload_digest=form.cleaned_data["payload_digest"],
        decision=Decision(form.cleaned_data["decision"]),
        reason_code=form.cleaned_data["reason_code"],
        rationale=form.cleaned_data["rationale"],
        edits=form.corrections,
    )


def _conflict(
    request: HttpRequest, task_id: int, viewer: Viewer, refusal: Conflict
) -> HttpResponse:
    """Show the task as it stands now beside what the viewer was shown."""
    case = read_case(task_id, viewer)
    messages.error(request, f"{refusal.message} Your draft is kept.")
    is_changed = refusal.code == "payload-changed"
    return _page(request, case, viewer, shows_earlier=is_changed, status=409)


def _recorded(case: Case, answer: Submitted) -> str:
    name = case.row.business_key or case.row.title
    if answer.outcome is not None:
        what = OUTCOME_PILLS[answer.outcome.value].label.lower()
        return f"Recorded: {name} is {what}."
    return f"Recorded for {name}. It now waits for another person."


def _next(request: HttpRequest, queue_key: str) -> HttpResponse:
    lease = claims.claim_next(queue_keys=[queue_key], person=_person(request))
    if lease is None:
        messages.info(request, "Nothing more here that you may take.")
        return redirect("queue-detail", queue_key)
    return redirect("task-detail", lease.task_id)


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)


def _token(request: HttpRequest) -> int:
    form = LeaseForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form lacks the token of your claim; open the task again.")
    token: int = form.cleaned_data["token"]
    return token
