"""Change policies of queues and calendars: one proposes, another natural person approves.

The subject's row is locked before any of its policies is read, so that versions follow
each other and no two changes cross. Each change is an entry of the installation with
the digest of the body. What the bodies mean: core/policies/grid_table.py and its like; what
follows in the same transaction when a version comes into force: policy_effects.py.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from review import live, permissions
from review.core.figures.objectives import ObjectiveRules
from review.core.notices.notices import Notice
from review.core.policies.calendar_policy import CalendarRules
from review.core.policies.clock_policy import ClockPolicyRules
from review.core.policies.grid_table import GridRules
from review.core.policies.ladder_policy import LadderPolicyRules
from review.core.policies.policies import MAX_BYTES, Fault, PolicyRules, find_objection
from review.core.policies.quorum_policy import QuorumPolicy
from review.core.policies.reason_policy import ReasonRules
from review.core.policies.routing_policy import RoutingRules
from review.core.states import PolicyKind, PolicyState, Role
from review.models import Person, Policy, RoleGrant
from review.operations.notices.notifying import tell
from review.operations.people.people import actor_of
from review.operations.policies.policy_effects import EFFECTS
from review.operations.policies.policy_subjects import (
    IS_ONE,
    NAMES,
    Subject,
    lock_policy,
    lock_subject,
)
from workflows import audit
from workflows.core.actors import COMMAND_LINE, Actor
from workflows.core.canonical import CanonicalError, digest, dumps
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    check_reason,
)
from workflows.store import database_now

KINDS: Final[Mapping[PolicyKind, PolicyRules]] = {
    PolicyKind.GRID: GridRules(),
    PolicyKind.ROUTING: RoutingRules(),
    PolicyKind.OBJECTIVES: ObjectiveRules(),
    PolicyKind.QUORUM: QuorumPolicy(),
    PolicyKind.REASONS: ReasonRules(),
    PolicyKind.CLOCKS: ClockPolicyRules(),
    PolicyKind.LADDER: LadderPolicyRules(),
    PolicyKind.CALENDAR: CalendarRules(),
}
"""What each kind of policy can do; only what stands here is offered to anybody."""
KEPT: Final = "What stood before there were versions."
"""Why there is a first version that nobody proposed."""
KINDS_OF_QUEUES: Final = tuple(kind for kind in KINDS if kind != PolicyKind.CALENDAR)


class BadBody(Invalid):
    """The policy's body has faults, each with its place."""

    code = "bad-policy"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(fault.message for fault in faults[:5]))
        self.faults = tuple(faults)


def check_body(kind: PolicyKind, body: object, *, subject: Subject) -> dict[str, Any]:
    """Return a sound body in its one form. Raises BadBody with every fault."""
    rules = KINDS[kind]
    faults = rules.check(body)
    if faults:
        raise BadBody(faults)
    sound = rules.normalize(body)
    effect = EFFECTS.get(kind)
    if effect and (faults := effect.check(subject, sound)):
        raise BadBody(faults)
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
    queue_id: int | None = None,
    calendar_id: int | None = None,
    kind: PolicyKind,
    body: object,
    reason: str,
    person: Person | None,
    effective_at: dt.datetime | None = None,
) -> Policy:
    """Propose a version for a queue or a calendar; the first may stand by itself.

    Unless it lets cases pass without people, or differs from what stood before there
    were versions: that takes a second person from the first version on. `person` is
    None for the command line, which may bring what stands alone only: all else needs
    two natural persons by name. `effective_at` is from when it is
    to be in force (None: once approved). Raises NotFound, Forbidden, BadBody, and
    Conflict where a version waits already or this very body is in force.
    """
    check_reason(reason)
    subject = lock_subject(queue_id=queue_id, calendar_id=calendar_id)
    if person is not None:
        rights = permissions.get_rights(person.id)
        permissions.check_can_rule(rights, queue_id=subject.queue_id)
    sound = check_body(kind, body, subject=subject)
    now = database_now()
    drafts = _keep_before(subject, kind, sound, person, now=now)
    standing = subject.list_policies(kind)
    latest = standing.order_by("-version").first()
    _check_free(standing, named=digest(sound), kind=kind)
    why = find_second(subject, kind, sound, is_first=latest is None)
    if why and person is None:
        raise Forbidden(
            f"{why} That takes two persons, so name who proposes it.",
            code="needs-person",
        )
    policy = _build(subject, kind, sound, reason=reason, person=person, now=now)
    policy.version = latest.version + 1 if latest else 1
    policy.effective_at = effective_at
    policy.save(force_insert=True)
    drafts.append(_draft("proposed", policy, subject, person, reason=reason))
    if not why:
        drafts += _enact(policy, subject, None, reason="The first version.", now=now)
    else:
        _tell_approvers(policy, subject, person)
    audit.record_installation(drafts=drafts, now=now)
    _publish(subject)
    return policy


