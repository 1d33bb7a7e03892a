"""Rows of the tables in a bundle: entries, cases, what was asked and what came of it.

Columns only ever come at the end; the schema's number stands in the first of each row.
Ships in every bundle: Python 3.9 or newer, nothing else needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

EVENT_SCHEMA = "events/1"
CASE_SCHEMA = "cases/1"
RECONCILE_SCHEMA = "reconcile/1"
SOURCE_SCHEMA = "sources/1"
EVENT_COLUMNS = (
    "schema", "case", "seq", "at", "occurred_at", "kind", "actor", "actor_name",
    "step", "detail", "hash",
)  # fmt: skip
CASE_COLUMNS = (
    "schema", "case", "business_key", "definition", "version", "process", "state",
    "end", "initiator", "started_at", "occurred_at", "ended_at", "lasted_seconds",
    "steps", "tasks", "tasks_late", "verdicts", "last_outcome", "decided_by",
    "incidents", "entries", "head",
)  # fmt: skip
RECONCILE_COLUMNS = ("schema", "case", "asked", "outcome", "reason", "entries", "head")
SOURCE_COLUMNS = (
    "schema", "case", "task", "document", "name", "media_type", "bytes", "sha256",
    "opened_by", "file",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Entry(NamedTuple):
    """One line of the chain: its text, its fields and the hash over its bytes."""

    text: str
    fields: dict[str, Any]
    hash: str

    @property
    def detail(self) -> str:
        """Return the detail as it is written; it stands before the last kind."""
        begin = self.text.find('"detail":')
        end = self.text.rfind(',"kind":')
        return self.text[begin + len('"detail":') : end] if 0 <= begin < end else ""


def write_row(values: Sequence[Any]) -> str:
    """Return a row of CSV (RFC 4180); what a spreadsheet would run gets a quote before."""
    texts = ["" if value is None else str(plain(value)) for value in values]
    return '"' + '","'.join(map(_guard, texts)) + '"\r\n'


def _guard(text: str) -> str:
    text = neutralise(text)
    return text.replace('"', '""') if '"' in text else text


def neutralise(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def plain(value: Any) -> Any:
    """Return what a table says of a value: a commitment is not the value it hides."""
    if type(value) is dict and "$committed" in value:
        return f"(personal, {str(value['$committed'])[:12]})"
    return value


def event_values(entry: Entry) -> list[Any]:
    """Return the columns of one entry."""
    get = entry.fields.get
    return [
        EVENT_SCHEMA,
        get("chain"),
        get("seq"),
        get("at"),
        get("occurred_at"),
        get("kind"),
        get("actor"),
        get("actor_name"),
        get("step"),
        entry.detail,
        entry.hash,
    ]


def case_values(told: Mapping[str, Any]) -> list[Any]:
    """Return the columns of one case, as its line in cases.jsonl tells it."""
    instance, definition = told["instance"], told["definition"]
    tasks, verdicts = told["tasks"], told["verdicts"]
    decided = [task for task in tasks if task["outcome"]]
    last = max(decided, key=lambda task: str(task["decided_at"])) if decided else {}
    return [
        CASE_SCHEMA,
        instance["id"],
        instance["business_key"],
        definition["key"],
        definition["version"],
        instance["process"],
        instance["state"],
        instance["end_node"],
        instance["initiator"],
        instance["started_at"],
        instance["occurred_at"],
        instance["ended_at"],
        count_seconds(instance["started_at"], instance["ended_at"]),
        len(told["steps"]),
        len(tasks),
        sum(task["breached_at"] is not None for task in tasks),
        len(verdicts),
        last.get("outcome"),
        last.get("decided_by"),
        len(told["incidents"]),
        instance["audit"]["seq"],
        instance["audit"]["head"],
    ]


def count_seconds(begin: str | None, end: str | None) -> str | None:
    """Return the seconds between two moments with milliseconds, None while open."""
    if not begin or not end:
        return None
    return f"{(read_time(end) - read_time(begin)).total_seconds():.3f}"


def read_time(text: str) -> datetime:
    """Read a moment as entries write it; `fromisoformat` knows no Z before 3.11."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162
