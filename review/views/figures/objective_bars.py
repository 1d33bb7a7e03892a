"""Objectives and their budgets as pages draw them: words, numbers and a bar."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse

from review.core.figures.alerting import describe
from review.core.figures.objectives import (
    RULES,
    Budget,
    Burn,
    Objective,
    find_budget,
    find_rate,
)
from review.models import Queue
from review.operations.figures import objective_counts
from review.operations.figures.objectives import Standing
from review.operations.tasks.task_rows import find_queues
from review.views.formats import NONE, Pill, format_duration
from workflows.core.iso8601 import parse_duration
from workflows.store import database_now

WINDOWS: Final = {"28d": "the last 28 days", "month": "this month"}
BURNS: Final = {
    Burn.FAST: Pill("burns fast", "bad"),
    Burn.MIDDLE: Pill("burns", "bad"),
    Burn.SLOW: Pill("burns slowly", "warn"),
    Burn.BURNT: Pill("burnt", "bad"),
}


def tell_objective(objective: Objective) -> str:
    """Return an objective in one sentence."""
    measure = objective.measure
    within = "in time"
    if measure.within:
        within = f"within {_tell_span(measure.within)} of working time"
    of = [
        f"class {measure.task_class}" if measure.task_class else "",
        measure.process,
        f"step {measure.step}" if measure.step else "",
    ]
    narrowed = ", ".join(filter(None, of))
    return (
        f"{describe('share', objective.share)} of tasks"
        f"{f' ({narrowed})' if narrowed else ''} decided {within},"
        f" over {WINDOWS[objective.window]}"
    )


def _tell_span(text: str) -> str:
    """Return a duration as people say it: "8 h", "1 day 4 h"."""
    span = parse_duration(text)
    rest = span.exact - dt.timedelta(days=span.days)
    days = f"{span.days} day{'s' if span.days != 1 else ''}" if span.days else ""
    return " ".join(filter(None, [days, format_duration(rest) if rest else ""]))


def draw_budget(budget: Budget, *, least: int) -> dict[str, Any]:
    """Return a budget's words and its bar: how much of it is used, of 100."""
    left = budget.left_share
    used = Decimal(100) if left is None and budget.count.bad else Decimal(0)
    if left is not None:
        used = min(max((1 - left) * 100, Decimal(0)), Decimal(100))
    reached = budget.reached
    if budget.count.total < least:
        tone, said = "", f"too few to say: {budget.count.total} of {least}"
    elif budget.left < 0:
        tone, said = "bad", f"burnt, {-budget.left:.1f} tasks over"
    else:
        tone = "warn" if left is not None and left < Decimal("0.25") else "good"
        said = f"{budget.left:.1f} tasks left"
        if left is not None:
            said += f", {describe('share', left)} of it"
    return {
        "good": budget.count.good,
        "bad": budget.count.bad,
        "total": budget.count.total,
        "reached": "" if reached is None else describe("share", reached),
        "allowed": f"{budget.allowed:.1f}",
        "said": said,
        "tone": tone,
        "used": int(used),
    }


def draw_windows(standing: Standing) -> list[dict[str, Any]]:
    """Return how fast a budget burns by each rule's two windows."""
    share, least = standing.objective.share, standing.objective.least
    drawn = []
    for rule, counts in zip(RULES, standing.windows, strict=True):
        rates = [find_rate(count, share=share) for count in counts]
        spans = (rule.long, rule.short)
        drawn.append({
            "label": BURNS[rule.burn].label,
            "factor": f"{rule.factor.normalize():f}",
            "is_urgent": rule.is_urgent,
            "few": counts[0].total < least,
            "windows": [
                {
                    "span": _span(span),
                    "rate": NONE
                    if rate is None
                    else f"{rate:.1f}\N{MULTIPLICATION SIGN}",
                    "bad": count.bad,
                    "total": count.total,
                }
                for span, rate, count in zip(spans, rates, counts, strict=True)
            ],
        })
    return drawn


def preview_objectives(
    queue: Queue, objectives: Sequence[Objective], *, weeks: int
) -> dict[str, Any]:
    """Return what the work of some weeks makes of proposed objectives."""
    now = database_now()
    calendar = find_queues([queue.key])[queue.key].calendar
    rows = []
    for one in objectives:
        count = objective_counts.count_past(
            queue_id=queue.id,
            measure=one.measure,
            calendar=calendar,
            since=now - dt.timedelta(weeks=weeks),
            now=now,
        )
        budget = find_budget(count, share=one.share)
        rows.append({
            "name": one.name,
            "said": tell_objective(one),
            "budget": draw_budget(budget, least=one.least),
        })
    return {
        "preview": {"rows": rows, "weeks": weeks},
        "preview_template": "review/figures/_objective_preview.html",
        "preview_layout": "stack",
    }


def objective_url(queue: str, name: str) -> str:
    """Return an objective's page."""
    return reverse("objective-detail", args=[queue, name])


def _span(span: dt.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
