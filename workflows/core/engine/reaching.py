"""Where tokens can get to. Whether a parallel join can ever have all it waits for."""

from collections.abc import Collection, Iterator, Mapping

from workflows.core.bpmn.graph import EventKind, NodeKind, Process
from workflows.core.engine.plan import Plan


def find_starved(
    plan: Plan, stands: Collection[str], arrived: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str]]:
    """Yield parallel joins, with a flow, that would wait for that flow for ever.

    `stands` are the nodes at which the live tokens of one scope stand, `arrived` the
    flows by which tokens have come, by join. A join that no token can get to waits
    for nothing.
    """
    reached = _reach(plan.process, stands)
    for name in reached:
        node = plan.nodes[name].node
        if node.kind is not NodeKind.PARALLEL_GATEWAY or len(node.flows_in) < 2:
            continue
        # Those that stand at the join itself are what has arrived.
        others = [other for other in stands if other != name]
        around = _reach(plan.process, others, without=name)
        for flow in node.flows_in:
            source = plan.process.flows[flow].source
            if flow not in arrived.get(name, ()) and source not in around:
                yield name, flow


def _reach(
    process: Process, starts: Collection[str], *, without: str = ""
) -> dict[str, None]:
    """Return where tokens at `starts` can get to, themselves included, in order.

    A token may also leave an activity by its boundary events, and a throwing link by
    its other end.
    """
    seen: dict[str, None] = {}
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name in seen or name == without:
            continue
        seen[name] = None
        node = process.nodes[name]
        todo.extend(process.flows[flow].target for flow in node.flows_out)
        todo.extend(node.boundary)
        if node.event is EventKind.LINK:
            todo.extend(
                other.id
                for other in process.nodes.values()
                if other.event is EventKind.LINK
                and other.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
                and (other.scope, other.link) == (node.scope, node.link)
            )
    return seen
