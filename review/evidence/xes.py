"""Event logs in XES (IEEE 1849-2016), written as a stream: a trace for each case.

An event is a completed step of the process: what people and machines did, without the
gateways between. How such logs are read: review/core/evidence/xes.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from review.evidence.moments import CaseClock
from review.evidence.tables import Entry, plain

SCHEMA: Final = "xes/1"
# XML 1.0 has no place for these, not even escaped (section 2.2).
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EXTENSIONS: Final = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
)
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    + "".join(
        f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
        for name, prefix, uri in _EXTENSIONS
    )
    + '<global scope="trace"><string key="concept:name" value=""/></global>\n'
    '<global scope="event"><string key="concept:name" value=""/>'
    '<string key="lifecycle:transition" value="complete"/>'
    '<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/></global>\n'
    '<classifier name="Activity" keys="concept:name"/>\n'
    '<classifier name="Node" keys="cs:node"/>\n'
    f'<string key="cs:schema" value="{SCHEMA}"/>\n'
)


def write_log(traces: Iterable[bytes]) -> Iterator[bytes]:
    """Return the whole log around its traces."""
    yield _HEAD.encode()
    yield from traces
    yield b"</log>\n"


def is_activity(kind: str) -> bool:
    """Tell whether steps of a kind are events of the log."""
    return not kind.endswith("Gateway")


class TraceWriter:
    """The trace of one case, fed with its entries in order."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._steps = {step["id"]: step for step in told["steps"]}
        self._tasks = {task["step"]: task for task in told["tasks"]}
        self._people = {
            verdict["task"]: verdict["person_name"] for verdict in told["verdicts"]
        }
        self._clock = CaseClock()
        self._lines: list[str] = []

    def hear(self, entry: Entry, *, said: str) -> str:
        """Take the next entry, with what was typed; return when it counts as happened."""
        fields = entry.fields
        moment = self._clock.read(fields)
        if fields["kind"] == "step.completed":
            step = self._steps.get(fields.get("step"))
            if step is not None and is_activity(step["kind"]):
                self._lines.append(self._tell(fields, step, moment, said))
        return moment

    def _tell(
        self,
        fields: Mapping[str, Any],
        step: Mapping[str, Any],
        moment: str,
        said: str,
    ) -> str:
        task = self._tasks.get(step["id"], {})
        person = self._people.get(task.get("id"), fields.get("actor_name"))
        return (
            "<event>"
            + string("concept:name", step["name"] or step["node"])
            + string("lifecycle:transition", "complete")
            + string("org:resource", person)
            + string("org:role", task.get("queue"))
            + f'<date key="time:timestamp" value="{_offset(moment)}"/>'
            + f'<date key="cs:recorded_at" value="{_offset(fields["at"])}"/>'
            + string("cs:node", step["node"])
            + string("cs:kind", step["kind"])
            + string("cs:outcome", task.get("outcome"))
            + string("cs:said", said)
            + f'<int key="cs:step" value="{step["id"]:d}"/>'
            + f'<int key="cs:seq" value="{fields["seq"]:d}"/>'
            + "</event>\n"
        )

    def close(self) -> str:
        """Return the trace."""
        instance, definition = self._told["instance"], self._told["definition"]
        return (
            "<trace>"
            + string("concept:name", instance["business_key"] or instance["id"])
            + string("cs:case", instance["id"])
            + string("cs:definition", f"{definition['key']} {definition['version']}")
            + string("cs:state", instance["state"])
            + string("cs:end", instance["end_node"])
            + "\n"
            + "".join(self._lines)
            + "</trace>\n"
        )


def string(key: str, value: object) -> str:
    """Return an attribute of text; nothing for no value."""
    if value is None or value == "":
        return ""
    text = _UNWRITABLE.sub("\ufffd", str(plain(value)))
    quoted = escape(text, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f'<string key="{key}" value="{quoted}"/>'


def _offset(moment: str) -> str:
    """Return a moment with an offset in place of Z, as XES has its dates."""
    return moment.replace("Z", "+00:00")
