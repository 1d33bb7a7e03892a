"""The words of BPMN 2.0 XML: what is run, what is left out safely, what is refused.

Clause numbers are those of ISO/IEC 19510 (BPMN 2.0.2). No reading here.
"""

from types import MappingProxyType

from workflows.core.bpmn.graph import EventKind, NodeKind

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OWN = "urn:countersign:bpmn:1"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA = frozenset({"http://camunda.org/schema/1.0/bpmn", "http://activiti.org/bpmn"})
FLOWABLE = "http://flowable.org/bpmn"

TRUE = frozenset({"true", "1"})

ID_LIMIT = 200
NAME_LIMIT = 300

EVENT_DEFINITIONS = MappingProxyType({
    "cancelEventDefinition": EventKind.CANCEL,
    "compensateEventDefinition": EventKind.COMPENSATION,
    "conditionalEventDefinition": EventKind.CONDITIONAL,
    "errorEventDefinition": EventKind.ERROR,
    "escalationEventDefinition": EventKind.ESCALATION,
    "linkEventDefinition": EventKind.LINK,
    "messageEventDefinition": EventKind.MESSAGE,
    "signalEventDefinition": EventKind.SIGNAL,
    "terminateEventDefinition": EventKind.TERMINATE,
    "timerEventDefinition": EventKind.TIMER,
})

# Table 10.93: which events may stand where. A start event's also hang on its scope.
TOP_STARTS = frozenset({
    EventKind.NONE,
    EventKind.TIMER,
    EventKind.MESSAGE,
    EventKind.SIGNAL,
    EventKind.CONDITIONAL,
})
EVENT_SCOPE_STARTS = frozenset({
    EventKind.TIMER,
    EventKind.MESSAGE,
    EventKind.SIGNAL,
    EventKind.CONDITIONAL,
    EventKind.ERROR,
    EventKind.ESCALATION,
    EventKind.COMPENSATION,
})
ALLOWED_EVENTS = MappingProxyType({
    NodeKind.START_EVENT: TOP_STARTS | EVENT_SCOPE_STARTS,
    NodeKind.END_EVENT: frozenset({
        EventKind.NONE,
        EventKind.MESSAGE,
        EventKind.SIGNAL,
        EventKind.ERROR,
        EventKind.ESCALATION,
        EventKind.COMPENSATION,
        EventKind.CANCEL,
        EventKind.TERMINATE,
    }),
    NodeKind.INTERMEDIATE_CATCH_EVENT: frozenset({
        EventKind.MESSAGE,
        EventKind.TIMER,
        EventKind.SIGNAL,
        EventKind.CONDITIONAL,
        EventKind.LINK,
    }),
    NodeKind.INTERMEDIATE_THROW_EVENT: frozenset({
        EventKind.NONE,
        EventKind.MESSAGE,
        EventKind.SIGNAL,
        EventKind.ESCALATION,
        EventKind.COMPENSATION,
        EventKind.LINK,
    }),
    NodeKind.BOUNDARY_EVENT: frozenset({
        EventKind.MESSAGE,
        EventKind.TIMER,
        EventKind.SIGNAL,
        EventKind.ERROR,
        EventKind.ESCALATION,
        EventKind.CONDITIONAL,
        EventKind.COMPENSATION,
        EventKind.CANCEL,
    }),
})
EVENTS = frozenset(ALLOWED_EVENTS)

# These always interrupt: what they hang on has failed, or is undone (table 10.93).
ALWAYS_INTERRUPTING = frozenset({EventKind.ERROR, EventKind.CANCEL})

# What an event-based gateway may wait for, beside receive tasks (clause 10.6.6).
RACING_EVENTS = frozenset({
    EventKind.MESSAGE,
    EventKind.TIMER,
    EventKind.SIGNAL,
    EventKind.CONDITIONAL,
})

GATEWAYS = frozenset({
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
    NodeKind.EVENT_BASED_GATEWAY,
})
CHOOSING_GATEWAYS = frozenset({
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
})
ACTIVITIES = frozenset(NodeKind) - EVENTS - GATEWAYS
SCOPES = frozenset({
    NodeKind.SUB_PROCESS,
    NodeKind.TRANSACTION,
    NodeKind.AD_HOC_SUB_PROCESS,
})

# Elements of a process that say nothing about how tokens move.
IGNORED = frozenset({
    "artifact",
    "association",
    "auditing",
    "category",
    "completionCondition",
    "correlationSubscription",
    "dataInputAssociation",
    "dataObject",
    "dataObjectReference",
    "dataOutputAssociation",
    "dataStoreReference",
    "documentation",
    "extensionElements",
    "group",
    "humanPerformer",
    "incoming",
    "ioSpecification",
    "laneSet",
    "monitoring",
    "outgoing",
    "performer",
    "potentialOwner",
    "property",
    "rendering",
    "resourceRole",
    "sequenceFlow",
    "supportedInterfaceRef",
    "supports",
    "text",
    "textAnnotation",
})

