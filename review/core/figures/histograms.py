"""Durations in log-spaced buckets: they merge by addition and keep their percentiles.

Bucket n holds what is longer than GROWTH**(n-1) seconds and at most GROWTH**n, bucket 0
everything up to a second; the last one has no upper end. A percentile is told as the
geometric middle of its bucket, so it differs from the exact one (nearest rank) by less
than `ERROR`; up to one second by less than a second. As DDSketch does it (Masson, Rim
and Lee, VLDB 2019), with fixed buckets.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

GROWTH: Final = 1.1
ERROR: Final = math.sqrt(GROWTH) - 1
"""The largest relative error of a percentile: 4.9 %."""
LAST: Final = 240
"""The bucket of what takes longer than 260 years."""


def find_bucket(seconds: float) -> int:
    """Return the bucket of a duration; what is below 0 counts as 0."""
    if seconds <= 1:
        return 0
    return min(LAST, math.ceil(math.log(seconds) / math.log(GROWTH) - 1e-9))


def lower_edge(bucket: int) -> float:
    """Return the seconds that everything in a bucket is longer than."""
    return 0.0 if bucket <= 0 else GROWTH ** (bucket - 1)


def upper_edge(bucket: int) -> float:
    """Return the seconds that nothing in a bucket is longer than."""
    return GROWTH**bucket


def middle(bucket: int) -> float:
    """Return the seconds a bucket stands for."""
    return 0.5 if bucket <= 0 else GROWTH ** (bucket - 0.5)


def count_buckets(durations: Iterable[float]) -> dict[int, int]:
    """Return how many durations lie in each bucket."""
    found: dict[int, int] = {}
    for seconds in durations:
        bucket = find_bucket(seconds)
        found[bucket] = found.get(bucket, 0) + 1
    return found


def merge(histograms: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Return the histogram of all that the given ones count; buckets of 0 are left out."""
    found: dict[int, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            found[bucket] = found.get(bucket, 0) + count
    return {bucket: count for bucket, count in found.items() if count}


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Return the seconds that this share of the durations does not exceed.

    The nearest rank: of n durations the one in place ceil(share * n). None for none.
    """
    total = sum(histogram.values())
    if total <= 0:
        return None
    wanted = max(1, math.ceil(share * total - 1e-9))
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= wanted:
            return middle(bucket)
    raise ValueError("A histogram counts less than nothing somewhere.")


def nearest_rank(durations: Iterable[float], share: float) -> float | None:
    """Return the exact percentile of durations by the nearest rank, None for none."""
    ordered = sorted(durations)
    if not ordered:
        return None
    return ordered[max(1, math.ceil(share * len(ordered) - 1e-9)) - 1]
