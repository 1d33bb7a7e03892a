"""Rules about where tokens go: nothing unreachable, no join in vain, no endless loop."""

from collections.abc import Iterator
from itertools import combinations

from workflows.core.bpmn.graph import EventKind, Node, NodeKind
from workflows.core.bpmn.linter_view import Found, View, found
from workflows.core.bpmn.vocabulary import CHOOSING_GATEWAYS, LABELS

_ONE_OF = frozenset({NodeKind.EXCLUSIVE_GATEWAY, NodeKind.EVENT_BASED_GATEWAY})
_MANY_OF = frozenset({
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})
_WAITS = frozenset({
    NodeKind.USER_TASK,
    NodeKind.RECEIVE_TASK,
    NodeKind.INTERMEDIATE_CATCH_EVENT,
    NodeKind.EVENT_BASED_GATEWAY,
    NodeKind.CALL_ACTIVITY,
})


def find_unreachable(view: View) -> Iterator[Found]:
    """Nodes that no token and no trigger can come to."""
    for node in view.nodes.values():
        if node.id not in view.reached:
            yield found(
                "unreachable-node",
                node,
                "No path from a start event leads here; draw one or remove it.",
            )


def find_choices(view: View) -> Iterator[Found]:
    """Gateways that may find no flow, defaults with a condition, races of one."""
    for node in view.nodes.values():
        flows = [view.process.flows[name] for name in node.flows_out]
        if node.kind is NodeKind.EVENT_BASED_GATEWAY and len(flows) == 1:
            yield found(
                "race-of-one",
                node,
                "This event-based gateway waits for one event only; draw the event"
                " that comes when it does not, such as a timer, or remove the gateway.",
            )
        if node.kind not in CHOOSING_GATEWAYS or len(flows) < 2:
            continue
        if not node.default_flow and all(flow.condition for flow in flows):
            yield found(
                "no-default-flow",
                node,
                f"This {LABELS[node.kind]} has no default flow; when no condition"
                " holds, the step becomes an incident.",
            )
        if node.default_flow and view.process.flows[node.default_flow].condition:
            yield Found(
                "condition-on-default",
                node.default_flow,
                view.process.flows[node.default_flow].line,
                "The condition of a default flow is never looked at; remove it.",
            )


# --- joins ---------------------------------------------------------------------------


def find_joins(view: View) -> Iterator[Found]:
    """Parallel joins that never fill, and merges that let a path run twice."""
    for node in view.nodes.values():
        if len(node.flows_in) < 2 or node.id not in view.reached:
            continue
        if node.kind is NodeKind.PARALLEL_GATEWAY:
            yield from _dead_join(view, node)
        elif node.kind not in _MANY_OF:
            yield from _doubled(view, node)


def _dead_join(view: View, join: Node) -> Iterator[Found]:
    before = view.walk(join.scope, skip_node=join.id)
    for flow in join.flows_in:
        if flow not in before:
            yield found(
                "dead-join",
                join,
                f"No token can come by the flow {flow!r} before this join has filled,"
                " so it waits for ever; let that path come in behind the join.",
            )
            return
    for split in _splits(view, join, _ONE_OF):
        for first, second in _exclusive_pairs(view, join, split):
            yield found(
                "dead-join",
                join,
                f"The flows {first!r} and {second!r} come from different ways out of"
                f" {split.id!r}, of which one token takes only one; join them with an"
                " exclusive gateway.",
            )
            return


def _doubled(view: View, merge: Node) -> Iterator[Found]:
    for split in _splits(view, merge, frozenset({NodeKind.PARALLEL_GATEWAY})):
        for first, second in _exclusive_pairs(view, merge, split):
            yield found(
                "doubled-path",
                merge,
                f"The parallel paths of {split.id!r} meet here by {first!r} and"
                f" {second!r} without a join, so that all that follows runs twice;"
                " join them with a parallel gateway.",
            )
            return


def _splits(view: View, join: Node, kinds: frozenset[NodeKind]) -> Iterator[Node]:
    for node in view.within(join.scope):
        if node.kind in kinds and len(node.flows_out) > 1 and node.id in view.reached:
            yield node


