"""Change the policies of queues: one proposes, another natural person approves.

The queue's row is locked before any of its policies is read, so that versions follow
each other and no two changes cross. Each change is an entry of the installation with
the digest of the body. What the bodies mean: core/grid_table.py, core/rules.py.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from review import live, permissions
from review.core.grid_table import GridRules
from review.core.notices import Notice
from review.core.objectives import ObjectiveRules
from review.core.policies import MAX_BYTES, Fault, PolicyRules, find_objection
from review.core.routing_policy import RoutingRules
from review.core.states import PolicyKind, PolicyState, Role
from review.models import Person, Policy, Queue, RoleGrant
from review.operations.notifying import tell
from review.operations.people import actor_of
from workflows import audit
from workflows.core.actors import COMMAND_LINE
from workflows.core.canonical import CanonicalError, digest, dumps
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.store import database_now

KINDS: Final[Mapping[PolicyKind, PolicyRules]] = {
    PolicyKind.GRID: GridRules(),
    PolicyKind.ROUTING: RoutingRules(),
    PolicyKind.OBJECTIVES: ObjectiveRules(),
}
"""What each kind of policy can do; a new kind is a line here and in PolicyKind."""

NAMES: Final = {
    PolicyKind.GRID: "grid",
    PolicyKind.ROUTING: "routing rules",
    PolicyKind.OBJECTIVES: "objectives",
}

# An approved version whose moment has come counts before the one it replaces, whether
# or not a sweep has turned the rows yet ("APPROVED" sorts before "IN_FORCE").
_IN_FORCE: Final = """
    SELECT DISTINCT ON (queue_id) queue_id, id, version, digest
    FROM review_policy
    WHERE queue_id = ANY(%s) AND kind = %s
      AND (state = 'IN_FORCE'
           OR (state = 'APPROVED' AND effective_at <= clock_timestamp()))
    ORDER BY queue_id, state
"""


class BadBody(Invalid):
    """The policy's body has faults, each with its place."""

    code = "bad-policy"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults[:5]))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class InForce:
    """Which version is in force: what tasks pin of it."""

    id: int
    version: int
    digest: str

    def to_json(self) -> dict[str, object]:
        """Return it as tasks and entries keep it."""
        return {"id": self.id, "version": self.version, "digest": self.digest}


def get_in_force(
    queue_ids: Collection[int], kind: PolicyKind = PolicyKind.GRID
) -> dict[int, InForce]:
    """Return the version of a kind in force now for each of the queues that has one."""
    if not queue_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [list(queue_ids), kind.value])
        return {row[0]: InForce(*row[1:]) for row in cursor.fetchall()}


def check_body(kind: PolicyKind, body: object) -> dict[str, Any]:
    """Return a sound body in its one form. Raises BadBody with every fault."""
    rules = KINDS[kind]
    faults = rules.check(body)
    if faults:
        raise BadBody(faults)
    sound = rules.normalize(body)
    try:
        size = len(dumps(sound))
    except CanonicalError as error:
        raise BadBody([Fault((), f"It cannot be stored: {error}.")]) from error
    if size > MAX_BYTES:
        message = f"It is longer than {MAX_BYTES:,} characters."
        raise BadBody([Fault((), message)])
    return sound


@transaction.atomic
def propose(
    *,
    queue_id: int,
    kind: PolicyKind,
    body: object,
    reason: str,
    person: Person | None,
    effective_at: dt.datetime | None = None,
) -> Policy:
    """Propose a version; the first of its kind may stand without anybody else.

    Unless it lets cases pass without people: that takes a second person from the first
    version on. `person` is None for the command line, which may bring what stands alone
    only: all else needs two natural persons by name. `effective_at` is from when it is
    to be in force (None: once approved). Raises NotFound, Forbidden, BadBody, and
    Conflict where a version waits already or this very body is in force.
    """
    check_reason(reason)
    sound = check_body(kind, body)
    queue = _lock_queue(queue_id)
    if person is not None:
        permissions.check_can_rule(permissions.get_rights(person.id), queue_id=queue.id)
    now = database_now()
    standing = Policy.objects.filter(queue=queue, kind=kind.value)
    latest = standing.order_by("-version").first()
    named = digest(sound)
    _check_free(standing, named=named, kind=kind)
    why = find_second(kind, sound, is_first=latest is None)
    if why and person is None:
        raise Forbidden(
            f"{why} That takes two persons, so name who proposes it.",
            code="needs-person",
        )
    policy = Policy(
        queue=queue,
        kind=kind.value,
        version=latest.version + 1 if latest else 1,
        body=sound,
        digest=named,
        state=PolicyState.PROPOSED.value,
        reason=reason,
        author=person,
        proposed_at=now,
        effective_at=effective_at,
    )
    policy.save(force_insert=True)
    drafts = [_draft("proposed", policy, queue, person, reason=reason)]
    if not why:
        drafts += _enact(policy, queue, None, reason="The first version.", now=now)
    else:
        _tell_approvers(policy, queue, person)
    audit.record_installation(drafts=drafts, now=now)
    _publish(queue)
    return policy


