"""Panels of closed work: where its time went, and quality beside speed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from review.core.figures.drawings import Group, draw_bars
from review.core.figures.figures import BY_KEY, Better
from review.dashboards import metrics
from review.dashboards.metrics import Reading
from review.dashboards.metrics.rows import QualityRow, SplitRow
from review.views.overview.asking import Asked
from review.views.overview.panel import (
    Content,
    Fact,
    Head,
    Line,
    Sheet,
    change_cell,
    count_cell,
    how_of,
    plural,
    say_delta,
    say_seconds,
    say_share,
    say_value,
    share_cell,
    sheet,
    span_cell,
)

PARTS = ("queue_wait", "cycle", "touch", "paused")
"""What is drawn; touch lies inside of cycle, and the table has the rest."""


def build_split(asked: Asked) -> Content:
    """Show where the time of closed tasks went."""
    split = metrics.read_split(asked.scope, asked.period)
    how = how_of("flow_efficiency", "paused_share", "touch_p50", "queue_wait_p85")
    if not split.tasks:
        return Content(
            "Nothing was closed.", how, empty=f"No task was closed ({asked.label})."
        )
    before = (
        {row.key: row for row in metrics.read_split(asked.scope, asked.before).rows}
        if asked.before
        else {}
    )
    shares = [row for row in split.rows if row.key in PARTS and row.share is not None]
    words = ", ".join(
        f"{row.label.lower()} {say_share(row.share or 0)}" for row in shares
    )
    return Content(
        reading=f"Of the whole time of {plural(split.tasks, 'task')}: {words}.",
        how=how,
        facts=tuple(
            Fact(
                f"Paused: {pause.reason}",
                say_seconds(pause.seconds),
                plural(pause.tasks, "task"),
            )
            for pause in split.pauses[:4]
        ),
        drawing=draw_bars(
            ("Share of the whole time",),
            [Group(row.label, (float(row.share or 0),)) for row in shares],
            unit="share",
        )
        if shares
        else None,
        delta=_say_split(split.rows, before),
        sheet=_split_sheet(split.rows, before),
    )


BETTER: Mapping[str, Better] = {
    "queue_wait": "low", "touch": "high", "paused": "low", "lead": "low", "whole": "low"
}  # fmt: skip
"""Which way a part of the time had better go, where there is one."""


def _say_split(rows: Sequence[SplitRow], before: Mapping[str, SplitRow]) -> str:
    if not before:
        return ""
    told = [
        f"{row.label}: "
        + say_delta(
            row.share,
            before[row.key].share,
            unit="share",
            better=BETTER.get(row.key, ""),
        )
        for row in rows
        if row.key in PARTS and row.key in before
    ]
    return f"{'. '.join(told)}."


def _split_sheet(rows: Sequence[SplitRow], before: Mapping[str, SplitRow]) -> Sheet:
    lines = []
    for row in rows:
        cells = [
            share_cell(row.share),
            span_cell(row.seconds),
            span_cell(row.p50),
            span_cell(row.p85),
            span_cell(row.p95),
        ]
        if before:
            was, better = before.get(row.key), BETTER.get(row.key, "")
            share, p85 = (was.share, was.p85) if was else (None, None)
            cells += [
                share_cell(share),
                change_cell(row.share, share, unit="share", better=better),
                span_cell(p85),
                change_cell(row.p85, p85, unit="seconds", better=better),
            ]
        lines.append(Line(row.label, tuple(cells)))
    heads = (
        "Part",
        Head("Share", "share"),
        Head("All together", "seconds"),
        Head("p50", "seconds"),
        Head("p85", "seconds"),
        Head("p95", "seconds"),
    )
    more = (
        Head("Share before", "share"),
        Head("Share, change", "share"),
        Head("p85 before", "seconds"),
        Head("p85, change", "seconds"),
    )
    return sheet((*heads, *(more if before else ())), lines)


SPEED = ("lead_p50", "lead_p85", "cycle_p85")


def build_quality(asked: Asked) -> Content:
    """Show quality beside speed: one never without the other."""
    rows = metrics.read_quality(asked.scope, asked.period)
    speed = metrics.read_figures(
        SPEED, scope=asked.scope, period=asked.period, now=asked.now
    )
    earlier = (
        metrics.read_figures(
            [*SPEED, *(row.figure for row in rows)],
            scope=asked.scope,
            period=asked.before,
            now=asked.now,
        )
        if asked.before
        else {}
    )
    facts = [_fact(key, speed[key], earlier, asked) for key in SPEED] + [
        _fact(row.figure, _reading(row), earlier, asked) for row in rows
    ]
    known = {row.figure: row for row in rows}
    first, late = known.get("first_pass_yield"), speed["lead_p85"].value
    reading = "Nothing was decided."
    if first is not None and first.share is not None and late is not None:
        reading = (
            f"{say_share(first.share)} were right the first time; 85 % were done within"
            f" {say_seconds(float(late))}."
        )
    return Content(
        reading=reading,
        how=how_of(*SPEED, *(row.figure for row in rows)),
        facts=tuple(facts),
        sheet=_quality_sheet(rows, earlier),
    )


def _quality_sheet(rows: Sequence[QualityRow], earlier: Mapping[str, Reading]) -> Sheet:
    lines = []
    for row in rows:
        cells = [
            share_cell(row.share),
            count_cell(row.below),
            share_cell(row.low),
            share_cell(row.high),
        ]
        if row.figure in earlier:
            was, better = earlier[row.figure].value, BY_KEY[row.figure].better
            cells += [
                share_cell(was),
                change_cell(row.share, was, unit="share", better=better),
            ]
        lines.append(Line(row.title, tuple(cells)))
    heads = (
        "Figure",
        Head("Share", "share"),
        "Of",
        Head("95 % from", "share"),
        Head("95 % to", "share"),
    )
    more = (Head("Before", "share"), "Change") if earlier else ()
    return sheet((*heads, *more), lines)


def _reading(row: QualityRow) -> Reading:
    share = None if row.share is None else Decimal(str(row.share))
    return Reading(share, row.below)


def _fact(
    key: str, reading: Reading, earlier: Mapping[str, Reading], asked: Asked
) -> Fact:
    figure = BY_KEY[key]
    delta = f"n = {reading.count:,}"
    if key in earlier:
        told = say_delta(
            reading.value, earlier[key].value, unit=figure.unit, better=figure.better
        )
        delta = f"{delta}; {told}"
    return Fact(
        figure.title,
        say_value(reading.value, figure.unit),
        delta,
        url=asked.rows_url(key),
    )
