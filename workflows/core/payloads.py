"""Large variables, kept apart and named by their digest. No storage here.

Note [How a large variable is kept]
A variable whose canonical JSON is longer than a limit is stored once, under the SHA-256
of that text, and its place in the instance holds

    {"$payload": "<64 hex digits>", "size": <bytes>}

That form is what is saved with each advance and what digests of the variables are taken
over; the digest inside it binds the content. `Values` reads the content only when
somebody asks for that variable. A value of a user's own that has the very keys of such
a reference is wrapped in {"$value": ...}, and so is one that looks like that.
"""

import hashlib
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Any, Final, NamedTuple, cast

from workflows.core.canonical import Folded, dumps

LIMIT: Final = 32 * 1024
"""Bytes of canonical JSON up to which a variable stays with its instance."""

_REFERENCE: Final = "$payload"
_SIZE: Final = "size"
_WRAPPED: Final = "$value"
_SCALAR_BYTES: Final = 40
_BYTES_PER_CHARACTER: Final = 6

Read = Callable[[str], Any]


class Payload(NamedTuple):
    """A value that is kept apart: the SHA-256 of its canonical JSON, and its bytes."""

    digest: str
    size: int


class UnknownPayload(LookupError):
    """The content of a reference is not there: it was erased, or never stored."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"There is no payload {digest}; it may have been erased.")


def no_payloads(digest: str) -> Any:
    """Read nothing, for values that can hold no reference. Raises UnknownPayload."""
    raise UnknownPayload(digest)


class Values(Folded, dict[str, Any]):
    """Variables by name, the large ones folded; reading a name gives its content.

    `read` gives the content of a digest, `limit` is in bytes. `written` holds the
    canonical JSON of what was folded here, by digest, until the owner has stored it.
    """

    __slots__ = ("_read", "contents", "limit", "written")

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        read: Read = no_payloads,
        limit: int = LIMIT,
    ) -> None:
        super().__init__()
        self.limit = limit
        self.written: dict[str, str] = {}
        self._read = read
        self.contents: dict[str, Any] = {}
        if values:
            self.update(values)

    @classmethod
    def from_stored(
        cls, stored: Mapping[str, Any], *, read: Read, limit: int = LIMIT
    ) -> "Values":
        """Return the variables of a stored form, which `folded` gives."""
        found = cls(read=read, limit=limit)
        for name, value in stored.items():
            dict.__setitem__(found, name, _read_form(value))
        return found

    def folded(self) -> dict[str, Any]:
        """Return the form that is stored and digested: references for large values."""
        return {name: _form(value) for name, value in dict.items(self)}

    def payloads(self) -> set[Payload]:
        """Return the references that are held."""
        return {value for value in dict.values(self) if type(value) is Payload}

    def peek(self, name: str) -> Any:
        """Return a value without reading its content: it may be a Payload."""
        return dict.__getitem__(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        dict.__setitem__(self, name, self._fold(value))

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Set many; references of other Values stay references."""
        if isinstance(values, Values):
            for name, value in dict.items(values):
                dict.__setitem__(self, name, value)
            self.written.update(values.written)
            self.contents.update(values.contents)
        else:
            pairs = values.items() if isinstance(values, Mapping) else values
            for name, value in cast("Iterable[tuple[str, Any]]", pairs):
                self[name] = value
        for name, value in more.items():
            self[name] = value

    def copy(self) -> "Values":
        """Return the same variables, references unread."""
        made = Values(read=self._read, limit=self.limit)
        made.update(self)
        return made

    def setdefault(self, name: str, default: Any = None, /) -> Any:
        """Set a name that is not there; return its value."""
        if name not in self:
            self[name] = default
        return self[name]

    # --- reading a name reads its content ----------------------------------------

    def __getitem__(self, name: str) -> Any:
        return self._content(dict.__getitem__(self, name))

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return the content of a name, or the default."""
        return self._content(dict.get(self, name, default))

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a name; return its content."""
        return self._content(dict.pop(self, name, *default))

    # With an `__iter__` of its own, `dict(values)` and `{**values}` read by the
    # methods here; they would copy unread references otherwise.
    def __iter__(self) -> Iterator[str]:
        return dict.__iter__(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """Return all with their contents."""
        return ItemsView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """Return all contents."""
        return ValuesView(self)

    def _content(self, value: Any) -> Any:
        if type(value) is not Payload:
            return value
        if value.digest not in self.contents:
            self.contents[value.digest] = self._read(value.digest)
        return self.contents[value.digest]

    def _fold(self, value: Any) -> Any:
        if type(value) is Payload or not may_exceed(value, self.limit):
            return value
        text = dumps(value)
        data = text.encode()
        if len(data) <= self.limit:
            return value
        payload = Payload(digest=hashlib.sha256(data).hexdigest(), size=len(data))
        self.written[payload.digest] = text
        self.contents[payload.digest] = value
        return payload


def may_exceed(value: object, limit: int) -> bool:
    """Tell whether a value's JSON can be longer than `limit` bytes; cheap to ask."""
    if isinstance(value, str):
        return _BYTES_PER_CHARACTER * len(value) + 2 > limit
    todo, weight = [value], 0
    while todo and weight <= limit:
        item = todo.pop()
        if isinstance(item, str):
            weight += _BYTES_PER_CHARACTER * len(item) + 3
        elif isinstance(item, Mapping):
            weight += 2 + len(item)
            todo.extend(item)
            todo.extend(item.values())
        elif isinstance(item, list | tuple):
            weight += 2 + len(item)
            todo.extend(item)
        else:
            weight += _SCALAR_BYTES
    return weight > limit


def find_references(stored: Mapping[str, Any]) -> dict[str, Payload]:
    """Return the large variables of `Values` or of a stored form, by name, unread."""
    if isinstance(stored, Values):
        kept = ((name, stored.peek(name)) for name in stored)
        return {name: value for name, value in kept if type(value) is Payload}
    read = ((name, _read_form(value)) for name, value in stored.items())
    return {name: value for name, value in read if type(value) is Payload}


def holds_references(text: str) -> bool:
    """Tell whether a stored JSON text may hold a reference or a wrapped value."""
    return f'"{_REFERENCE}"' in text or f'"{_WRAPPED}"' in text


def _form(value: Any) -> Any:
    if type(value) is Payload:
        return {_REFERENCE: value.digest, _SIZE: value.size}
    if isinstance(value, dict) and _looks_special(value):
        return {_WRAPPED: value}
    return value


def _read_form(value: Any) -> Any:
    if not isinstance(value, dict) or not _looks_special(value):
        return value
    if _WRAPPED in value:
        return value[_WRAPPED]
    return Payload(digest=value[_REFERENCE], size=value[_SIZE])


def _looks_special(value: Mapping[str, Any]) -> bool:
    if len(value) == 1:
        return _WRAPPED in value
    return len(value) == 2 and _REFERENCE in value and _SIZE in value
