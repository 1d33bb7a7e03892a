"""Who may do what by role. Whether the case allows it is not asked here.

`check_can_x` raises Forbidden with a sentence, `can_x` wraps it. Rights are read when
they are needed, in the transaction that uses them: a revoked role ends at once.
Roles do not imply each other; an administrator who has no reviewer's role reviews
nothing. Who acts by a delegation or an emergency's right reviews as if by role; what
that does to four eyes is for the quorum to say.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import wraps
from itertools import groupby
from operator import itemgetter
from typing import Any, ParamSpec

from django.db import connection

from review.core.evidence.scopes import AuditScope
from review.core.states import Role
from workflows.operations.errors import Forbidden, NotFound

_Params = ParamSpec("_Params")
# One statement: the roles held, whose rights are lent to the person now (with what the
# giver still holds), to whom his own are lent, and what an emergency opened.
_COLUMNS = """
    p.name, p.disabled_at, x.source, x.role, x.queue_id, x.other_id, x.other_name,
    x.amount, x.ends_at, x.scope
"""
_SOURCES = """
    FROM review_person p
    LEFT JOIN LATERAL (
        SELECT 'GRANT' AS source, g.role, g.queue_id, NULL::bigint AS other_id,
               '' AS other_name, NULL::numeric AS amount, g.ends_at,
               g.scope::text AS scope
        FROM review_rolegrant g WHERE g.person_id = p.id AND g.revoked_at IS NULL
            AND (g.ends_at IS NULL OR g.ends_at > statement_timestamp())
        UNION ALL
        SELECT 'TAKEN',
               CASE WHEN g.id IS NOT NULL AND o.disabled_at IS NULL THEN g.role END,
               coalesce(d.queue_id, g.queue_id), o.id, o.name, d.amount, NULL, NULL
        FROM review_delegation d
        JOIN review_person o ON o.id = d.giver_id
        LEFT JOIN review_rolegrant g ON g.person_id = o.id AND g.role = 'REVIEWER'
            AND g.revoked_at IS NULL
            AND (d.queue_id IS NULL OR g.queue_id IS NULL OR g.queue_id = d.queue_id)
        WHERE d.taker_id = p.id AND d.revoked_at IS NULL
            AND d.starts_at <= statement_timestamp()
            AND d.ends_at > statement_timestamp()
        UNION ALL
        SELECT 'GIVEN', NULL, d.queue_id, o.id, o.name, NULL, NULL, NULL
        FROM review_delegation d JOIN review_person o ON o.id = d.taker_id
        WHERE d.giver_id = p.id AND d.revoked_at IS NULL
            AND d.starts_at <= statement_timestamp()
            AND d.ends_at > statement_timestamp()
        UNION ALL
        SELECT 'GLASS', 'REVIEWER', b.queue_id, NULL, '', NULL, NULL, NULL
        FROM review_breakglass b
        WHERE b.person_id = p.id AND b.expires_at > statement_timestamp()
    ) x ON true
"""
RIGHTS = f"SELECT {_COLUMNS} {_SOURCES} WHERE p.id = %s"
_RIGHTS_OF_MANY = f"""
    SELECT p.id, {_COLUMNS} {_SOURCES}
    WHERE p.id = ANY(%s) AND p.disabled_at IS NULL ORDER BY p.id
