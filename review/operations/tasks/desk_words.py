"""Find a step's own words again: its queue, its routing, its grid. Read once for all."""

from functools import lru_cache

from review.core.tasks.desks import Desk, read_desk
from workflows.operations import definitions


@lru_cache(maxsize=2048)
def find_desk(definition_id: int, node_id: str) -> Desk | None:
    """Return a step's words; deployed definitions never change."""
    for process in definitions.compiled(definition_id).processes.values():
        if node_id in process.nodes:
            return read_desk(process.nodes[node_id])
    return None
