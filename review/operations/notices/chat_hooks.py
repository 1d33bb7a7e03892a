"""Chat rooms of queues, receivers of alert rules. Each change is an entry.

The URL of a webhook is a secret: entries, pages and logs name its host alone.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction

from review.core.notices.notices import ChatKind, Notice
from review.models import AlertRule, ChatHook, Queue
from workflows import audit
from workflows.connectors import egress
from workflows.core.actors import Actor
from workflows.operations.errors import Invalid, NotFound
from workflows.store import database_now

MOST_NAME: Final = 100


def define_hook(
    *,
    queue_key: str,
    name: str,
    kind: ChatKind,
    url: str,
    actor: Actor,
    kinds: Collection[Notice] = (),
) -> ChatHook:
    """Let a room hear of a queue, or give the room of this name these values.

    `kinds` are the notices it hears (none: all about the queue). Raises NotFound for
    the queue, Invalid for a name or an address that cannot be.
    """
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME:
        raise Invalid(f"A chat room needs a name of at most {MOST_NAME} characters.")
    try:
        egress.check(url)
    except egress.NotAllowed as error:
        raise Invalid(str(error)) from error
    with transaction.atomic():
        queue = Queue.objects.select_for_update().filter(key=queue_key).first()
        if queue is None:
            raise NotFound(f"There is no queue {queue_key!r}.")
        now = database_now()
        hook, created = ChatHook.objects.update_or_create(
            queue=queue,
            name=name,
            removed_at=None,
            defaults={
                "kind": kind.value,
                "url": url,
                "kinds": sorted(each.value for each in kinds),
            },
            create_defaults={
                "kind": kind.value,
                "url": url,
                "kinds": sorted(each.value for each in kinds),
                "created_at": now,
            },
        )
        _record(
            "chat_hook.created" if created else "chat_hook.changed",
            actor,
            {
                "queue": queue.key,
                "name": name,
                "kind": kind.value,
                "host": name_host(hook),
                "kinds": list(hook.kinds),
            },
        )
    return hook


def remove_hook(*, queue_key: str, name: str, actor: Actor) -> None:
    """Let a room hear no more; what waits for it is not sent. Raises NotFound."""
    with transaction.atomic():
        now = database_now()
        changed = ChatHook.objects.filter(
            queue__key=queue_key, name=name, removed_at=None
        ).update(removed_at=now)
        if not changed:
            raise NotFound(f"No chat room {name!r} hears of the queue {queue_key!r}.")
        _record("chat_hook.removed", actor, {"queue": queue_key, "name": name})


def set_receiver(
    *, rule: AlertRule, webhook: Mapping[str, str], now: dt.datetime
) -> None:
    """Let a rule's alerts be posted there, or nowhere else; its change is the entry.

    What waits for a receiver that is given up is not sent.
    """
    standing = ChatHook.objects.filter(rule=rule, removed_at=None).first()
    if not webhook:
        remove_receiver(rule=rule, now=now)
        return
    if standing is not None and standing.url == webhook["url"]:
        standing.name, standing.secret = rule.name[:MOST_NAME], webhook["secret"]
        standing.save(update_fields=["name", "secret"])
        return
    remove_receiver(rule=rule, now=now)
    ChatHook.objects.create(
        rule=rule,
        name=rule.name[:MOST_NAME],
        kind=ChatKind.JSON.value,
        url=webhook["url"],
        secret=webhook["secret"],
        created_at=now,
    )


def remove_receiver(*, rule: AlertRule, now: dt.datetime) -> None:
    """Post a rule's alerts nowhere else; the change of the rule is the entry."""
    ChatHook.objects.filter(rule=rule, removed_at=None).update(removed_at=now)


def name_host(hook: ChatHook) -> str:
    """Return the part of a webhook's address that is no secret."""
    return urlsplit(hook.url).hostname or ""


def _record(kind: str, actor: Actor, detail: Mapping[str, object]) -> None:
    draft = audit.Draft(kind=kind, actor=actor, detail=detail)
    audit.record_installation(drafts=[draft], now=database_now())