def _exclusive_pairs(view: View, join: Node, split: Node) -> Iterator[tuple[str, str]]:
    """Yield pairs of the join's flows that need different ways out of the split.

    A split that tokens pass several times, in a loop or by parallel paths, may send
    them different ways; nothing is said of it.
    """
    if _passed_often(view, split):
        return
    needs: dict[str, str] = {}
    for way in split.flows_out:
        left = view.walk(join.scope, skip_flow=way)
        for flow in join.flows_in:
            if flow not in left:
                needs[flow] = way
    for first, second in combinations(join.flows_in, 2):
        ways = needs.get(first), needs.get(second)
        if None not in ways and ways[0] != ways[1]:
            yield first, second


def _passed_often(view: View, split: Node) -> bool:
    entering = set(split.flows_in)
    if any(view.walk_from(way) & entering for way in split.flows_out):
        return True
    for node in view.within(split.scope):
        several = node.kind not in _ONE_OF and len(node.flows_out) > 1
        if node is split or not several:
            continue
        ways = sum(1 for w in node.flows_out if view.walk_from(w) & entering)
        if ways > 1 and node.kind is not NodeKind.EXCLUSIVE_GATEWAY:
            return True
    return any(
        not event.interrupting
        and any(view.walk_from(way) & entering for way in event.flows_out)
        for event in view.within(split.scope)
        if event.kind is NodeKind.BOUNDARY_EVENT
    )


# --- loops ---------------------------------------------------------------------------


def find_loops(view: View) -> Iterator[Found]:
    """Circles of flows that nothing leads out of."""
    for circle in _circles(view):
        nodes = [view.nodes[name] for name in circle]
        if any(_leaves(view, node, circle) for node in nodes):
            continue
        first = min(nodes, key=lambda node: (node.line, node.id))
        if _is_interrupted(view, first):
            continue
        waits = any(_waits(view, node) for node in nodes)
        code = "loop-without-exit" if waits else "endless-loop"
        yield found(
            code,
            first,
            "Nothing leads out of this loop"
            + ("" if waits else ", and nothing in it waits")
            + "; draw a gateway with a way out.",
        )


def _leaves(view: View, node: Node, circle: frozenset[str]) -> bool:
    interrupting = (
        view.nodes[name].interrupting
        for name in node.boundary
        if name not in circle and view.nodes[name].event is not EventKind.COMPENSATION
    )
    targets = (view.process.flows[flow].target for flow in node.flows_out)
    return any(interrupting) or any(target not in circle for target in targets)


def _is_interrupted(view: View, node: Node) -> bool:
    """Tell whether an event around the loop can end it."""
    scopes = ["", *(one.id for one in view.around(node))]
    by_scope = any(
        start.interrupting
        for scope in scopes
        for one in view.process.event_scopes(scope)
        for start in view.process.starts(one.id)
    )
    by_boundary = any(
        event.interrupting
        for holder in view.around(node)
        for event in view.boundary(holder)
    )
    by_end = any(
        other.event is EventKind.TERMINATE and other.scope in scopes
        for other in view.nodes.values()
    )
    return by_scope or by_boundary or by_end


def _waits(view: View, node: Node) -> bool:
    handler = view.handlers.get(node.id)
    return node.kind in _WAITS or (handler is not None and handler.external)


def _circles(view: View) -> Iterator[frozenset[str]]:
    """Yield the strongly connected components with a circle (R. Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for root in view.nodes:
        if root in order:
            continue
        work: list[tuple[str, Iterator[str]]] = []
        _enter(view, root, order, low, stack, work)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    yield from _component(view, name, stack)
            elif following not in order:
                _enter(view, following, order, low, stack, work)
            elif following in stack:
                low[name] = min(low[name], order[following])


def _enter(  # noqa: PLR0917  (the state of one walk)
    view: View,
    name: str,
    order: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    work: list[tuple[str, Iterator[str]]],
) -> None:
    order[name] = low[name] = len(order)
    stack.append(name)
    work.append((name, iter(list(view.after(view.nodes[name])))))


def _component(view: View, name: str, stack: list[str]) -> Iterator[frozenset[str]]:
    at = stack.index(name)
    component = frozenset(stack[at:])
    del stack[at:]
    if len(component) > 1 or name in view.after(view.nodes[name]):
        yield component
