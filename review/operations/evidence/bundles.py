"""Order bundles of evidence, call them off, hand them out, let old ones go.

Each of these is an entry. How one is built: operations/evidence/building.py.
"""

import contextlib
import datetime as dt
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

import structlog
from django.conf import settings
from django.db import transaction

from review import permissions
from review.core.evidence.bundles import (
    NOTHING,
    UNDER_WAY,
    BundleState,
    Custody,
    Redaction,
)
from review.core.evidence.scopes import AuditScope
from review.core.evidence.selections import Selection
from review.live import publish
from review.models import BundleCustody, EvidenceBundle, Person
from review.operations.evidence import custody
from review.operations.people.people import actor_of
from review.permissions import Rights, get_rights
from workflows import audit, dispatch
from workflows.audit import Draft
from workflows.core.actors import Actor, ActorKind
from workflows.core.commitments import SALT_BYTES, commit, stand_in
from workflows.core.notes import NoteError
from workflows.models import Checkpoint
from workflows.operations.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    check_reason,
)
from workflows.operations.log_key import KeyFolder, open_checkpoint
from workflows.store import database_now

BELL: Final = "bundles"
GRACE: Final = dt.timedelta(seconds=60)
BUILDER: Final = Actor(kind=ActorKind.SYSTEM, id="bundles", name="Bundles")
ERASED: Final = "content of its cases may have been erased"
SALT: Final = "salt"
"""Beside a stored selection: what opens the words of its search in the entry."""
SCOPE: Final = "scope"
"""And the limits that its cases were found within."""
TOPIC: Final = "bundles"
"""What the list of bundles hears; a bundle's own page hears `bundle.<id>`."""

log = structlog.get_logger(__name__)


def bundle_topic(bundle_id: int) -> str:
    """Return the topic of a bundle's page."""
    return f"bundle.{bundle_id}"


def folder_of(bundle_id: int) -> Path:
    """Return where a bundle is built and kept, below the data directory."""
    return Path(settings.DATA_DIR) / "bundles" / str(bundle_id)


@transaction.atomic
def order_bundle(
    *,
    selection: Selection,
    doer: Person | Actor,
    redaction: Redaction = NOTHING,
    reason: str = "",
    since: str = "",
    here: bool = False,
) -> int:
    """Order a bundle of a selection; return its id. A worker takes it up at once.

    With `here` the caller builds it himself; a worker does should the caller die.

    `since` is a checkpoint the asker holds, a signed note: the bundle proves that the
    log grew out of it. Without one it does so for that of the export before. Raises
    Forbidden for a person who is no auditor, Invalid for a note that is not ours and a
    reason that no entry can hold.
    """
    person = doer if isinstance(doer, Person) else None
    actor = actor_of(doer) if isinstance(doer, Person) else doer
    if person is not None:
        permissions.check_can_audit(get_rights(person.id))
    if reason:
        check_reason(reason)
    size, note = _find_previous(since)
    now = database_now()
    facets, salt = _hide_words(selection.facets)
    told = selection.to_json() | ({SALT: salt.hex()} if salt else {})
    bundle = EvidenceBundle.objects.create(
        title=selection.title[:300],
        selection=told,
        redaction=redaction.to_json(),
        reason=reason,
        person=person,
        ordered_by=actor.ref,
        ordered_by_name=actor.name,
        ordered_at=now,
        ordered_seq=0,
        state=BundleState.WAITING.value,
        next_at=now + GRACE if here else now,
        previous_size=size,
        previous_note=note,
    )
    detail = {
        "bundle": bundle.pk,
        "kind": selection.kind,
        "facets": facets,
        "redaction": redaction.to_json(),
        "reason": reason,
        **_tell_cases(selection),
    }
    publish(TOPIC)
    if not here:
        dispatch.ring_after_commit(BELL)
    seq = audit.record_installation(
        drafts=[Draft(Custody.ORDERED.value, actor, detail)], now=now
    )
    custody.write(bundle, Custody.ORDERED, actor=actor, now=now, note=reason, seq=seq)
    EvidenceBundle.objects.filter(pk=bundle.pk).update(ordered_seq=seq)
    return bundle.pk


