"""The figures of managers: their keys, titles and how each is computed. No storage.

One registry for the pages, the alerts and docs/metrics.md: whoever shows a figure
shows its words from here, so that they cannot drift apart. What is counted where and
when stands in docs/metrics.md; the computations in core/figures/metrics.py.
"""

from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["count", "seconds", "share"]
Better = Literal["low", "high", ""]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number a manager reads; `how` says in a sentence or two how it is computed.

    `better` is the direction people wish for, "" where there is none. `is_now` marks
    what is read at a moment and has no period.
    """

    key: str
    title: str
    unit: Unit
    how: str
    better: Better
    is_now: bool = False


FIGURES: Final = (
    Figure(
        "breached_open",
        "Breached now",
        "count",
        "Tasks that wait for somebody and whose due moment has passed, or that "
        "breached in an earlier cycle of their clock.",
        "low",
        is_now=True,
    ),
    Figure(
        "due_soon",
        "Due within 4 h",
        "count",
        "Tasks that wait for somebody, have not breached and fall due within the next "
        "four hours.",
        "low",
        is_now=True,
    ),
    Figure(
        "expected_breaches",
        "Expected breaches today",
        "count",
        "For each open task that falls due before midnight: the chance that one of its "
        "class that has grown as old is still open at that moment (Kaplan-Meier over "
        "the last 60 days, open tasks censored); the sum of these chances.",
        "low",
        is_now=True,
    ),
    Figure(
        "breach_rate",
        "Breach rate",
        "share",
        "Closed tasks that had breached, divided by all closed tasks of the period.",
        "low",
    ),
    Figure(
        "burn",
        "Month's allowance used",
        "share",
        "Breaches of this month divided by the breaches the month allows: 5 % of the "
        "closings it is expected to have. To be read against the share of the month "
        "that is gone.",
        "low",
        is_now=True,
    ),
    Figure(
        "arrivals",
        "Arrivals",
        "count",
        "Tasks for people that opened in the period.",
        "",
    ),
    Figure(
        "throughput",
        "Throughput",
        "count",
        "Tasks for people that were closed in the period: decided by people or by the "
        "clock, or withdrawn.",
        "high",
    ),
    Figure(
        "wip",
        "Work in progress",
        "count",
        "Tasks for people that are open, claimed, waiting or settling at this moment.",
        "low",
        is_now=True,
    ),
    Figure(
        "queue_wait_p85",
        "Queue wait, p85",
        "seconds",
        "From creation to the first claim, without pauses: 85 % of the tasks first "
        "claimed and since closed waited no longer.",
        "low",
    ),
    Figure(
        "handling_p85",
        "Handling, p85",
        "seconds",
        "The time somebody's lease held the task, without pauses: 85 % of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "cycle_p50",
        "Cycle time, p50",
        "seconds",
        "From the first claim to the final decision, without pauses: half of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "cycle_p85",
        "Cycle time, p85",
        "seconds",
        "From the first claim to the final decision, without pauses: 85 % of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "cycle_p95",
        "Cycle time, p95",
        "seconds",
        "From the first claim to the final decision, without pauses: 95 % of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "lead_p50",
        "Lead time, p50",
        "seconds",
        "From creation to the release of the effects, without pauses: half of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "lead_p85",
        "Lead time, p85",
        "seconds",
        "From creation to the release of the effects, without pauses: 85 % of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "lead_p95",
        "Lead time, p95",
        "seconds",
        "From creation to the release of the effects, without pauses: 95 % of the tasks "
        "closed in the period took no longer.",
        "low",
    ),
    Figure(
        "touch_p50",
        "Touch time, p50",
        "seconds",
        "The lease time with a visible page and input that led to an act, without "
        "pauses: half of the tasks closed in the period took no longer.",
        "",
    ),
    Figure(
        "paused_share",
        "Paused",
        "share",
        "The time in which the clocks of the closed tasks stood, divided by their whole "
        "time from creation to the release of the effects.",
        "low",
    ),
    Figure(
        "flow_efficiency",
        "Flow efficiency",
        "share",
        "Touch time divided by lead time, summed over the tasks closed in the period.",
        "high",
    ),
    Figure(
        "first_pass_yield",
        "First-pass yield",
        "share",
        "Tasks decided by people in one round, without a question, a dispute or an "
        "earlier or later task of the same step in the same case, divided by all tasks "
        "decided by people in the period.",
        "high",
    ),
    Figure(
        "rework_rate",
        "Rework",
        "share",
        "Closed tasks with a further round, or with an earlier task of the same step in "
        "the same case, divided by all closed tasks of the period.",
        "low",
    ),
    Figure(
        "reassignment_rate",
        "Reassignments",
        "share",
        "How often closed tasks were given from one person to another (reassigned, "
        "rebalanced or handed over), divided by all closed tasks of the period.",
        "low",
    ),
    Figure(
        "overturn_rate",
        "Overturned",
        "share",
        "Tasks decided by people otherwise than the model suggested, or edited, divided "
        "by the tasks decided by people in the period for which it suggested something.",
        "",
    ),
)
"""In the order of the page."""

BY_KEY: Final = {figure.key: figure for figure in FIGURES}
