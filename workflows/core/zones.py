"""Wall-clock times of a zone as moments, by the IANA zone's rules (PEP 615). No clock.

A wall-clock time that occurs twice means its first occurrence; one that is skipped
means the moment of the jump.
"""

import datetime as dt
from zoneinfo import ZoneInfo


def find_moment(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the UTC moment at which a zone's clocks on the wall show `wall`."""
    after = wall.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if after.astimezone(zone).replace(tzinfo=None) == wall.replace(fold=0):
        return after
    # The wall clock jumped over this time: find the jump between the two readings.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
    old = before.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
