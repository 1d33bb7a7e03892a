"""Roles that decide over policies or evidence: given by two persons (governing.py).

A reviewer's role is one person's act, and so is taking any role away, which is safe and
must be quick: granting.py.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db import transaction

from review.core.changes import GovernedKind
from review.core.policies.policies import Line
from review.core.states import Role
from review.models import Person, ProposedChange, Queue, RoleGrant
from review.operations.people import people
from review.operations.people.people import actor_of
from review.operations.policies import governing
from review.operations.policies.governing import Office, Wish
from review.permissions import Rights
from workflows.operations.errors import Conflict, Forbidden, Invalid, NotFound

BY_TWO: Final = frozenset(Role) - {Role.REVIEWER}
"""Roles that take a second person to give."""
GIVERS: Final = (Role.ADMINISTRATOR, Role.PROCESS_OWNER)
"""Roles that approve a role: an administrator proposes, another of these agrees."""


@transaction.atomic
def propose_role(
    *,
    by: Person,
    person: Person,
    role: Role,
    reason: str,
    queue: Queue | None = None,
) -> ProposedChange:
    """Propose that somebody be given a role; another administrator or owner approves.

    Raises Forbidden; Invalid for a role that one person gives; Conflict where it is
    held, waits already, or does not go together with what is held.
    """
    if role not in BY_TWO:
        raise Invalid("A reviewer's role takes one person; give it.")
    if queue is not None and role is not Role.MANAGER:
        raise Invalid(f"The role {role.value} is held everywhere, not for a queue.")
    _check_fits(person, role, queue)
    where = f" of {queue.name}" if queue else ""
    wish = Wish(
        subject=f"role:{person.id}:{role.value}:{queue.key if queue else ''}",
        title=f"{person.name}: role {_name(role)}{where}",
        reason=reason,
        before={},
        body={
            "person": person.id,
            "name": person.name,
            "role": role.value,
            "queue": queue.key if queue else "",
        },
        queue=queue,
    )
    return governing.propose(OFFICE, person=by, wish=wish)


def list_lines(body: Mapping[str, Any]) -> list[Line]:
    """Return what a proposed role says line by line; nothing of nothing."""
    if not body:
        return []
    has_queue = body["role"] == Role.MANAGER.value
    where = body["queue"] or ("all queues" if has_queue else "")
    said = {"Who": body["name"], "Role": _name(Role(body["role"])), "Queue": where}
    return [Line(name, (name, text)) for name, text in said.items() if text]


def _check_may_propose(rights: Rights, change: ProposedChange) -> None:
    _check_not_own(rights, change)
    if not rights.holds(Role.ADMINISTRATOR):
        raise Forbidden(
            f"{rights.name} may not propose this role: it takes an administrator.",
            code="may-not-grant",
        )


def _check_may_settle(rights: Rights, change: ProposedChange) -> None:
    _check_not_own(rights, change)
    if not any(rights.holds(role) for role in GIVERS):
        raise Forbidden(
            f"{rights.name} may not approve this role: it takes an administrator or a"
            " process owner.",
            code="may-not-grant",
        )


def _check_not_own(rights: Rights, change: ProposedChange) -> None:
    if change.body["person"] in rights.persons:
        raise Forbidden(
            "Nobody changes the rights of himself, or of who counts as one person with"
            " him; another administrator can.",
            code="own-rights",
        )


def _list_approvers(change: ProposedChange) -> Collection[int]:
    givers = [role.value for role in GIVERS]
    granted = RoleGrant.objects.filter(role__in=givers, revoked_at=None)
    found = set(granted.values_list("person_id", flat=True))
    return found - {change.body["person"]}


def _enact(change: ProposedChange, person: Person, now: dt.datetime) -> None:
    """Give the role; the entry names who approved, the change who proposed."""
    role = Role(change.body["role"])
    given = Person.objects.filter(pk=change.body["person"], disabled_at=None).first()
    if given is None:
        raise NotFound(f"{change.body['name']} has no open account; decline this.")
    # Persons before queues, as granting does: two approvals never wait in a ring.
    _check_fits(given, role, change.queue)
    people.grant_role(
        person=given, role=role, queue=change.queue, actor=actor_of(person)
    )


def _check_fits(person: Person, role: Role, queue: Queue | None) -> None:
    rows = RoleGrant.objects.filter(person=person, revoked_at=None)
    held = set(rows.values_list("role", "queue_id"))
    if (role.value, queue.id if queue else None) in held:
        raise Conflict(f"{person.name} holds this role already.")
    auditor = Role.AUDITOR.value
    if any((role.value == auditor) is not (other == auditor) for other, _ in held):
        raise Conflict(
            f"{person.name} cannot be an auditor and hold another role as well.",
            code="incompatible-roles",
        )


def check_second(rights: Rights) -> None:
    """Raise Forbidden unless this person may look at proposed roles."""
    if not rights.holds_anywhere(*GIVERS, Role.AUDITOR):
        raise Forbidden(
            f"{rights.name} may not look at proposed roles: it takes an administrator,"
            " a process owner or an auditor of everything.",
            code="no-role",
        )


def _name(role: Role) -> str:
    return role.value.lower().replace("_", " ")


OFFICE: Final = Office(
    kind=GovernedKind.ROLE,
    prefix="role",
    check_may_propose=_check_may_propose,
    check_may_settle=_check_may_settle,
    list_approvers=_list_approvers,
    enact=_enact,
)