def find_second(kind: PolicyKind, sound: Mapping[str, Any], *, is_first: bool) -> str:
    """Return why a version takes a second person, "" where it stands alone."""
    if not is_first:
        return f"The queue has {NAMES[kind]} already; this is a change."
    return KINDS[kind].takes_two(sound)


@transaction.atomic
def approve(*, policy_id: int, person: Person, reason: str = "") -> Policy:
    """Approve a proposed version, as another person than its author.

    It is in force at once, or from its moment on. Raises NotFound, Forbidden (role,
    same person), Conflict when it is settled already.
    """
    if reason:
        check_reason(reason)
    policy, queue = _lock(policy_id)
    _check_may_settle(policy, person)
    if policy.author_id is not None:
        # Who proposed must still be allowed to: a role taken away ends at once.
        author = permissions.get_rights(policy.author_id)
        permissions.check_can_rule(author, queue_id=queue.id)
    now = database_now()
    drafts = [_draft("approved", policy, queue, person, reason=reason)]
    drafts += _enact(policy, queue, person, reason=reason, now=now)
    audit.record_installation(drafts=drafts, now=now)
    _tell_author(policy, queue, person, "approved")
    _publish(queue)
    return policy


def decline(*, policy_id: int, person: Person, reason: str) -> None:
    """Refuse a proposed version, as another person with the right to approve it."""
    check_reason(reason)
    with transaction.atomic():
        policy, queue = _lock(policy_id)
        _check_may_settle(policy, person)
        _close(policy, queue, PolicyState.DECLINED, person, reason=reason)
        _tell_author(policy, queue, person, "declined")


def withdraw(*, policy_id: int, person: Person, reason: str) -> None:
    """Take a proposal back, as whoever made it."""
    check_reason(reason)
    with transaction.atomic():
        policy, queue = _lock(policy_id)
        if policy.state != PolicyState.PROPOSED.value:
            raise Conflict("This version has been settled already.")
        if policy.author_id != person.id:
            raise Forbidden("Somebody else proposed this; decline it instead.")
        _close(policy, queue, PolicyState.WITHDRAWN, person, reason=reason)


def bring_into_force() -> None:
    """Turn the rows of approved versions whose moment has come.

    Any number of sweepers may call it. Tasks do not wait for it: `get_in_force`
    goes by the moment.
    """
    due = Policy.objects.filter(
        state=PolicyState.APPROVED.value, effective_at__lte=database_now()
    ).values_list("id", flat=True)
    for policy_id in due:
        _bring_into_force(policy_id)


@transaction.atomic
def _bring_into_force(policy_id: int) -> None:
    policy, queue = _lock(policy_id)
    now = database_now()
    if policy.state != PolicyState.APPROVED.value or not policy.effective_at:
        return  # another sweeper was here, or a newer version replaced it
    _supersede(policy, [PolicyState.IN_FORCE], at=policy.effective_at)
    policy.state = PolicyState.IN_FORCE.value
    policy.save(update_fields=["state"])
    drafts = [_draft("came_into_force", policy, queue, None)]
    audit.record_installation(drafts=drafts, now=now)
    _publish(queue)


def _enact(
    policy: Policy,
    queue: Queue,
    person: Person | None,
    *,
    reason: str,
    now: dt.datetime,
) -> list[audit.Draft]:
    """Let a version be in force, now or from its moment; return the further entries.

    A version approved before for a later moment gives way: the newest approval counts.
    """
    at = max(policy.effective_at or now, now)
    is_now = at <= now
    replaced = [PolicyState.APPROVED] + ([PolicyState.IN_FORCE] if is_now else [])
    _supersede(policy, replaced, at=now)
    state = PolicyState.IN_FORCE if is_now else PolicyState.APPROVED
    policy.state, policy.effective_at = state.value, at
    policy.settled_by, policy.settled_at, policy.settled_reason = person, now, reason
    policy.save()
    return [_draft("came_into_force", policy, queue, person)] if is_now else []


def _supersede(
    policy: Policy, states: Sequence[PolicyState], *, at: dt.datetime
) -> None:
    Policy.objects.filter(
        queue_id=policy.queue_id, kind=policy.kind, state__in=[s.value for s in states]
    ).exclude(pk=policy.pk).update(state=PolicyState.SUPERSEDED.value, superseded_at=at)


