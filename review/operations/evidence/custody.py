"""The chain of custody of bundles: what was done with one is an entry, and a row of its page.

The entries are in the installation's chain, so that no download can be taken back.
"""

import datetime as dt

from review.core.evidence.bundles import Custody
from review.models import BundleCustody, EvidenceBundle
from workflows import audit
from workflows.audit import Draft
from workflows.core.actors import Actor


def keep(
    bundle: EvidenceBundle,
    what: Custody,
    *,
    actor: Actor,
    now: dt.datetime,
    note: str = "",
    asked: tuple[int, int] | None = None,
) -> int:
    """Record what was done with a bundle, last in its transaction; return the entry's number.

    `asked` are the first and the last byte of a download.
    """
    # Not its title: that may have the words of a search, and entries stay for ever.
    detail: dict[str, object] = {"bundle": bundle.pk}
    if note:
        detail["note"] = note
    if bundle.digest:
        detail |= {"digest": bundle.digest, "size": bundle.size}
    if asked is not None:
        detail |= {"first_byte": asked[0], "last_byte": asked[1]}
    seq = audit.record_installation(drafts=[Draft(what.value, actor, detail)], now=now)
    write(bundle, what, actor=actor, now=now, note=note, asked=asked, seq=seq)
    return seq


def write(
    bundle: EvidenceBundle,
    what: Custody,
    *,
    actor: Actor,
    now: dt.datetime,
    seq: int,
    note: str = "",
    asked: tuple[int, int] | None = None,
) -> None:
    """Write the row of an entry that was recorded."""
    BundleCustody.objects.create(
        bundle=bundle,
        what=what.value,
        actor=actor.ref,
        actor_name=actor.name,
        at=now,
        note=note,
        digest=bundle.digest,
        first_byte=asked[0] if asked else None,
        last_byte=asked[1] if asked else None,
        audit_seq=seq,
    )
