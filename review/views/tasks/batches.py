"""A batch: open its sample, type its number, hand it in, see what became of each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from review.core.states import Decision
from review.core.tasks.batches import is_against
from review.dashboards.case import list_reason_codes
from review.forms.bulk_tasks import BatchForm
from review.models import Batch, Person
from review.operations.tasks import batches
from review.operations.tasks.batches import Result
from review.views.access import screen, viewer_required
from review.views.pages import render_page
from review.views.tasks.bulk_tasks import results_table
from workflows.operations.errors import Invalid, Refused


@screen()
def batch_detail(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show a batch; a POST hands it in. Its own refusals come back to the form."""
    person = _person(request)
    batch = batches.get_batch(batch_id, person=person)
    if batch.handed_in_at is not None:
        return _show_results(request, batch)
    reasons = [
        (code.code, code.label)
        for code in list_reason_codes(batch.queue_id)
        if code.decision == batch.decision
    ]
    form = BatchForm(request.POST or None, reasons=reasons)
    if request.method == "POST" and form.is_valid():
        try:
            _check_reason(batch, form)
            batches.hand_in(
                batch_id=batch.pk,
                person=person,
                typed=form.cleaned_data["typed"],
                reason_code=form.cleaned_data["reason_code"],
                rationale=form.cleaned_data["rationale"],
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("batch-detail", batch.pk)
    return _show(request, batch, form)


@require_POST
@screen()
def batch_open(request: HttpRequest, batch_id: int, task_id: int) -> HttpResponse:
    """Record that a task of the batch is opened, and open it."""
    batches.open_item(batch_id=batch_id, person=_person(request), task_id=task_id)
    return redirect("task-detail", task_id)


def _check_reason(batch: Batch, form: BatchForm) -> None:
    """Refuse a rejection without a rationale before any task is touched."""
    if batch.decision == "REJECT" and not form.cleaned_data["rationale"].strip():
        raise Invalid("Rejecting together needs a rationale, kept with each task.")


def _show(request: HttpRequest, batch: Batch, form: BatchForm) -> HttpResponse:
    queue = batch.queue
    approves = batch.decision == "APPROVE"
    context = {
        "page_title": "Decide together",
        "title": f"{'Approve' if approves else 'Reject'} {len(batch.items)} tasks",
        "batch": {"id": batch.pk, "alike": batch.alike, "size": len(batch.items)},
        "queue": {"key": queue.key, "name": queue.name},
        "items": [
            {
                **item,
                "is_sample": item["task"] in batch.sample,
                "is_opened": item["task"] in batch.opened,
            }
            for item in sorted(
                batch.items, key=lambda item: item["task"] not in batch.sample
            )
        ],
        "left": len(set(batch.sample) - set(batch.opened)),
        "sample_size": len(batch.sample),
        "approves": approves,
        "is_against": is_against(batch.alike["action"], Decision(batch.decision)),
        "form": form,
    }
    status = 400 if form.errors else 200
    return render_page(
        request, "review/tasks/batch_detail.html", context, status=status
    )


def _show_results(request: HttpRequest, batch: Batch) -> HttpResponse:
    results = [Result(**one) for one in batch.results]
    done = sum(one.is_done for one in results)
    context = {
        "page_title": "Decided together",
        "title": f"{done} of {len(batch.items)} decided",
        "queue": {"key": batch.queue.key, "name": batch.queue.name},
        "table": results_table(results),
        "list_url": reverse("queue-detail", args=[batch.queue.key]),
    }
    return render_page(request, "review/tasks/queue_act_done.html", context)


def _person(request: HttpRequest) -> Person:
    return Person.objects.get(pk=viewer_required(request).person_id)
