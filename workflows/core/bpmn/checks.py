"""Is a process sound enough to run? Flows and choices here; the rest beside. No XML."""

from collections.abc import Mapping
from typing import Final

from workflows.core.bpmn.blocks import find_block
from workflows.core.bpmn.event_checks import check_events
from workflows.core.bpmn.expression_checks import check_condition, check_expressions
from workflows.core.bpmn.graph import Flow, Node, NodeKind, Process
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.scope_checks import check_scopes
from workflows.core.bpmn.vocabulary import (
    CHOOSING_GATEWAYS,
    EVENTS,
    LABELS,
)
from workflows.core.bpmn.word_checks import check_attributes, check_process_words

_UNCONDITIONAL: Final[Mapping[NodeKind, str]] = {
    NodeKind.PARALLEL_GATEWAY: "A parallel gateway takes every flow",
    NodeKind.EVENT_BASED_GATEWAY: (
        "An event-based gateway goes where the first event comes"
    ),
}


def check_process(
    process: Process, *, line: int, refused: frozenset[str], problems: Problems
) -> None:
    """Note what keeps a process from running: ends, scopes, choices, expressions.

    `line` is the process's own; `refused` are ids of elements that were refused
    already: what points at them is no second mistake.
    """
    for flow in process.flows.values():
        _check_ends(flow, process, refused=refused, problems=problems)
        check_condition(flow, problems)
    for node in process.nodes.values():
        _check_turns(node, process, problems)
        _check_choice(node, process, problems)
        if not problems.found:
            _check_block(node, process, problems)
        check_expressions(node, problems)
        check_attributes(node, problems)
    check_process_words(process, line=line, problems=problems)
    check_events(process, refused=refused, problems=problems)
    check_scopes(process, line=line, problems=problems)


def _check_block(node: Node, process: Process, problems: Problems) -> None:
    """Note a policy for a block that has no end; read only where flows are sound."""
    if node.on_failure is None or len(node.flows_out) < 2:
        return
    if find_block(process, node) is None:
        problems.add(
            "cs:onFailure needs one parallel, inclusive or complex gateway where all"
            " paths from here meet, and none that ends before.",
            element=node.id,
            line=node.line,
        )


def _check_ends(
    flow: Flow, process: Process, *, refused: frozenset[str], problems: Problems
) -> None:
    scopes = set()
    for side, name in (("sourceRef", flow.source), ("targetRef", flow.target)):
        node = process.nodes.get(name)
        if node is None and name not in refused:
            problems.add(
                f"{side} of this flow names {name!r}, which is no node of the process.",
                element=flow.id,
                line=flow.line,
            )
        elif node is not None:
            scopes.add(node.scope)
    if len(scopes) > 1:
        problems.add(
            "A sequence flow may not cross the border of a sub-process.",
            element=flow.id,
            line=flow.line,
        )


def _check_turns(node: Node, process: Process, problems: Problems) -> None:
    no_entry = node.kind in {NodeKind.START_EVENT, NodeKind.BOUNDARY_EVENT}
    if no_entry and node.flows_in:
        problems.add(
            f"No flow may lead into a {LABELS[node.kind]}.",
            element=node.id,
            line=node.line,
        )
    if node.kind is NodeKind.END_EVENT and node.flows_out:
        problems.add("No flow may leave an end event.", element=node.id, line=node.line)
    if node.for_compensation and (node.flows_in or node.flows_out):
        problems.add(
            "A compensation activity has no sequence flows; only the association of a"
            " compensation boundary event leads to it.",
            element=node.id,
            line=node.line,
        )
    known = (*node.flows_out, "")
    if node.default_flow not in known:
        problems.add(
            f"The default flow {node.default_flow!r} does not leave this node.",
            element=node.id,
            line=node.line,
        )
    if node.kind in EVENTS and any(
        process.flows[name].condition for name in node.flows_out
    ):
        problems.add(
            "A flow that leaves an event has no condition; put a gateway between.",
            element=node.id,
            line=node.line,
        )


def _check_choice(node: Node, process: Process, problems: Problems) -> None:
    flows = [process.flows[name] for name in node.flows_out]
    for flow in flows:
        if node.kind in _UNCONDITIONAL and (flow.condition or node.default_flow):
            problems.add(
                f"{_UNCONDITIONAL[node.kind]}; remove the condition or use an"
                " inclusive gateway.",
                element=flow.id,
                line=flow.line,
            )
    if node.kind not in CHOOSING_GATEWAYS:
        return
    if not flows:
        problems.add(
            f"This {LABELS[node.kind]} leads nowhere; draw a flow from it.",
            element=node.id,
            line=node.line,
        )
    if node.kind is NodeKind.EXCLUSIVE_GATEWAY:
        _check_exclusive(node, flows, problems)


def _check_exclusive(node: Node, flows: list[Flow], problems: Problems) -> None:
    """Note flows without a condition that hide those after them.

    The flows are tried in document order, so only the last may be unconditional: it
    is then what the default flow would be. Other gateways take such a flow always.
    """
    certain = flows if node.default_flow else flows[:-1]
    for flow in certain:
        if not flow.condition and flow.id != node.default_flow:
            problems.add(
                f"This flow leaves the {LABELS[node.kind]} {node.id!r} without a"
                " condition; write one, or make it the gateway's default.",
                element=flow.id,
                line=flow.line,
            )
