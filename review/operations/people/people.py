"""People, their accounts and their roles. Each change is an entry of the installation."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from review.core.evidence.scopes import EVERYTHING, AuditScope, UnreadableScope
from review.core.keys import BY_NAME, find_conflicts, is_key
from review.core.states import Role
from review.models import Person, Preference, Queue, RoleGrant, User
from workflows import audit
from workflows.core import actors
from workflows.core.actors import Actor
from workflows.models import Definition
from workflows.operations.errors import Conflict, Invalid, NotFound
from workflows.store import database_now

# Who checks the work may not have a hand in it (NIST 800-53 AC-5).
_ALONE: Final = Role.AUDITOR


def actor_of(person: Person) -> Actor:
    """Return the person as the actor that audit entries name."""
    return actors.person(person_id=person.id, name=person.name)


def create_person(
    *,
    name: str,
    actor: Actor,
    username: str = "",
    password: str = "",
    email: str = "",
    simulated: bool = False,
) -> Person:
    """Create a natural person, with an account where a username is given.

    Raises Invalid for an empty name or a weak password, Conflict for a taken username.
    """
    if not name.strip():
        raise Invalid("A person needs a name.")
    with transaction.atomic():
        now = database_now()
        person = Person.objects.create(
            name=name.strip(), email=email, simulated=simulated, created_at=now
        )
        if username:
            _create_account(person, username=username, password=password, now=now)
        detail: dict[str, object] = {"person": person.id, "name": person.name}
        if username:
            detail["username"] = username
        _record("person.created", actor, detail, now=now)
    return person


def add_account(*, person: Person, username: str, password: str, actor: Actor) -> User:
    """Give a person one more account. Raises Invalid and Conflict."""
    with transaction.atomic():
        now = database_now()
        user = _create_account(person, username=username, password=password, now=now)
        _record(
            "account.created",
            actor,
            {"person": person.id, "username": username},
            now=now,
        )
    return user


def disable_person(*, person: Person, actor: Actor, reason: str) -> None:
    """Close a person's accounts; what they hold becomes free as its leases lapse."""
    with transaction.atomic():
        now = database_now()
        changed = Person.objects.filter(id=person.id, disabled_at=None).update(
            disabled_at=now
        )
        if not changed:
            raise Conflict(f"{person.name} is disabled already.")
        User.objects.filter(person=person).update(is_active=False)
        _record(
            "person.disabled",
            actor,
            {"person": person.id, "name": person.name, "reason": reason},
            now=now,
        )


def grant_role(
    *,
    person: Person,
    role: Role,
    actor: Actor,
    queue: Queue | None = None,
    scope: AuditScope = EVERYTHING,
) -> None:
    """Give a person a role, for one queue or everywhere; held already, nothing is done.

    An auditor's may be limited and end by itself; other limits than those he has take
    their place. Raises Invalid for a queue on a role that has none, for limits that
    cannot be and on another role, Conflict where an auditor would get another role or
    the other way round.
    """
    if queue is not None and role not in {Role.REVIEWER, Role.MANAGER}:
        raise Invalid(f"The role {role.value} is held everywhere, not for a queue.")
    check_scope(scope, role=role)
    with transaction.atomic():
        # Two grants at once must see each other, or both halves of a pair slip in.
        Person.objects.select_for_update().get(id=person.id)
        held = list(
            RoleGrant.objects.filter(person=person, revoked_at=None).values_list(
                "role", "queue_id"
            )
        )
        queue_id = queue.id if queue else None
        if (role.value, queue_id) in held and not _replaces(person, scope, actor):
            return
        if any((role is _ALONE) is not (other == _ALONE) for other, _ in held):
            raise Conflict(
                f"{person.name} cannot be an auditor and hold another role as well.",
                code="incompatible-roles",
            )
        now = database_now()
        RoleGrant.objects.create(
            person=person,
            role=role.value,
            queue=queue,
            granted_at=now,
            granted_by=actor.ref,
            ends_at=scope.ends_at,
            scope=scope.to_json(),
        )
        _mirror_administrator(person)
        detail = _grant_detail(person, role, queue) | tell_scope(scope)
        _record("role.granted", actor, detail, now=now)


def revoke_role(
    *, person: Person, role: Role, actor: Actor, queue: Queue | None = None
) -> None:
    """Take a role away; it ends with this transaction. Raises Conflict if not held."""
    with transaction.atomic():
        now = database_now()
        changed = RoleGrant.objects.filter(
            person=person, role=role.value, queue=queue, revoked_at=None
        ).update(revoked_at=now, revoked_by=actor.ref)
        if not changed:
            raise Conflict(f"{person.name} does not hold the role {role.value}.")
        _mirror_administrator(person)
        _record("role.revoked", actor, _grant_detail(person, role, queue), now=now)


