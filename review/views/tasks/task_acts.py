"""Acts on a task besides deciding it: park, pass on, skip, say something, reveal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from review.dashboards.case import read_case
from review.forms.verdicts import CommentForm, HandOverForm, ReasonForm
from review.operations.tasks import drafts, handing, notes, parking, skipping
from review.operations.verdicts import reveals
from review.views.access import screen, viewer_required
from review.views.tasks import taking
from review.views.tasks.task_answers import stays_at_task
from review.views.tasks.task_forms import build_hand_over_form
from review.views.tasks.tasks import person_of, token_of
from workflows.operations.errors import Invalid


@require_POST
@screen()
@stays_at_task
def task_hold(request: HttpRequest, task_id: int) -> HttpResponse:
    """Park the task while somebody helps; its clock stands."""
    parking.hold_for_help(
        task_id=task_id,
        person=person_of(request),
        token=token_of(request),
        reason=_reason(request),
    )
    messages.success(request, "The task waits for help; it is yours again afterwards.")
    return redirect("task-detail", task_id)


@require_POST
@screen()
@stays_at_task
def task_resume(request: HttpRequest, task_id: int) -> HttpResponse:
    """Go on with a parked task."""
    parking.resume(task_id=task_id, person=person_of(request))
    return redirect("task-detail", task_id)


@require_POST
@screen()
@stays_at_task
def task_skip(request: HttpRequest, task_id: int) -> HttpResponse:
    """Leave the task to others and take the next one."""
    case = read_case(task_id, viewer_required(request))
    person = person_of(request)
    skipping.skip(
        task_id=task_id, person=person, token=token_of(request), reason=_reason(request)
    )
    queue = case.row.queue_key
    messages.info(
        request, f"You passed {case.row.business_key or case.row.title} over."
    )
    taken = taking.take_next(request, [queue])
    return redirect(taken or reverse("queue-detail", args=[queue]))


@require_POST
@screen()
@stays_at_task
def task_hand_over(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give the task to a named colleague."""
    viewer = viewer_required(request)
    case = read_case(task_id, viewer)
    known = build_hand_over_form(case)
    form = HandOverForm(
        request.POST,
        prefix="hand",
        colleagues=known.fields["to_person"].choices if known else [],  # type: ignore[attr-defined]
    )
    if not form.is_valid() or not form.cleaned_data["to_person"]:
        raise Invalid(
            "Choose a colleague of this queue, and write what they should know."
        )
    handing.hand_over(
        task_id=task_id,
        person=person_of(request),
        token=form.cleaned_data["token"],
        to_person_id=form.cleaned_data["to_person"],
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, "Handed over. Your colleague has been told.")
    return redirect("queue-detail", case.row.queue_key)


@require_POST
@screen()
@stays_at_task
def task_comment(request: HttpRequest, task_id: int) -> HttpResponse:
    """Say something at the task."""
    form = CommentForm(request.POST, prefix="note")
    if not form.is_valid():
        raise Invalid("Write the comment first; at most 2,000 characters.")
    notes.comment(
        task_id=task_id, person=person_of(request), text=form.cleaned_data["text"]
    )
    messages.success(request, "Your comment stands at the task.")
    return redirect(f"{reverse('task-detail', args=[task_id])}#comments")


@require_POST
@screen()
@stays_at_task
def task_hand_draft(request: HttpRequest, task_id: int) -> HttpResponse:
    """Leave a draft as a comment for who holds the task now."""
    drafts.hand_over_as_comment(task_id=task_id, person=person_of(request))
    messages.success(request, "Your draft stands at the task as a comment.")
    return redirect(f"{reverse('task-detail', args=[task_id])}#comments")


@require_POST
@screen()
@stays_at_task
def task_reveal(request: HttpRequest, task_id: int) -> HttpResponse:
    """Show the model's view; that it was asked for is kept."""
    reveals.reveal(task_id=task_id, person=person_of(request), token=token_of(request))
    return redirect("task-detail", task_id)


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Invalid("A reason has at most 2,000 characters.")
    reason: str = form.cleaned_data["reason"]
    return reason
