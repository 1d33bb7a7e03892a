"""Filters of lists under a name: a person's own, or shared with a queue's team."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from django.db import IntegrityError, transaction

from review.models import Person, Queue, SavedView
from review.permissions import can_manage, can_review, check_can_see_queue, get_rights
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound
from workflows.store import database_now

LONGEST_QUERY: Final = 1000
MOST: Final = 30


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What a view keeps: the query string, how it is shown, and for whom.

    A default is that of one queue's list, `of_page` of a page that shows all queues.
    """

    name: str
    query: str
    columns: Sequence[str] = ()
    density: str = ""
    is_team: bool = False
    is_default: bool = False
    of_page: bool = False


def save_view(
    *, person: Person, page: str, queue: Queue | None, wanted: Wanted
) -> SavedView:
    """Keep a list's filters; a view of the person's of the same name is replaced.

    Without a queue it is of a page about all of them, and the person's alone. Raises
    Invalid (no name, too long, a team's without a queue), Forbidden (a team's view of a
    queue that the person has no work in) and Conflict (too many).
    """
    _check(wanted)
    if queue is not None:
        _check_queue(person, queue, wanted)
    elif wanted.is_team:
        raise Invalid("A view for a team is of one queue: choose the queue first.")
    with transaction.atomic():
        # Two tabs that save at once: one after the other, so that one default is left.
        Person.objects.select_for_update().get(id=person.id)
        listed = SavedView.objects.filter(owner=person, page=page)
        own = listed.filter(queue=queue)
        if not own.filter(name=wanted.name.strip()).exists() and own.count() >= MOST:
            raise Conflict(f"You have {MOST} views here; delete one first.")
        if wanted.is_default:
            (listed if wanted.of_page else own).update(is_default=False)
        view, _ = own.update_or_create(
            owner=person,
            page=page,
            queue=queue,
            name=wanted.name.strip(),
            defaults={
                "query": wanted.query,
                "columns": list(wanted.columns),
                "density": wanted.density,
                "is_team": wanted.is_team,
                "is_default": wanted.is_default,
            },
            create_defaults={
                "query": wanted.query,
                "columns": list(wanted.columns),
                "density": wanted.density,
                "is_team": wanted.is_team,
                "is_default": wanted.is_default,
                "created_at": database_now(),
            },
        )
    return view


def rename_view(*, view_id: int, person: Person, name: str) -> SavedView:
    """Give a view another name. Raises NotFound, Forbidden, Invalid and Conflict."""
    if not name.strip() or len(name.strip()) > 80:
        raise Invalid("A view needs a name of at most 80 characters.")
    view = _find(view_id, person)
    try:
        with transaction.atomic():
            SavedView.objects.filter(id=view.id).update(name=name.strip())
    except IntegrityError as error:
        raise Conflict(f"A view is called {name.strip()!r} already.") from error
    view.name = name.strip()
    return view


def delete_view(*, view_id: int, person: Person) -> SavedView:
    """Delete a view. Raises NotFound and Forbidden."""
    view = _find(view_id, person)
    SavedView.objects.filter(id=view.id).delete()
    return view


def _find(view_id: int, person: Person) -> SavedView:
    """Return a view that the person may change: the own, or as the team's manager."""
    view = SavedView.objects.select_related("queue").filter(id=view_id).first()
    if view is None:
        raise NotFound("This view is gone; somebody deleted it.")
    if view.owner_id == person.id:
        return view
    manages = view.queue_id is not None and can_manage(
        get_rights(person.id), queue_id=view.queue_id
    )
    if not (view.is_team and manages):
        raise Forbidden("Only who made a view, or a manager of its team, changes it.")
    return view


def _check_queue(person: Person, queue: Queue, wanted: Wanted) -> None:
    rights = get_rights(person.id)
    check_can_see_queue(rights, queue_id=queue.id)
    if wanted.is_team and not (
        can_review(rights, queue_id=queue.id) or can_manage(rights, queue_id=queue.id)
    ):
        raise Forbidden("Views for the team are made by its reviewers and managers.")


def _check(wanted: Wanted) -> None:
    if not wanted.name.strip() or len(wanted.name.strip()) > 80:
        raise Invalid("A view needs a name of at most 80 characters.")
    if len(wanted.query) > LONGEST_QUERY:
        raise Invalid("These filters are too long to keep.")
    if wanted.density not in {"", "compact", "standard", "spacious"}:
        raise Invalid(f"The density {wanted.density!r} is unknown.")
