"""Take the next task for somebody at the keyboard; where none is taken, say why and what to do."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from review import permissions
from review.core.states import Role
from review.dashboards import listing, nothing
from review.dashboards.frame import Viewer
from review.models import Person, Queue
from review.operations.tasks import claims
from review.views.access import viewer_required
from review.views.tasks.empty import Empty, explain_empty
from workflows.operations.errors import Refused
from workflows.store import database_now

FULL: Final = "wip-limit"
_TAKEN_FROM: Final = frozenset({"my-work", "queue-detail", "next-up"})


def take_next(request: HttpRequest, keys: Sequence[str]) -> str:
    """Take the next task of these queues; return its address.

    "" when none was taken: then a message says why, with what the person holds.
    """
    viewer = viewer_required(request)
    person = Person.objects.get(pk=viewer.person_id)
    try:
        lease = claims.claim_next(queue_keys=keys, person=person)
    except Refused as refusal:
        if refusal.code != FULL:
            raise
        messages.warning(request, point_at_held(viewer, refusal.message))
        return ""
    if lease is not None:
        return reverse("task-detail", args=[lease.task_id])
    empty = why_nothing(viewer, keys)
    said = f"{empty.title}. {empty.text}"
    messages.info(request, point_at_held(viewer, said) if empty.action_url else said)
    return ""


def where_from(request: HttpRequest, *, otherwise: str) -> str:
    """Return the page of this site that the person took the next task from."""
    came = urlsplit(request.headers.get("Referer", ""))
    try:
        is_known = resolve(came.path).url_name in _TAKEN_FROM
    except Resolver404:
        is_known = False
    if not is_known or came.netloc != request.get_host():
        return otherwise
    return f"{came.path}?{came.query}" if came.query else came.path


def point_at_held(viewer: Viewer, sentence: str) -> SafeString | str:
    """Return a sentence with a link to the task the viewer holds, or to the list."""
    held = listing.list_held(
        person_id=viewer.person_id,
        persons=viewer.rights.persons,
        now=database_now(),
    )
    if not held:
        return sentence
    if len(held) == 1:
        url = reverse("task-detail", args=[held[0].id])
        label = f"Open {held[0].business_key or held[0].title}"
    else:
        url, label = f"{reverse('my-work')}#held", "What you hold"
    return format_html('{} <a href="{}">{}</a>', sentence, url, label)


def why_nothing(viewer: Viewer, keys: Sequence[str]) -> Empty:
    """Return which of the kinds of nothing this is."""
    now = database_now()
    reviewed = [
        queue_id
        for queue_id in Queue.objects.filter(key__in=keys).values_list("pk", flat=True)
        if permissions.can_review(viewer.rights, queue_id=queue_id)
    ]
    return explain_empty(
        nothing.explain_none(
            reviewed,
            person_id=viewer.person_id,
            persons=viewer.rights.persons,
            now=now,
        ),
        is_reviewer=bool(reviewed) or not viewer.rights.holds_anywhere(Role.REVIEWER),
        zone=viewer.look.tzinfo,
        now=now,
        work_url=reverse("my-work"),
    )
