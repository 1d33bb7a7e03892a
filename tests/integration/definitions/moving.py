"""Two versions of a process, instances of the first, and how they stand. No tests."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tests.factories.processes import TESTER, package
from workflows.core.states import LIVE_STEP_STATES
from workflows.models import AuditEntry, Instance, Step, Timer
from workflows.operations import definitions
from workflows.operations.advance import advance_batch
from workflows.operations.instance_migration import (
    Report,
    find_route,
    migrate_instances,
)
from workflows.operations.instances import Start, start_many

KEY = "moving"


def deploy(*processes: str, version: str, **options: Any) -> int:
    """Deploy a version of the process that moves."""
    files = package(*processes, key=KEY, version=version, **options)
    return definitions.deploy(files=files, actor=TESTER).definition_id


def start(definition_id: int, *, count: int = 1, **variables: Any) -> list[UUID]:
    """Start instances and let each get as far as it can."""
    wish = Start(variables={"name": "Ada", **variables}, initiator=TESTER)
    ids = start_many(definition_id=definition_id, starts=[wish] * count)
    drain()
    return ids


def drain() -> None:
    """Let all that is due be heard."""
    while advance_batch(worker="test").instances:
        pass


def migrate(
    nodes: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
    only: Sequence[UUID] | None = None,
    reason: str = "A better process.",
) -> Report:
    """Migrate from 1.0.0 to 1.1.0."""
    route = find_route(key=KEY, source="1.0.0", target="1.1.0", nodes=nodes or {})
    return migrate_instances(
        route, actor=TESTER, reason=reason, dry_run=dry_run, only=only
    )


def version_of(instance_id: UUID) -> str:
    found = Instance.objects.select_related("definition").get(pk=instance_id)
    return found.definition.version


def stands(instance_id: UUID) -> list[str]:
    """Return the nodes at which live steps stand."""
    live = [state.value for state in LIVE_STEP_STATES]
    found = Step.objects.filter(instance_id=instance_id, state__in=live).order_by("id")
    return list(found.values_list("node_id", flat=True))


def armed(instance_id: UUID) -> dict[str, Timer]:
    """Return the armed timers of the engine by node."""
    found = Timer.objects.filter(
        instance_id=instance_id, state="ARMED", kind__startswith="engine."
    )
    return {timer.node_id: timer for timer in found}


def kinds(instance_id: UUID) -> list[str]:
    """Return the kinds of an instance's entries, in order."""
    found = AuditEntry.objects.filter(chain=instance_id).order_by("seq")
    return list(found.values_list("kind", flat=True))


def sentences(report: Report) -> list[str]:
    """Return why instances were blocked."""
    return [message for _, message in sorted(report.reasons)]


def snapshot() -> list[list[tuple[Any, ...]]]:
    """Return every row of the engine's tables, to compare."""
    return [
        list(model.objects.order_by("pk").values_list())
        for model in (Instance, Step, Timer, AuditEntry)
    ]
