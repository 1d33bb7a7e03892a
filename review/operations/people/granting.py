"""Give people roles and limits, and take them away, as another person with the right.

Only a reviewer's role is given here; the others take two persons: roles.py. Nobody
changes his own rights, nor those of somebody who counts as one person with him. The
last who holds a role that others depend on keeps it until somebody else has it.
"""

from decimal import Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import Q

from review.core.states import Role
from review.models import Person, Queue, RoleGrant
from review.operations.people import authorities, people
from review.operations.people.people import actor_of
from review.operations.people.roles import BY_TWO, GIVERS
from review.permissions import Rights, get_rights
from workflows.operations.errors import Conflict, Forbidden
from workflows.store import database_now

_NEEDED: Final = frozenset({Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.AUDITOR})
"""Roles of which an installation needs one holder at least."""
_ONE_AT_A_TIME: Final = """
    SELECT pg_advisory_xact_lock(hashtextextended('review:last holders', 0))
"""


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
    """Take a role away, which is one person's act so that it is quick.

    Raises Forbidden, and Conflict if it is not held, or if nobody were left to approve
    what that role approves, or to give roles.
    """
    if role in _NEEDED:
        # Two at once must see each other, or each leaves the other's as the last.
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
    check_may_grant(get_rights(by.id), person, role=role, queue=queue)
    if role in _NEEDED:
        _check_others_remain(person, role)
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


def _check_others_remain(person: Person, role: Role) -> None:
    """Raise Conflict where a role's last holder, or the last second giver, would go."""
    held = RoleGrant.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=database_now()),
        revoked_at=None,
        person__disabled_at=None,
        person__simulated=False,
    )
    own = held.filter(person=person, role=role.value).first()
    if own is None:
        return  # that it is not held is said by who takes it away
    others = held.filter(role=role.value).exclude(person=person)
    is_whole = own.ends_at is None and own.scope == {}
    if is_whole:
        others = others.filter(ends_at=None, scope={})
    name = role.value.lower().replace("_", " ")
    whole = " without limits" if role is Role.AUDITOR and is_whole else ""
    if not others.exists():
        raise Conflict(
            f"{person.name} is the last {name}{whole}, and without one nobody could"
            f" {_DUTIES[role]}: let somebody else be {name} first.",
            code="last-of-its-role",
        )
    givers = {one.value for one in GIVERS}
    if role.value not in givers:
        return
    left = set(held.filter(role__in=givers).values_list("person_id", "role"))
    left.discard((person.id, role.value))
    if len({one for one, _ in left}) < 2:
        raise Conflict(
            "One person alone would be left who may give roles, and that takes two: let"
            " somebody else be administrator or process owner first.",
            code="last-of-its-role",
        )


_DUTIES: Final = {
    Role.ADMINISTRATOR: "propose roles",
    Role.PROCESS_OWNER: "approve definitions and policies",
    Role.AUDITOR: "look at the evidence",
}


def _check_another(rights: Rights, person: Person) -> None:
    if person.id in rights.persons:
        raise Forbidden(
            "Nobody changes the rights of himself, or of who counts as one person with"
            " him; another manager or administrator can.",
            code="own-rights",
        )
