"""Salted commitments: personal values leave a content, and its digest stays. No storage.

Note [How a personal value is committed to]
In every content that is digested (what a reviewer was shown, edits, variables at the
end, free text) a personal value stands as

    {"$committed": "<64 hex digits>"}

with SHA-256 over 32 bytes of salt and the canonical JSON (RFC 8785) of the value. Who
is given salt and value can check it; who is given neither learns nothing, also where
only few values are possible. Once salt and value are gone the digest still verifies,
and nothing says what was there.

The salts of an instance's values are derived from one secret of 32 bytes that the shell
keeps with it: the same value in the same place has the same commitment in every round,
equal values in different places have different ones, and one salt given away tells
nothing about the others. Forgetting the secret forgets all salts.

A path is the name of a variable and what lies inside it, with dots: `applicant.name`;
`*` is every item of a list or every member of an object: `guarantors.*.name`. A
variable that is kept apart (core/payloads.py) is committed to as a whole.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from workflows.core.canonical import Folded, dumps

COMMITTED: Final = "$committed"
SALT_BYTES: Final = 32
EVERY: Final = "*"

_HEX: Final = frozenset("0123456789abcdef")
_KEPT_APART: Final = frozenset({frozenset({"$payload", "size"}), frozenset({"$value"})})

Path = tuple[str, ...]
SaltFor = Callable[[str, object], bytes]
"""Gives the salt for a place (a JSON Pointer, RFC 6901) and the value there."""


class Opening(NamedTuple):
    """What opens a commitment; `place` is a JSON Pointer into the variables."""

    committed: str
    salt: bytes
    value: Any
    place: str


class PathError(ValueError):
    """A path to personal values is not written as paths are; the message says why."""


def commit(salt: bytes, value: object) -> str:
    """Return the hex SHA-256 of the salt followed by the canonical JSON of a value.

    Raises CanonicalError for a value without JSON, ValueError for a salt of a length
    other than 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    return hashlib.sha256(salt + dumps(value).encode()).hexdigest()


def derive_salt(secret: bytes, place: str, value: object) -> bytes:
    """Return the salt of a value in its place, HMAC-SHA256 under the instance's secret."""
    told = dumps([place, value]).encode()
    return hmac.new(secret, told, hashlib.sha256).digest()


def salts_of(secret: bytes) -> SaltFor:
    """Return the salts of one instance, for `commit_at`."""
    return lambda place, value: derive_salt(secret, place, value)


def stand_in(committed: str) -> dict[str, str]:
    """Return what stands in a content instead of the value."""
    return {COMMITTED: committed}


