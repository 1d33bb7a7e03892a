"""Erase contents that no instance uses any more. Keeping them is in store/payloads."""

from django.db import connection, transaction

BATCH = 500
GRACE_HOURS = 24
"""How long an unused content stays, and how often a used one is looked at."""

# Whoever writes a content that is there touches its row: we skip it while he holds it,
# and he waits for us where we hold it, and then inserts it anew.
_CANDIDATES = """
    SELECT digest FROM workflows_payload
    WHERE checked_at < clock_timestamp() - %s * interval '1 hour'
    ORDER BY checked_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_ERASE = """
    DELETE FROM workflows_payload p WHERE digest = ANY(%s)
      AND NOT EXISTS (SELECT FROM workflows_payloaduse u WHERE u.digest = p.digest)
"""
_TOUCH = """
    UPDATE workflows_payload SET checked_at = clock_timestamp() WHERE digest = ANY(%s)
"""


@transaction.atomic
def erase_unused(*, limit: int = BATCH) -> int:
    """Erase up to `limit` contents that have had no user for a while; return how many.

    A crash before the commit leaves all of them; the next sweep looks again.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [GRACE_HOURS, limit])
        digests = [row[0] for row in cursor.fetchall()]
        if not digests:
            return 0
        cursor.execute(_ERASE, [digests])
        erased = int(cursor.rowcount)
        cursor.execute(_TOUCH, [digests])
    return erased