"""


class Ground(StrEnum):
    """By what else than a role of his own a person reviews a queue."""

    DELEGATION = "DELEGATION"
    EMERGENCY = "EMERGENCY"


_GROUNDS = {"TAKEN": Ground.DELEGATION, "GLASS": Ground.EMERGENCY}


@dataclass(frozen=True, slots=True)
class StandIn:
    """A right to review that is not the person's own role.

    Without a queue it is for all; without a giver it was taken in an emergency.
    `amount` is the largest impact it is for, None any.
    """

    ground: Ground
    queue_id: int | None
    giver_id: int | None = None
    giver_name: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """The roles a person holds now: everywhere, and by queue id.

    What is lent to the person counts as held, and is in `stand_ins` again;
    `own_reviews` are the queues of his own reviewer's roles (None: all). `partners`
    are, by name, those who count as one with the person: delegations in force, both
    ways.

    `audit` is what an auditor may look at. One who is limited does not hold the role
    `everywhere`: what does not ask for his limits stays closed to him.
    """

    person_id: int
    name: str
    everywhere: frozenset[Role] = frozenset()
    by_queue: Mapping[int, frozenset[Role]] = field(default_factory=dict)
    own_reviews: frozenset[int | None] = frozenset()
    stand_ins: tuple[StandIn, ...] = ()
    partners: Mapping[int, str] = field(default_factory=dict)
    audit: AuditScope | None = None

    @property
    def persons(self) -> frozenset[int]:
        """Return the ids of all who count as one natural person with this one."""
        return frozenset({self.person_id, *self.partners})

    def reviews_by_role(self, queue_id: int) -> bool:
        """Tell whether the person's own role lets him review a queue."""
        return bool(self.own_reviews & {None, queue_id})

    def list_stand_ins(self, queue_id: int) -> list[StandIn]:
        """Return by what else than a role the person reviews a queue."""
        return [one for one in self.stand_ins if one.queue_id in {None, queue_id}]

    def holds(self, role: Role, *, queue_id: int | None = None) -> bool:
        """Tell whether the role is held everywhere, or for this queue."""
        if role in self.everywhere:
            return True
        return queue_id is not None and role in self.by_queue.get(queue_id, ())

    def holds_anywhere(self, *roles: Role) -> bool:
        """Tell whether one of the roles is held, for whatever queue."""
        return any(
            role in self.everywhere
            or any(role in held for held in self.by_queue.values())
            for role in roles
        )

    def list_queue_ids(self, role: Role) -> list[int] | None:
        """Return the queues the role is held for; None means all of them."""
        if role in self.everywhere:
            return None
        return sorted(queue for queue, held in self.by_queue.items() if role in held)


def get_rights(person_id: int) -> Rights:
    """Read a person's rights in one statement.

    Raises NotFound for an unknown person and Forbidden for a disabled one.
    """
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, [person_id])
        return rights_of(person_id, cursor.fetchall())


def list_rights(person_ids: Collection[int]) -> dict[int, Rights]:
    """Read the rights of many in one statement; who is unknown or disabled is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS_OF_MANY, [list(person_ids)])
        rows = cursor.fetchall()
    return {
        person_id: rights_of(person_id, [row[1:] for row in theirs])
        for person_id, theirs in groupby(rows, key=itemgetter(0))
    }


def rights_of(person_id: int, rows: Sequence[Sequence[Any]]) -> Rights:
    """Return the rights that the rows of RIGHTS tell of. Raises as get_rights."""
    if not rows:
        raise NotFound(f"There is no person {person_id}.")
    name, disabled_at = rows[0][:2]
    if disabled_at is not None:
        raise Forbidden(f"The account of {name} is closed.", code="person-disabled")
    everywhere: set[Role] = set()
    by_queue: dict[int, set[Role]] = {}
    own: set[int | None] = set()
    stand_ins: list[StandIn] = []
    partners: dict[int, str] = {}
    audit: AuditScope | None = None
    for _, _, source, role, queue_id, other_id, other_name, amount, *limits in rows:
        if other_id is not None:
            partners[other_id] = other_name
        if role is None:
            continue
        if role == Role.AUDITOR:
            audit = _read_scope(*limits)
            if audit.is_limited:
                continue
        held = everywhere if queue_id is None else by_queue.setdefault(queue_id, set())
        held.add(Role(role))
        if source in _GROUNDS:
            stand_ins.append(
                StandIn(_GROUNDS[source], queue_id, other_id, other_name, amount)
            )
        elif role == Role.REVIEWER:
            own.add(queue_id)
    return Rights(
        person_id=person_id,
        name=name,
        everywhere=frozenset(everywhere),
        by_queue={queue: frozenset(held) for queue, held in by_queue.items()},
        own_reviews=frozenset(own),
        stand_ins=tuple(stand_ins),
        partners=partners,
        audit=audit,
    )


def _read_scope(ends_at: dt.datetime | None, scope: str | None) -> AuditScope:
    return AuditScope.from_json(json.loads(scope or "{}"), ends_at=ends_at)


def check_can_review(rights: Rights, *, queue_id: int) -> None:
    """Claim and judge tasks of a queue: its reviewers."""
    if not rights.holds(Role.REVIEWER, queue_id=queue_id):
        raise Forbidden(
            f"{rights.name} is not a reviewer of this queue;"
            " a manager can give the task to one of its reviewers.",
            code="not-a-reviewer",
        )


def check_can_manage(rights: Rights, *, queue_id: int) -> None:
    """Move other people's work: managers of the queue."""
    if not rights.holds(Role.MANAGER, queue_id=queue_id):
        raise Forbidden(
            f"{rights.name} is not a manager of this queue.", code="not-a-manager"
        )


