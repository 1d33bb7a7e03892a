"""Bring a task back: answer what it waits for, free it, or open a decided one again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from review.forms.verdicts import CommentForm
from review.operations.people.people import actor_of
from review.operations.tasks import parking
from review.operations.verdicts import reopening
from review.views.access import screen
from review.views.tasks.task_answers import stays_at_task
from review.views.tasks.task_returning import PREFIX
from review.views.tasks.tasks import person_of
from workflows.operations.errors import Invalid


@require_POST
@screen()
@stays_at_task
def task_answer(request: HttpRequest, task_id: int) -> HttpResponse:
    """Give the answer that the task waits for."""
    by = actor_of(person_of(request))
    parking.answer(task_id=task_id, answer=_words(request), by=by)
    messages.success(request, "Answered. The task goes back to who asked.")
    return redirect("task-detail", task_id)


@require_POST
@screen()
@stays_at_task
def task_free(request: HttpRequest, task_id: int) -> HttpResponse:
    """Free a parked task for others."""
    parking.resume(task_id=task_id, person=person_of(request), reason=_words(request))
    messages.success(request, "The task is free again.")
    return redirect("task-detail", task_id)


@require_POST
@screen()
@stays_at_task
def task_reopen(request: HttpRequest, task_id: int) -> HttpResponse:
    """Open a decided task again, as a new one."""
    opened = reopening.reopen(
        task_id=task_id, person=person_of(request), reason=_words(request)
    )
    messages.success(request, "Reopened: this is the new task.")
    return redirect("task-detail", opened)


def _words(request: HttpRequest) -> str:
    form = CommentForm(request.POST, prefix=PREFIX)
    if not form.is_valid():
        raise Invalid("Write it first; at most 2,000 characters.")
    words: str = form.cleaned_data["text"]
    return words