def _hide_words(facets: Mapping[str, str]) -> tuple[dict[str, object], bytes]:
    """Return facets as an entry keeps them for ever, and the salt of what is hidden.

    Words that somebody searched for may be a person's: a commitment stands for them, as
    where somebody's data is searched (auditing.py). What opens it is with the bundle.
    """
    told: dict[str, object] = dict(facets)
    words = told.get("q")
    if not words:
        return told, b""
    salt = secrets.token_bytes(SALT_BYTES)
    return told | {"q": stand_in(commit(salt, words))}, salt


def _tell_cases(selection: Selection) -> dict[str, object]:
    """Return which case is asked for, or how many."""
    if len(selection.cases) == 1:
        return {"instance": str(selection.cases[0])}
    return {"cases": len(selection.cases)} if selection.cases else {}


def _find_previous(since: str) -> tuple[int, str]:
    """Return size and note of the checkpoint to prove growth from; 0 for none."""
    if not since:
        size = (
            EvidenceBundle.objects
            .filter(checkpoint_size__gt=0)
            .order_by("-id")
            .values_list("checkpoint_size", flat=True)
            .first()
        )
        found = Checkpoint.objects.filter(size=size or 0).first()
        return (found.size, found.note) if found else (0, "")
    problem = "the log has no key yet."
    for key in KeyFolder.of_settings().read_verifier_keys():
        try:
            return open_checkpoint(since, key=key).size, since
        except NoteError as error:
            problem = str(error)
    raise Invalid(f"This is no checkpoint of this log: {problem}")


@transaction.atomic
def cancel_bundle(*, bundle_id: int, person: Person) -> None:
    """Call off a bundle that is not finished; its parts go. Raises NotFound, Conflict."""
    bundle = get_bundle(bundle_id, rights=get_rights(person.id), is_locked=True)
    if bundle.state not in UNDER_WAY:
        raise Conflict(f"This bundle is {bundle.state.lower()}; nothing is under way.")
    now = database_now()
    # The token rises: whoever builds it finds out at his next word and stops.
    EvidenceBundle.objects.filter(pk=bundle.pk).update(
        state=BundleState.CANCELED.value,
        token=bundle.token + 1,
        finished_at=now,
        next_at=None,
    )
    publish(TOPIC, bundle_topic(bundle.pk))
    custody.keep(bundle, Custody.CANCELED, actor=actor_of(person), now=now)


def get_bundle(
    bundle_id: int, *, rights: Rights, is_locked: bool = False
) -> EvidenceBundle:
    """Return a bundle that a person may have: his own, all for an unlimited auditor.

    Raises NotFound and Forbidden.
    """
    permissions.check_can_audit(rights)
    rows = EvidenceBundle.objects.filter(pk=bundle_id)
    bundle = (rows.select_for_update() if is_locked else rows).first()
    if bundle is None:
        raise NotFound(f"There is no bundle {bundle_id}.")
    if bundle.person_id != rights.person_id and is_limited(rights):
        raise Forbidden("This bundle was made for somebody else.", code="not-yours")
    return bundle


def scope_of(rights: Rights) -> AuditScope:
    """Return what an auditor may look at. Raises Forbidden for anybody else."""
    return permissions.audit_scope_of(rights)


def is_limited(rights: Rights) -> bool:
    """Tell whether an auditor may see only some cases."""
    return scope_of(rights).is_limited


def read_custody(bundle: EvidenceBundle) -> list[BundleCustody]:
    """Return what was done with a bundle, newest first."""
    return list(BundleCustody.objects.filter(bundle=bundle).order_by("-id")[:200])