def check_can_review_emergencies(
    rights: Rights, *, queue_id: int | None = None
) -> None:
    """Judge afterwards who broke the glass of a queue: its managers, and overseers."""
    if rights.holds(Role.MANAGER, queue_id=queue_id):
        return
    if queue_id is None and rights.holds_anywhere(Role.MANAGER):
        return
    _check_any(
        rights,
        Role.AUDITOR,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        what="review emergencies",
    )


def check_can_reopen(rights: Rights, *, queue_id: int) -> None:
    """Open a decided task again: managers of its queue, and process owners."""
    if not rights.holds(Role.MANAGER, queue_id=queue_id) and not rights.holds_anywhere(
        Role.PROCESS_OWNER
    ):
        raise Forbidden(
            f"{rights.name} may not reopen tasks of this queue: it takes its manager or"
            " a process owner.",
            code="no-role",
        )


def check_can_see_queue(rights: Rights, *, queue_id: int) -> None:
    """Look at a queue and its tasks: who works or answers for it, and auditors."""
    for role in (Role.REVIEWER, Role.MANAGER, Role.AUDITOR, Role.PROCESS_OWNER):
        if rights.holds(role, queue_id=queue_id):
            return
    raise Forbidden(f"{rights.name} has no role in this queue.", code="no-role")


def check_can_comment(rights: Rights, *, queue_id: int) -> None:
    """Say something at a task: who sees the queue, except auditors, who only read."""
    if rights.audit is not None:
        raise Forbidden(
            f"{rights.name} audits, and changes nothing in a case; note it in a working"
            " paper.",
            code="auditors-read",
        )
    check_can_see_queue(rights, queue_id=queue_id)


def check_can_rule(rights: Rights, *, queue_id: int | None) -> None:
    """Propose, approve, decline policies: process owners, and managers of the queue.

    A calendar's are of no queue (None): managers of all queues.
    """
    if rights.holds(Role.PROCESS_OWNER) or rights.holds(
        Role.MANAGER, queue_id=queue_id
    ):
        return
    of, whose = ("this queue", "the queue") if queue_id else ("calendars", "all queues")
    raise Forbidden(
        f"{rights.name} may not change the policies of {of}: it takes a process owner"
        f" or a manager of {whose}.",
        code="may-not-rule",
    )


def check_can_oversee(rights: Rights, *, queue_id: int | None) -> None:
    """Stop automatic decisions, ask or agree to lift a stop, make and silence alerts.

    Of a queue: its managers; of more than one any manager; process owners and
    administrators of all.
    """
    if queue_id is not None and rights.holds(Role.MANAGER, queue_id=queue_id):
        return
    roles = [Role.PROCESS_OWNER, Role.ADMINISTRATOR]
    if queue_id is None:
        roles.append(Role.MANAGER)
    _check_any(rights, *roles, what="make or end stops and alerts")


def check_can_see_policies(rights: Rights) -> None:
    """Look at the policies of all queues: managers, process owners, auditors."""
    _check_any(
        rights,
        Role.MANAGER,
        Role.PROCESS_OWNER,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
        what="look at policies",
    )


def check_can_see_instances(rights: Rights) -> None:
    """Look at instances: everybody who has a role."""
    _check_any(rights, *Role, what="look at instances")


def check_can_see_dashboard(rights: Rights) -> None:
    """Look at the figures: managers, process owners, auditors, administrators."""
    _check_any(
        rights,
        Role.MANAGER,
        Role.PROCESS_OWNER,
        Role.AUDITOR,
        Role.ADMINISTRATOR,
        what="see the dashboard",
    )


def check_can_audit(rights: Rights) -> None:
    """Search and export the audit log, within their limits: auditors."""
    if rights.audit is None:
        _check_any(rights, Role.AUDITOR, what="search the audit log")


