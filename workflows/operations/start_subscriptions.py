"""Message and signal start events of deployed definitions, as rows that wait.

Only the newest version of a key that new instances may start on is listened for, with
every process of its package. What happens when one is hit: correlation.py, signals.py.
"""

from collections.abc import Mapping

from django.db import connection

from workflows.core.bpmn.graph import EventKind, Node, NodeKind, Process
from workflows.core.correlation import SubscriptionKind, fit
from workflows.models import Definition
from workflows.store import execute

_DROP = "DELETE FROM workflows_subscription WHERE definition_key = %s"
_OPEN = """
    INSERT INTO workflows_subscription (kind, name, key, definition_id, definition_key,
        process_id, node_id, once, opened_at)
    SELECT kind, name, '', definition_id, definition_key, process_id, node_id, false,
           clock_timestamp()
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                %s::text[])
      AS v(kind, name, definition_id, definition_key, process_id, node_id)
"""


def lock_key(key: str) -> None:
    """Let one deployment or retirement of a key at a time say who listens.

    Held until the transaction ends. Take it before asking which version is newest:
    two that did not see each other would both listen.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('listens:' || %s, 0))", [key]
        )


def replace(
    *, key: str, newest: Definition | None, processes: Mapping[str, Process]
) -> None:
    """Let the newest version listen, with these processes, and no other of its key.

    `newest` is None where no version is left. The caller holds `lock_key`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [key])
    if newest is None:
        return
    rows = [
        (kind.value, fit(name), newest.id, key, process.id, node.id)
        for process in processes.values()
        for node in _beginnings(process)
        for kind, name in _waits_for(node)
    ]
    if rows:
        execute(_OPEN, zip(*rows, strict=True))


def _beginnings(process: Process) -> list[Node]:
    """Return what may begin an instance: start events, and what instantiates.

    An event-based gateway that instantiates begins at one of its targets.
    """
    found = list(process.starts())
    for node in process.nodes.values():
        if node.scope or not node.instantiate:
            continue
        if node.kind is NodeKind.EVENT_BASED_GATEWAY:
            targets = [process.flows[flow].target for flow in node.flows_out]
            found.extend(process.nodes[target] for target in targets)
        else:
            found.append(node)
    return found


def _waits_for(node: Node) -> list[tuple[SubscriptionKind, str]]:
    if node.event is EventKind.SIGNAL and node.signal:
        return [(SubscriptionKind.SIGNAL, node.signal)]
    if node.message and (
        node.event is EventKind.MESSAGE or node.kind is NodeKind.RECEIVE_TASK
    ):
        return [(SubscriptionKind.MESSAGE, node.message)]
    return []
