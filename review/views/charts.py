"""The dashboard's charts and tables as plain rows; charts.js draws from the tables."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.urls import reverse

from review.dashboards import sla
from review.models import Queue
from review.views.formats import NONE, format_duration


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One figure: `value` is drawn, `label` is read."""

    value: str
    label: str
    tone: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """One column: its words, its tone, and how its figure is computed."""

    label: str
    tone: str = ""
    how: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    label: str
    cells: tuple[Cell, ...]
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """One figure with its table."""

    id: str
    title: str
    kind: str
    unit: str
    heads: tuple[Head, ...]
    rows: tuple[Line, ...]
    note: str = ""
    stacked: bool = False
    sideways: bool = False
    empty: str = "Nothing to show yet."


def build_charts(
    waiting: Sequence[sla.OpenCount],
    decided: Sequence[sla.Decided],
    days: Sequence[sla.Day],
    *,
    queues: Sequence[Queue],
) -> list[Chart]:
    """Return the charts in the page's order."""
    return [
        _ages(waiting),
        _flow(days),
        _lead_by_queue(decided, queues),
        _lead_by_day(days),
    ]


def build_queue_table(
    waiting: Sequence[sla.OpenCount],
    decided: Sequence[sla.Decided],
    *,
    queues: Sequence[Queue],
) -> dict[str, object]:
    """Return the heads and rows of the table with one line per queue."""
    heads = (
        Head("Open", how="Tasks that are open or claimed"),
        Head("Breached", how="Open tasks past their due moment"),
        Head("Due within 4 h", how="Open tasks that fall due in four hours"),
        Head("Decided", how="Tasks decided by people in the period"),
        Head("Decided late", how="Of those, decided after they were due"),
        Head("Median lead", how="Half of the decided tasks took no longer"),
        Head("p85 lead", how="85 of 100 decided tasks took no longer"),
    )
    by_queue = {row.queue_id: row for row in decided}
    rows = []
    for queue in queues:
        counts = {
            word: sum(
                row.tasks
                for row in waiting
                if row.queue_id == queue.pk and row.standing == word
            )
            for word in ("breached", "soon", "calm")
        }
        done = by_queue.get(queue.pk)
        rows.append({
            "name": queue.name,
            "url": reverse("queue-detail", args=[queue.key]),
            "cells": (
                _count(sum(counts.values())),
                _count(counts["breached"], tone="bad" if counts["breached"] else ""),
                _count(counts["soon"], tone="warn" if counts["soon"] else ""),
                _count(done.tasks if done else 0),
                _count(done.late if done else 0),
                _span(done.median if done else None),
                _span(done.p85 if done else None),
            ),
        })
    return {"queue_heads": heads, "queue_rows": rows}


def _ages(waiting: Sequence[sla.OpenCount]) -> Chart:
    rows = tuple(
        Line(
            label,
            tuple(
                _count(
                    sum(
                        row.tasks
                        for row in waiting
                        if row.bucket == bucket and row.standing == standing
                    )
                )
                for standing in ("calm", "soon", "breached")
            ),
        )
        for bucket, (label, _) in enumerate(sla.AGE_BUCKETS)
    )
    return Chart(
        id="open-by-age",
        title="Open by age",
        kind="bar",
        unit="tasks",
        stacked=True,
        heads=(
            Head("Age"),
            Head("In time", "accent"),
            Head("Due within 4 h", "warn"),
            Head("Breached", "bad"),
        ),
        rows=rows if waiting else (),
        empty="Nothing is open.",
    )


def _flow(days: Sequence[sla.Day]) -> Chart:
    return Chart(
        id="throughput",
        title="Arrived and decided per day",
        kind="line",
        unit="tasks",
        note=f"{sum(day.decided for day in days):,} decided",
        heads=(Head("Day"), Head("Arrived", "hold"), Head("Decided", "accent")),
        rows=tuple(
            Line(f"{day.day:%-d %b}", (_count(day.arrived), _count(day.decided)))
            for day in days
        ),
    )


def _lead_by_queue(decided: Sequence[sla.Decided], queues: Sequence[Queue]) -> Chart:
    names = {queue.pk: queue for queue in queues}
    return Chart(
        id="lead-by-queue",
        title="Lead time per queue",
        kind="bar",
        unit="hours",
        sideways=True,
        heads=(Head("Queue"), Head("Median", "accent"), Head("p85", "hold")),
        rows=tuple(
            Line(names[row.queue_id].name, (_span(row.median), _span(row.p85)))
            for row in decided
            if row.queue_id is not None
        ),
        empty="Nothing was decided in this period.",
    )


def _lead_by_day(days: Sequence[sla.Day]) -> Chart:
    has_any = any(day.median is not None for day in days)
    return Chart(
        id="lead-by-day",
        title="Lead time of tasks decided each day",
        kind="line",
        unit="hours",
        heads=(Head("Day"), Head("Median", "accent"), Head("p85", "hold")),
        rows=tuple(
            Line(f"{day.day:%-d %b}", (_span(day.median), _span(day.p85)))
            for day in days
        )
        if has_any
        else (),
        empty="Nothing was decided in this period.",
    )


def _count(value: int, *, tone: str = "") -> Cell:
    return Cell(value=str(value), label=f"{value:,}", tone=tone)


def _span(span: dt.timedelta | None) -> Cell:
    if span is None:
        return Cell(value="", label=NONE)
    hours = span / dt.timedelta(hours=1)
    return Cell(value=f"{hours:.3f}", label=format_duration(span))