def audit_scope_of(rights: Rights) -> AuditScope:
    """Return what an auditor may look at. Raises Forbidden for anybody else."""
    check_can_audit(rights)
    if rights.audit is None:
        raise Forbidden(f"{rights.name} is no auditor.", code="no-role")
    return rights.audit


def check_can_open_instances(rights: Rights) -> None:
    """Open an instance: everybody who has a role, a limited auditor within his limits.

    The case itself is for dashboards.audit_scope.check_case to allow.
    """
    if rights.audit is None:
        check_can_see_instances(rights)


def check_can_see_content(rights: Rights) -> None:
    """See what is held, kept and erased: who may act on it, and auditors."""
    _check_any(
        rights,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        Role.AUDITOR,
        what="see legal holds and retention",
    )


def check_can_erase(rights: Rights) -> None:
    """Erase a person's data, place holds, say how long content is kept."""
    _check_any(
        rights,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        what="erase content or say how long it is kept",
    )


def check_can_see_incidents(rights: Rights) -> None:
    """Look at the incidents desk: who may act on it, and auditors."""
    _check_any(
        rights,
        Role.MANAGER,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        Role.AUDITOR,
        what="see incidents",
    )


def check_can_resolve_incidents(rights: Rights) -> None:
    """Act on incidents: managers, process owners, administrators."""
    _check_any(
        rights,
        Role.MANAGER,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        what="resolve incidents",
    )


def check_can_see_definitions(rights: Rights) -> None:
    """Look at definitions: everybody who has a role."""
    _check_any(rights, *Role, what="look at definitions")


def check_can_deploy(rights: Rights) -> None:
    """Deploy definitions: process owners."""
    _check_any(rights, Role.PROCESS_OWNER, what="deploy definitions")


def check_can_cancel_instances(rights: Rights) -> None:
    """End an instance before its time: managers, process owners, administrators."""
    _check_any(
        rights,
        Role.MANAGER,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        what="cancel instances",
    )


def check_can_intervene(rights: Rights) -> None:
    """Hold instances, skip steps, move tokens, edit variables: owners, administrators."""
    _check_any(
        rights,
        Role.PROCESS_OWNER,
        Role.ADMINISTRATOR,
        what="intervene in instances",
    )


def check_can_administer(rights: Rights) -> None:
    """Change people, roles, queues and calendars: administrators."""
    _check_any(rights, Role.ADMINISTRATOR, what="administer people and queues")


def _check_any(rights: Rights, *roles: Role, what: str) -> None:
    if not rights.holds_anywhere(*roles):
        if rights.audit is not None and Role.AUDITOR in roles:
            raise Forbidden(
                f"{rights.name} audits {rights.audit.matter or 'some cases'} only, and"
                f" may not {what}: that is not limited to them.",
                code="outside-scope",
            )
        names = ", ".join(role.value.replace("_", " ").lower() for role in roles)
        raise Forbidden(
            f"{rights.name} may not {what}: it takes one of these roles: {names}.",
            code="no-role",
        )


def _wrap(check: Callable[_Params, None]) -> Callable[_Params, bool]:
    @wraps(check)
    def can(*args: _Params.args, **options: _Params.kwargs) -> bool:
        try:
            check(*args, **options)
        except Forbidden:
            return False
        return True

    return can


can_review = _wrap(check_can_review)
can_review_emergencies = _wrap(check_can_review_emergencies)
can_manage = _wrap(check_can_manage)
can_reopen = _wrap(check_can_reopen)
can_see_queue = _wrap(check_can_see_queue)
can_rule = _wrap(check_can_rule)
can_erase = _wrap(check_can_erase)
can_see_content = _wrap(check_can_see_content)
can_oversee = _wrap(check_can_oversee)
can_see_policies = _wrap(check_can_see_policies)
can_see_instances = _wrap(check_can_see_instances)
can_see_dashboard = _wrap(check_can_see_dashboard)
can_audit = _wrap(check_can_audit)
can_see_incidents = _wrap(check_can_see_incidents)
can_resolve_incidents = _wrap(check_can_resolve_incidents)
can_see_definitions = _wrap(check_can_see_definitions)
can_deploy = _wrap(check_can_deploy)
can_cancel_instances = _wrap(check_can_cancel_instances)
can_intervene = _wrap(check_can_intervene)
can_administer = _wrap(check_can_administer)
