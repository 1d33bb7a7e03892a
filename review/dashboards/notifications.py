"""What a person was told, and what could not be sent; nothing is changed here."""

from typing import Any, Final

from review.dashboards.sql import read_row, read_rows

PAGE: Final = 50
MOST_UNDELIVERED: Final = 200

_LIST: Final = """
    SELECT n.id, n.kind, n.title, n.text, n.url, n.created_at, n.read_at,
        d.state AS mail, d.due_at AS mail_due_at, d.error AS mail_error
    FROM review_notification n
    LEFT JOIN review_delivery d ON d.id = n.delivery_id
    WHERE n.person_id = %(person_id)s AND n.is_listed
      AND (%(everything)s OR n.read_at IS NULL)
      AND (%(kinds)s::text[] IS NULL OR n.kind = ANY(%(kinds)s))
      AND (%(before)s::bigint IS NULL OR n.id < %(before)s)
    ORDER BY n.id DESC LIMIT %(limit)s
"""
_NEWEST: Final = """
    SELECT COALESCE(max(id), 0) AS id, count(*) FILTER (WHERE read_at IS NULL) AS unread
    FROM (SELECT id, read_at FROM review_notification
          WHERE person_id = %(person_id)s AND is_listed
          ORDER BY id DESC LIMIT 1000) newest
"""
_UNDELIVERED: Final = """
    SELECT d.id, d.state, d.attempts, d.due_at, d.next_at, d.finished_at, d.error,
        p.name AS person, h.name AS room, q.name AS queue,
        (SELECT count(*) FROM review_notification n WHERE n.delivery_id = d.id) AS notices
    FROM review_delivery d
    LEFT JOIN review_person p ON p.id = d.person_id
    LEFT JOIN review_chathook h ON h.id = d.hook_id
    LEFT JOIN review_queue q ON q.id = h.queue_id
    WHERE d.state = 'DEAD' OR (d.state = 'WAITING' AND d.error <> '')
    ORDER BY d.state = 'DEAD' DESC, COALESCE(d.finished_at, d.next_at) DESC, d.id
    LIMIT %(limit)s
"""
_ROOMS: Final = """
    SELECT h.name, h.kind, q.name AS queue, q.key AS queue_key, h.kinds::text AS kinds,
        split_part(split_part(h.url, '/', 3), ':', 1) AS host
    FROM review_chathook h JOIN review_queue q ON q.id = h.queue_id
    WHERE h.removed_at IS NULL ORDER BY q.name, h.name
"""


def list_notifications(
    *,
    person_id: int,
    kinds: list[str] | None,
    everything: bool,
    before: int | None,
    limit: int = PAGE,
) -> list[Any]:
    """Return a person's notices, the newest first, one more than `limit` if there are."""
    return read_rows(
        _LIST,
        {
            "person_id": person_id,
            "kinds": kinds,
            "everything": everything,
            "before": before,
            "limit": limit + 1,
        },
    )


def read_newest(*, person_id: int) -> Any:
    """Return the newest notice's id and how many of the last 1,000 are unread."""
    return read_row(_NEWEST, {"person_id": person_id})


def list_undelivered() -> list[Any]:
    """Return deliveries given up, and those that failed and will be tried again."""
    return read_rows(_UNDELIVERED, {"limit": MOST_UNDELIVERED})


def list_rooms() -> list[Any]:
    """Return the chat rooms and what they hear of; their addresses' hosts alone."""
    return read_rows(_ROOMS, {})
