"""Find the lanes that tasks go to, and make those that are not there yet."""

from collections.abc import Collection
from typing import Final

from django.db import connection

from review.core.tasks.routing import Place

_FIND: Final = """
    SELECT v.queue_id, v.region, v.skill, v.level, l.id
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[])
      AS v(queue_id, region, skill, level)
    JOIN review_lane l USING (queue_id, region, skill, level)
"""
_MAKE: Final = """
    INSERT INTO review_lane (queue_id, region, skill, level)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[])
    ON CONFLICT DO NOTHING
"""


def find_lanes(places: Collection[Place]) -> dict[Place, int]:
    """Return the lane of each place; one that nobody needed before is made."""
    wanted = sorted(set(places))
    found = _find(wanted)
    missing = [place for place in wanted if place not in found]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(_MAKE, _columns(missing))
        # Another transaction may have made it meanwhile: then ours did nothing, and a
        # statement of its own sees the other's.
        found |= _find(missing)
    return found


def _find(places: Collection[Place]) -> dict[Place, int]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, _columns(places))
        return {Place(*row[:4]): int(row[4]) for row in cursor.fetchall()}


def _columns(places: Collection[Place]) -> list[list[object]]:
    return [
        [place.queue_id for place in places],
        [place.region for place in places],
        [place.skill for place in places],
        [place.level for place in places],
    ]