def _close(
    policy: Policy, queue: Queue, state: PolicyState, person: Person, *, reason: str
) -> None:
    now = database_now()
    policy.state = state.value
    policy.settled_by, policy.settled_at, policy.settled_reason = person, now, reason
    policy.save()
    word = state.value.lower()
    drafts = [_draft(word, policy, queue, person, reason=reason)]
    audit.record_installation(drafts=drafts, now=now)
    _publish(queue)


def _lock_queue(queue_id: int) -> Queue:
    # FOR NO KEY UPDATE: tasks that open meanwhile only refer to the queue.
    found = Queue.objects.select_for_update(no_key=True).filter(pk=queue_id).first()
    if found is None:
        raise NotFound(f"There is no queue {queue_id}.")
    return found


def _lock(policy_id: int) -> tuple[Policy, Queue]:
    # A policy never changes its queue, so looking that up needs no lock of its own.
    queue_id = (
        Policy.objects.filter(pk=policy_id).values_list("queue_id", flat=True).first()
    )
    if queue_id is None:
        raise NotFound(f"There is no policy version {policy_id}.")
    queue = _lock_queue(queue_id)
    return Policy.objects.select_for_update().get(pk=policy_id), queue


def _check_free(standing: Any, *, named: str, kind: PolicyKind) -> None:
    waiting = standing.filter(state=PolicyState.PROPOSED.value).first()
    if waiting is not None:
        raise Conflict(
            f"Version {waiting.version} is proposed and waits for a second person;"
            " it must be approved, declined or withdrawn first."
        )
    same = standing.filter(
        Q(state=PolicyState.APPROVED.value) | Q(state=PolicyState.IN_FORCE.value),
        digest=named,
    ).first()
    later = standing.filter(state=PolicyState.APPROVED.value).exclude(digest=named)
    if same is not None and not later.exists():
        raise Conflict(
            f"These {NAMES[kind]} are version {same.version} unchanged;"
            " there is nothing to propose."
            if kind is not PolicyKind.GRID
            else f"This {NAMES[kind]} is version {same.version} unchanged;"
            " there is nothing to propose."
        )


def _check_may_settle(policy: Policy, person: Person) -> None:
    rights = permissions.get_rights(person.id)
    permissions.check_can_rule(rights, queue_id=policy.queue_id)
    if policy.state != PolicyState.PROPOSED.value:
        raise Conflict("This version has been settled already.")
    objection = find_objection(
        state=PolicyState(policy.state),
        author_id=policy.author_id,
        person_id=person.id,
    )
    if objection:
        raise Forbidden(objection, code="same-person")


def _draft(
    what: str,
    policy: Policy,
    queue: Queue,
    person: Person | None,
    *,
    reason: str = "",
) -> audit.Draft:
    detail: dict[str, object] = {
        "policy": policy.id,
        "queue": queue.key,
        "kind": policy.kind,
        "version": policy.version,
        "digest": policy.digest,
    }
    if policy.effective_at is not None:
        detail["effective_at"] = policy.effective_at.isoformat()
    if reason:
        detail["reason"] = reason
    actor = actor_of(person) if person else COMMAND_LINE
    return audit.Draft(kind=f"policy.{what}", actor=actor, detail=detail)


def _tell_approvers(policy: Policy, queue: Queue, author: Person | None) -> None:
    persons = set(
        RoleGrant.objects.filter(
            Q(role=Role.PROCESS_OWNER.value)
            | Q(role=Role.MANAGER.value, queue__isnull=True)
            | Q(role=Role.MANAGER.value, queue=queue),
            revoked_at__isnull=True,
        ).values_list("person_id", flat=True)
    )
    persons.discard(author.id if author else None)
    tell(
        persons=persons,
        kind=Notice.POLICY_PROPOSED,
        title=f"{queue.name}: {NAMES[PolicyKind(policy.kind)]} {policy.version}"
        " wait for approval",
        text=f"{author.name if author else 'Somebody'} says why: {policy.reason}",
        url=reverse("policy-detail", args=[policy.id]),
        queue_id=queue.id,
        key=f"policy:{policy.id}:proposed",
    )


def _tell_author(policy: Policy, queue: Queue, person: Person, what: str) -> None:
    if policy.author_id is None:
        return
    said = f": {policy.settled_reason}" if policy.settled_reason else "."
    tell(
        persons=[policy.author_id],
        kind=Notice.POLICY_SETTLED,
        title=f"{queue.name}: {NAMES[PolicyKind(policy.kind)]} {policy.version} {what}",
        text=f"{person.name} {what} it{said}",
        url=reverse("policy-detail", args=[policy.id]),
        queue_id=queue.id,
        key=f"policy:{policy.id}:settled",
    )


def _publish(queue: Queue) -> None:
    live.publish(live.POLICIES, live.queue_topic(queue.key))
