"""Give people roles and limits, and take them away, as another person with the right.

Only a reviewer's role is given here; the others take two persons: roles.py. Nobody
changes his own rights, nor those of somebody who counts as one person with him.
"""

from decimal import Decimal

from django.db import transaction

from review.core.states import Role
from review.models import Person, Queue
from review.operations import authorities, people
from review.operations.people import actor_of
from review.operations.roles import BY_TWO
from review.permissions import Rights, get_rights
from workflows.operations.errors import Forbidden


@transaction.atomic
def grant_role(
    *, by: Person, person: Person, role: Role, queue: Queue | None = None
) -> None:
    """Give a reviewer's role. Raises Forbidden, and what people.grant_role raises."""
    check_may_grant(get_rights(by.id), person, role=role, queue=queue)
    if role in BY_TWO:
        raise Forbidden(
            "This role decides over policies or evidence, so it is proposed, and another"
            " person approves it.",
            code="takes-two",
        )
    people.grant_role(person=person, role=role, queue=queue, actor=actor_of(by))


@transaction.atomic
def revoke_role(
    *, by: Person, person: Person, role: Role, queue: Queue | None = None
) -> None:
    """Take a role away. Raises Forbidden, and Conflict if it is not held."""
    check_may_grant(get_rights(by.id), person, role=role, queue=queue)
    people.revoke_role(person=person, role=role, queue=queue, actor=actor_of(by))


@transaction.atomic
def set_limit(
    *, by: Person, person: Person, amount: Decimal | None, queue: Queue | None = None
) -> None:
    """Set up to which amount a person approves, in one queue or all; None: take it away.

    Raises Forbidden, Invalid for no amount, Conflict where there is none to take away.
    """
    rights = get_rights(by.id)
    _check_another(rights, person)
    if not rights.holds(Role.ADMINISTRATOR) and not rights.holds(
        Role.MANAGER, queue_id=queue.id if queue else None
    ):
        raise Forbidden(
            f"{rights.name} may not say up to which amount {person.name} approves"
            f" {f'in {queue.name}' if queue else 'in all queues'}: it takes a manager"
            f" {'of it' if queue else 'of all of them'}, or an administrator.",
            code="not-a-manager",
        )
    actor = actor_of(by)
    if amount is None:
        authorities.revoke(person=person, queue=queue, actor=actor)
    else:
        authorities.grant(person=person, amount=amount, queue=queue, actor=actor)


def check_may_grant(
    rights: Rights, person: Person, *, role: Role, queue: Queue | None
) -> None:
    """Raise Forbidden unless this person may give or take the role.

    Administrators all of them; a queue's manager who reviews it.
    """
    _check_another(rights, person)
    if rights.holds(Role.ADMINISTRATOR):
        return
    if role is Role.REVIEWER and rights.holds(
        Role.MANAGER, queue_id=queue.id if queue else None
    ):
        return
    raise Forbidden(
        f"{rights.name} may not give or take this role: a queue's reviewers are its"
        " manager's matter, all else is an administrator's.",
        code="may-not-grant",
    )


def _check_another(rights: Rights, person: Person) -> None:
    if person.id in rights.persons:
        raise Forbidden(
            "Nobody changes the rights of himself, or of who counts as one person with"
            " him; another manager or administrator can.",
            code="own-rights",
        )
