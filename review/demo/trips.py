"""Trips of the demonstration: reserved, checked, confirmed, changed, taken back."""

import datetime as dt
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Final
from uuid import UUID

from review.core.states import Decision
from review.demo.actors import DEMO, PORTAL
from review.demo.cast import Cast
from review.models import Task
from review.operations.tasks import claims
from review.operations.verdicts import verdicts
from workflows.operations import instances, messages
from workflows.operations.messages import Publication
from workflows.store import database_now

DESK: Final = "travel-desk"
# trip: (destination, travellers, what has become of it)
TRIPS: Final = {
    "TRAVEL-301": ("Lisbon", ("A. Adler", "B. Bakker"), "confirmed"),
    "TRAVEL-302": ("Oslo", ("C. Costa",), "confirmed"),
    "TRAVEL-303": ("Vienna", ("D. Demir", "E. Eriksen", "F. Ferrari"), "confirmed"),
    "TRAVEL-304": ("Prague", ("G. Graf",), "checked"),
    "TRAVEL-305": ("Madrid", ("H. Haddad", "I. Ivanov"), "checked"),
    "TRAVEL-306": ("Dublin", ("J. Jung", "K. Kowalski", "L. Lopez"), "changed"),
    "TRAVEL-307": ("Rome", ("M. Moreau",), "canceled"),
    "TRAVEL-308": ("Warsaw", ("N. Novak", "O. Olsen"), "open"),
    "TRAVEL-309": ("Athens", ("P. Peters", "Q. Quist", "R. Rossi"), "open"),
    # Nobody flies there: a person books rail instead.
    "TRAVEL-310": ("Reykjavik", ("S. Silva",), "open"),
}


def book_trips(
    cast: Cast, *, known: Collection[str], settle: Callable[[], None]
) -> int:
    """Start the trips that are not there yet and take each as far as it has come.

    `settle` lets the automated work run. Returns how many trips there are.
    """
    today = database_now().date()
    started: dict[str, UUID] = {}
    for number, (trip, (destination, travellers, _)) in enumerate(TRIPS.items()):
        if trip in known:
            continue
        begins = today + dt.timedelta(days=14 + 3 * number)
        started[trip] = instances.start(
            definition_key="trip-booking",
            initiator=PORTAL,
            business_key=trip,
            variables={
                "trip": trip,
                "destination": destination,
                "from_date": begins.isoformat(),
                "to_date": (begins + dt.timedelta(days=3)).isoformat(),
                "travellers": list(travellers),
                "budget": Decimal(900) * len(travellers),
            },
        )
    settle()
    for trip, instance_id in started.items():
        _go_on(trip, instance_id, cast)
    settle()
    return len(TRIPS)


def _go_on(trip: str, instance_id: UUID, cast: Cast) -> None:
    match TRIPS[trip][2]:
        case "confirmed":
            _check_all(instance_id, cast)
            messages.publish(
                Publication(
                    name="trip.confirmed",
                    key=trip,
                    message_id=f"agency-{trip}",
                    variables={"by": "agency", "locator": f"X{trip[-3:]}"},
                ),
                actor=PORTAL,
            )
        case "checked":
            _check_all(instance_id, cast)
        case "changed":
            messages.publish(
                Publication(
                    name="trip.changed",
                    key=trip,
                    variables={"wish": "One day longer, please."},
                ),
                actor=PORTAL,
            )
        case "canceled":
            instances.cancel(
                instance_id=instance_id,
                actor=DEMO,
                reason="The customer moved the meeting online.",
                compensate=True,
            )
        case _:
            pass


def _check_all(instance_id: UUID, cast: Cast) -> None:
    """Let the desk approve every traveller of a trip."""
    staff = cast.staff[DESK]
    open_tasks = Task.objects.filter(
        instance_id=instance_id, state="OPEN"
    ).select_related("assigned_to")
    for number, task in enumerate(open_tasks.order_by("opened_at")):
        # The desk pushes its work: what was given to somebody is his.
        person = task.assigned_to or staff[number % len(staff)]
        lease = claims.claim(task_id=task.id, person=person)
        verdicts.submit(
            task_id=task.id,
            person=person,
            token=lease.token,
            payload_digest=task.payload_digest,
            decision=Decision.APPROVE,
            occurred_at=database_now(),  # nobody waits to undo it
        )
