"""Which version of another definition a call activity calls. No storage here.

*latest* is the newest version at the moment of the call; *compatible* the newest with
the same major version as the one that was newest when the caller was deployed, or
within the range that is given; *pinned* exactly the version that was newest then, or
the one that is given.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from workflows.core.contracts import Version, VersionError, VersionRange


class Binding(StrEnum):
    """How a call activity chooses a version."""

    LATEST = "latest"
    COMPATIBLE = "compatible"
    PINNED = "pinned"


class BindingError(ValueError):
    """The attributes of a call activity say no version; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call activity asks for; `version` is a version or a range, or empty."""

    binding: Binding
    version: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The versions of a key; those in `closed` take no new instances."""

    versions: tuple[Version, ...]
    closed: frozenset[Version] = frozenset()

    @property
    def open(self) -> tuple[Version, ...]:
        """Return the versions that new instances may start on."""
        return tuple(one for one in self.versions if one not in self.closed)


def read_wish(*, binding: str, version: str) -> Wish:
    """Read `cs:binding` and `cs:version`. Raises BindingError.

    A version without a binding is pinned, a range compatible, neither is latest.
    """
    version = "" if version == "latest" else version.strip()
    try:
        kind = Binding(binding) if binding else _implied(version)
    except ValueError:
        words = ", ".join(Binding)
        raise BindingError(
            f"cs:binding is {binding!r}; it takes one of: {words}."
        ) from None
    if version and kind is Binding.LATEST:
        raise BindingError(
            f"cs:binding is latest, but cs:version is {version!r}; leave one of them"
            " out, or write compatible for a range and pinned for a version."
        )
    try:
        VersionRange.parse(version)
        if version and kind is Binding.PINNED:
            Version.parse(version)
    except VersionError as error:
        raise BindingError(f"cs:version of a {kind.value} call: {error}") from error
    return Wish(binding=kind, version=version)


def _implied(version: str) -> Binding:
    if not version:
        return Binding.LATEST
    try:
        Version.parse(version)
    except VersionError:
        return Binding.COMPATIBLE
    return Binding.PINNED


def newest(versions: Iterable[Version]) -> Version | None:
    """Return the newest release, or the newest pre-release where none is released."""
    found = list(versions)
    releases = [version for version in found if not version.pre]
    return max(releases or found, default=None)


def choose(
    wish: Wish, standing: Standing, *, noted: Version | None = None
) -> Version | None:
    """Return the version to call now, None where none fits.

    `noted` is what was newest when the caller was deployed. A pinned version is
    called even where it was retired since: the running caller relies on it.
    """
    match wish.binding:
        case Binding.LATEST:
            return newest(standing.open)
        case Binding.PINNED:
            exact = Version.parse(wish.version) if wish.version else noted
            if exact is None:
                return newest(standing.open)
            return exact if exact in standing.versions else None
        case Binding.COMPATIBLE:
            return _compatible(wish, standing.open, noted=noted)


def _compatible(
    wish: Wish, versions: Collection[Version], *, noted: Version | None
) -> Version | None:
    if wish.version:
        return VersionRange.parse(wish.version).best(versions)
    if noted is None:
        return newest(versions)
    return newest(
        version
        for version in versions
        if version.major == noted.major and version >= noted
    )