# What the standard has and this engine does not run, in words for the modeller.
UNSUPPORTED = MappingProxyType({
    "callChoreography": "part of a choreography; only processes are run",
    "choreographyTask": "part of a choreography; only processes are run",
    "implicitThrowEvent": "an implicit throw event; draw the event",
    "subChoreography": "part of a choreography; only processes are run",
})

NODES = MappingProxyType({kind.value: kind for kind in NodeKind})

LABELS = MappingProxyType({
    NodeKind.START_EVENT: "start event",
    NodeKind.END_EVENT: "end event",
    NodeKind.INTERMEDIATE_CATCH_EVENT: "intermediate catch event",
    NodeKind.INTERMEDIATE_THROW_EVENT: "intermediate throw event",
    NodeKind.BOUNDARY_EVENT: "boundary event",
    NodeKind.TASK: "task",
    NodeKind.USER_TASK: "user task",
    NodeKind.SERVICE_TASK: "service task",
    NodeKind.BUSINESS_RULE_TASK: "business rule task",
    NodeKind.SCRIPT_TASK: "script task",
    NodeKind.MANUAL_TASK: "manual task",
    NodeKind.EXCLUSIVE_GATEWAY: "exclusive gateway",
    NodeKind.PARALLEL_GATEWAY: "parallel gateway",
    NodeKind.INCLUSIVE_GATEWAY: "inclusive gateway",
    NodeKind.COMPLEX_GATEWAY: "complex gateway",
    NodeKind.EVENT_BASED_GATEWAY: "event-based gateway",
    NodeKind.SEND_TASK: "send task",
    NodeKind.RECEIVE_TASK: "receive task",
    NodeKind.SUB_PROCESS: "sub-process",
    NodeKind.TRANSACTION: "transaction",
    NodeKind.AD_HOC_SUB_PROCESS: "ad-hoc sub-process",
    NodeKind.CALL_ACTIVITY: "call activity",
})

# The product's own attributes, by the kind of node that understands them.
# `onFailure` on an activity is the policy of its multi-instance iterations.
_ACTIVITY = frozenset({"onFailure", "result", "timeout"})
_HANDLER = frozenset({"handler", "handlerVersion"})
# A join's `result` names the variable for what failed in its block.
_JOIN = frozenset({"onFailure", "result"})
_CATCH = frozenset({"correlation", "result"})
_THROW = _HANDLER | {"correlation", "timeToLive"}
OWN_ATTRIBUTES = MappingProxyType({
    NodeKind.START_EVENT: _CATCH | {"form"},
    NodeKind.INTERMEDIATE_CATCH_EVENT: _CATCH | {"timeout"},
    NodeKind.BOUNDARY_EVENT: _CATCH,
    NodeKind.INTERMEDIATE_THROW_EVENT: _THROW | {"result", "timeout"},
    NodeKind.END_EVENT: _THROW | {"result", "timeout"},
    NodeKind.PARALLEL_GATEWAY: _JOIN,
    NodeKind.INCLUSIVE_GATEWAY: _JOIN,
    NodeKind.COMPLEX_GATEWAY: _JOIN,
    NodeKind.TASK: _ACTIVITY,
    NodeKind.MANUAL_TASK: _ACTIVITY,
    NodeKind.SERVICE_TASK: _ACTIVITY | _HANDLER,
    NodeKind.SEND_TASK: _ACTIVITY | _THROW,
    NodeKind.RECEIVE_TASK: _ACTIVITY | _CATCH,
    NodeKind.BUSINESS_RULE_TASK: _ACTIVITY | _HANDLER | {"decision"},
    NodeKind.SCRIPT_TASK: _ACTIVITY,
    NodeKind.SUB_PROCESS: _ACTIVITY,
    NodeKind.TRANSACTION: _ACTIVITY,
    NodeKind.AD_HOC_SUB_PROCESS: _ACTIVITY | {"start"},
    NodeKind.CALL_ACTIVITY: _ACTIVITY | {"binding", "version"},
    NodeKind.USER_TASK: _ACTIVITY
    | {
        "calendar",
        "confidence",
        "escalate_to",
        "exclude",
        "form",
        "grid",
        "impact",
        "initiator",
        "ladder",
        "level",
        "priority",
        "proposal",
        "queue",
        "quorum",
        "region",
        "reject",
        "routing",
        "skill",
        "sla",
        "title",
        "warn",
    },
})
LOOP_ATTRIBUTES = frozenset({
    "collection",
    "element",
    "outputCollection",
    "outputElement",
})

# Words that one of the product's own attributes may hold.
BINDINGS = ("latest", "compatible", "pinned")
