"""Whether an event log is what its standard asks for: OCEL 2.0 in JSON, XES. No database.

The checks are written from the standards: ocel-standard.org (metamodel and JSON schema),
IEEE 1849-2016 (structure, attribute types, the extensions' keys).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "float": (int, float),
    "boolean": bool,
    "time": str,
}
_XES: Final = "{http://www.xes-standard.org/}"
_XES_KINDS: Final = ("string", "date", "int", "float", "boolean", "id")


def read_ocel(path: Path) -> dict[str, Any]:
    """Read an OCEL log; AssertionError where it is not sound."""
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert {"objectTypes", "eventTypes", "objects", "events"} <= log.keys()
    types = {kind: _declared(log[f"{kind}Types"]) for kind in ("object", "event")}
    objects = {one["id"] for one in log["objects"]}
    assert len(objects) == len(log["objects"]), "an object's id comes twice"
    events = [one["id"] for one in log["events"]]
    assert len(set(events)) == len(events), "an event's id comes twice"
    assert not objects & set(events), "an event has the id of an object"
    for kind in ("object", "event"):
        for one in log[f"{kind}s"]:
            _check_attributes(one, types[kind])
            for link in one["relationships"]:
                assert link["objectId"] in objects, f"{link} dangles at {one['id']}"
                assert link["qualifier"]
    moments = [_moment(one["time"]) for one in log["events"]]
    assert moments == sorted(moments), "events are not in the order of time"
    return log


def _declared(types: list[Any]) -> dict[str, dict[str, str]]:
    found = {
        one["name"]: {each["name"]: each["type"] for each in one["attributes"]}
        for one in types
    }
    assert len(found) == len(types), "a type is declared twice"
    for attributes in found.values():
        assert set(attributes.values()) <= _TYPES.keys()
    return found


def _check_attributes(one: dict[str, Any], types: dict[str, dict[str, str]]) -> None:
    assert one["type"] in types, f"{one['type']} is not declared"
    declared = types[one["type"]]
    for attribute in one["attributes"]:
        kind = declared[attribute["name"]]
        assert isinstance(attribute["value"], _TYPES[kind]), attribute
        if kind == "time":
            _moment(str(str(attribute["value"])))
        if "time" in attribute:
            _moment(attribute["time"])


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    assert moment.utcoffset() == dt.timedelta(0), f"{text} is not UTC"
    return moment


def read_xes(path: Path) -> list[tuple[dict[str, str], list[dict[str, str]]]]:
    """Read traces with their events as flat attributes; AssertionError if not sound."""
    root = ElementTree.parse(path).getroot()  # noqa: S314  (our own file)
    assert root.tag == f"{_XES}log"
    assert root.get("xes.version") == "1849-2016"
    prefixes = {one.get("prefix") for one in root.iter(f"{_XES}extension")}
    known = {"cs", *prefixes}
    traces = []
    for trace in root.findall(f"{_XES}trace"):
        events = [dict(_flat(one, known)) for one in trace.findall(f"{_XES}event")]
        moments = [_moment(one["time:timestamp"]) for one in events]
        assert moments == sorted(moments), "events are not in the order of time"
        assert all(one["concept:name"] for one in events)
        assert all(one["lifecycle:transition"] == "complete" for one in events)
        traces.append((dict(_flat(trace, known)), events))
    return traces


def _flat(
    element: ElementTree.Element, known: set[str | None]
) -> Iterator[tuple[str, str]]:
    seen = set()
    for child in element:
        kind = child.tag.removeprefix(_XES)
        if kind in {"event", "trace"}:
            continue
        assert kind in _XES_KINDS, f"{kind} is no attribute of XES"
        key, value = child.get("key", ""), child.get("value")
        assert value is not None
        assert key not in seen, f"{key} comes twice"
        assert key.partition(":")[0] in known, f"{key} has no extension"
        if kind == "date":
            _moment(value)
        if kind == "int":
            int(value)
        seen.add(key)
        yield key, value
