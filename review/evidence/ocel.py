"""Object-centric event logs: OCEL 2.0 in its JSON form (ocel-standard.org).

Every audit entry is an event. Objects are cases, tasks, queues, definitions and those
who act. Types, their attributes and all objects are declared; relations are qualified.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from review.evidence.tables import plain

SCHEMA: Final = "ocel/1"
# Attributes that never change have this time, as the standard's own examples.
_ALWAYS: Final = "1970-01-01T00:00:00Z"
_MOST_OPEN: Final = 200
OBJECT_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "case": {
        "business_key": "string",
        "process": "string",
        "state": "string",
        "end": "string",
        "started_at": "time",
        "ended_at": "time",
        "entries": "integer",
    },
    "task": {
        "title": "string",
        "state": "string",
        "control": "string",
        "class": "string",
        "confidence": "float",
        "impact": "float",
        "opened_at": "time",
        "due_at": "time",
        "decided_at": "time",
        "outcome": "string",
    },
    "queue": {"key": "string"},
    "definition": {"key": "string", "version": "string", "digest": "string"},
    "person": {"name": "string"},
    "system": {"name": "string"},
}
EVENT_ATTRIBUTES: Final[Mapping[str, str]] = {
    "seq": "integer",
    "recorded_at": "time",
    "actor_name": "string",
    "node": "string",
    "decision": "string",
    "detail": "string",
    "hash": "string",
    "said": "string",
}
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def actor_type(ref: str) -> str:
    """Return the type of object that a reference to an actor means."""
    return "person" if ref.startswith("person:") else "system"


def tell_event(
    fields: Mapping[str, Any],
    *,
    moment: str,
    digest: str,
    detail: str,
    said: str,
    tasks: Mapping[int, str],
) -> str:
    """Return one event as a line that sorts by its time.

    `said` is what a person typed, as far as it is open. `tasks` are the case's own, by id their queue: nothing else is linked to.
    """
    chain, seq, actor = fields["chain"], fields["seq"], fields["actor"]
    told = fields.get("detail") or {}
    links = [("case:" + chain, "case"), (actor, "actor")]
    task = told.get("task")
    if type(task) is int and task in tasks:
        links += [(f"task:{task}", "task"), ("queue:" + tasks[task], "queue")]
    values = {
        "seq": seq,
        "recorded_at": fields["at"],
        "actor_name": fields.get("actor_name"),
        "node": told.get("node"),
        "decision": told.get("decision"),
        "detail": detail,
        "hash": digest,
        "said": said or None,
    }
    event = {
        "time": moment,
        "id": f"{chain}/{seq:08}",
        "type": fields["kind"],
        "attributes": [
            {"name": name, "value": value}
            for name, value in values.items()
            if value is not None
        ],
        "relationships": [
            {"objectId": target, "qualifier": word} for target, word in links
        ],
    }
    return _encode(event)


def tell_case(told: Mapping[str, Any]) -> Iterator[str]:
    """Return the objects of one case: itself and its tasks."""
    instance, definition = told["instance"], told["definition"]
    version = f"definition:{definition['key']} {definition['version']}"
    yield tell_object(
        f"case:{instance['id']}",
        "case",
        {
            "business_key": instance["business_key"],
            "process": instance["process"],
            "state": instance["state"],
            "end": instance["end_node"],
            "started_at": instance["started_at"],
            "ended_at": instance["ended_at"],
            "entries": instance["audit"]["seq"],
        },
        links=[(version, "runs")],
    )
    for task in told["tasks"]:
        names = OBJECT_TYPES["task"]
        yield tell_object(
            f"task:{task['id']}",
            "task",
            {name: task[name] for name in names},
            links=[
                (f"case:{instance['id']}", "case"),
                (f"queue:{task['queue']}", "queue"),
            ],
        )


def tell_object(
    name: str,
    kind: str,
    values: Mapping[str, Any],
    *,
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """Return one object; what has no value is left out."""
    types = OBJECT_TYPES[kind]
    return _encode({
        "id": name,
        "type": kind,
        "attributes": [
            {"name": one, "time": _ALWAYS, "value": _value(plain(value), types[one])}
            for one, value in values.items()
            if value is not None
        ],
        "relationships": [
            {"objectId": target, "qualifier": word} for target, word in links
        ],
    })


def _value(value: Any, kind: str) -> Any:
    return float(value) if kind == "float" else value


def write_log(
    *, objects: Iterable[str], events: Iterable[str], kinds: Iterable[str]
) -> Iterator[bytes]:
    """Return the whole log from its lines; `kinds` are the types of the events."""
    types = {
        "schema": SCHEMA,
        "objectTypes": [_tell_type(name, held) for name, held in OBJECT_TYPES.items()],
        "eventTypes": [
            _tell_type(kind, EVENT_ATTRIBUTES) for kind in sorted(set(kinds))
        ],
    }
    yield _encode(types)[:-1].encode() + b',\n"objects":[\n'
    yield from _list(objects)
    yield b'],\n"events":[\n'
    yield from _list(events)
    yield b"]}\n"


def _tell_type(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    held = [{"name": one, "type": kind} for one, kind in attributes.items()]
    return {"name": name, "attributes": held}


def _list(lines: Iterable[str]) -> Iterator[bytes]:
    before = ""
    for line in lines:
        yield f"{before}{line}\n".encode()
        before = ","


def merge_events(files: Sequence[Path], *, spare: Path) -> Iterator[str]:
    """Return the lines of sorted files in one order of time; few are open at once.

    `spare` is a folder for what has to be merged in two steps.
    """
    while len(files) > _MOST_OPEN:
        files = [
            _merge_into(
                spare / f"merged-{number:06}", files[number : number + _MOST_OPEN]
            )
            for number in range(0, len(files), _MOST_OPEN)
        ]
    yield from _merge(files)


def _merge_into(target: Path, files: Sequence[Path]) -> Path:
    with target.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{line}\n" for line in _merge(files))
    return target


def _merge(files: Sequence[Path]) -> Iterator[str]:
    with ExitStack() as stack:
        opened = [
            stack.enter_context(file.open(encoding="utf-8", newline="\n"))
            for file in files
        ]
        for line in opened[0] if len(opened) == 1 else heapq.merge(*opened):
            yield line.rstrip("\n")
