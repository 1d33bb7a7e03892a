"""Pages of a bundle for reading: plain HTML, no scripts, nothing loaded from anywhere.

They are a view of what the other files prove.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from review.evidence.tables import Entry, plain

CASES_OF_A_PAGE: Final = 20
MOST_ENTRIES: Final = 5_000
"""Entries of one case that its page shows; the rest stands in events.csv."""
_STYLE: Final = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;
border-bottom:1px solid #8884}
th{font-weight:600}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem}
code,td.m{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:#777}dd{margin:0}
.note{color:#777}.wide{overflow-x:auto}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}}
"""
_HEAD: Final = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " style-src 'unsafe-inline'\">\n"
    '<meta name="viewport" content="width=device-width">\n'
    "<!-- html/1 -->\n<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
)
_FOOT: Final = "</body>\n</html>\n"
_TASK: Final = ("Task", "Queue", "Control", "Opened", "Due", "Decided", "Outcome", "By")
_VERDICT: Final = ("Verdict", "Person", "Decision", "Reason", "Rationale", "When")
_ENTRY: Final = ("No.", "When", "What", "Who", "Detail", "Hash")


def begin_page(title: str) -> str:
    """Return the beginning of a page with its heading."""
    head = _HEAD.format(title=escape(title), style=_STYLE)
    return f"{head}<h1>{escape(title)}</h1>\n"


def end_page() -> str:
    """Return the end of a page."""
    return _FOOT


class CaseWriter:
    """One case on its page, fed with its entries in order."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._rows: list[str] = []
        self._count = 0

    def hear(self, entry: Entry, *, moment: str, said: str) -> None:
        """Take the next entry, with what was typed."""
        self._count += 1
        if self._count <= MOST_ENTRIES:
            fields = entry.fields
            self._rows.append(
                f"<tr><td>{fields['seq']}<td>{_when(moment)}"
                f"<td>{escape(fields['kind'])}"
                f"<td>{escape(str(fields.get('actor_name')))}"
                f"<td class=m>{escape(entry.detail)}{f'<br>{escape(said)}' * bool(said)}"
                f"<td class=m>{entry.hash[:16]}\n"
            )

    def close(self) -> str:
        """Return the case."""
        told = self._told
        instance, definition = told["instance"], told["definition"]
        facts = {
            "Case": instance["id"],
            "Definition": f"{definition['key']} {definition['version']}",
            "State": instance["state"],
            "End": instance["end_node"],
            "Started by": instance["initiator"],
            "Started": instance["started_at"],
            "Occurred": instance["occurred_at"],
            "Ended": instance["ended_at"],
            "Last entry": f"{instance['audit']['seq']}, {instance['audit']['head']}",
        }
        parts = [
            f'<h2 id="{instance["id"]}">{escape(name_case(told))}</h2>\n',
            _facts(facts),
            _table(_TASK, map(_task, told["tasks"])),
            _table(_VERDICT, map(_verdict, told["verdicts"])),
            _rows(_ENTRY, self._rows),
        ]
        if self._count > MOST_ENTRIES:
            more = self._count - MOST_ENTRIES
            parts.append(f'<p class="note">{more} more stand in events.csv.</p>\n')
        return "".join(parts)


def name_case(told: Mapping[str, Any]) -> str:
    """Return what a case is called."""
    instance = told["instance"]
    return str(plain(instance["business_key"]) or instance["id"])


def index_row(told: Mapping[str, Any], *, page: str) -> str:
    """Return the line of a case in the index."""
    instance, definition = told["instance"], told["definition"]
    link = f'<a href="{page}#{instance["id"]}">{escape(name_case(told))}</a>'
    cells = (
        f"{definition['key']} {definition['version']}",
        instance["state"],
        instance["started_at"],
        instance["ended_at"],
        len(told["tasks"]),
        len(told["verdicts"]),
        instance["audit"]["seq"],
    )
    return f"<tr><td>{link}{_cells(cells)}\n"


_INDEX: Final = (
    "Case", "Definition", "State", "Started", "Ended", "Tasks", "Verdicts", "Entries",
)  # fmt: skip


def write_index(
    facts: Mapping[str, Any], rows: Iterable[str], *, title: str
) -> Iterator[bytes]:
    """Return the index: what this is, how it is verified, and a line for each case."""
    yield begin_page(title).encode()
    yield _facts(facts).encode()
    yield (
        b"<p>These pages are for reading. What they show is proven by the files beside"
        b" them: <code>python3 verify.py</code> in the folder above says whether"
        b" anything was changed; README.txt says how to do it by hand.</p>\n"
    )
    yield _open_table(_INDEX).encode()
    for row in rows:
        yield row.encode()
    yield f"</table></div>\n{_FOOT}".encode()


def _facts(facts: Mapping[str, Any]) -> str:
    rows = [
        f"<dt>{escape(name)}<dd>{escape(str(plain(value)))}\n"
        for name, value in facts.items()
        if value is not None and value != ""
    ]
    return f"<dl>\n{''.join(rows)}</dl>\n"


def _when(moment: str | None) -> str | None:
    """Return a moment to the second, for reading; exactly it stands in the tables."""
    return f"{moment[:19]}Z" if moment else moment


def _task(task: Mapping[str, Any]) -> Sequence[Any]:
    return (
        f"{task['id']} {plain(task['title'])}",
        task["queue"],
        task["control"],
        _when(task["opened_at"]),
        _when(task["due_at"]),
        _when(task["decided_at"]),
        task["outcome"],
        task["decided_by"],
    )


def _verdict(verdict: Mapping[str, Any]) -> Sequence[Any]:
    return (
        f"{verdict['id']} of task {verdict['task']}",
        verdict["person_name"],
        verdict["decision"],
        verdict["reason_code"],
        verdict["rationale"],
        _when(verdict["occurred_at"] or verdict["submitted_at"]),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    return _rows(head, [f"<tr>{_cells(row)}\n" for row in rows])


def _rows(head: Sequence[str], rows: Sequence[str]) -> str:
    if not rows:
        return ""
    return f"{_open_table(head)}{''.join(rows)}</table></div>\n"


def _open_table(head: Sequence[str]) -> str:
    names = "".join(f'<th scope="col">{name}' for name in head)
    return f'<div class="wide"><table>\n<tr>{names}\n'


def _cells(values: Iterable[Any]) -> str:
    return "".join(
        f"<td>{'' if value is None else escape(str(plain(value)))}" for value in values
    )
