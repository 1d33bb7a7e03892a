"""Deploy, find and retire definitions. What a package holds is read in packages.py.

A deployed definition never changes; two triggers of the database see to that.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, Q, Subquery

from workflows import audit
from workflows.core.actors import Actor
from workflows.core.bpmn.graph import Process
from workflows.core.contracts import Version
from workflows.core.engine.plan import Decide
from workflows.models import Definition, DefinitionFile, VersionChoice
from workflows.operations import (
    bindings,
    packages,
    start_subscriptions,
    start_timers,
    version_choice,
)
from workflows.operations.errors import Conflict, NotFound
from workflows.store import database_now

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment led to; `created` is false where these bytes stood already."""

    definition_id: int
    created: bool
    key: str
    version: str
    digest: str
    findings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What names a deployed definition."""

    id: int
    key: str
    version: str
    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """A deployed definition, ready to run. `decisions` are by id and by name.

    `calls` says what its call activities called when it was deployed.
    """

    definition: Reference
    processes: Mapping[str, Process]
    main: Process
    decisions: Mapping[str, Decide]
    forms: Mapping[str, dict[str, Any]]
    calls: Mapping[str, Mapping[str, str]]

    @property
    def start_form(self) -> dict[str, Any] | None:
        """Return the JSON Schema of the main process's start, if it has one."""
        for node in self.main.starts():
            name = node.properties.get("form", "")
            if name:
                return self.forms[name]
        return None


def load_package(path: Path) -> dict[str, bytes]:
    """Return the files of a package by path, from a folder or a zip archive.

    Raises NotFound and Invalid.
    """
    return packages.load_package(path)


def package_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, in hex, over the sorted paths with each file's SHA-256."""
    lines = (f"{_sha256(files[path])}  {path}\n" for path in sorted(files))
    return _sha256("".join(lines).encode())


def deploy(*, files: Mapping[str, bytes], actor: Actor) -> Deployed:
    """Deploy a package: check it whole, then store it in one transaction.

    The same bytes again change nothing. Raises PackageRefused (Invalid), also where a
    pinned or compatible call finds nothing to call, and Conflict when this version
    stands with other bytes.
    """
    contents = packages.read_package(files)
    digest = package_digest(files)
    key, version = contents.manifest.key, str(contents.manifest.version)
    standing = _standing(key=key, version=version, digest=digest)
    if standing is not None:
        return standing
    calls = bindings.note_calls(contents.processes)
    try:
        with transaction.atomic():
            definition = _store(
                contents, files, digest=digest, calls=calls, actor=actor
            )
    except IntegrityError:
        # Somebody deployed this version between our look and our write: what stands
        # now decides, as if we had come later.
        standing = _standing(key=key, version=version, digest=digest)
        if standing is None:
            raise
        return standing
    return _deployed(definition, created=True)


def find_definition(*, key: str, version: str = "") -> Definition | None:
    """Return a definition that new instances may start on, None if there is none.

    Without a version the newest release, or the newest pre-release where no release
    was deployed. Those that are retired or on their way out are passed over, and those
    newer than the version that was rolled back to.
    """
    found = Definition.objects.filter(
        key=key, retired_at__isnull=True, retiring_at__isnull=True
    )
    if version:
        return found.filter(version=version).first()
    chosen = VersionChoice.objects.filter(key=key)
    found = found.filter(
        ~Exists(chosen)
        | Q(version_order__lte=Subquery(chosen.values("definition__version_order")))
    )
    newest = found.order_by("-version_order")
    return newest.exclude(version__contains="-").first() or newest.first()


def retire(*, definition_id: int, actor: Actor) -> None:
    """Let no new instance start on a definition; running ones go on.

    Raises NotFound, and Conflict when it is retired already.
    """
    with transaction.atomic():
        now = database_now()
        changed = Definition.objects.filter(
            pk=definition_id, retired_at__isnull=True
        ).update(retired_at=now)
        definition = Definition.objects.filter(pk=definition_id).first()
        if definition is None:
            raise NotFound(f"There is no definition {definition_id}.")
        if not changed:
            raise Conflict(f"{definition} is retired already.")
        start_timers.disarm(definition)
        listen(definition.key)
        detail = {"definition": str(definition), "digest": definition.digest}
        draft = audit.Draft(kind="definition.retired", actor=actor, detail=detail)
        audit.record_installation(drafts=[draft], now=now)


def listen(key: str) -> None:
    """Let messages and signals start the newest version of a key, and no other.

    Call it in the transaction that changes which version that is.
    """
    start_subscriptions.lock_key(key)
    newest = find_definition(key=key)
    processes: Mapping[str, Process] = {}
    if newest is not None:
        try:
            processes = compiled(newest.id).processes
        except packages.PackageRefused as error:
            # An old package that this release cannot read any more starts nothing;
            # that must not keep anybody from retiring the one that came after it.
            log.warning("listens_to_nothing", key=key, error=error.message)
    start_subscriptions.replace(key=key, newest=newest, processes=processes)


