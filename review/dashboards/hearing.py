"""Whose a socket is, and what may be heard there: asked for many sockets at once.

However many ask, it takes four statements. Everything is read anew each time, also the
session: a socket outlives a sign-out, a closed account and a role that was taken away.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils.crypto import constant_time_compare

from review import permissions
from review.models import Queue, User
from review.permissions import Rights, list_rights

_SESSIONS = """
    SELECT session_key, session_data FROM django_session
    WHERE session_key = ANY(%s) AND expire_date > clock_timestamp()
"""
_SEEN_BY: Final[Mapping[str, Callable[[Rights], bool]]] = {
    "task": permissions.can_see_instances,
    "instance": permissions.can_see_instances,
    "instances": permissions.can_see_instances,
    "incidents": permissions.can_see_incidents,
    "policies": permissions.can_see_policies,
    "dashboard": permissions.can_see_dashboard,
    "stops": permissions.can_see_policies,
    "alerts": permissions.can_see_policies,
    "bundle": permissions.can_audit,
    "bundles": permissions.can_audit,
    "controls": permissions.can_audit,
}


class Ask(NamedTuple):
    """A socket's session, and the topics its page wants to hear of."""

    session_key: str
    topics: frozenset[str]


class Admission(NamedTuple):
    """The natural person behind a session, and the topics that may reach them."""

    person_id: int
    heard: frozenset[str]


def admit(asks: Sequence[Ask]) -> list[Admission | None]:
    """Answer each in turn; None for a session that is, or has become, nobody's."""
    persons = _read_persons({ask.session_key for ask in asks})
    rights = list_rights(set(persons.values()))
    keys = {topic[6:] for ask in asks for topic in ask.topics if _is_queue(topic)}
    queue_ids = _read_queue_ids(keys) if keys else {}
    answers: list[Admission | None] = []
    for ask in asks:
        held = rights.get(persons.get(ask.session_key, 0))
        heard = list_heard(held, ask.topics, queue_ids=queue_ids) if held else ()
        answers.append(Admission(held.person_id, frozenset(heard)) if held else None)
    return answers


def _read_persons(session_keys: Collection[str]) -> dict[str, int]:
    """Return the person of each session that is still good, as signing in made it."""
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, [list(session_keys)])
        decode = SessionStore().decode
        sessions = {key: decode(data) for key, data in cursor.fetchall()}
    named = {
        key: int(session[SESSION_KEY])
        for key, session in sessions.items()
        if session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    }
    users = User.objects.only("id", "password", "person_id").filter(is_active=True)
    found = users.in_bulk(set(named.values()))
    return {
        key: user.person_id
        for key, user_id in named.items()
        if (user := found.get(user_id)) and _is_of(sessions[key], user)
    }


def _is_of(session: Mapping[str, str], user: User) -> bool:
    """Tell whether the password is still the one that the session was opened with."""
    digest = session.get(HASH_SESSION_KEY, "")
    digests = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(digest, each) for each in digests)


def _is_queue(topic: str) -> bool:
    return topic.startswith("queue.")


def _read_queue_ids(keys: Collection[str]) -> dict[str, int]:
    return dict(Queue.objects.filter(key__in=keys).values_list("key", "id"))


def list_heard(
    rights: Rights, topics: Collection[str], *, queue_ids: Mapping[str, int]
) -> set[str]:
    """Return the topics whose hints may reach somebody; a hint only names its topic."""
    return {topic for topic in topics if _may_hear(rights, topic, queue_ids=queue_ids)}


def _may_hear(rights: Rights, topic: str, *, queue_ids: Mapping[str, int]) -> bool:
    kind, _, name = topic.partition(".")
    if kind == "queue":
        return name in queue_ids and permissions.can_see_queue(
            rights, queue_id=queue_ids[name]
        )
    if kind == "person":
        return name == str(rights.person_id)
    return kind in _SEEN_BY and _SEEN_BY[kind](rights)
