"""Build one part of a bundle: some cases, read at one moment, into a folder of pieces.

Each piece is a stretch of one file of the bundle. Nothing is kept of a case once its
lines are written, so that memory is that of the largest case.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, Self
from uuid import UUID

from django.db import connection

from review.core.evidence.bundles import Redaction
from review.core.evidence.erasing import WORDS
from review.core.evidence.redacting import keep_rows
from review.evidence import files, ocel, pages, tables, xes
from review.evidence.case import Case, read_cases
from review.evidence.chains import read_entry
from review.evidence.tables import Entry, write_row
from workflows import failpoints
from workflows.core.canonical import dumps
from workflows.core.typed import list_typed
from workflows.operations.snapshots import snapshot

PIECES: Final = (
    files.EVENTS, files.EVENTS_CSV, files.CASES, files.CASES_CSV, files.CONTENTS,
    files.DISCLOSURES, files.SOURCES, files.RECONCILE, files.XES,
)  # fmt: skip
OBJECTS: Final = "ocel-objects"
OCEL_EVENTS: Final = "ocel-events"
INDEX: Final = "index"
SOURCE_FOLDER: Final = "data/sources/"
PAGE_FOLDER: Final = "data/html/"
CASE_SCHEMA: Final = "case/1"
_AT_ONCE: Final = 200
"""Cases whose rows are read together."""
_BATCH: Final = 2_000
_TELL_EVERY: Final = 500
_ENTRIES: Final = """
    SELECT e.entry FROM unnest(%s::uuid[]) WITH ORDINALITY AS c (id, place)
    JOIN workflows_auditentry e ON e.chain = c.id ORDER BY c.place, e.seq
"""
_SUFFIXES: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "application/json": ".json",
}
Tell = Callable[[int], None]


def piece(folder: Path, name: str) -> Path:
    """Return where a part keeps its stretch of a file."""
    return folder / name.replace("/", "-")


class PartWriter:
    """The pieces of a part being written, and what it has to tell of itself."""

    def __init__(self, folder: Path, *, label: str, sources: Path) -> None:
        self.folder = folder
        self.label = label
        self.sources = sources
        self.kinds: Counter[str] = Counter()
        self.actors: dict[str, str] = {}
        self.queues: set[str] = set()
        self.policies: set[int] = set()
        self.calendars: set[str] = set()
        self.definitions: dict[int, dict[str, str]] = {}
        self.counts: Counter[str] = Counter()
        self.moments: list[str] = []
        self._stack = ExitStack()
        self._out: dict[str, IO[str]] = {}
        self._page: IO[str] | None = None
        self._events: list[str] = []

    def __enter__(self) -> Self:
        for name in (*PIECES, OBJECTS, OCEL_EVENTS, INDEX):
            self._out[name] = self._open(piece(self.folder, name))
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()

    def _open(self, path: Path) -> IO[str]:
        # As surrogates, what is no text could not be written: it never was JSON.
        return self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))

    def write(self, name: str, text: str) -> None:
        """Add to a piece."""
        self._out[name].write(text)

    def open_page(self, number: int) -> str:
        """Begin a page of cases; return its name as the index links to it."""
        self.close_page()
        name = f"html/{self.label}-{number:04}.html"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        self._page = path.open("w", encoding="utf-8", newline="")
        self._page.write(pages.begin_page(f"Cases {self.label}, page {number}"))
        return name

    def write_page(self, text: str) -> None:
        """Add to the open page."""
        assert self._page is not None
        self._page.write(text)

    def close_page(self) -> None:
        """End the open page."""
        if self._page is not None:
            self._page.write(pages.end_page())
            self._page.close()
            self._page = None

    def keep_event(self, line: str) -> None:
        """Keep an event of the part until all are sorted by their time."""
        self._events.append(line)

    def close(self) -> dict[str, Any]:
        """Sort the events, end everything; return what the part tells of itself."""
        self.close_page()
        self._events.sort()
        self._out[OCEL_EVENTS].writelines(f"{line}\n" for line in self._events)
        return {
            "kinds": dict(self.kinds),
            "actors": self.actors,
            "queues": sorted(self.queues),
            "policies": sorted(self.policies),
            "calendars": sorted(self.calendars),
            "definitions": {str(n): one for n, one in self.definitions.items()},
            "counts": dict(self.counts),
            "first": min(self.moments, default=""),
            "last": max(self.moments, default=""),
        }


def build_part(
    folder: Path,
    cases: Sequence[UUID],
    *,
    label: str,
    sources: Path,
    redaction: Redaction,
    tell: Tell,
) -> dict[str, Any]:
    """Write a part into an empty folder; return what it tells of itself.

    `tell` hears how many entries were written since it was told last. Contents that are
    files go to `sources`, which all parts share. Everything is read in one snapshot.
    """
    sources.mkdir(exist_ok=True)
    writer = PartWriter(folder, label=label, sources=sources)
    with writer, snapshot():
        entries = _read_entries(cases)
        upcoming = next(entries, None)
        page = ""
        for number, case in enumerate(_read_cases(cases)):
            if number % pages.CASES_OF_A_PAGE == 0:
                page = writer.open_page(number // pages.CASES_OF_A_PAGE + 1)
            building = _CaseBuilder(writer, case, page=page, redaction=redaction)
            while upcoming is not None and upcoming[1].fields["chain"] == building.id:
                building.hear(*upcoming)
                if building.entries % _TELL_EVERY == 0:
                    tell(_TELL_EVERY)
                upcoming = next(entries, None)
            tell(building.entries % _TELL_EVERY)
            building.close()
            if number == 0:
                failpoints.reach("export.middle")
        return writer.close()


def _read_cases(cases: Sequence[UUID]) -> Iterator[Case]:
    for at in range(0, len(cases), _AT_ONCE):
        yield from read_cases(cases[at : at + _AT_ONCE])


def _read_entries(cases: Sequence[UUID]) -> Iterator[tuple[str, Entry]]:
    """Return the stored text of each entry in the cases' order, and what it says."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ENTRIES, [list(cases)])
        while rows := cursor.fetchmany(_BATCH):
            for (text,) in rows:
                yield text, read_entry(text.encode())


