"""Plans of deployed processes, kept per process of the operating system.

Definitions never change once deployed, so a plan is never stale.
"""

from dataclasses import dataclass
from functools import lru_cache

from workflows.core.bpmn.graph import Node, NodeKind, Process, RetrySpec
from workflows.core.contracts import VersionError
from workflows.core.engine.plan import Decide, HandlerFacts, Plan, build_plan
from workflows.handlers import Handler, HandlerKind, UnknownHandler, registry
from workflows.models import Definition
from workflows.operations import bindings, definitions


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine plans with of a registered handler."""

    external: bool
    retry: RetrySpec
    timeout_seconds: float
    compensation: str = ""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What names a deployed definition."""

    key: str
    version: str

    @property
    def label(self) -> str:
        """Return key and version as one text."""
        return f"{self.key} {self.version}"


@dataclass(frozen=True, slots=True)
class Called:
    """The process that a call activity calls."""

    definition_id: int
    process_id: str


@lru_cache(maxsize=512)
def plan_for(definition_id: int, process_id: str) -> Plan:
    """Return the plan of a process of a deployed definition."""
    return plan_of(definitions.compiled(definition_id), process_id)


def plan_of(package: definitions.Package, process_id: str) -> Plan:
    """Return the plan of a process of a package, deployed or not."""
    process = package.processes[process_id]
    decisions: dict[str, Decide] = {}
    for node in process.nodes.values():
        if node.kind is NodeKind.BUSINESS_RULE_TASK and node.decision:
            decisions[node.id] = package.decisions[node.decision]
    handlers, undo = _handlers(process)
    return build_plan(process, handlers=handlers, decisions=decisions, undo=undo)


@lru_cache(maxsize=512)
def package_for(definition_id: int) -> PackageFacts:
    """Return what names a definition."""
    definition = Definition.objects.only("key", "version").get(pk=definition_id)
    return PackageFacts(key=definition.key, version=definition.version)


def resolve_called(definition_id: int, *, process_id: str, node: Node) -> Called | None:
    """Find what a call activity calls now, None where nothing that is deployed fits.

    A process of the caller's own package comes first; else the version of the
    definition of that key that the binding chooses.
    """
    package = definitions.compiled(definition_id)
    if node.called in package.processes:
        return Called(definition_id=definition_id, process_id=node.called)
    found = bindings.resolve(node, process_id=process_id, calls=package.calls)
    if found is None:
        return None
    return Called(definition_id=found.id, process_id=found.process_id)


def _handlers(
    process: Process,
) -> tuple[dict[str, HandlerFacts], dict[str, HandlerFacts]]:
    """Return the facts of the nodes' handlers, and of those that take them back."""
    facts: dict[str, HandlerFacts] = {}
    undo: dict[str, HandlerFacts] = {}
    for node in process.nodes.values():
        if not node.handler:
            continue
        try:
            handler = registry.get(node.handler, node.handler_version)
        except (UnknownHandler, VersionError):
            # Deployed with code that is not installed any more: the step becomes
            # an incident that names the handler, other instances go on.
            continue
        facts[node.id] = _facts(handler, node.timeout_seconds)
        undoing = _find_compensation(handler)
        if undoing is not None:
            undo[node.id] = _facts(undoing, 0.0)
    return facts, undo


def _find_compensation(handler: Handler) -> Handler | None:
    """Return what takes a handler's effect back, None where nothing does.

    One that was uninstalled after the deployment stops no process: the drift detector
    tells it, and a step that would need it becomes an incident.
    """
    if not handler.compensation:
        return None
    try:
        return registry.get(handler.compensation)
    except UnknownHandler:
        return None


def _facts(handler: Handler, timeout_seconds: float) -> Facts:
    return Facts(
        external=handler.kind is HandlerKind.EXTERNAL,
        retry=handler.retry,
        timeout_seconds=timeout_seconds or handler.timeout_seconds,
        compensation=handler.compensation,
    )
