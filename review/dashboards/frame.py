"""Who looks at the page: the person, their rights and their look."""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from review.core.keys import map_keys
from review.core.states import Role
from review.core.tasks.wellness import Wellness
from review.models import Preference, User
from review.permissions import Rights, get_rights


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How one person wants the screens; `house_look` serves before sign-in.

    `keys` are the person's own by the default that templates name.
    """

    theme: str = "auto"
    density: str = "standard"
    single_keys: bool = True
    zone: str = "UTC"
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    columns: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    wellness: Wellness = dataclasses.field(default_factory=Wellness)

    @property
    def tzinfo(self) -> dt.tzinfo:
        """Return the zone that times are printed in."""
        return zoneinfo.ZoneInfo(self.zone)


@dataclasses.dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in natural person as the screens need them."""

    rights: Rights
    look: Look

    @property
    def person_id(self) -> int:
        """Return the natural person's id."""
        return self.rights.person_id

    @property
    def role_labels(self) -> str:
        """Name the held roles, in the order of the words."""
        rights = self.rights
        held = [
            role
            for role in Role
            if rights.holds_anywhere(role)
            or (role is Role.AUDITOR and rights.audit is not None)
        ]
        return " · ".join(role.capitalize().replace("_", " ") for role in held)


def read_viewer(user: AbstractBaseUser | AnonymousUser) -> Viewer | None:
    """Return who is signed in with rights and look in two statements, else None.

    Raises Forbidden for a person whose account is closed.
    """
    if not isinstance(user, User):
        return None
    return Viewer(rights=get_rights(user.person_id), look=_read_look(user.person_id))


def _read_look(person_id: int) -> Look:
    chosen = Preference.objects.filter(person_id=person_id).first()
    house = house_look()
    if chosen is None:
        return house
    return Look(
        theme=chosen.theme,
        density=chosen.density,
        single_keys=chosen.single_keys,
        zone=chosen.zone,
        keys=map_keys(chosen.keys),
        columns=chosen.columns,
        wellness=house.wellness.override(chosen.wellness),
    )


def house_look() -> Look:
    """Return how the organisation wants the screens of who has chosen nothing."""
    return Look(
        theme=settings.HOUSE_THEME,
        density=settings.HOUSE_DENSITY,
        zone=settings.HOUSE_ZONE,
        wellness=Wellness.of_words(settings.HOUSE_WELLNESS),
    )


_viewers: WeakKeyDictionary[HttpRequest, Viewer | None] = WeakKeyDictionary()


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return the request's viewer, read once per request."""
    if request not in _viewers:
        _viewers[request] = read_viewer(request.user)
    return _viewers[request]