class _CaseBuilder:
    """One case on its way into all the pieces."""

    def __init__(
        self, writer: PartWriter, case: Case, *, page: str, redaction: Redaction
    ) -> None:
        self.writer, self.case, self.page = writer, case, page
        self._open = keep_rows(case.disclosures, redaction)
        self._values = {row["committed"]: row["value"] for row in self._open}
        self.id: str = case.told["instance"]["id"]
        self.entries = 0
        self._tasks = {task["id"]: task["queue"] for task in case.told["tasks"]}
        self._trace = xes.TraceWriter(case.told)
        self._html = pages.CaseWriter(case.told)

    def hear(self, text: str, entry: Entry) -> None:
        """Take the next entry."""
        writer, fields = self.writer, entry.fields
        self.entries += 1
        writer.write(files.EVENTS, f"{text}\n")
        writer.write(files.EVENTS_CSV, write_row(tables.event_values(entry)))
        writer.kinds[fields["kind"]] += 1
        writer.actors[fields["actor"]] = fields["actor_name"]
        said = self._tell_said(fields.get("detail") or {})
        moment = self._trace.hear(entry, said=said)
        self._html.hear(entry, moment=moment, said=said)
        writer.keep_event(
            ocel.tell_event(
                fields,
                moment=moment,
                digest=entry.hash,
                detail=entry.detail,
                said=said,
                tasks=self._tasks,
            )
        )
        if self.entries == 1:
            writer.moments.append(moment)

    def _tell_said(self, detail: Mapping[str, Any]) -> str:
        """Return what an entry's commitments to typed words stand for, for reading."""
        closed = WORDS if self.case.is_erased else "withheld"
        return "; ".join(
            f"{name}: {self._values.get(committed, closed)}"
            for name, committed in list_typed(detail)
        )

    def close(self) -> None:
        """Write what is known of the case as a whole."""
        writer, case = self.writer, self.case
        told = case.told = {**case.told, "disclosures": len(self._open)}
        for one in self._open:
            writer.write(files.DISCLOSURES, f"{dumps(one)}\n")
        writer.counts["disclosures"] += len(self._open)
        writer.write(files.CASES, f"{dumps({'schema': CASE_SCHEMA, **told})}\n")
        writer.write(files.CASES_CSV, write_row(tables.case_values(told)))
        for content in case.contents.values():
            writer.write(files.CONTENTS, content.decode() + "\n")
        audit = told["instance"]["audit"]
        row = (
            tables.RECONCILE_SCHEMA, self.id, "asked", "exported", "",
            audit["seq"], audit["head"],
        )  # fmt: skip
        writer.write(files.RECONCILE, write_row(row))
        writer.write(files.XES, self._trace.close())
        writer.write_page(self._html.close())
        writer.write(INDEX, pages.index_row(told, page=self.page))
        for line in ocel.tell_case(told):
            writer.write(OBJECTS, f"{line}\n")
        _write_sources(writer, case)
        self._count()

    def _count(self) -> None:
        writer, case, told = self.writer, self.case, self.case.told
        writer.queues |= set(self._tasks.values())
        # Of the queue a task opened in, wherever it was moved since.
        writer.policies |= {
            pinned["id"]
            for task in told["tasks"]
            for name, pinned in task["why"].items()
            if name.endswith("_policy")
        }
        # "office v3" is the third version of the calendar office.
        writer.calendars |= {
            task["calendar"].rpartition(" v")[0]
            for task in told["tasks"]
            if task["calendar"]
        }
        writer.definitions.setdefault(case.definition_id, told["definition"])
        writer.counts.update({
            "cases": 1,
            "contents": len(case.contents),
            "steps": len(told["steps"]),
            "tasks": len(told["tasks"]),
            "verdicts": len(told["verdicts"]),
            f"state {told['instance']['state']}": 1,
        })


