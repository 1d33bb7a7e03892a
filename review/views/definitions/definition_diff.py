"""What a package changes against a deployed version, as lists: files, steps, tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.bpmn import read_bpmn
from workflows.core.bpmn.differences import Difference, compare_processes
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError
from workflows.core.outline import Outline, read_outline
from workflows.core.outline.differences import compare_decisions
from workflows.decisions import DecisionError, read_decisions
from workflows.operations import exports

MOST: Final = 200


def compare_packages(
    old: Mapping[str, bytes], new: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return what differs, ready to show. What cannot be read is left out."""
    files = [
        {"path": path, "what": _what(old.get(path), new.get(path))}
        for path in sorted({*old, *new})
    ]
    found = [
        *_compare(_read_processes(old), _read_processes(new)),
        *map(_row, compare_decisions(_read_tables(old), _read_tables(new))),
    ]
    return {
        "files": [one for one in files if one["what"] != "same"],
        "rows": found[:MOST],
        "more": max(0, len(found) - MOST),
    }


def compare_with_deployed(
    definition_id: int | None, new: Mapping[str, bytes]
) -> dict[str, Any] | None:
    """Return what a package changes against a version, None where there is none."""
    if definition_id is None:
        return None
    return compare_packages(exports.read_files(definition_id=definition_id), new)


def _what(old: bytes | None, new: bytes | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    return "same" if old == new else "changed"


def _read_processes(files: Mapping[str, bytes]) -> dict[str, Process]:
    found: dict[str, Process] = {}
    for path in sorted(files):
        if not path.endswith(".bpmn"):
            continue
        try:
            processes = read_bpmn(files[path], source=path)
        except BpmnError:
            continue  # the list of problems says so already
        found |= {one.id: one for one in processes}
    return found


def _read_tables(files: Mapping[str, bytes]) -> list[Outline]:
    found = []
    for path in sorted(files):
        if not path.endswith(".dmn"):
            continue
        try:
            read_decisions(files[path], source=path)
        except DecisionError:
            continue  # as above
        found.append(read_outline(files[path], source=path))
    return found


def _compare(
    old: Mapping[str, Process], new: Mapping[str, Process]
) -> Iterator[dict[str, Any]]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is not None and after is not None:
            yield from map(_row, compare_processes(before, after))
        else:
            what = "added" if before is None else "removed"
            yield {"what": what, "label": "process", "id": name, "told": []}


def _row(found: Difference) -> dict[str, Any]:
    return {
        "what": found.mark.value,
        "label": found.label,
        "id": found.element_id,
        "told": [detail.sentence for detail in found.details],
    }
