"""Which version new instances follow while newer ones are passed over. Rows only.

What a roll back does is in rolling_back.py; each change of a row is written down by the
transaction that makes it.
"""

import datetime as dt

from workflows.core.actors import Actor
from workflows.models import Definition, VersionChoice


def find_chosen(key: str) -> Definition | None:
    """Return the version that a key was rolled back to, None where it follows the newest."""
    found = VersionChoice.objects.filter(key=key).select_related("definition").first()
    return found.definition if found else None


def follow_deployed(definition: Definition, *, actor: Actor, now: dt.datetime) -> None:
    """Let a version that is deployed now be followed, where it is newer than the choice.

    What is newer than every other ends the choice; what lies between moves it, so that
    the versions that were rolled back stay passed over. The deployment's own entry
    tells of it. Call it in the transaction that deploys.
    """
    chosen = find_chosen(definition.key)
    if chosen is None or chosen.version_order > definition.version_order:
        return
    newer = Definition.objects.filter(
        key=definition.key, version_order__gt=definition.version_order
    )
    rows = VersionChoice.objects.filter(key=definition.key)
    if newer.exists():
        rows.update(definition=definition, chosen_by=actor.ref, chosen_at=now)
    else:
        rows.delete()


def choose(
    definition: Definition, *, actor: Actor, reason: str, now: dt.datetime
) -> None:
    """Let new instances follow a version; one that is the newest needs no row."""
    newer = Definition.objects.filter(
        key=definition.key, version_order__gt=definition.version_order
    )
    if not newer.exists():
        VersionChoice.objects.filter(key=definition.key).delete()
        return
    VersionChoice.objects.update_or_create(
        key=definition.key,
        defaults={
            "definition": definition,
            "reason": reason,
            "chosen_by": actor.ref,
            "chosen_at": now,
        },
    )