# --- sources ----------------------------------------------------------------------


def _write_sources(writer: PartWriter, case: Case) -> None:
    """Write the documents that the case's contents bring, each once, as files."""
    told = case.told
    opened = _list_opened(case)
    for task in told["tasks"]:
        for shown in task["rounds"][-1:]:
            content = case.contents.get(shown["shown"], b"")
            if b'"documents"' not in content:  # none, or erased
                continue
            payload = json.loads(content).get("payload") or {}
            for place, document in enumerate(_list_documents(payload)):
                name = str(document.get("id", place))
                people = ", ".join(sorted(opened.get((task["id"], name), ())))
                _write_source(writer, document, case=told["instance"]["id"],
                              task=task["id"], name=name, people=people)  # fmt: skip


def _list_documents(payload: Any) -> list[Mapping[str, Any]]:
    given = payload.get("documents") if isinstance(payload, Mapping) else None
    found = given if isinstance(given, list) else []
    return [one for one in found if isinstance(one, Mapping)]


def _list_opened(case: Case) -> dict[tuple[int, str], set[str]]:
    """Return who opened which document of which task, as the verdicts' contents say."""
    opened: dict[tuple[int, str], set[str]] = {}
    for verdict in case.told["verdicts"]:
        seen = json.loads(case.contents.get(verdict.get("seen", ""), b"{}"))
        for name in seen.get("sources_opened", ()):
            opened.setdefault((verdict["task"], name), set()).add(
                verdict["person_name"]
            )
    return opened


def _write_source(
    writer: PartWriter,
    document: Mapping[str, Any],
    *,
    case: str,
    task: int,
    name: str,
    people: str,
) -> None:
    data = _read_file(document)
    if data is None:
        return
    kind = str(document.get("media_type") or "text/plain")
    digest = files.sha256(data)
    file = f"{digest}{_SUFFIXES.get(kind, '.bin')}"
    target = writer.sources / file
    # A text stands whole in the contents, where anybody can read it.
    is_file = bool(document.get("data"))
    place = f"{SOURCE_FOLDER}{file}" if is_file else files.CONTENTS
    if is_file and not target.exists():
        draft = writer.folder / file
        draft.write_bytes(data)
        draft.replace(target)
    row = (
        tables.SOURCE_SCHEMA, case, task, name, document.get("name"), kind, len(data),
        digest, people, place,
    )  # fmt: skip
    writer.write(files.SOURCES, write_row(row))
    writer.counts["sources"] += 1


def _read_file(document: Mapping[str, Any]) -> bytes | None:
    """Return a document's file; None for one that is kept or withheld elsewhere."""
    data, text = document.get("data"), document.get("text")
    if isinstance(data, str) and data:
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return data.encode()
    return text.encode() if isinstance(text, str) else None
