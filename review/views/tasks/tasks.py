"""One task: read it, claim it, hold on to it, give it back. Deciding is in judging.py."""

from collections.abc import Callable

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from review.core.tasks.leases import Lease
from review.dashboards.case import Case, read_case
from review.dashboards.frame import Viewer
from review.forms.verdicts import LeaseForm
from review.live import task_topic
from review.models import Person
from review.operations.tasks import ahead, claims, layouts, presence
from review.views.access import is_fragment, screen, viewer_required
from review.views.formats import format_moment
from review.views.numbers import read_number
from review.views.tasks.drafts import keep_draft
from review.views.tasks.task_answers import (
    TRUSTED_TYPES,
    show_task,
    stays_at_task,
    wants_json,
)
from review.views.tasks.task_notices import build_notice
from review.views.tasks.task_page import build_past
from workflows.operations.errors import Invalid, Refused


@require_GET
@screen()
@csp_update(TRUSTED_TYPES)  # type: ignore[arg-type]
def task_detail(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show a task; read-only until the viewer has claimed it."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    if is_fragment(request):
        if request.GET.get("part") == "past":
            past = build_past(case, viewer)
            return render(request, "review/tasks/_task_past.html", past)
        return _notice(request, case, viewer)
    return show_task(request, case, viewer)


@require_POST
@screen()
@stays_at_task
def task_claim(request: HttpRequest, task_id: int) -> HttpResponse:
    """Claim the task."""
    claims.claim(task_id=task_id, person=person_of(request))
    return redirect("task-detail", task_id)


@require_POST
@screen()
@stays_at_task
def task_begin(request: HttpRequest, task_id: int) -> HttpResponse:
    """Make what was taken ahead a full lease, now that somebody works on it."""
    return _answer_lease(
        request,
        lambda: ahead.begin(
            task_id=task_id, person=person_of(request), token=token_of(request)
        ),
        said="It is yours now.",
    )


@require_POST
@screen()
@stays_at_task
def task_extend(request: HttpRequest, task_id: int) -> HttpResponse:
    """Hold the task for another lease; scripts get the new end as JSON."""
    return _answer_lease(
        request,
        lambda: claims.extend(
            task_id=task_id, person=person_of(request), token=token_of(request)
        ),
        said="Your lease is extended.",
    )


@require_POST
@screen()
@stays_at_task
def task_release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give the task back to its queue."""
    claims.release(task_id=task_id, person=person_of(request), token=token_of(request))
    messages.info(request, "You gave the task back. Your draft is kept.")
    viewer = viewer_required(request)
    return redirect("queue-detail", read_case(task_id, viewer).row.queue_key)


@require_POST
@screen()
def task_ahead(request: HttpRequest) -> HttpResponse:
    """Take the next task of a queue ahead; scripts load its page before it is needed."""
    lease = ahead.claim_ahead(
        queue_keys=[request.POST.get("queue", "")], person=person_of(request)
    )
    if lease is None:
        return JsonResponse({})
    url = reverse("task-detail", args=[lease.task_id])
    return JsonResponse({"task": lease.task_id, "url": url})


@require_POST
@screen()
def task_ahead_release(request: HttpRequest) -> HttpResponse:
    """Give back what was taken ahead: the page is left, or nobody is there."""
    ahead.release_ahead(person=person_of(request))
    return JsonResponse({})


@require_POST
@screen()
def task_draft(request: HttpRequest, task_id: int) -> HttpResponse:
    """Keep what is typed so far."""
    viewer = viewer_required(request)
    read_case(task_id, viewer)
    try:
        saved_at = keep_draft(request, viewer.person_id, task_id)
    except Invalid as refusal:
        return JsonResponse({"message": refusal.message}, status=422)
    at = format_moment(saved_at, zone=viewer.look.tzinfo, now=saved_at)
    return JsonResponse({"message": f"Draft saved {at}"})


@require_POST
@screen()
def task_presence(request: HttpRequest, task_id: int) -> HttpResponse:
    """Say that the viewer is here, and hear who else is."""
    person, mode = person_of(request), request.POST.get("mode", "")
    if mode == "GONE":
        presence.leave(task_id=task_id, person=person)
        return JsonResponse({"others": []})
    others = presence.ping(task_id=task_id, person=person, mode=mode)
    said = [f"{each.name} is {each.mode.lower()}" for each in others]
    return JsonResponse({"others": said})


@require_POST
@screen()
def task_layout(request: HttpRequest) -> HttpResponse:
    """Keep how wide the viewer has the sources."""
    given = request.POST.get("split", "")
    layouts.keep_split(
        person=person_of(request),
        split=int(given) if given.isdecimal() and len(given) < 4 else 0,
        zone=viewer_required(request).look.zone,
    )
    if wants_json(request):
        return JsonResponse({})
    return redirect(request.POST.get("back") or "my-work")


def person_of(request: HttpRequest) -> Person:
    """Return the natural person who is signed in."""
    return Person.objects.get(pk=viewer_required(request).person_id)


def token_of(request: HttpRequest) -> int:
    """Return the lease's token a form carries. Raises Invalid without one."""
    form = LeaseForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form lacks the token of your claim; open the task again.")
    token: int = form.cleaned_data["token"]
    return token


def _notice(request: HttpRequest, case: Case, viewer: Viewer) -> HttpResponse:
    given = request.GET.get("token", "")
    token = read_number(given)
    zone = viewer.look.tzinfo
    context = {
        "task": {
            "id": case.row.id,
            "url": reverse("task-detail", args=[case.row.id]),
            "topic": task_topic(case.row.id),
        },
        "notice": build_notice(case, zone=zone, held_token=token, is_open_page=True),
        "notice_url": request.get_full_path(),
    }
    return render(request, "review/tasks/_task_notice.html", context)


def _answer_lease(
    request: HttpRequest, act: Callable[[], Lease], *, said: str
) -> HttpResponse:
    """Do what gives a lease; scripts get its end, or why there is none, as JSON."""
    try:
        lease = act()
    except Refused as refusal:
        if wants_json(request):
            return JsonResponse({"message": refusal.message}, status=refusal.status)
        raise
    if wants_json(request):
        return JsonResponse({"expires_at": lease.until.isoformat()})
    messages.info(request, said)
    return redirect("task-detail", lease.task_id)