@transaction.atomic
def open_download(
    *, bundle_id: int, doer: Person | Actor, asked: tuple[int, int] | None = None
) -> IO[bytes]:
    """Record a download of some bytes, then open the file. Raises NotFound, Conflict,
    and Forbidden where it has cases beyond the limits that an auditor has by now.

    It is on record though it breaks off: who asked for what, not what arrived.
    """
    if isinstance(doer, Person):
        rights = get_rights(doer.id)
        bundle = get_bundle(bundle_id, rights=rights)
        _check_within(bundle, scope_of(rights))
    else:
        bundle = EvidenceBundle.objects.get(pk=bundle_id)
    now = database_now()
    if bundle.state != BundleState.READY or (bundle.next_at or now) <= now:
        raise Conflict("This bundle has no file to download.", code="no-file")
    try:
        file = (folder_of(bundle.pk) / bundle.file_name).open("rb")
    except FileNotFoundError as error:
        raise Conflict(
            "The file of this bundle is not below this server's data directory; order"
            " it again, and see that workers and servers share that directory.",
            code="no-file",
        ) from error
    actor = actor_of(doer) if isinstance(doer, Person) else doer
    custody.keep(
        bundle,
        Custody.DOWNLOADED,
        actor=actor,
        now=now,
        asked=asked or (0, bundle.size - 1),
    )
    return file


def _check_within(bundle: EvidenceBundle, scope: AuditScope) -> None:
    found = AuditScope.from_json(bundle.selection.get(SCOPE, {}))
    if not scope.includes(found):
        raise Forbidden(
            "This bundle was made within other limits than you have now; order it again.",
            code="outside-scope",
        )


def let_go_opened(*, now: dt.datetime) -> None:
    """Let no file that opens personal values be downloaded any more: some were erased.

    The next sweep removes the files, each with its entry.
    """
    rows = EvidenceBundle.objects.filter(state="READY", next_at__gt=now)
    rows.exclude(redaction__without_disclosures=True).update(next_at=now)


# --- letting go -----------------------------------------------------------------------


def expire_old() -> None:
    """Remove files whose days are over, and folders of bundles that came to nothing."""
    now = database_now()
    due = EvidenceBundle.objects.filter(state="READY", next_at__lte=now)
    for bundle_id, finished_at in due.values_list("pk", "finished_at")[:20]:
        is_old = finished_at is None or finished_at + settings.BUNDLE_KEPT <= now
        expire(
            bundle_id,
            now=now,
            why=f"kept for {settings.BUNDLE_DAYS} days" if is_old else ERASED,
        )
    remove_left_over()


@transaction.atomic
def expire(bundle_id: int, *, now: dt.datetime, why: str) -> None:
    """Let a finished bundle's file go; remove_left_over takes it off the disk."""
    rows = EvidenceBundle.objects.filter(pk=bundle_id, state="READY")
    bundle = rows.select_for_update(skip_locked=True).first()
    if bundle is None:
        return
    rows.update(state=BundleState.EXPIRED.value, file_name="", next_at=None)
    publish(TOPIC, bundle_topic(bundle.pk))
    custody.keep(bundle, Custody.EXPIRED, actor=BUILDER, now=now, note=why)


def remove_left_over() -> None:
    """Remove what belongs to no bundle that is under way or ready.

    Of one that is ready also its parts, where whoever built it died before he did.
    """
    root = Path(settings.DATA_DIR) / "bundles"
    if not root.is_dir():
        return
    found = {int(path.name): path for path in root.iterdir() if path.name.isdecimal()}
    kept: dict[int, str] = dict(
        EvidenceBundle.objects.filter(
            pk__in=found, state__in=[*UNDER_WAY, BundleState.READY]
        ).values_list("pk", "file_name")
    )
    for bundle_id, path in found.items():
        if bundle_id not in kept:
            shutil.rmtree(path, ignore_errors=True)
        elif kept[bundle_id]:
            # Another sweep may take the folder away as we look into it.
            with contextlib.suppress(FileNotFoundError):
                clear_beside(path / kept[bundle_id])


def clear_beside(file: Path) -> None:
    """Remove everything that lies beside a bundle's file: it was made of that."""
    for path in file.parent.iterdir():
        if path == file:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def list_bundles(rights: Rights, *, limit: int) -> list[EvidenceBundle]:
    """Return the newest bundles a person may have, without what their parts hold."""
    rows: Any = EvidenceBundle.objects.defer("parts").order_by("-id")
    if is_limited(rights):
        rows = rows.filter(person_id=rights.person_id)
    return list(rows[:limit])