def change_preferences(
    *,
    person: Person,
    zone: str,
    theme: str,
    density: str,
    single_keys: bool,
    keys: Mapping[str, str],
    wellness: Mapping[str, object] | None = None,
) -> None:
    """Keep how a person wants the screens; without `wellness` theirs stays as it is.

    Raises Invalid for words unknown here and for two actions on one key.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"There is no time zone {zone!r}.") from error
    if theme not in {"auto", "light", "dark"}:
        raise Invalid(f"The theme {theme!r} is none of auto, light and dark.")
    if density not in {"compact", "standard", "spacious"}:
        raise Invalid(
            f"The density {density!r} is none of compact, standard and spacious."
        )
    check_keys(keys)
    Preference.objects.update_or_create(
        person=person,
        defaults={
            "zone": zone,
            "theme": theme,
            "density": density,
            "single_keys": single_keys,
            "keys": dict(keys),
            **({} if wellness is None else {"wellness": dict(wellness)}),
        },
    )


def change_columns(*, person: Person, page: str, columns: Sequence[str]) -> None:
    """Keep which columns a person's lists of one page show; none means the default."""
    with transaction.atomic():
        Preference.objects.get_or_create(
            person=person,
            defaults={
                "zone": settings.HOUSE_ZONE,
                "theme": settings.HOUSE_THEME,
                "density": settings.HOUSE_DENSITY,
            },
        )
        kept = Preference.objects.select_for_update().get(person=person)
        kept.columns = {**kept.columns, page: list(columns)}
        kept.save(update_fields=["columns"])


def check_keys(keys: Mapping[str, str]) -> None:
    """Raise Invalid for a key that cannot be, an unknown action, and a conflict."""
    for name, key in keys.items():
        if name not in BY_NAME:
            raise Invalid(f"There is no action {name!r} that a key could do.")
        if not is_key(key):
            raise Invalid(
                f"{BY_NAME[name].label!r} cannot have the key {key!r}: the browser or"
                " the system keeps it for itself, or it is no key."
            )
    for first, second, key in find_conflicts(keys):
        raise Invalid(
            f"{first.label!r} and {second.label!r} would both have the key {key};"
            " give one of them another."
        )


def get_person(*, username: str) -> Person:
    """Return the natural person behind an account. Raises NotFound."""
    try:
        return User.objects.select_related("person").get(username=username).person
    except User.DoesNotExist as error:
        raise NotFound(f"There is no account {username!r}.") from error


def check_scope(scope: AuditScope, *, role: Role) -> None:
    """Raise Invalid for limits that cannot be, or that are not an auditor's."""
    if scope != EVERYTHING and role is not Role.AUDITOR:
        raise Invalid("Only an auditor's role is limited to a matter and a time.")
    try:
        scope.check()
    except UnreadableScope as error:
        raise Invalid(str(error)) from error
    if scope.ends_at is not None and scope.ends_at <= database_now():
        raise Invalid("The role would end before it began.")
    for model, words, keys in (
        (Definition, "process", scope.definitions),
        (Queue, "queue", scope.queues),
    ):
        known = set(model.objects.filter(key__in=keys).values_list("key", flat=True))
        for key in keys:
            if key not in known:
                raise NotFound(f"There is no {words} {key!r}.")


def tell_scope(scope: AuditScope) -> dict[str, object]:
    """Return the limits of an auditor's role as its entry tells them."""
    told: dict[str, object] = {}
    if scope.to_json():
        told["scope"] = scope.to_json()
    if scope.ends_at is not None:
        told["ends_at"] = scope.ends_at.isoformat()
    return told


def _replaces(person: Person, scope: AuditScope, actor: Actor) -> bool:
    """Revoke an auditor's role whose limits are others, or whose time is over."""
    grant = RoleGrant.objects.filter(
        person=person, role=_ALONE.value, revoked_at=None
    ).first()
    if grant is None:
        return False
    now = database_now()
    has = AuditScope.from_json(grant.scope, ends_at=grant.ends_at)
    if has == scope and (has.ends_at is None or has.ends_at > now):
        return False
    revoke_role(person=person, role=_ALONE, actor=actor)
    return True


def _create_account(
    person: Person, *, username: str, password: str, now: dt.datetime
) -> User:
    if User.objects.filter(username=username).exists():
        raise Conflict(f"The username {username!r} is taken.")
    user = User(username=username, person=person, created_at=now)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    return user


def _mirror_administrator(person: Person) -> None:
    holds = RoleGrant.objects.filter(
        person=person, role=Role.ADMINISTRATOR.value, revoked_at=None
    ).exists()
    User.objects.filter(person=person).update(is_superuser=holds)


def _grant_detail(person: Person, role: Role, queue: Queue | None) -> dict[str, object]:
    return {
        "person": person.id,
        "name": person.name,
        "role": role.value,
        "queue": queue.key if queue else None,
    }


def _record(
    kind: str, actor: Actor, detail: Mapping[str, object], *, now: dt.datetime
) -> None:
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