def _build(
    subject: Subject,
    kind: PolicyKind,
    sound: dict[str, Any],
    *,
    reason: str,
    person: Person | None,
    now: dt.datetime,
) -> Policy:
    return Policy(
        queue=subject.queue,
        calendar=subject.calendar,
        kind=kind.value,
        version=1,
        body=sound,
        digest=digest(sound),
        state=PolicyState.PROPOSED.value,
        reason=reason,
        author=person,
        proposed_at=now,
    )


def _keep_before(
    subject: Subject,
    kind: PolicyKind,
    sound: Mapping[str, Any],
    person: Person | None,
    *,
    now: dt.datetime,
) -> list[audit.Draft]:
    """Keep what stood before there were versions as the first; return its entries.

    So the first change has something to be held against, and is one of two persons.
    """
    if subject.list_policies(kind).exists():
        return []
    before = find_before(subject, kind)
    if before is None or digest(before) == digest(sound):
        return []
    policy = _build(subject, kind, before, reason=KEPT, person=None, now=now)
    policy.save(force_insert=True)
    drafts = _enact(policy, subject, None, reason=KEPT, now=now)
    return [_draft("kept", policy, subject, person), *drafts]


def find_second(
    subject: Subject, kind: PolicyKind, sound: Mapping[str, Any], *, is_first: bool
) -> str:
    """Return why a version takes a second person, "" where it stands alone."""
    before = find_before(subject, kind) if is_first else None
    if not is_first or (before is not None and digest(before) != digest(sound)):
        has = f"has {'a ' if kind in IS_ONE else ''}{NAMES[kind]}"
        is_calendar = kind is PolicyKind.CALENDAR
        stands = "stands" if is_calendar else has
        return f"The {subject.word} {stands} already; this is a change."
    return KINDS[kind].takes_two(sound)


def find_before(subject: Subject, kind: PolicyKind) -> dict[str, Any] | None:
    """Return what rules a subject without any version, as a sound body; or None."""
    effect = EFFECTS.get(kind)
    found = effect.read_before(subject) if effect else None
    return None if found is None else KINDS[kind].normalize(found)


def find_standing_body(subject: Subject, kind: PolicyKind) -> dict[str, Any] | None:
    """Return what rules a subject now: its version in force, else what stands without."""
    held = subject.find_in_force(kind)
    if held is None:
        return find_before(subject, kind)
    body: dict[str, Any] = Policy.objects.values_list("body", flat=True).get(pk=held.id)
    return body


@transaction.atomic
def approve(*, policy_id: int, person: Person, reason: str = "") -> Policy:
    """Approve a proposed version, as another person than its author.

    It is in force at once, or from its moment on. Raises NotFound, Forbidden (role,
    same person), Conflict when it is settled already.
    """
    if reason:
        check_reason(reason)
    policy, subject = lock_policy(policy_id)
    _check_may_settle(policy, person)
    if policy.author_id is not None:
        # Who proposed must still be allowed to: a role taken away ends at once.
        author = permissions.get_rights(policy.author_id)
        permissions.check_can_rule(author, queue_id=subject.queue_id)
    now = database_now()
    drafts = [_draft("approved", policy, subject, person, reason=reason)]
    drafts += _enact(policy, subject, person, reason=reason, now=now)
    audit.record_installation(drafts=drafts, now=now)
    _tell_author(policy, subject, person, "approved")
    _publish(subject)
    return policy


def decline(*, policy_id: int, person: Person, reason: str) -> None:
    """Refuse a proposed version, as another person with the right to approve it."""
    check_reason(reason)
    with transaction.atomic():
        policy, subject = lock_policy(policy_id)
        _check_may_settle(policy, person)
        _close(policy, subject, PolicyState.DECLINED, person, reason=reason)
        _tell_author(policy, subject, person, "declined")


def withdraw(*, policy_id: int, person: Person, reason: str) -> None:
    """Take a proposal back, as whoever made it."""
    check_reason(reason)
    with transaction.atomic():
        policy, subject = lock_policy(policy_id)
        if policy.state != PolicyState.PROPOSED.value:
            raise Conflict("This version has been settled already.")
        if policy.author_id != person.id:
            raise Forbidden("Somebody else proposed this; decline it instead.")
        _close(policy, subject, PolicyState.WITHDRAWN, person, reason=reason)


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
    policy, subject = lock_policy(policy_id)
    now = database_now()
    if policy.state != PolicyState.APPROVED.value or not policy.effective_at:
        return  # another sweeper was here, or a newer version replaced it
    _supersede(subject, policy, [PolicyState.IN_FORCE], at=policy.effective_at)
    policy.state = PolicyState.IN_FORCE.value
    policy.save(update_fields=["state"])
    drafts = _follow(policy, subject, None)
    audit.record_installation(drafts=drafts, now=now)
    _publish(subject)


