"""Let new instances follow an earlier version again, or the newest after that.

Nothing that runs is touched: instances stay on the version they are on.
"""

from django.db import transaction

from workflows import audit
from workflows.core.actors import Actor
from workflows.models import Definition
from workflows.operations import (
    definitions,
    start_subscriptions,
    start_timers,
    version_choice,
)
from workflows.operations.errors import Conflict, NotFound, check_reason
from workflows.store import database_now


@transaction.atomic
def roll_back(*, definition_id: int, actor: Actor, reason: str) -> Definition:
    """Let new instances of a key follow this version; return it.

    Newer versions are passed over until something newer than all of them is deployed.
    Its timer, message and signal starts begin new instances from now on. Raises
    NotFound, Invalid without a reason, Conflict where it is retired or followed.
    """
    check_reason(reason)
    definition = Definition.objects.filter(pk=definition_id).first()
    if definition is None:
        raise NotFound(f"There is no definition {definition_id}.")
    # Deployments of the key wait here, so that none comes between look and write.
    start_subscriptions.lock_key(definition.key)
    check_may_follow(definition)
    before = definitions.find_definition(key=definition.key)
    now = database_now()
    version_choice.choose(definition, actor=actor, reason=reason, now=now)
    main = definitions.compiled(definition.id).main
    start_timers.arm(definition=definition, process=main, now=now)
    definitions.listen(definition.key)
    is_older = before is not None and definition.version_order < before.version_order
    detail = {
        "definition": str(definition),
        "digest": definition.digest,
        "instead_of": str(before or ""),
        "reason": reason,
    }
    kind = "definition.rolled_back" if is_older else "definition.rolled_forward"
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=now)
    return definition


def check_may_follow(definition: Definition) -> None:
    """Raise Conflict where new instances cannot follow a version, or do already."""
    if definition.retired_at or definition.retiring_at:
        raise Conflict(
            f"{definition} is retired or on its way out; deploy its package under a new"
            " version instead."
        )
    standing = definitions.find_definition(key=definition.key)
    if standing is not None and standing.id == definition.id:
        raise Conflict(f"New instances follow {definition} already.")
