"""The people's tables: constraints live here, logic does not."""

from review.models.auditing import (
    AuditAccess,
    AuditList,
    ControlException,
    ControlOrder,
    ControlPart,
    ControlRun,
    SampleItem,
    SampleMark,
    SamplePlan,
    SampleSignOff,
)
from review.models.batches import Batch
from review.models.bundles import BundleCustody, EvidenceBundle
from review.models.calendars import Calendar, CalendarHoliday
from review.models.changes import (
    DefinitionChange,
    DefinitionDraft,
    DefinitionMove,
    DraftRevision,
    ProposedChange,
)
from review.models.clocks import (
    CalendarVersion,
    ClockEvent,
    ClockRecord,
    InstanceClock,
)
from review.models.desk import (
    Draft,
    InformationRequest,
    Note,
    Presence,
    QuorumGap,
    SavedView,
    Skip,
)
from review.models.erasing import Erasure, LegalHold, RetentionRule
from review.models.incident_orders import IncidentOrder, IncidentOrderItem
from review.models.interventions import Intervention
from review.models.lanes import Lane, Turn
from review.models.notifications import (
    ChatHook,
    Delivery,
    Notification,
    NotificationPreference,
)
from review.models.people import Person, Preference, RoleGrant, User
from review.models.policies import Policy
from review.models.queues import Queue, ReasonCode
from review.models.rollups import (
    RollupCell,
    RollupHour,
    RollupMark,
    RollupPause,
    RollupSpread,
    RollupState,
    TaskFact,
)
from review.models.staff import (
    Absence,
    Authority,
    BreakGlass,
    Delegation,
    Skill,
)
from review.models.stops import Diversion, Stop
from review.models.tasks import Seat, Task, TaskContent, TaskRevision
from review.models.verdicts import Unveiling, Verdict, VerdictUndo
from review.models.watching import (
    AlertEpisode,
    AlertRule,
    HeldStart,
    IntakeBrake,
    ObjectiveEvent,
    Silence,
    WatchState,
)

__all__ = [
    "Absence",
    "AlertEpisode",
    "AlertRule",
    "AuditAccess",
    "AuditList",
    "Authority",
    "Batch",
    "BreakGlass",
    "BundleCustody",
    "Calendar",
    "CalendarHoliday",
    "CalendarVersion",
    "ChatHook",
    "ClockEvent",
    "ClockRecord",
    "ControlException",
    "ControlOrder",
    "ControlPart",
    "ControlRun",
    "DefinitionChange",
    "DefinitionDraft",
    "DefinitionMove",
    "Delegation",
    "Delivery",
    "Diversion",
    "Draft",
    "DraftRevision",
    "Erasure",
    "EvidenceBundle",
    "HeldStart",
    "IncidentOrder",
    "IncidentOrderItem",
    "InformationRequest",
    "InstanceClock",
    "IntakeBrake",
    "Intervention",
    "Lane",
    "LegalHold",
    "Note",
    "Notification",
    "NotificationPreference",
    "ObjectiveEvent",
    "Person",
    "Policy",
    "Preference",
    "Presence",
    "ProposedChange",
    "Queue",
    "QuorumGap",
    "ReasonCode",
    "RetentionRule",
    "RoleGrant",
    "RollupCell",
    "RollupHour",
    "RollupMark",
    "RollupPause",
    "RollupSpread",
    "RollupState",
    "SampleItem",
    "SampleMark",
    "SamplePlan",
    "SampleSignOff",
    "SavedView",
    "Seat",
    "Silence",
    "Skill",
    "Skip",
    "Stop",
    "Task",
    "TaskContent",
    "TaskFact",
    "TaskRevision",
    "Turn",
    "Unveiling",
    "User",
    "Verdict",
    "VerdictUndo",
    "WatchState",
]
