"""Compare the handlers that are installed now with those that were deployed against.

What counts as a change is in core/drift.py and core/compatibility.py. Nothing is
stored: the answer is only ever about the code that this process runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q

from workflows.core.bpmn.graph import Process
from workflows.core.contracts import VersionError
from workflows.core.drift import compare_contracts
from workflows.handlers import Handler, UnknownHandler, registry
from workflows.models import Definition, Instance
from workflows.operations import definitions
from workflows.operations.errors import NotFound
from workflows.operations.packages import PackageRefused


@dataclass(frozen=True, slots=True)
class Drift:
    """One handler of one definition that is not what it was at deploy.

    `handler` is its name and the version deployed against; `used_by` the steps, as
    `process/node`; `changes` are sentences.
    """

    definition_id: int
    definition: str
    handler: str
    used_by: tuple[str, ...]
    changes: tuple[str, ...]


def detect_drift() -> list[Drift]:
    """Return the drift of all definitions that are in force or still run."""
    runs = Instance.objects.filter(
        definition=OuterRef("pk"), state__in=["ACTIVE", "SUSPENDED"]
    )
    found = Definition.objects.filter(Q(retired_at__isnull=True) | Exists(runs))
    return [
        drift
        for definition in found.order_by("key", "version_order")
        for drift in _detect(definition)
    ]


def drift_of(definition_id: int) -> list[Drift]:
    """Return the drift of one definition. Raises NotFound."""
    definition = Definition.objects.filter(pk=definition_id).first()
    if definition is None:
        raise NotFound(f"There is no definition {definition_id}.")
    return list(_detect(definition))


def drift_of_step(definition_id: int, *, process_id: str, node_id: str) -> list[Drift]:
    """Return the drift of the handler that one step uses."""
    place = f"{process_id}/{node_id}"
    return [one for one in drift_of(definition_id) if place in one.used_by]


def _detect(definition: Definition) -> Iterator[Drift]:
    try:
        processes = definitions.compiled(definition.id).processes
    except PackageRefused as error:
        yield _drift(definition, "", (), [f"The package cannot be read: {error}"])
        return
    for label, contract in sorted(definition.contracts.items()):
        for wanted, places in _by_range(contract["used_by"], processes):
            changes = _changes(contract, wanted)
            if changes:
                yield _drift(definition, label, places, changes)


def _drift(
    definition: Definition,
    handler: str,
    places: Sequence[str],
    changes: Sequence[str],
) -> Drift:
    return Drift(
        definition_id=definition.id,
        definition=str(definition),
        handler=handler,
        used_by=tuple(places),
        changes=tuple(changes),
    )


def _by_range(places: Sequence[str], processes: Any) -> Iterator[tuple[str, list[str]]]:
    """Group the steps that use a handler by the range of versions they ask for."""
    grouped: dict[str, list[str]] = {}
    for place in places:
        process_id, _, node_id = place.partition("/")
        process: Process = processes[process_id]
        grouped.setdefault(process.nodes[node_id].handler_version, []).append(place)
    yield from grouped.items()


def _changes(contract: dict[str, Any], wanted: str) -> list[str]:
    try:
        handler = registry.get(str(contract["name"]), wanted)
    except (UnknownHandler, VersionError) as error:
        return [str(error)]
    changes = compare_contracts(contract, handler.contract())
    if handler.compensation and not _is_installed(handler.compensation):
        changes.append(
            f"{handler.compensation}, which takes it back, is not installed."
        )
    if changes and str(handler.version) != contract["version"]:
        return [_other_version(handler, contract, wanted), *changes]
    return changes


def _is_installed(name: str) -> bool:
    try:
        registry.get(name)
    except UnknownHandler:
        return False
    return True


def _other_version(handler: Handler, contract: dict[str, Any], wanted: str) -> str:
    return (
        f"{wanted or 'any version'} takes {handler.version} now, where"
        f" {contract['version']} was deployed against."
    )
