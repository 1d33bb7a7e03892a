"""Semantic versions, ranges of them and digests of contracts. No handlers here."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import total_ordering

_VERSION = re.compile(
    r"(?P<major>0|[1-9]\d{0,7})\.(?P<minor>0|[1-9]\d{0,7})\.(?P<patch>0|[1-9]\d{0,7})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PART = re.compile(
    r"(?P<operator>>=|<=|>|<|=|)\s*(?P<numbers>\d{1,8}(?:\.\d{1,8}){0,2})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_MAX_VERSION = 50
_MAX_ORDER_KEY = 100


class VersionError(ValueError):
    """The text is no semantic version, or no range of them."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version of Semantic Versioning 2.0.0, ordered by its clause 11.

    Build metadata is no part of the order, nor of equality.
    """

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Return the version that `text` names, e.g. `1.4.0-rc.1`.

        Raises VersionError.
        """
        match = _VERSION.fullmatch(text)
        if match is None or len(text) > _MAX_VERSION:
            raise VersionError(
                f"{text!r} is not a semantic version; write MAJOR.MINOR.PATCH,"
                f" such as 1.4.0, in at most {_MAX_VERSION} characters."
            )
        version = cls(
            major=int(match["major"]),
            minor=int(match["minor"]),
            patch=int(match["patch"]),
            pre=_identifiers(match["pre"], whole=text),
        )
        if len(version.order_key) > _MAX_ORDER_KEY:
            raise VersionError(f"The pre-release part of {text!r} is too long.")
        return version

    @property
    def order_key(self) -> str:
        """Return text whose order under any collation is the order of versions.

        Only digits and a-f occur: numbers are padded, words are their bytes in
        hex, `00` ends a word and `0` ends the list, so that fewer come first.
        """
        numbers = f"{self.major:08d}{self.minor:08d}{self.patch:08d}"
        if not self.pre:
            return numbers + "9"
        return numbers + "".join(_encode(word) for word in self.pre) + "0"

    def __lt__(self, other: "Version") -> bool:
        return self.order_key < other.order_key

    def __str__(self) -> str:
        numbers = f"{self.major}.{self.minor}.{self.patch}"
        return f"{numbers}-{'.'.join(self.pre)}" if self.pre else numbers


def _identifiers(text: str | None, *, whole: str) -> tuple[str, ...]:
    if not text:
        return ()
    words = tuple(text.split("."))
    for word in words:
        if word.isdecimal() and ((word[0] == "0" and word != "0") or len(word) > 8):
            raise VersionError(
                f"The pre-release number {word} of {whole!r} has a leading zero"
                " or more than eight digits."
            )
    return words


def _encode(word: str) -> str:
    if word.isdecimal():
        return f"1{int(word):08d}"
    return f"2{word.encode('ascii').hex()}00"


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Bounds that a version must all meet; no bounds: every release.

    A pre-release is only met by a range that itself names a pre-release of the
    same MAJOR.MINOR.PATCH, so that nobody runs an unfinished handler by accident.
    """

    text: str
    bounds: tuple[tuple[str, Version], ...]

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """Return the range of `text`: `1`, `1.2`, `1.2.0`, `>=1.2,<2`, `` or `*`.

        A bare partial version stands for all versions that begin with it. Raises
        VersionError.
        """
        if text.strip() in {"", "*"}:
            return cls(text="*", bounds=())
        bounds: list[tuple[str, Version]] = []
        for part in text.split(","):
            bounds.extend(_bounds(part.strip(), whole=text))
        return cls(text=text.strip(), bounds=tuple(bounds))

    def allows(self, version: Version) -> bool:
        """Tell whether `version` lies within the range."""
        if version.pre and not any(
            bound.pre and _release(bound) == _release(version)
            for _, bound in self.bounds
        ):
            return False
        return all(_COMPARE[op](version, bound) for op, bound in self.bounds)

    def best(self, versions: Iterable[Version]) -> Version | None:
        """Return the highest version within the range, None when there is none."""
        return max(filter(self.allows, versions), default=None)


_COMPARE: Mapping[str, Callable[[Version, Version], bool]] = {
    ">=": lambda version, bound: version >= bound,
    ">": lambda version, bound: version > bound,
    "<=": lambda version, bound: version <= bound,
    "<": lambda version, bound: version < bound,
    "=": lambda version, bound: version == bound,
}


def _release(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch


def _bounds(part: str, *, whole: str) -> list[tuple[str, Version]]:
    match = _PART.fullmatch(part)
    if match is None:
        raise VersionError(
            f"{whole!r} is not a range of versions; write 1, 1.2, 1.2.0"
            " or bounds such as >=1.2,<2."
        )
    numbers = [int(number) for number in match["numbers"].split(".")]
    pre = _identifiers(match["pre"], whole=whole)
    operator = match["operator"] or "="
    if pre and len(numbers) < 3:
        raise VersionError(f"The pre-release in {whole!r} needs MAJOR.MINOR.PATCH.")
    padded = [*numbers, 0, 0][:3]
    floor = Version(padded[0], padded[1], padded[2], pre)
    if len(numbers) == 3:
        return [(operator, floor)]
    ceiling = _next(numbers)
    # A partial version is the span [floor, ceiling): an operator looks at its ends.
    return {
        "=": [(">=", floor), ("<", ceiling)],
        ">=": [(">=", floor)],
        "<": [("<", floor)],
        ">": [(">=", ceiling)],
        "<=": [("<", ceiling)],
    }[operator]


def _next(numbers: list[int]) -> Version:
    if len(numbers) == 1:
        return Version(numbers[0] + 1, 0, 0)
    return Version(numbers[0], numbers[1] + 1, 0)


def contract_digest(contract: Mapping[str, object]) -> str:
    """Return the SHA-256, in hex, of a contract's JSON with sorted keys.

    Two contracts have the same digest exactly when their JSON values are equal;
    the stored digest against the running handler's shows drift.
    """
    text = json.dumps(
        contract, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()
