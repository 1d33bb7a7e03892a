"""Drafts of definitions: begin one, save it under the revision it began from, check it.

Each saving keeps the whole package; the last savings stay, so that nothing is lost when
two work on one draft. A draft decides nothing: what is proposed of it is kept apart.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from review import live
from review.core.changes import suggest_version
from review.models import DefinitionDraft, DraftRevision, Person
from review.permissions import check_can_deploy, get_rights
from workflows.core.bpmn.problems import Finding, Problem
from workflows.core.manifest import (
    MANIFEST,
    ManifestError,
    read_manifest,
    with_version,
)
from workflows.models import Definition
from workflows.operations import bindings, definitions, exports, packages
from workflows.operations.errors import Conflict, Invalid, NotFound, Stale
from workflows.store import database_now

KEPT: Final = 30
"""How many savings of a draft are kept; older ones go."""


@dataclass(frozen=True, slots=True)
class Read:
    """A draft with the files of one of its savings."""

    draft: DefinitionDraft
    saving: DraftRevision
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Checked:
    """What deploying a package would say: problems refuse it, findings do not."""

    problems: Sequence[Problem] = ()
    findings: Sequence[Finding] = ()

    @property
    def is_sound(self) -> bool:
        """Tell whether the package could be deployed."""
        return not self.problems


def check(files: Mapping[str, bytes]) -> Checked:
    """Read a package as a deployment does; nothing is stored."""
    try:
        contents = packages.read_package(files)
        bindings.note_calls(contents.processes)
    except packages.PackageRefused as refused:
        return Checked(problems=refused.problems)
    manifest, version = contents.manifest, str(contents.manifest.version)
    if Definition.objects.filter(key=manifest.key, version=version).exists():
        message = f"Version {version} is deployed already; raise the version."
        problem = Problem(source=MANIFEST, line=0, element="version", message=message)
        return Checked(problems=(problem,), findings=contents.findings)
    return Checked(findings=contents.findings)


@transaction.atomic
def begin(*, key: str, person: Person) -> DefinitionDraft:
    """Begin a draft from the newest deployed version, its version raised by one.

    Raises Forbidden, NotFound, and Conflict where there is a draft already.
    """
    check_can_deploy(get_rights(person.id))
    newest = Definition.objects.filter(key=key).order_by("-version_order").first()
    if newest is None:
        raise NotFound(f"No version of {key!r} is deployed; upload a package instead.")
    base = definitions.find_definition(key=key) or newest
    files = exports.read_files(definition_id=base.id)
    raised = with_version(files[MANIFEST], suggest_version(newest.version))
    what = f"Began from {base.version}"
    return _create(key, {**files, MANIFEST: raised}, person, base=base, what=what)


@transaction.atomic
def create(*, files: Mapping[str, bytes], person: Person) -> DefinitionDraft:
    """Begin a draft from an uploaded package. Raises as `begin`, and Invalid."""
    check_can_deploy(get_rights(person.id))
    key = _read_key(files)
    base = definitions.find_definition(key=key)
    return _create(key, files, person, base=base, what="Uploaded")


@transaction.atomic
def save(
    *,
    key: str,
    revision: int,
    files: Mapping[str, bytes | None],
    person: Person,
    what: str,
) -> DraftRevision:
    """Save files of a draft over those of a revision; None takes a file away.

    Raises Forbidden, NotFound, Invalid, and Stale where somebody saved since: then
    nothing is written, and the sentence says who and when.
    """
    check_can_deploy(get_rights(person.id))
    draft = _lock(key)
    newest = _newest(draft)
    if draft.revision != revision:
        raise Stale(
            f"{newest.saved_by.name} has saved this draft since you opened it (revision"
            f" {draft.revision}, you began from {revision}); yours is not saved yet."
        )
    merged = {**read_archive(newest)}
    for path, content in files.items():
        if content is None:
            merged.pop(path, None)
        else:
            merged[path] = content
    packages.check_files(merged, where=f"The draft of {key}")
    if _read_key(merged) != key:
        raise Invalid(f"package.toml names another key; this is the draft of {key}.")
    if definitions.package_digest(merged) == newest.digest:
        return newest
    draft.revision += 1
    draft.save(update_fields=["revision"])
    saved = _keep(draft, merged, person, what=what, now=database_now())
    draft.revisions.filter(revision__lte=draft.revision - KEPT).delete()
    live.publish(live.POLICIES)
    return saved


@transaction.atomic
def discard(*, key: str, revision: int, person: Person) -> None:
    """Throw a draft away with all its savings. Raises as `save`."""
    check_can_deploy(get_rights(person.id))
    draft = _lock(key)
    if draft.revision != revision:
        raise Stale("Somebody has saved this draft since; look at it again first.")
    draft.delete()
    live.publish(live.POLICIES)


def read(key: str, *, revision: int | None = None) -> Read:
    """Return a draft with the files of its newest saving, or of another that is kept.

    Raises NotFound.
    """
    draft = (
        DefinitionDraft.objects
        .filter(pk=key)
        .select_related("base", "created_by")
        .first()
    )
    if draft is None:
        raise NotFound(f"There is no draft of {key!r}.")
    saving = _newest(draft) if revision is None else _find(draft, revision)
    return Read(draft=draft, saving=saving, files=read_archive(saving))


def read_archive(saving: DraftRevision) -> dict[str, bytes]:
    """Return the files of one saving."""
    return packages.load_archive(bytes(saving.archive), name="The draft")


def settle(*, key: str, digest: str, deployed: Definition) -> None:
    """Let a draft end that is deployed as it stands; one that went on begins from it.

    In the transaction that deploys.
    """
    draft = DefinitionDraft.objects.select_for_update().filter(pk=key).first()
    if draft is None:
        return
    if _newest(draft).digest == digest:
        draft.delete()
    else:
        draft.base = deployed
        draft.save(update_fields=["base"])


def _create(
    key: str,
    files: Mapping[str, bytes],
    person: Person,
    *,
    base: Definition | None,
    what: str,
) -> DefinitionDraft:
    now = database_now()
    draft, is_new = DefinitionDraft.objects.get_or_create(
        key=key,
        defaults={
            "base": base,
            "revision": 1,
            "created_by": person,
            "created_at": now,
        },
    )
    if not is_new:
        raise Conflict(
            f"There is a draft of {key} already, begun by {draft.created_by.name}; go on"
            " with it, or throw it away first."
        )
    _keep(draft, files, person, what=what, now=now)
    live.publish(live.POLICIES)
    return draft


def _keep(
    draft: DefinitionDraft,
    files: Mapping[str, bytes],
    person: Person,
    *,
    what: str,
    now: dt.datetime,
) -> DraftRevision:
    return DraftRevision.objects.create(
        draft=draft,
        revision=draft.revision,
        archive=exports.write_archive(files),
        digest=definitions.package_digest(files),
        what=what[:300],
        saved_by=person,
        saved_at=now,
    )


def _read_key(files: Mapping[str, bytes]) -> str:
    if MANIFEST not in files:
        raise Invalid("The package has no package.toml, which says its key.")
    try:
        return read_manifest(files[MANIFEST]).key
    except ManifestError as error:
        raise Invalid(str(error)) from error


def _lock(key: str) -> DefinitionDraft:
    draft = DefinitionDraft.objects.select_for_update().filter(pk=key).first()
    if draft is None:
        raise NotFound(
            f"There is no draft of {key!r} any more; it was deployed or thrown away."
        )
    return draft


def _newest(draft: DefinitionDraft) -> DraftRevision:
    return _find(draft, draft.revision)


def _find(draft: DefinitionDraft, revision: int) -> DraftRevision:
    found = draft.revisions.filter(revision=revision).select_related("saved_by").first()
    if found is None:
        raise NotFound(f"Revision {revision} of this draft is not kept any more.")
    return found