@lru_cache(maxsize=256)
def compiled(definition_id: int) -> Package:
    """Return a deployed definition ready to run; kept, since it never changes.

    Raises NotFound. A package that this release cannot read any more raises
    PackageRefused.
    """
    definition = Definition.objects.filter(pk=definition_id).first()
    if definition is None:
        raise NotFound(f"There is no definition {definition_id}.")
    rows = DefinitionFile.objects.filter(definition_id=definition_id)
    files = {row.path: bytes(row.content) for row in rows}
    contents = packages.read_package(files, with_handlers=False)
    return _compiled(contents, definition_id=definition.id, calls=definition.calls)


def compile_files(files: Mapping[str, bytes]) -> Package:
    """Return a package that is not deployed as if it were, under the id 0.

    To look at only: nothing can run on it. Raises PackageRefused.
    """
    return _compiled(packages.read_package(files), definition_id=0, calls={})


def _compiled(
    contents: packages.Contents,
    *,
    definition_id: int,
    calls: Mapping[str, Mapping[str, str]],
) -> Package:
    manifest = contents.manifest
    return Package(
        definition=Reference(
            id=definition_id,
            key=manifest.key,
            version=str(manifest.version),
            name=manifest.name,
        ),
        processes=contents.processes,
        main=contents.processes[manifest.process],
        decisions=contents.decisions,
        forms=contents.forms,
        calls=calls,
    )


def get_file(*, definition_id: int, path: str) -> bytes:
    """Return one file of a deployed definition. Raises NotFound."""
    row = DefinitionFile.objects.filter(definition_id=definition_id, path=path).first()
    if row is None:
        raise NotFound(f"Definition {definition_id} has no file {path!r}.")
    return bytes(row.content)


def _standing(*, key: str, version: str, digest: str) -> Deployed | None:
    definition = Definition.objects.filter(key=key, version=version).first()
    if definition is None:
        return None
    if definition.digest != digest:
        raise Conflict(
            f"{key} {version} is deployed with other bytes"
            f" (digest {definition.digest[:12]}, yours {digest[:12]});"
            " raise the version in package.toml.",
            code="version-taken",
        )
    return _deployed(definition, created=False)


def _deployed(definition: Definition, *, created: bool) -> Deployed:
    return Deployed(
        definition_id=definition.id,
        created=created,
        key=definition.key,
        version=definition.version,
        digest=definition.digest,
        findings=tuple(definition.findings),
    )


def _store(
    contents: packages.Contents,
    files: Mapping[str, bytes],
    *,
    digest: str,
    calls: Mapping[str, Mapping[str, str]],
    actor: Actor,
) -> Definition:
    """Write definition, files and audit entry; the caller's transaction holds them."""
    now = database_now()
    manifest = contents.manifest
    definition = Definition.objects.create(
        key=manifest.key,
        version=str(manifest.version),
        version_order=Version.parse(str(manifest.version)).order_key,
        name=manifest.name,
        description=manifest.description,
        owner=manifest.owner,
        digest=digest,
        process_id=manifest.process,
        processes=_summaries(contents.processes),
        contracts=_contracts(contents),
        calls=dict(calls),
        settings=dict(manifest.settings),
        findings=[finding.as_dict() for finding in contents.findings],
        deployed_at=now,
        deployed_by=actor.ref,
    )
    DefinitionFile.objects.bulk_create(
        DefinitionFile(
            definition=definition, path=path, content=data, digest=_sha256(data)
        )
        for path, data in sorted(files.items())
    )
    main = contents.processes[manifest.process]
    # Before the choice is read: a roll back of the same key waits, or was here before.
    start_subscriptions.lock_key(definition.key)
    start_timers.arm(definition=definition, process=main, now=now)
    version_choice.follow_deployed(definition, actor=actor, now=now)
    listen(definition.key)
    detail = {"definition": str(definition), "digest": digest, "files": len(files)}
    draft = audit.Draft(kind="definition.deployed", actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return definition


def _summaries(processes: Mapping[str, Process]) -> dict[str, dict[str, object]]:
    return {
        process.id: {
            "name": process.name,
            "source": process.source,
            "nodes": len(process.nodes),
        }
        for process in processes.values()
    }


def _contracts(contents: packages.Contents) -> dict[str, dict[str, object]]:
    """Return the handlers' contracts by `name version`, each with who uses it."""
    found: dict[str, dict[str, object]] = {}
    for place, handler in contents.handlers.items():
        label = f"{handler.name} {handler.version}"
        entry = found.setdefault(label, {**handler.contract(), "used_by": []})
        used_by = entry["used_by"]
        if isinstance(used_by, list):
            used_by.append(place)
    return found


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