def _enact(
    policy: Policy,
    subject: Subject,
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
    _supersede(subject, policy, replaced, at=now)
    state = PolicyState.IN_FORCE if is_now else PolicyState.APPROVED
    policy.state, policy.effective_at = state.value, at
    policy.settled_by, policy.settled_at, policy.settled_reason = person, now, reason
    policy.save()
    return _follow(policy, subject, person) if is_now else []


def _follow(
    policy: Policy, subject: Subject, person: Person | None
) -> list[audit.Draft]:
    """Let what rests on a version follow it into force; return the entries of it."""
    drafts = [_draft("came_into_force", policy, subject, person)]
    if effect := EFFECTS.get(PolicyKind(policy.kind)):
        drafts += effect.enact(subject, policy, by=_actor(person))
    return drafts


def _supersede(
    subject: Subject, policy: Policy, states: Sequence[PolicyState], *, at: dt.datetime
) -> None:
    standing = subject.list_policies(PolicyKind(policy.kind))
    standing.filter(state__in=[s.value for s in states]).exclude(pk=policy.pk).update(
        state=PolicyState.SUPERSEDED.value, superseded_at=at
    )


def _close(
    policy: Policy, subject: Subject, state: PolicyState, person: Person, *, reason: str
) -> None:
    now = database_now()
    policy.state = state.value
    policy.settled_by, policy.settled_at, policy.settled_reason = person, now, reason
    policy.save()
    word = state.value.lower()
    drafts = [_draft(word, policy, subject, person, reason=reason)]
    audit.record_installation(drafts=drafts, now=now)
    _publish(subject)


def _check_free(standing: QuerySet[Policy], *, named: str, kind: PolicyKind) -> None:
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
        this, is_ = ("This", "is") if kind in IS_ONE else ("These", "are")
        raise Conflict(
            f"{this} {NAMES[kind]} {is_} version {same.version} unchanged;"
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
    subject: Subject,
    person: Person | None,
    *,
    reason: str = "",
) -> audit.Draft:
    detail: dict[str, object] = {
        "policy": policy.id,
        subject.word: subject.key,
        "kind": policy.kind,
        "version": policy.version,
        "digest": policy.digest,
    }
    if policy.effective_at is not None:
        detail["effective_at"] = policy.effective_at.isoformat()
    if reason:
        detail["reason"] = reason
    return audit.Draft(kind=f"policy.{what}", actor=_actor(person), detail=detail)


def _actor(person: Person | None) -> Actor:
    return actor_of(person) if person else COMMAND_LINE


def _tell_approvers(policy: Policy, subject: Subject, author: Person | None) -> None:
    persons = set(
        RoleGrant.objects.filter(
            Q(role=Role.PROCESS_OWNER.value)
            | Q(role=Role.MANAGER.value, queue__isnull=True)
            | Q(role=Role.MANAGER.value, queue=subject.queue),
            revoked_at__isnull=True,
        ).values_list("person_id", flat=True)
    )
    persons.discard(author.id if author else None)
    kind = PolicyKind(policy.kind)
    tell(
        persons=persons,
        kind=Notice.POLICY_PROPOSED,
        title=f"{subject.name}: {NAMES[kind]} {policy.version}"
        f" {'waits' if kind in IS_ONE else 'wait'} for approval",
        text=f"{author.name if author else 'Somebody'} says why: {policy.reason}",
        url=reverse("policy-detail", args=[policy.id]),
        queue_id=subject.queue_id,
        key=f"policy:{policy.id}:proposed",
    )


def _tell_author(policy: Policy, subject: Subject, person: Person, what: str) -> None:
    if policy.author_id is None:
        return
    said = f": {policy.settled_reason}" if policy.settled_reason else "."
    tell(
        persons=[policy.author_id],
        kind=Notice.POLICY_SETTLED,
        title=f"{subject.name}: {NAMES[PolicyKind(policy.kind)]} {policy.version} {what}",
        text=f"{person.name} {what} it{said}",
        url=reverse("policy-detail", args=[policy.id]),
        queue_id=subject.queue_id,
        key=f"policy:{policy.id}:settled",
    )


def _publish(subject: Subject) -> None:
    live.publish(*subject.topics)
