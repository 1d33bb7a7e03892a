"""A process being drawn: nodes, flows, and the fields of events and loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.trees import Loop
from workflows.core.bpmn.graph import (
    EventKind,
    Flow,
    LoopKind,
    LoopSpec,
    Node,
    NodeKind,
    Process,
    RetrySpec,
    TimerKind,
    TimerSpec,
    VariableMapping,
)

NEAR, FAR = "PT5M", "P10Y"
"""Timers that fire, and timers that a run never lives to see."""
KEPT = "P3000D"
"""How long thrown messages are kept: longer than a run."""

START: Mapping[str, object] = {"yes": True, "no": False, "items": [1, 2, 3, 4]}
"""Variables that every case begins with, beside `case`, the key of its messages."""

RETRY = RetrySpec(max_attempts=3, base_seconds=20, cap_seconds=300)


@dataclass(frozen=True, slots=True)
class Port:
    """Where the next node is joined on; None stands for a path that has ended."""

    source: str
    condition: str = ""
    default: bool = False


@dataclass(slots=True)
class Canvas:
    """Nodes and flows of one process being drawn."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    def add(
        self, name: str, kind: NodeKind, *, scope: str, port: Port | None, **more: Any
    ) -> Port:
        """Put a node behind a port and return the port behind it."""
        self.fields[name] = {"id": name, "kind": kind, "scope": scope, **more}
        if port is not None:
            self.join(port, name)
        return Port(name)

    def join(self, port: Port, target: str) -> None:
        flow = Flow(
            id=f"f{len(self.flows)}",
            source=port.source,
            target=target,
            condition=port.condition,
        )
        self.flows.append(flow)
        if port.default:
            self.fields[port.source]["default_flow"] = flow.id

    def process(self, name: str) -> Process:
        """Return the finished process."""
        flows_in: dict[str, list[str]] = {node: [] for node in self.fields}
        flows_out: dict[str, list[str]] = {node: [] for node in self.fields}
        boundary: dict[str, list[str]] = {node: [] for node in self.fields}
        for flow in self.flows:
            flows_in[flow.target].append(flow.id)
            flows_out[flow.source].append(flow.id)
        for node, fields in self.fields.items():
            if "attached_to" in fields:
                boundary[fields["attached_to"]].append(node)
        nodes = {
            node: Node(
                **fields,
                flows_in=tuple(flows_in[node]),
                flows_out=tuple(flows_out[node]),
                boundary=tuple(boundary[node]),
            )
            for node, fields in self.fields.items()
        }
        flows = {flow.id: flow for flow in self.flows}
        return Process(id=name, name=name, nodes=nodes, flows=flows)


def count_of(name: str) -> VariableMapping:
    """Count executions of a task in a variable of its own."""
    variable = f"n_{name}"
    return VariableMapping(
        target=variable,
        source=f"if {variable} = null then 1 else {variable} + 1",
    )


def event_fields(event: EventKind, name: str, *, fires: bool, code: str = "") -> Any:
    """Return the fields of an event that its trigger needs."""
    match event:
        case EventKind.TIMER:
            text = NEAR if fires else FAR
            return {"event": event, "timer": TimerSpec(TimerKind.DURATION, text)}
        case EventKind.MESSAGE:
            return {"event": event, "message": name, "correlation": "case"}
        case EventKind.SIGNAL:
            return {"event": event, "signal": name}
        case EventKind.ERROR:
            return {"event": event, "error_code": code}
        case EventKind.ESCALATION:
            return {"event": event, "escalation_code": code}
        case _:
            return {"event": event}


def loop_spec(name: str, loop: Loop) -> LoopSpec:
    """Return the loop's characteristics as FEEL."""
    if loop.kind is LoopKind.STANDARD:
        return LoopSpec(
            kind=loop.kind,
            condition=f"loopCounter < {loop.times}",
            test_before=loop.before,
        )
    until = f"numberOfCompletedInstances >= {loop.until}" if loop.until else ""
    if not loop.collection:
        return LoopSpec(kind=loop.kind, cardinality=str(loop.times), condition=until)
    return LoopSpec(
        kind=loop.kind,
        collection=str(list(range(1, loop.times + 1))),
        element="item",
        output_collection=f"out_{name}",
        output_element="item * 10",
        condition=until,
    )
