"""When a failed step is tried again. Nothing here sleeps, draws or writes."""

import datetime as dt
from dataclasses import dataclass

from workflows.core.bpmn.graph import RetrySpec


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """Try again at this moment (UTC)."""

    run_at: dt.datetime


def decide_retry(
    *, spec: RetrySpec, attempt: int, jitter: float, now: dt.datetime
) -> RetryDecision | None:
    """Say when to try again after failed attempt number `attempt` (from 1), or never.

    Exponential backoff with full jitter: the delay is drawn evenly from
    [0, min(cap, base * 2^(attempt-1))] by `jitter` in [0, 1) (M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """
    if attempt >= spec.max_attempts:
        return None
    ceiling = min(spec.cap_seconds, spec.base_seconds * 2.0 ** min(attempt - 1, 60))
    return RetryDecision(run_at=now + dt.timedelta(seconds=ceiling * jitter))
