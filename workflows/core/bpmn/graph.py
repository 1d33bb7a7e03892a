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
    COMPLEX_GATEWAY = "complexGateway"
    EVENT_BASED_GATEWAY = "eventBasedGateway"
    SEND_TASK = "sendTask"
    RECEIVE_TASK = "receiveTask"
    SUB_PROCESS = "subProcess"
    TRANSACTION = "transaction"
    AD_HOC_SUB_PROCESS = "adHocSubProcess"
    CALL_ACTIVITY = "callActivity"


class EventKind(StrEnum):
    """What an event waits for or throws."""

    NONE = "none"
    TIMER = "timer"
    MESSAGE = "message"
    ERROR = "error"
    TERMINATE = "terminate"
    SIGNAL = "signal"
    ESCALATION = "escalation"
    CONDITIONAL = "conditional"
    COMPENSATION = "compensation"
    LINK = "link"
    CANCEL = "cancel"


class LoopKind(StrEnum):
    """How an activity repeats (clause 10.3.7)."""

    STANDARD = "standard"
    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"


class FailurePolicy(StrEnum):
    """What a parallel block does when one of its paths fails for good.

    FAIL_ALL ends the other paths at once and fails; WAIT_ALL lets them end, then
    fails; DEGRADED goes on with what came, the failures in a variable.
    """

    FAIL_ALL = "fail-all"
    WAIT_ALL = "wait-all"
    DEGRADED = "degraded"


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
class LoopSpec:
    """How an activity repeats; every text is FEEL, empty where there is none.

    `element` and `output_collection` are names of variables. `condition` ends a
    multi-instance activity early (completion condition); for a standard loop it is
    the condition under which it goes round once more. `maximum` 0 is without limit.
    """

    kind: LoopKind
    cardinality: str = ""
    collection: str = ""
    element: str = ""
    output_collection: str = ""
    output_element: str = ""
    condition: str = ""
    test_before: bool = False
    maximum: int = 0


@dataclass(frozen=True, slots=True)
class AdHocSpec:
    """How an ad-hoc sub-process runs (clause 10.3.5).

    `start` is FEEL that gives the ids of the activities to begin with; empty begins
    all that no flow leads into. `condition` ends it; empty ends it when nothing runs.
    """

    sequential: bool = False
    condition: str = ""
    cancel_remaining: bool = True
    start: str = ""


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

    Events: `message` and `signal` are names; `correlation` is FEEL for the key that a
    message carries or must carry; `time_to_live` is an ISO 8601 duration a thrown
    message is kept for; `error_code` and `escalation_code` empty catch all; `link` is
    the link's name; `condition` FEEL of a conditional event or, on a complex gateway,
    its activation condition. `activity_ref` is what a compensation event compensates,
    empty for all of its scope; `wait_for_completion` whether it waits for that.

    Activities: `for_compensation` runs only to compensate; `compensated_by` is the
    activity that a compensation boundary event's association leads to. `event_scope`
    marks an event sub-process. `instantiate` lets a receive task or an event-based
    gateway begin an instance; `parallel_events` makes that gateway wait for all.
    `on_failure` is the policy of the block that a gateway opens, or of a
    multi-instance activity. `binding` says which version a call activity calls.
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
    signal: str = ""
    correlation: str = ""
    time_to_live: str = ""
    error_code: str = ""
    escalation_code: str = ""
    condition: str = ""
    link: str = ""
    activity_ref: str = ""
    wait_for_completion: bool = True
    attached_to: str = ""
    interrupting: bool = True
    boundary: tuple[str, ...] = ()
    handler: str = ""
    handler_version: str = ""
    decision: str = ""
    script: str = ""
    called: str = ""
    binding: str = ""
    loop: LoopSpec | None = None
    ad_hoc: AdHocSpec | None = None
    event_scope: bool = False
    for_compensation: bool = False
    compensated_by: str = ""
    instantiate: bool = False
    parallel_events: bool = False
    on_failure: FailurePolicy | None = None
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
    """One executable process of a package; `data_objects` are names by id."""

    id: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    source: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    data_objects: Mapping[str, str] = field(default_factory=dict)

    def event_scopes(self, scope: str = "") -> tuple[Node, ...]:
        """Return the event sub-processes of a scope, in document order."""
        return tuple(
            node
            for node in self.nodes.values()
            if node.event_scope and node.scope == scope
        )

    def starts(self, scope: str = "") -> tuple[Node, ...]:
        """Return the start events of a scope, in document order."""
        return tuple(
            node
            for node in self.nodes.values()
            if node.kind is NodeKind.START_EVENT and node.scope == scope
        )

    def entries(self, scope: str = "") -> tuple[Node, ...]:
        """Return where a scope begins when nothing triggers it, in document order.

        That is its start event without a trigger. A scope without any start event
        begins with all that no flow leads into (BPMN 2.0, 10.4.2 and 13.3.4): no
        boundary or link event, nothing that only compensates or waits for a trigger
        of its own. Empty where only triggers begin the scope.
        """
        starts = self.starts(scope)
        if starts:
            return tuple(node for node in starts if node.event is EventKind.NONE)
        return tuple(
            node
            for node in self.nodes.values()
            if node.scope == scope and _begins_implicitly(node)
        )


def _begins_implicitly(node: Node) -> bool:
    """Tell whether a scope without a start event begins with this node as well."""
    if node.flows_in or node.kind is NodeKind.BOUNDARY_EVENT:
        return False
    if node.event is EventKind.LINK:
        return node.kind is NodeKind.INTERMEDIATE_THROW_EVENT
    return not (node.for_compensation or node.event_scope or node.instantiate)
