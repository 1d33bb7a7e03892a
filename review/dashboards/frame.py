"""Who looks at the page: the person, their roles, their look and their rail."""

import dataclasses
import datetime as dt
import zoneinfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from review.core.states import Role
from review.models import Person, Preference, RoleGrant, User

ROLE_LABELS = {
    Role.REVIEWER: "Reviewer",
    Role.MANAGER: "Manager",
    Role.AUDITOR: "Auditor",
    Role.PROCESS_OWNER: "Process owner",
    Role.ADMINISTRATOR: "Administrator",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How one person wants the screens; the defaults serve before sign-in."""

    theme: str = "auto"
    density: str = "standard"
    single_keys: bool = True
    zone: str = "UTC"

    @property
    def tzinfo(self) -> dt.tzinfo:
        """Return the zone that times are printed in."""
        return zoneinfo.ZoneInfo(self.zone)


@dataclasses.dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in natural person as the screens need them."""

    person: Person
    roles: frozenset[Role]
    look: Look

    def has(self, *roles: Role) -> bool:
        """Tell whether the person holds one of the roles, for any queue."""
        return not self.roles.isdisjoint(roles)

    @property
    def role_labels(self) -> str:
        """Name the roles in the order of the words."""
        return " · ".join(ROLE_LABELS[role] for role in Role if role in self.roles)


def read_viewer(user: AbstractBaseUser | AnonymousUser) -> Viewer | None:
    """Return who is signed in with roles and look in three statements, else None."""
    if not isinstance(user, User):
        return None
    person = Person.objects.select_related("preference").get(pk=user.person_id)
    grants = RoleGrant.objects.filter(person_id=person.pk, revoked_at__isnull=True)
    roles = frozenset(Role(role) for role in grants.values_list("role", flat=True))
    return Viewer(person=person, roles=roles, look=_look(person))


def _look(person: Person) -> Look:
    try:
        chosen: Preference = person.preference
    except Preference.DoesNotExist:
        return Look()
    return Look(
        theme=chosen.theme,
        density=chosen.density,
        single_keys=chosen.single_keys,
        zone=chosen.zone,
    )


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return the request's viewer, read once per request."""
    if not hasattr(request, "_countersign_viewer"):
        request._countersign_viewer = read_viewer(request.user)  # type: ignore[attr-defined]
    viewer: Viewer | None = request._countersign_viewer  # type: ignore[attr-defined]
    return viewer


def rail_of(request: HttpRequest) -> dict[str, object]:
    """Return the rail's sections with their counts."""
    raise NotImplementedError
