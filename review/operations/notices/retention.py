"""Forget what was told long ago: a batch each sweep, so that no transaction is long."""

import datetime as dt
from typing import Final

from django.db import transaction

from workflows.driver import fetch, run

KEPT: Final = dt.timedelta(days=90)
BATCH: Final = 500

_OLD: Final = """
    SELECT id FROM review_delivery WHERE finished_at < clock_timestamp() - %s
    ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_UNLISTED: Final = """
    DELETE FROM review_notification WHERE delivery_id = ANY(%s) AND NOT is_listed
"""
_LET_GO: Final = """
    UPDATE review_notification SET delivery_id = NULL WHERE delivery_id = ANY(%s)
"""
_DELIVERIES: Final = "DELETE FROM review_delivery WHERE id = ANY(%s)"
_READ: Final = """
    DELETE FROM review_notification WHERE id IN (
        SELECT id FROM review_notification WHERE read_at < clock_timestamp() - %s
        ORDER BY read_at LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id
"""


def forget_old(*, limit: int = BATCH) -> int:
    """Remove notices read, and deliveries finished, 90 days ago; return how many.

    Unread notices stay. A crash leaves the rest for the next sweep.
    """
    return _forget_deliveries(limit) + len(fetch(_READ, [KEPT, limit]))


@transaction.atomic
def _forget_deliveries(limit: int) -> int:
    ids = [row[0] for row in fetch(_OLD, [KEPT, limit])]
    if ids:
        for statement in (_UNLISTED, _LET_GO, _DELIVERIES):
            run(statement, [ids])
    return len(ids)
