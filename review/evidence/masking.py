"""Personal values covered for readers who may not see them yet.

An auditor sees cases masked until he unmasks one, which is an entry of its own. Here is
only what covers; who may see and the entry are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from review.core.evidence.erasing import blank_words
from review.evidence.personal import read_paths
from review.models import TaskContent, TaskRevision
from workflows.core.commitments import Path, commit_at, open_content
from workflows.core.engine.personal import list_needles
from workflows.core.engine.personal import read_paths as read_declared
from workflows.driver import fetch
from workflows.operations import definitions
from workflows.store import parse_json

COVER: Final = "••••••"

_INSTANCE: Final = """
    SELECT definition_id, process_id, variables::text FROM workflows_instance
    WHERE id = %s
"""


def mask(content: Any, paths: Iterable[Path], *, needles: Iterable[str] = ()) -> Any:
    """Return a content with covers in the places of personal values.

    `needles` are texts to cover wherever else they stand. The content given stays as
    it is.
    """
    covered, openings = commit_at(content, paths, lambda place, value: bytes(32))
    values = {one.committed: COVER for one in openings}
    return blank_words(open_content(covered, values), frozenset(needles), by=COVER)


@dataclass(frozen=True, slots=True)
class Mask:
    """What covers one case: where its personal values are, and how they read."""

    paths: tuple[Path, ...]
    needles: frozenset[str]

    @property
    def covers(self) -> bool:
        """Tell whether there is anything to cover."""
        return bool(self.paths)

    def variables(self, values: Mapping[str, Any]) -> Any:
        """Return the instance's variables, covered."""
        return mask(values, self.paths, needles=self.needles)

    def payload(self, payload: Any, policy: Mapping[str, Any]) -> Any:
        """Return what a task showed, covered; `policy` is the task's."""
        return mask(payload, read_paths(policy), needles=self.needles)

    def words(self, told: Any) -> Any:
        """Return a title, a text or anything told of the case, covered."""
        return blank_words(told, self.needles, by=COVER)


def mask_of(instance_id: UUID) -> Mask:
    """Return what covers a case's personal values on pages and in lists."""
    definition_id, process_id, text = fetch(_INSTANCE, [instance_id])[0]
    process = definitions.compiled(definition_id).processes[process_id]
    paths = read_declared(process)
    needles = set(list_needles([parse_json(text)], paths))
    contents = TaskContent.objects.filter(task__instance_id=instance_id)
    rounds = TaskRevision.objects.filter(task__instance_id=instance_id)
    shown = [
        *contents.values_list("payload", "policy"),
        # What stood there before an edit is in texts as well.
        *rounds.values_list("payload", "task__content__policy"),
    ]
    for payload, policy in shown if paths else ():
        needles |= list_needles([payload], read_paths(policy))
    return Mask(paths, frozenset(needles))
