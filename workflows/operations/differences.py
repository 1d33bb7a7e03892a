"""What differs between two deployed versions of one definition. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workflows.core.bpmn.differences import Difference, Mark, compare_processes
from workflows.core.outline.differences import compare_decisions
from workflows.models import DefinitionFile
from workflows.operations import definitions
from workflows.operations.decisions import list_outlines

_READ_ELSEWHERE: Final = (".bpmn", ".dmn", "package.toml")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences of the main process, of called ones, of decisions and other files."""

    main: tuple[Difference, ...]
    called: tuple[Difference, ...]
    decisions: tuple[Difference, ...]
    files: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        """Tell whether nothing differs that anybody would notice."""
        return not (self.main or self.called or self.decisions or self.files)


@lru_cache(maxsize=64)
def compare_versions(old_id: int, new_id: int) -> Comparison:
    """Compare two deployed definitions; kept, since neither ever changes.

    Raises NotFound, and PackageRefused for one that this release cannot read any more.
    """
    old, new = definitions.compiled(old_id), definitions.compiled(new_id)
    called: list[Difference] = []
    for name, process in new.processes.items():
        before = old.processes.get(name)
        if process is new.main:
            continue
        if before is None:
            called.append(_process(Mark.ADDED, name, process.name))
        else:
            called.extend(compare_processes(before, process))
    called.extend(
        _process(Mark.REMOVED, name, process.name)
        for name, process in old.processes.items()
        if name not in new.processes and process is not old.main
    )
    return Comparison(
        main=compare_processes(old.main, new.main),
        called=tuple(called),
        decisions=compare_decisions(list_outlines(old_id), list_outlines(new_id)),
        files=tuple(_compare_files(_digests(old_id), _digests(new_id))),
    )


def _process(mark: Mark, process_id: str, name: str) -> Difference:
    return Difference(mark, "process", process_id, f"process “{name or process_id}”")


def _digests(definition_id: int) -> dict[str, str]:
    rows = DefinitionFile.objects.filter(definition_id=definition_id).order_by("path")
    return {
        path: digest
        for path, digest in rows.values_list("path", "digest")
        if not path.endswith(_READ_ELSEWHERE)
    }


def _compare_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    marks = [
        *((path, Mark.ADDED) for path in new if path not in old),
        *(
            (path, Mark.CHANGED)
            for path in new
            if old.get(path, new[path]) != new[path]
        ),
        *((path, Mark.REMOVED) for path in old if path not in new),
    ]
    return [Difference(mark, "file", path, f"file {path}") for path, mark in marks]
