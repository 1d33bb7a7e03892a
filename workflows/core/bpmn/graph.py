"""A process as frozen values: nodes, flows and what hangs on them. No XML here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class NodeKind(StrEnum):
    """The BPMN 2.0 flow nodes that the engine runs (ISO/IEC 19510, clause 10)."""

    START_EVENT = "startEvent"
    END_EVENT = "endEvent"
    INTERMEDIATE_CATCH_EVENT = "intermediateCatchEvent"
    INTERMEDIATE_THROW_EVENT = "intermediateThrowEvent"
    BOUNDARY_EVENT = "boundaryEvent"
    TASK = "task"
    USER_TASK = "userTask"
    SERVICE_TASK = "serviceTask"
    BUSINESS_RULE_TASK = "businessRuleTask"
    SCRIPT_TASK = "scriptTask"
    MANUAL_TASK = "manualTask"
    EXCLUSIVE_GATEWAY = "exclusiveGateway"
    PARALLEL_GATEWAY = "parallelGateway"
    INCLUSIVE_GATEWAY = "inclusiveGateway"
    SUB_PROCESS = "subProcess"
    CALL_ACTIVITY = "callActivity"


class EventKind(StrEnum):
    """What an event waits for or throws."""

    NONE = "none"
    TIMER = "timer"
    MESSAGE = "message"
    ERROR = "error"
    TERMINATE = "terminate"


class TimerKind(StrEnum):
    """How a timer's text is read."""

    DATE = "date"
    DURATION = "duration"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True)
class TimerSpec:
    """A due moment as text: an ISO 8601 literal, or FEEL with a leading `=`."""

    kind: TimerKind
    text: str


@dataclass(frozen=True, slots=True)
class VariableMapping:
    """One input or output mapping: FEEL `source` into variable `target`."""

    target: str
    source: str


@dataclass(frozen=True, slots=True)
class RetrySpec:
    """How often and how patiently a failed step is tried again (seconds)."""

    max_attempts: int
    base_seconds: float
    cap_seconds: float


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is FEEL text, empty when there is none."""

    id: str
    source: str
    target: str
    condition: str = ""
    name: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One flow node. What does not apply to its kind stays empty.

    `scope` is the id of the sub-process that holds it, empty at the top.
    `flows_in` and `flows_out` are flow ids in document order.
    `properties` are the product's own attributes, word for word (queue, form,
    grid, sla, priority, result, ...).
    """

    id: str
    kind: NodeKind
    name: str = ""
    scope: str = ""
    flows_in: tuple[str, ...] = ()
    flows_out: tuple[str, ...] = ()
    default_flow: str = ""
    event: EventKind = EventKind.NONE
    timer: TimerSpec | None = None
    message: str = ""
    error_code: str = ""
    attached_to: str = ""
    interrupting: bool = True
    boundary: tuple[str, ...] = ()
    handler: str = ""
    handler_version: str = ""
    decision: str = ""
    script: str = ""
    called: str = ""
    result: str = ""
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    retry: RetrySpec | None = None
    timeout_seconds: float = 0.0
    properties: Mapping[str, str] = field(default_factory=dict)
    lane: str = ""
    documentation: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Process:
    """One executable process of a package."""

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    source: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    def starts(self, scope: str = "") -> tuple[Node, ...]:
        """Return the start events of a scope, in document order."""
        return tuple(
            node
            for node in self.nodes.values()
            if node.kind is NodeKind.START_EVENT and node.scope == scope
        )
