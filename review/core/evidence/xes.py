"""Event logs in XES (IEEE 1849-2016), read as a stream. No files, no clock.

Only what a replay needs is kept: traces, their events and flat attributes. Lists,
containers, nested attributes, globals, classifiers and extensions are passed over.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

MAX_EVENTS: Final = 10_000
"""Events of one trace; a longer one is no case that people worked on."""

MAX_DEPTH: Final = 50

_FLAT: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})


class XesError(ValueError):
    """The bytes are no XES that can be replayed; the message names the line."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `activity` is concept:name, `at` time:timestamp with its offset."""

    activity: str
    at: dt.datetime
    role: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trace:
    """One case: its name and its events in the order of the log."""

    name: str
    events: tuple[Event, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_traces(chunks: Iterable[bytes]) -> Iterator[Trace]:
    """Yield the traces of a log as its bytes arrive.

    Memory stays that of one chunk. Raises XesError for what is no well-formed XES,
    for a DOCTYPE, and for events without a name or a time.
    """
    reader = _Reader()
    for chunk in chunks:
        yield from reader.feed(chunk)
    yield from reader.feed(b"", final=True)
    if not reader.is_log:
        raise XesError("The file holds no <log> element; is it XES?")


class _Reader:
    def __init__(self) -> None:
        self.is_log = False
        self._path: list[str] = []
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._events: list[Event] = []
        self._done: list[Trace] = []
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def feed(self, chunk: bytes, *, final: bool = False) -> Iterator[Trace]:
        """Parse one chunk and yield the traces it finished."""
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise XesError(
                f"Line {error.lineno}: the XML is not well formed"
                f" ({expat.ErrorString(error.code)})."
            ) from error
        done, self._done = self._done, []
        yield from done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # Prefixes are dropped: `log` and `xes:log` are the same element here.
        element = name.rpartition(":")[2]
        if not self._path:
            self.is_log = element == "log"
            if not self.is_log:
                raise self._error(f"the root is <{name}>, not <log>")
        self._path.append(element)
        if len(self._path) > MAX_DEPTH:
            raise self._error(f"elements are nested deeper than {MAX_DEPTH}")
        match self._path[1:]:
            case ["trace"]:
                self._trace, self._events = {}, []
            case ["trace", "event"]:
                self._event = {}
            case ["trace", kind] if kind in _FLAT:
                self._keep(self._trace, attributes)
            case ["trace", "event", kind] if kind in _FLAT:
                self._keep(self._event, attributes)
            case _:
                pass

    def _end(self, name: str) -> None:
        match self._path[1:]:
            case ["trace", "event"]:
                self._events.append(self._read_event())
                if len(self._events) > MAX_EVENTS:
                    raise self._error(f"a trace has more than {MAX_EVENTS} events")
            case ["trace"]:
                self._done.append(
                    Trace(
                        name=self._trace.get("concept:name", ""),
                        events=tuple(self._events),
                        attributes=self._trace,
                    )
                )
            case _:
                pass
        self._path.pop()

    def _keep(self, into: dict[str, str], attributes: Mapping[str, str]) -> None:
        if "key" in attributes and "value" in attributes:
            into[attributes["key"]] = attributes["value"]

    def _read_event(self) -> Event:
        found = self._event
        if not found.get("concept:name"):
            raise self._error("an event has no concept:name")
        try:
            at = dt.datetime.fromisoformat(found.get("time:timestamp", ""))
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise self._error("an event has no time:timestamp with an offset")
        return Event(
            activity=found["concept:name"],
            at=at,
            role=found.get("org:role", ""),
            attributes=found,
        )

    def _doctype(self, *_: object) -> None:
        raise self._error("the file has a DOCTYPE, which is refused; remove it")

    def _error(self, message: str) -> XesError:
        return XesError(f"Line {self._parser.CurrentLineNumber}: {message}.")
