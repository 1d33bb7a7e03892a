"""The engine's tables: constraints live here, logic does not."""

from workflows.models.access import ApiToken, IdempotencyKey
from workflows.models.anchors import Anchoring
from workflows.models.audit import AuditChain, AuditEntry
from workflows.models.checkpoints import Checkpoint, Leaf, Subtree
from workflows.models.circuits import Circuit
from workflows.models.decisions import Evaluation
from workflows.models.definitions import Definition, DefinitionFile, VersionChoice
from workflows.models.disclosures import ContentKey, Disclosure
from workflows.models.instances import Instance, Stimulus
from workflows.models.messages import Message, MessageStart, Subscription
from workflows.models.payloads import Payload, PayloadUse
from workflows.models.searching import SearchValue
from workflows.models.steps import Incident, Step
from workflows.models.timers import Timer

__all__ = [
    "Anchoring",
    "ApiToken",
    "AuditChain",
    "AuditEntry",
    "Checkpoint",
    "Circuit",
    "ContentKey",
    "Definition",
    "DefinitionFile",
    "Disclosure",
    "Evaluation",
    "IdempotencyKey",
    "Incident",
    "Instance",
    "Leaf",
    "Message",
    "MessageStart",
    "Payload",
    "PayloadUse",
    "SearchValue",
    "Step",
    "Stimulus",
    "Subscription",
    "Subtree",
    "Timer",
    "VersionChoice",
]
