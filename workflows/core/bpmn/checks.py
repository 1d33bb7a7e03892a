"""Is a process sound enough to run? Rules over the graph; no XML here."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from workflows.core.bpmn.graph import EventKind, Flow, Node, NodeKind, Process
from workflows.core.bpmn.problems import Problems
from workflows.core.bpmn.vocabulary import (
    ACTIVITIES,
    CHOOSING_GATEWAYS,
    EVENTS,
    LABELS,
    SCOPES,
)
from workflows.core.feel import FeelSyntaxError, compile_expression
from workflows.core.iso8601 import Iso8601Error, parse_duration

_USER_TASK_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "initiator": ("allowed", "excluded"),
    "quorum": ("dual", "one"),
    "reject": ("ends", "outcome"),
}
_SHARE: Final = re.compile(r"\d{1,3}%|0?\.\d{1,4}")


def check_process(
    process: Process, *, line: int, refused: frozenset[str], problems: Problems
) -> None:
    """Note what keeps a process from running: ends, scopes, choices, expressions.

    `line` is the process's own; `refused` are ids of elements that were refused already: what points at them is
    no second mistake.
    """
    for flow in process.flows.values():
        _check_ends(flow, process, refused=refused, problems=problems)
    for node in process.nodes.values():
        _check_turns(node, process, problems)
        if node.attached_to not in refused:
            _check_attachment(node, process, problems)
        _check_choice(node, process, problems)
        _check_expressions(node, problems)
        if node.kind is NodeKind.USER_TASK:
            _check_user_task(node, problems)
    for scope in ["", *_scopes(process)]:
        _check_starts(scope, process, line=line, problems=problems)


def _scopes(process: Process) -> list[str]:
    return [node.id for node in process.nodes.values() if node.kind in SCOPES]


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
    if flow.condition:
        _check_feel(
            flow.condition,
            "The condition",
            element=flow.id,
            line=flow.line,
            problems=problems,
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


def _check_attachment(node: Node, process: Process, problems: Problems) -> None:
    if node.kind is not NodeKind.BOUNDARY_EVENT:
        return
    host = process.nodes.get(node.attached_to)
    message = ""
    if host is None:
        message = (
            f"This boundary event is attached to {node.attached_to!r},"
            " which is no node of the process."
            if node.attached_to
            else "This boundary event is attached to nothing; set attachedToRef."
        )
    elif host.kind not in ACTIVITIES or host.scope != node.scope:
        message = (
            f"This boundary event is attached to {host.id!r}; only a task,"
            " sub-process or call activity of the same scope can carry one."
        )
    elif node.event is EventKind.ERROR and not node.interrupting:
        message = "An error boundary event always interrupts; drop cancelActivity."
    elif node.event is not EventKind.COMPENSATION and not node.flows_out:
        message = "This boundary event leads nowhere; draw a flow from it."
    if message:
        problems.add(message, element=node.id, line=node.line)


def _check_choice(node: Node, process: Process, problems: Problems) -> None:
    flows = [process.flows[name] for name in node.flows_out]
    if node.kind is NodeKind.PARALLEL_GATEWAY:
        for flow in flows:
            if flow.condition or node.default_flow:
                problems.add(
                    "A parallel gateway takes every flow; remove the condition"
                    " or use an inclusive gateway.",
                    element=flow.id,
                    line=flow.line,
                )
        return
    if node.kind not in CHOOSING_GATEWAYS:
        return
    if not flows:
        problems.add(
            f"This {LABELS[node.kind]} leads nowhere; draw a flow from it.",
            element=node.id,
            line=node.line,
        )
    if len(flows) < 2:
        return
    for flow in flows:
        if not flow.condition and flow.id != node.default_flow:
            problems.add(
                f"This flow leaves the {LABELS[node.kind]} {node.id!r} without a"
                " condition; write one, or make it the gateway's default.",
                element=flow.id,
                line=flow.line,
            )


def _check_starts(
    scope: str, process: Process, *, line: int, problems: Problems
) -> None:
    starts = process.starts(scope)
    plain = [node for node in starts if node.event is EventKind.NONE]
    name = scope or process.id
    line = process.nodes[scope].line if scope else line
    if not starts and not process.entries(scope):
        problems.add("There is no start event; draw one.", element=name, line=line)
    elif len(plain) > 1:
        problems.add(
            f"There are {len(plain)} start events without a trigger"
            f" ({', '.join(node.id for node in plain)}); keep one.",
            element=name,
            line=plain[1].line,
        )


def _check_user_task(node: Node, problems: Problems) -> None:
    """Note words of a user task that nobody could understand once a case is there."""
    for name, words in _USER_TASK_WORDS.items():
        given = node.properties.get(name, "")
        if given and given not in words:
            problems.add(
                f"cs:{name}={given!r} must be one of: {', '.join(words)}.",
                element=node.id,
                line=node.line,
            )
    goal = node.properties.get("sla", "")
    warning = node.properties.get("warn", "")
    if goal:
        _check_goal(goal, "cs:sla", node, problems)
    if warning and not _SHARE.fullmatch(warning):
        _check_goal(warning, "cs:warn", node, problems)


def _check_goal(text: str, what: str, node: Node, problems: Problems) -> None:
    try:
        duration = parse_duration(text)
    except Iso8601Error as error:
        problems.add(f"{what}: {error}", element=node.id, line=node.line)
        return
    if duration.months or duration.exact.total_seconds() <= 0:
        problems.add(
            f"{what}: {text!r} must be above zero and without years or months.",
            element=node.id,
            line=node.line,
        )


def _check_expressions(node: Node, problems: Problems) -> None:
    for what, text in _expressions(node):
        _check_feel(text, what, element=node.id, line=node.line, problems=problems)


def _expressions(node: Node) -> Iterator[tuple[str, str]]:
    if node.script:
        yield "The script", node.script
    if node.timer is not None and node.timer.text.startswith("="):
        yield "The timer", node.timer.text[1:]
    for side, mappings in (("input", node.inputs), ("output", node.outputs)):
        for mapping in mappings:
            if mapping.source:
                yield f"cs:{side} of {mapping.target!r}", mapping.source
    if node.kind is NodeKind.USER_TASK:
        for name in ("confidence", "impact", "priority", "proposal", "title"):
            text = node.properties.get(name, "")
            if text:
                yield f"cs:{name}", text.removeprefix("=")


def _check_feel(
    text: str, what: str, *, element: str, line: int, problems: Problems
) -> None:
    try:
        compile_expression(text)
    except FeelSyntaxError as error:
        problems.add(f"{what} is no FEEL: {error}", element=element, line=line)
