"""Which node of a version stands for which of another: the rows that somebody looks at."""

from collections.abc import Sequence

from review.dashboards import engine
from review.forms.definitions import Going
from review.forms.versions import MappingRow
from workflows.core.bpmn.graph import Node, Process
from workflows.core.engine.suggesting import list_counterparts, suggest_nodes
from workflows.operations import definitions


def build_rows(source_id: int, new: Process) -> list[MappingRow]:
    """Return the nodes to look at: those at which instances stand, and those gone.

    Those are of the main process; called ones of the package keep their ids.
    """
    old = definitions.compiled(source_id).main
    live = {row.node_id: row.live for row in engine.list_node_counts(source_id)}
    suggested = suggest_nodes(old, new)
    rows = [
        _row(node, new, live=live.get(node.id, 0), suggested=suggested[node.id])
        for node in old.nodes.values()
        if live.get(node.id) or suggested[node.id] != node.id
    ]
    return sorted(rows, key=lambda row: -row.live)


def list_going(key: str, new: Process, *, target_id: int = 0) -> Sequence[Going]:
    """Return the versions of a key with running instances that may go to a process."""
    return [
        Going(
            source_id=row.id,
            version=row.version,
            live=row.active,
            rows=build_rows(row.id, new),
        )
        for row in engine.list_definitions(key=key)
        if row.active and row.id != target_id
    ]


def _row(node: Node, new: Process, *, live: int, suggested: str) -> MappingRow:
    return MappingRow(
        node_id=node.id,
        label=_label(node),
        live=live,
        choices=[(other.id, _label(other)) for other in list_counterparts(node, new)],
        suggested=suggested,
    )


def _label(node: Node) -> str:
    return f"{node.name} ({node.id})" if node.name else node.id
