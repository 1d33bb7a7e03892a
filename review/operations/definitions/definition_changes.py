"""Deploy, roll back and migrate definitions: one proposes, another person's approval does.

An approval is the act itself: decision, deployment and the orders to migrate are one
transaction, so that a crash leaves all of it or nothing, and no second approval does it
again. The instances themselves move afterwards, in batches: definition_moves.py.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.urls import reverse

from review import live
from review.core.changes import (
    ChangeKind,
    ChangeState,
    Migration,
    MoveState,
    describe,
)
from review.core.notices.notices import Notice
from review.core.states import Role
from review.models import DefinitionChange, DefinitionMove, Person, RoleGrant
from review.operations.definitions import definition_drafts
from review.operations.four_eyes import check_another, check_own
from review.operations.notices.notifying import tell
from review.operations.people.people import actor_of
from review.permissions import check_can_deploy, get_rights
from workflows import audit, dispatch
from workflows.models import Definition, Instance
from workflows.operations import definitions, packages, rolling_back
from workflows.operations.errors import (
    Conflict,
    Invalid,
    NotFound,
    Stale,
    check_reason,
)
from workflows.operations.instance_migration import (
    Report,
    Route,
    find_prospect,
    find_route,
    migrate_instances,
)
from workflows.operations.start_subscriptions import lock_key
from workflows.store import database_now

BELL: Final = "bundles"
"""Instances move where bundles are built: long work that may wait."""
LIVE: Final = ("ACTIVE", "SUSPENDED")
TRIED: Final = 1000
"""Instances that a dry run looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of a definition.

    A deployment names the `revision` of the draft that was looked at, the others a
    deployed `target_id`.
    """

    kind: ChangeKind
    key: str
    reason: str = ""
    revision: int = 0
    target_id: int = 0
    migrations: Sequence[Migration] = ()


@dataclass(frozen=True, slots=True)
class _Aim:
    """Where a change leads: a deployed version, or a package that is none yet."""

    version: str
    digest: str
    files: Mapping[str, bytes] | None = None
    archive: bytes | None = None
    target: Definition | None = None
    findings: Sequence[Mapping[str, object]] = ()


@transaction.atomic
def propose(*, person: Person, wish: Wish) -> DefinitionChange:
    """Store a change for a second person to approve.

    Raises Forbidden, NotFound, Invalid, PackageRefused, Stale where the draft was saved
    since it was looked at, and Conflict where a change of this key waits already.
    """
    check_reason(wish.reason)
    check_can_deploy(get_rights(person.id))
    lock_key(wish.key)
    if DefinitionChange.objects.filter(key=wish.key, state="PROPOSED").exists():
        raise Conflict(
            "A change of this definition waits for a second person already; it must be"
            " approved, declined or withdrawn first."
        )
    aim = _find_aim(wish)
    for migration in wish.migrations:
        find_way(aim_target=aim.target, files=aim.files, migration=migration)
    now = database_now()
    change = DefinitionChange.objects.create(
        key=wish.key,
        kind=wish.kind.value,
        version=aim.version,
        digest=aim.digest,
        archive=aim.archive,
        base=definitions.find_definition(key=wish.key),
        target=aim.target,
        migrations=[one.to_json() for one in wish.migrations],
        findings=list(aim.findings),
        reason=wish.reason,
        state=ChangeState.PROPOSED.value,
        author=person,
        proposed_at=now,
    )
    _tell_approvers(change, person)
    _record("proposed", change, person, reason=wish.reason, now=now)
    live.publish(live.POLICIES)
    return change


@transaction.atomic
def approve(*, change_id: int, person: Person, reason: str = "") -> DefinitionChange:
    """Approve a change as another natural person than its author, and do it.

    Raises NotFound; Forbidden (role, same person); Conflict when it is settled already
    or cannot be done any more, which leaves it standing.
    """
    if reason:
        check_reason(reason)
    change = _lock(change_id)
    _check_may_settle(change, person)
    # Who proposed must still be allowed to: a role that was taken away ends at once.
    check_can_deploy(get_rights(change.author_id))
    now = database_now()
    change.target = _do(change, person)
    for stored in change.migrations:
        _order_move(change, Migration.from_json(stored), now=now)
    _settle(change, ChangeState.DONE, person, reason=reason, now=now)
    return change


def decline(*, change_id: int, person: Person, reason: str) -> None:
    """Refuse a change, as another person with the right to approve it."""
    check_reason(reason)
    with transaction.atomic():
        change = _lock(change_id)
        _check_may_settle(change, person)
        now = database_now()
        _settle(change, ChangeState.DECLINED, person, reason=reason, now=now)


def withdraw(*, change_id: int, person: Person, reason: str) -> None:
    """Take a change back, as whoever proposed it."""
    check_reason(reason)
    with transaction.atomic():
        change = _lock(change_id)
        check_own(
            state=ChangeState(change.state),
            author_id=change.author_id,
            person_id=person.id,
        )
        now = database_now()
        _settle(change, ChangeState.WITHDRAWN, person, reason=reason, now=now)


def try_out(
    *,
    migration: Migration,
    person: Person,
    target_id: int | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Report:
    """Say which instances would go along and why the others not; nothing is written.

    `files` are a package that is not deployed. Raises as `find_way`.
    """
    target = Definition.objects.filter(pk=target_id).first() if target_id else None
    route = find_way(aim_target=target, files=files, migration=migration)
    return migrate_instances(
        route, actor=actor_of(person), reason="", dry_run=True, limit=TRIED
    )


def find_way(
    *,
    aim_target: Definition | None,
    files: Mapping[str, bytes] | None,
    migration: Migration,
) -> Route:
    """Return the route of a migration. Raises NotFound, Invalid, PackageRefused."""
    source = Definition.objects.filter(pk=migration.source_id).first()
    if source is None:
        raise NotFound(f"There is no definition {migration.source_id}.")
    if aim_target is not None:
        if aim_target.key != source.key:
            raise Invalid(f"{source} and {aim_target} are different processes.")
        return find_route(
            key=source.key,
            source=source.version,
            target=aim_target.version,
            nodes=migration.nodes,
        )
    return find_prospect(source=source, files=files or {}, nodes=migration.nodes)


def read_files(change: DefinitionChange) -> dict[str, bytes]:
    """Return the files of the package that a deployment brings."""
    return packages.load_archive(bytes(change.archive or b""), name="The package")


def count_live(definition_id: int) -> int:
    """Count the instances that run on a version."""
    found = Instance.objects.filter(definition_id=definition_id, state__in=LIVE)
    return found.count()


def _find_aim(wish: Wish) -> _Aim:
    if wish.kind is ChangeKind.DEPLOY:
        return _find_package(wish)
    target = Definition.objects.filter(pk=wish.target_id, key=wish.key).first()
    if target is None:
        raise NotFound(f"{wish.key} has no version with the id {wish.target_id}.")
    if wish.kind is ChangeKind.ROLL_BACK:
        rolling_back.check_may_follow(target)
    elif not wish.migrations:
        raise Invalid("Choose the version whose instances are to move.")
    return _Aim(version=target.version, digest=target.digest, target=target)


def _find_package(wish: Wish) -> _Aim:
    found = definition_drafts.read(wish.key)
    if found.saving.revision != wish.revision:
        raise Stale(
            f"{found.saving.saved_by.name} has saved this draft since you looked at it;"
            " look at it again before you propose it."
        )
    checked = definition_drafts.check(found.files)
    if checked.problems:
        raise packages.PackageRefused(tuple(checked.problems))
    contents = packages.read_package(found.files)
    return _Aim(
        version=str(contents.manifest.version),
        digest=found.saving.digest,
        files=found.files,
        archive=bytes(found.saving.archive),
        findings=[one.as_dict() for one in checked.findings],
    )


def _do(change: DefinitionChange, person: Person) -> Definition:
    """Do what was approved; return the version it leads to."""
    actor = actor_of(person)
    match ChangeKind(change.kind):
        case ChangeKind.DEPLOY:
            files = read_files(change)
            if definitions.package_digest(files) != change.digest:
                raise Conflict("The package is not what was proposed; decline this.")
            # The very bytes may stand already, brought by an operator meanwhile.
            done = definitions.deploy(files=files, actor=actor)
            deployed = Definition.objects.get(pk=done.definition_id)
            definition_drafts.settle(
                key=change.key, digest=change.digest, deployed=deployed
            )
            return deployed
        case ChangeKind.ROLL_BACK:
            return rolling_back.roll_back(
                definition_id=change.target_id or 0, actor=actor, reason=change.reason
            )
        case ChangeKind.MIGRATE:
            return _get_target(change)


def _get_target(change: DefinitionChange) -> Definition:
    if change.target is None:
        raise NotFound(f"Change {change.id} names no deployed version.")
    return change.target


def _order_move(
    change: DefinitionChange, migration: Migration, *, now: dt.datetime
) -> None:
    # Looked at once more: a mapping that fits no longer is refused here, not later.
    find_way(aim_target=change.target, files=None, migration=migration)
    DefinitionMove.objects.create(
        change=change,
        source_id=migration.source_id,
        target=_get_target(change),
        nodes=dict(migration.nodes),
        state=MoveState.WAITING.value,
        total=count_live(migration.source_id),
        next_at=now,
    )
    dispatch.ring_after_commit(BELL)


def _lock(change_id: int) -> DefinitionChange:
    change = (
        DefinitionChange.objects
        .select_for_update(of=("self",))
        .select_related("author")
        .filter(pk=change_id)
        .first()
    )
    if change is None:
        raise NotFound(f"There is no proposed change {change_id}.")
    return change


def _check_may_settle(change: DefinitionChange, person: Person) -> None:
    rights = get_rights(person.id)
    check_can_deploy(rights)
    check_another(
        state=ChangeState(change.state), author_id=change.author_id, rights=rights
    )


def _settle(
    change: DefinitionChange,
    state: ChangeState,
    person: Person,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    change.state = state.value
    change.settled_by, change.settled_at, change.settled_reason = person, now, reason
    change.save()
    word = "approved" if state is ChangeState.DONE else state.value.lower()
    _record(word, change, person, reason=reason, now=now)
    if person.id != change.author_id:
        tell_author(change, f"{word} by {person.name}", reason, key=f"settled:{word}")
    live.publish(live.POLICIES)


def _record(
    what: str,
    change: DefinitionChange,
    person: Person,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    detail: dict[str, object] = {
        "change": change.id,
        "what": change.kind,
        "definition": f"{change.key} {change.version}",
        "digest": change.digest,
        "proposed_by": f"person:{change.author_id}",
    }
    if change.base is not None:
        detail["instead_of"] = str(change.base)
    if change.migrations:
        detail["migrations"] = change.migrations
    if reason:
        detail["reason"] = reason
    kind = f"definition.change_{what}"
    draft = audit.Draft(kind=kind, actor=actor_of(person), detail=detail)
    audit.record_installation(drafts=[draft], now=now)


def name_change(change: DefinitionChange) -> str:
    """Return a change in a few words, for titles and notices."""
    return describe(
        kind=ChangeKind(change.kind),
        version=change.version,
        migrations=[Migration.from_json(one) for one in change.migrations],
    )


def tell_author(change: DefinitionChange, what: str, text: str, *, key: str) -> None:
    """Tell who proposed a change what became of it."""
    tell(
        persons=[change.author_id],
        kind=Notice.POLICY_SETTLED,
        title=f"{change.key}: {name_change(change)}, {what}",
        text=text or f"{name_change(change)}: {what}.",
        url=reverse("change-detail", args=[change.id]),
        key=f"definition-change:{change.id}:{key}",
    )


def _tell_approvers(change: DefinitionChange, author: Person) -> None:
    persons = set(
        RoleGrant.objects.filter(
            role=Role.PROCESS_OWNER.value, revoked_at__isnull=True
        ).values_list("person_id", flat=True)
    )
    tell(
        persons=persons - {author.id},
        kind=Notice.POLICY_PROPOSED,
        title=f"{change.key}: {name_change(change)} waits for approval",
        text=f"{author.name} says why: {change.reason}",
        url=reverse("change-detail", args=[change.id]),
        key=f"definition-change:{change.id}:proposed",
    )
