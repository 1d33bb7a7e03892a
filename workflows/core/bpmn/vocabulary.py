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

ID_LIMIT = 200
NAME_LIMIT = 300

EVENT_DEFINITIONS = MappingProxyType({
    "timerEventDefinition": EventKind.TIMER,
    "messageEventDefinition": EventKind.MESSAGE,
    "errorEventDefinition": EventKind.ERROR,
    "terminateEventDefinition": EventKind.TERMINATE,
})

ALLOWED_EVENTS = MappingProxyType({
    NodeKind.START_EVENT: frozenset({
        EventKind.NONE,
        EventKind.TIMER,
        EventKind.MESSAGE,
    }),
    NodeKind.END_EVENT: frozenset({
        EventKind.NONE,
        EventKind.ERROR,
        EventKind.TERMINATE,
    }),
    NodeKind.INTERMEDIATE_CATCH_EVENT: frozenset({EventKind.TIMER, EventKind.MESSAGE}),
    NodeKind.INTERMEDIATE_THROW_EVENT: frozenset({EventKind.NONE}),
    NodeKind.BOUNDARY_EVENT: frozenset({EventKind.TIMER, EventKind.ERROR}),
})
EVENTS = frozenset(ALLOWED_EVENTS)

GATEWAYS = frozenset({
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
})
CHOOSING_GATEWAYS = frozenset({NodeKind.EXCLUSIVE_GATEWAY, NodeKind.INCLUSIVE_GATEWAY})
ACTIVITIES = frozenset(NodeKind) - EVENTS - GATEWAYS

# Elements of a process that say nothing about how tokens move.
IGNORED = frozenset({
    "artifact",
    "association",
    "auditing",
    "category",
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
    "adHocSubProcess": "an ad-hoc sub-process; use a sub-process with flows",
    "callChoreography": "part of a choreography; only processes are run",
    "choreographyTask": "part of a choreography; only processes are run",
    "complexGateway": "a complex gateway; use an inclusive gateway",
    "eventBasedGateway": ("an event-based gateway; use a task with boundary events"),
    "implicitThrowEvent": "an implicit throw event; draw the event",
    "multiInstanceLoopCharacteristics": (
        "a multi-instance activity; repeat it with a gateway and a loop"
    ),
    "receiveTask": "a receive task; use an intermediate message catch event",
    "sendTask": "a send task; use a service task with cs:handler",
    "standardLoopCharacteristics": (
        "a standard loop; repeat it with a gateway and a flow back"
    ),
    "subChoreography": "part of a choreography; only processes are run",
    "transaction": "a transaction; use a sub-process",
    "cancelEventDefinition": "a cancel event; use an error event",
    "compensateEventDefinition": (
        "a compensation event; let an error event lead to a service task"
        " that takes the effect back"
    ),
    "conditionalEventDefinition": "a conditional event; use a gateway",
    "escalationEventDefinition": "an escalation event; use an error event",
    "linkEventDefinition": "a link event; draw the sequence flow",
    "signalEventDefinition": "a signal event; use a message event",
})

NODES = MappingProxyType({
    kind.value: kind for kind in NodeKind if kind.value not in UNSUPPORTED
})

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
    NodeKind.SUB_PROCESS: "sub-process",
    NodeKind.CALL_ACTIVITY: "call activity",
})

# The product's own attributes, by the kind of node that understands them.
_ANY = frozenset({"result"})
OWN_ATTRIBUTES = MappingProxyType({
    NodeKind.START_EVENT: frozenset({"form"}),
    NodeKind.SERVICE_TASK: _ANY | {"handler", "handlerVersion", "timeout"},
    NodeKind.BUSINESS_RULE_TASK: _ANY | {"decision"},
    NodeKind.SCRIPT_TASK: _ANY,
    NodeKind.CALL_ACTIVITY: _ANY | {"version"},
    NodeKind.INTERMEDIATE_CATCH_EVENT: _ANY | {"correlation"},
    NodeKind.USER_TASK: _ANY
    | {
        "calendar",
        "confidence",
        "escalate_to",
        "form",
        "grid",
        "impact",
        "initiator",
        "priority",
        "proposal",
        "queue",
        "quorum",
        "reject",
        "sla",
        "title",
        "warn",
    },
})