def read_stand_in(value: object) -> str | None:
    """Return the commitment that stands for a value, None for any other value."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    found = value.get(COMMITTED)
    if isinstance(found, str) and len(found) == 64 and _HEX.issuperset(found):
        return found
    return None


def parse_path(text: str) -> Path:
    """Return the parts of a path such as `guarantors.*.name`. Raises PathError."""
    parts = tuple(part.strip() for part in text.strip().split("."))
    if not all(parts):
        raise PathError(
            f"{text!r} is no path: write a variable's name, and what lies inside it"
            " after dots, as in applicant.name or guarantors.*.name."
        )
    if parts[0] == EVERY:
        raise PathError(f"{text!r} names no variable; a path begins with one.")
    return parts


def split_paths(text: str) -> list[str]:
    """Return the words of `cs:personal`: paths with commas or space between them."""
    return [word for word in re.split(r"[,\s]+", text) if word]


def commit_at(
    content: Any, paths: Iterable[Path], salt_for: SaltFor
) -> tuple[Any, list[Opening]]:
    """Return a content with commitments at the paths, and what opens each of them.

    Values that are not there are left out, null is a value. The content given is not
    changed; parts without personal values are shared with it. Raises CanonicalError.
    """
    if isinstance(content, Folded):
        content = content.folded()
    walk = _Committing(salt_for)
    for path in _in_order(paths):
        content = walk.replace(content, path)
    return content, list(walk.found.values())


def commit_patch(
    patch: Sequence[Mapping[str, Any]], paths: Iterable[Path], salt_for: SaltFor
) -> tuple[list[dict[str, Any]], list[Opening]]:
    """Return a JSON Patch (RFC 6902) with commitments for its personal values.

    A value is committed to as it would be in the place that its step names; where a
    path leads into the value, the part it leads to is.
    """
    known = _in_order(paths)
    openings: list[Opening] = []
    made: list[dict[str, Any]] = []
    for step in patch:
        one = dict(step)
        if "value" in one:
            walk = _Committing(salt_for)
            for path in known:
                one["value"] = walk.replace_in_step(one, path)
            openings.extend(walk.found.values())
        made.append(one)
    return made, openings


def find_commitments(content: object) -> Iterator[tuple[str, str]]:
    """Give the place (JSON Pointer) and the commitment of each stand-in of a content."""
    todo: list[tuple[str, object]] = [("", content)]
    while todo:
        place, value = todo.pop()
        committed = read_stand_in(value)
        if committed is not None:
            yield place, committed
        elif isinstance(value, Mapping):
            todo.extend((f"{place}/{_escape(str(k))}", v) for k, v in value.items())
        elif isinstance(value, list | tuple):
            todo.extend((f"{place}/{index}", item) for index, item in enumerate(value))


def open_content(content: Any, values: Mapping[str, Any]) -> Any:
    """Return a content with the values of those commitments that are among `values`.

    A value taken in is not looked through again.
    """
    committed = read_stand_in(content)
    if committed is not None:
        return values.get(committed, content)
    if isinstance(content, Mapping):
        return {name: open_content(item, values) for name, item in content.items()}
    if isinstance(content, list | tuple):
        return [open_content(item, values) for item in content]
    return content


def find_values(content: Any, paths: Iterable[Path]) -> Iterator[tuple[str, Any]]:
    """Give the place (JSON Pointer) and the value of everything the paths lead to."""
    blank = bytes(SALT_BYTES)
    _, openings = commit_at(content, paths, lambda place, value: blank)
    yield from ((one.place, one.value) for one in openings)


def _in_order(paths: Iterable[Path]) -> list[Path]:
    """Return short paths first: what lies inside a committed value needs no path."""
    return sorted(set(paths), key=lambda path: (len(path), path))


class _Committing:
    """One walk through a content; `found` is by place."""

    def __init__(self, salt_for: SaltFor) -> None:
        self.salt_for = salt_for
        self.found: dict[str, Opening] = {}

    def replace(self, value: Any, path: Path, place: str = "") -> Any:
        """Return a value with commitments where the path leads from here."""
        if place in self.found:
            return value
        if not path or (place and _is_kept_apart(value)):
            salt = self.salt_for(place, value)
            opening = Opening(commit(salt, value), salt, value, place)
            self.found[place] = opening
            return stand_in(opening.committed)
        first, rest = path[0], path[1:]
        if isinstance(value, Mapping):
            names = list(value) if first == EVERY else [first] if first in value else []
            if not names:
                return value
            made: dict[Any, Any] = dict(value)
            for name in names:
                inside = f"{place}/{_escape(str(name))}"
                made[name] = self.replace(value[name], rest, inside)
            return made
        if isinstance(value, list | tuple) and first == EVERY:
            return [
                self.replace(item, rest, f"{place}/{index}")
                for index, item in enumerate(value)
            ]
        return value

    def replace_in_step(self, step: Mapping[str, Any], path: Path) -> Any:
        """Return a patch step's value with commitments where the path leads."""
        value, place = step["value"], str(step["path"])
        parts = [_unescape(part) for part in place.split("/")[1:]]
        pairs = zip(path, parts, strict=False)
        if any(mine not in {EVERY, theirs} for mine, theirs in pairs):
            return value
        return self.replace(value, path[len(parts) :], place)


def _is_kept_apart(value: Any) -> bool:
    return isinstance(value, Mapping) and frozenset(value) in _KEPT_APART


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _unescape(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
