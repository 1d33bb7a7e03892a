"""Which saved views a person sees on a list."""

from collections.abc import Collection
from typing import Any, Final

from review.dashboards.sql import read_rows

_VIEWS: Final = """
    SELECT v.id, v.name, v.query, v.columns::text AS columns, v.density, v.is_team,
        v.is_default AND v.owner_id = %(person_id)s AS is_default,
        v.owner_id = %(person_id)s AS is_own, p.name AS owner
    FROM review_savedview v
    JOIN review_person p ON p.id = v.owner_id
    WHERE v.page = %(page)s AND v.queue_id = %(queue)s
      AND (v.owner_id = %(person_id)s OR v.is_team)
    ORDER BY v.is_team, v.name, v.id
    LIMIT 60
"""


def list_views(*, person_id: int, page: str, queue_id: int) -> list[Any]:
    """Return the person's own views of a list, then those of the team."""
    return read_rows(_VIEWS, {"person_id": person_id, "page": page, "queue": queue_id})


_PAGE_VIEWS: Final = """
    SELECT v.id, v.name, v.query, v.is_team, v.queue_id,
        v.is_default AND v.owner_id = %(person_id)s AS is_default,
        v.owner_id = %(person_id)s AS is_own, p.name AS owner
    FROM review_savedview v
    JOIN review_person p ON p.id = v.owner_id
    WHERE v.page = %(page)s
      AND (v.owner_id = %(person_id)s
           OR v.is_team AND v.queue_id = ANY(%(queue_ids)s::bigint[]))
    ORDER BY v.is_team, v.name, v.id
    LIMIT 60
"""


def list_page_views(
    *, person_id: int, page: str, queue_ids: Collection[int]
) -> list[Any]:
    """Return the person's own views of a page, then those of these queues' teams."""
    words = {"person_id": person_id, "page": page, "queue_ids": sorted(queue_ids)}
    return read_rows(_PAGE_VIEWS, words)
