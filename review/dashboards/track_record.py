"""How often people upheld what the model suggested, in cases like one at hand.

Like it means: the same queue and the same band of confidence, decided by people, the
latest first. Upheld means that the outcome is the one suggested and nobody edited it.
Figures are kept for a while: they move slowly, and the page asks for them each time.
"""

import dataclasses
import itertools
import threading
import time
from decimal import Decimal
from typing import Final

from review.dashboards.sql import read_row

SAMPLE: Final = 500
LOOK_BACK: Final = 5_000
"""Decided tasks that are looked through for the sample; the rest is left alone."""
KEEP_SECONDS: Final = 300.0
EDGES: Final = (Decimal(0), Decimal("0.6"), Decimal("0.85"), Decimal(2))
_REFUSALS: Final = ("reject", "decline", "refuse", "deny", "block", "return")

_RECORD: Final = """
    SELECT count(*) AS cases, count(*) FILTER (
        WHERE round = 1 AND outcome =
            CASE WHEN action = ANY(%(refusals)s) THEN 'REJECTED' ELSE 'APPROVED' END
    ) AS upheld
    FROM (
        SELECT t.outcome, t.round, lower(coalesce(
            c.proposal ->> 'action', c.proposal ->> 'decision',
            c.proposal ->> 'recommendation', '')) AS action
        FROM (
            SELECT id, outcome, round, queue_id, confidence, decided_by, decided_at
            FROM review_task
            WHERE state = 'DECIDED'
            ORDER BY decided_at DESC, id DESC LIMIT %(look_back)s
        ) t
        JOIN review_taskcontent c ON c.task_id = t.id
        WHERE t.queue_id = %(queue)s AND t.decided_by = 'PEOPLE'
          AND {band} AND jsonb_typeof(c.proposal) = 'object'
        ORDER BY t.decided_at DESC, t.id DESC LIMIT %(sample)s
    ) alike
"""
_BAND: Final = "t.confidence >= %(least)s AND t.confidence < %(below)s"


@dataclasses.dataclass(frozen=True, slots=True)
class TrackRecord:
    """How many cases alike people decided, and in how many they did as suggested."""

    cases: int
    upheld: int


_kept: dict[tuple[int, Decimal], tuple[float, TrackRecord]] = {}
_lock = threading.Lock()


def read_track_record(queue_id: int, confidence: Decimal | None) -> TrackRecord:
    """Return the record of a queue for the band of this confidence (none: its own)."""
    least, below = find_band(confidence)
    key = (queue_id, least)
    now = time.monotonic()
    with _lock:
        known = _kept.get(key)
    if known is not None and now - known[0] < KEEP_SECONDS:
        return known[1]
    row = read_row(
        _RECORD.format(
            band=_BAND if confidence is not None else "t.confidence IS NULL"
        ),
        {
            "queue": queue_id,
            "least": least,
            "below": below,
            "refusals": list(_REFUSALS),
            "look_back": LOOK_BACK,
            "sample": SAMPLE,
        },
    )
    record = (
        TrackRecord(cases=row.cases, upheld=row.upheld) if row else TrackRecord(0, 0)
    )
    with _lock:
        _kept[key] = (now, record)
    return record


def find_band(confidence: Decimal | None) -> tuple[Decimal, Decimal]:
    """Return the band a confidence lies in, its lower edge included; -1 for none."""
    if confidence is None:
        return Decimal(-1), Decimal(0)
    for least, below in itertools.pairwise(EDGES):
        if confidence < below:
            return least, below
    return EDGES[-2], EDGES[-1]
