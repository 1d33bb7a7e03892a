"""What goes on beside the verdicts: questions, help, hand-overs, seats, notices, views."""

from collections.abc import Callable
from typing import Final

from django.db.models import QuerySet

from review.core.states import Decision
from review.demo.cast import PASSWORD, Cast
from review.models import Notification, Person, SavedView, Task, User
from review.operations.notices import inbox
from review.operations.tasks import claims, handing, notes, parking, saved_views
from review.operations.tasks.saved_views import Wanted
from review.operations.verdicts import signing, verdicts

UNREAD: Final = 3
"""How many of the newest notices each person has not read yet."""


def play_scenes(cast: Cast) -> None:
    """Leave one task in each of the ways in which work is talked about."""
    alice, bob, carol = (
        cast.people[name] for name in ("Alice Archer", "Bob Brandt", "Carol Chen")
    )
    _ask(bob)
    _call_for_help(carol)
    _hand_over(bob, to=alice)
    _comment(carol)
    _sign_side_by_side(carol, bob)
    _share_view(cast)


def read_notices(cast: Cast) -> None:
    """Let everybody with an account have read all but the newest of his notices."""
    for person in cast.people.values():
        newest = Notification.objects.filter(person=person, is_listed=True)
        ids = newest.order_by("-id").values_list("id", flat=True)
        if not person.simulated and len(ids) > UNREAD:
            inbox.mark_all_read(person_id=person.id, up_to=ids[UNREAD])


def _ask(person: Person) -> None:
    """Let a person ask the applicant something; the task waits, its clock stands."""
    _begin(
        _list_open("credit", control="REVIEW"),
        person,
        lambda task, token: parking.ask_information(
            task_id=task.id,
            person=person,
            token=token,
            question="The payslips name two employers. Which one pays from January on?",
            asked_of="the applicant",
        ),
    )


def _call_for_help(person: Person) -> None:
    _begin(
        _list_open("invoices", control="REVIEW"),
        person,
        lambda task, token: parking.hold_for_help(
            task_id=task.id,
            person=person,
            token=token,
            reason="The order was changed by telephone, it says. Has anybody the mail?",
        ),
    )


def _hand_over(person: Person, *, to: Person) -> None:
    # Read again: what he takes was said after he was made.
    to.refresh_from_db(fields=["regions"])
    _begin(
        _list_open("credit")
        .exclude(excluded__contains=[to.id])
        .filter(lane__region__in=to.regions),
        person,
        lambda task, token: handing.hand_over(
            task_id=task.id,
            person=person,
            token=token,
            to_person_id=to.id,
            reason="You know this branch: is their valuation ever too high?",
        ),
    )


def _comment(person: Person) -> None:
    task = _list_open("administration").first()
    if task is not None:
        notes.comment(
            task_id=task.id,
            person=person,
            text="The hotel sends a corrected bill tomorrow; compare it with this one.",
        )


def _sign_side_by_side(first: Person, second: Person) -> None:
    """Let one of three sign his verdict on a hit, while another looks at it."""
    task = _list_open("compliance").first()
    if task is None:
        return
    lease = claims.claim(task_id=task.id, person=first)
    claims.claim(task_id=task.id, person=second)
    signature = signing.sign(
        user=User.objects.get(person=first),
        password=PASSWORD,
        meaning=task.queue.signature_meaning,
        record=signing.digest_record(
            payload_digest=task.payload_digest, decision=Decision.APPROVE
        ),
    )
    verdicts.submit(
        task_id=task.id,
        person=first,
        token=lease.token,
        payload_digest=task.payload_digest,
        decision=Decision.APPROVE,
        rationale="Another date of birth than on the list.",
        signature=signature,
    )


def _share_view(cast: Cast) -> None:
    """Let the manager keep a list for the whole team of the invoice desk."""
    mona, queue = cast.people["Mona Meyer"], cast.desks["invoices"]
    if not SavedView.objects.filter(owner=mona).exists():
        saved_views.save_view(
            person=mona,
            page="queue",
            queue=queue,
            wanted=Wanted(
                name="Free, for two persons",
                query="held=free&control=DUAL",
                is_team=True,
            ),
        )


def _list_open(queue_key: str, **wanted: str) -> QuerySet[Task]:
    """Return what lies free in a queue, the newest first: it stays in the pool longest."""
    return (
        Task.objects
        .filter(queue__key=queue_key, state="OPEN", assigned_to=None, **wanted)
        .select_related("queue")
        .order_by("-opened_at")
    )


def _begin(
    found: QuerySet[Task], person: Person, act: Callable[[Task, int], None]
) -> None:
    """Let a person take the first task found and do something with it."""
    task = found.exclude(excluded__contains=[person.id]).first()
    if task is not None:
        lease = claims.claim(task_id=task.id, person=person)
        act(task, lease.token)
