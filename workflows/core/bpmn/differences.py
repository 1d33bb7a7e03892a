"""What differs between two versions of a process: elements by id, in words. No XML.

Where a node stands in its file or on its drawing is no difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.bpmn.graph import EventKind, Flow, Node, Process
from workflows.core.bpmn.vocabulary import LABELS


class Mark(StrEnum):
    """What became of an element of the older version."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that differs: what, and how it is written in each version."""

    what: str
    old: str
    new: str

    @property
    def sentence(self) -> str:
        """Return the difference in words."""
        if not self.old:
            return f"{self.what} is now {_quoted(self.new)}"
        if not self.new:
            return f"{self.what} {_quoted(self.old)} is gone"
        return f"{self.what} was {_quoted(self.old)}, is now {_quoted(self.new)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that differs; `label` names it as people would.

    `element_id` is the id on the drawing, `part` is node, flow, process or decision.
    """

    mark: Mark
    part: str
    element_id: str
    label: str
    details: tuple[Detail, ...] = ()


# What a node's own words (its `properties`) say again under these names.
_FIELDS_SAY: Final = frozenset({
    "binding", "collection", "correlation", "decision", "element", "handler",
    "handlerVersion", "onFailure", "outputCollection", "outputElement", "result",
    "start", "timeToLive", "timeout",
})  # fmt: skip
_NODE_WORDS: Final[Mapping[str, str]] = {
    "name": "the name",
    "documentation": "the documentation",
    "kind": "the kind",
    "lane": "the lane",
    "scope": "the sub-process around it",
    "event": "the event",
    "timer": "the timer",
    "message": "the message",
    "signal": "the signal",
    "correlation": "the correlation key",
    "time_to_live": "how long its message is kept",
    "error_code": "the error code",
    "escalation_code": "the escalation code",
    "condition": "the condition",
    "link": "the link",
    "activity_ref": "the activity to compensate",
    "wait_for_completion": "whether it waits for the compensation",
    "attached_to": "what it is attached to",
    "interrupting": "whether it interrupts",
    "default_flow": "the default flow",
    "handler": "the handler",
    "handler_version": "the handler's version",
    "decision": "the decision",
    "script": "the script",
    "called": "the called process",
    "binding": "which version it calls",
    "loop": "how it repeats",
    "ad_hoc": "how the ad-hoc sub-process runs",
    "event_scope": "whether an event triggers it",
    "for_compensation": "whether it only compensates",
    "compensated_by": "what compensates it",
    "instantiate": "whether it begins an instance",
    "parallel_events": "whether it waits for all events",
    "on_failure": "what a failed path does",
    "result": "the result variable",
    "retry": "the retries",
    "timeout_seconds": "the timeout in seconds",
}


def compare_processes(old: Process, new: Process) -> tuple[Difference, ...]:
    """Return what differs, nodes and then flows, in the newer version's order.

    What is gone stands at the end of its kind. A flow that only got another id is no
    difference.
    """
    return (
        *_compare_whole(old, new),
        *_compare_nodes(old, new),
        *_compare_flows(old, new),
    )


def name_node(node: Node) -> str:
    """Return a node as people name it: its kind in words, with its name or id."""
    event = "" if node.event is EventKind.NONE else f"{node.event.value} "
    return f"{event}{LABELS[node.kind]} {_quoted(node.name or node.id)}"


def _compare_whole(old: Process, new: Process) -> Iterator[Difference]:
    details = (
        *_details(
            {"the process's name": old.name, **_own(old.properties)},
            {"the process's name": new.name, **_own(new.properties)},
        ),
    )
    if details:
        yield Difference(
            Mark.CHANGED,
            "process",
            new.id,
            f"process {_quoted(new.name or new.id)}",
            details,
        )


def _compare_nodes(old: Process, new: Process) -> Iterator[Difference]:
    for node in new.nodes.values():
        before = old.nodes.get(node.id)
        if before is None:
            yield Difference(Mark.ADDED, "node", node.id, name_node(node))
            continue
        details = tuple(_details(_node_words(before), _node_words(node)))
        if details:
            yield Difference(Mark.CHANGED, "node", node.id, name_node(node), details)
    for node in old.nodes.values():
        if node.id not in new.nodes:
            yield Difference(Mark.REMOVED, "node", node.id, name_node(node))


def _compare_flows(old: Process, new: Process) -> Iterator[Difference]:
    gone = {name: flow for name, flow in old.flows.items() if name not in new.flows}
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, flow in gone.items():
        alike.setdefault(_course(flow), []).append(name)
    for name, flow in new.flows.items():
        before = old.flows.get(name)
        if before is None:
            twins = alike.get(_course(flow))
            if twins:
                gone.pop(twins.pop())
                continue
            said = _details({}, _conditions(flow))
            yield Difference(
                Mark.ADDED, "flow", name, _name_flow(flow, new), tuple(said)
            )
            continue
        details = (
            *_details(_flow_words(before), _flow_words(flow)),
            *_compare_ends(before, flow, old=old, new=new),
        )
        if details:
            yield Difference(Mark.CHANGED, "flow", name, _name_flow(flow, new), details)
    for name, flow in gone.items():
        said = _details(_conditions(flow), {})
        yield Difference(Mark.REMOVED, "flow", name, _name_flow(flow, old), tuple(said))


def _details(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Detail]:
    for what in {**old, **new}:
        before, after = old.get(what, ""), new.get(what, "")
        if before != after:
            yield Detail(what, before, after)


def _node_words(node: Node) -> dict[str, str]:
    words = {label: _text(getattr(node, name)) for name, label in _NODE_WORDS.items()}
    words |= {f"the input {_quoted(one.target)}": one.source for one in node.inputs}
    words |= {f"the output {_quoted(one.target)}": one.source for one in node.outputs}
    own = {n: text for n, text in node.properties.items() if n not in _FIELDS_SAY}
    return {**words, **_own(own)}


def _own(properties: Mapping[str, str]) -> dict[str, str]:
    return {f"cs:{name}": text for name, text in sorted(properties.items())}


def _flow_words(flow: Flow) -> dict[str, str]:
    return {**_conditions(flow), "the name": flow.name}


def _compare_ends(
    before: Flow, after: Flow, *, old: Process, new: Process
) -> Iterator[Detail]:
    """Return the ends that are other nodes; one that was only renamed is the same."""
    for what, was, now in (
        ("where it comes from", before.source, after.source),
        ("where it leads", before.target, after.target),
    ):
        if was != now:
            words = _node_of(was, old), _node_of(now, new)
            yield Detail(what, *((was, now) if words[0] == words[1] else words))


def _conditions(flow: Flow) -> dict[str, str]:
    return {"the condition": flow.condition}


def _course(flow: Flow) -> tuple[str, ...]:
    return flow.source, flow.target, flow.condition, flow.name


def _name_flow(flow: Flow, process: Process) -> str:
    named = f" {_quoted(flow.name)}" if flow.name else ""
    source, target = _node_of(flow.source, process), _node_of(flow.target, process)
    return f"flow{named} from {source} to {target}"


def _node_of(node_id: str, process: Process) -> str:
    node = process.nodes.get(node_id)
    return (node.name if node else "") or node_id


def _quoted(text: str) -> str:
    return f"“{text}”"


def _text(value: Any) -> str:
    """Return a value of a node as text, empty for what it does not say."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == 0:
        return ""
    if is_dataclass(value):
        said = ((one.name, _text(getattr(value, one.name))) for one in fields(value))
        return ", ".join(
            f"{name.replace('_', ' ')} {text}" for name, text in said if text
        )
    return f"{value:g}" if isinstance(value, float) else str(value)
