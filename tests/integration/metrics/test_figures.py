"""Every figure against the same one counted by hand, over the replayed real log.

The oracle beside this file reads rows and entries and knows nothing of facts, rollups
and buckets. Counts and sums agree to the last task and millisecond, percentiles within
the error of the buckets.
"""

import datetime as dt
import io
import itertools
import json
import math
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from pytest_django import Settings

from review.core.figures.figures import FIGURES
from review.dashboards import metrics
from review.dashboards.metrics import Period, Scope
from review.demo import cast
from review.operations.figures import rollups
from review.operations.replay import casting
from tests.factories.tasks import make_desk
from tests.integration.metrics.oracle import Seen, exact, see_all, tally, within
from tests.integration.metrics.work import do_all_kinds
from workflows.store import database_now

LOG = Path(__file__).parents[4] / "shared/data/bpic2020_domestic_declarations.xes.gz"
CASES = os.environ.get("FIGURES_CASES", "40")
"""How many cases of the log; the whole one, of 10,500, takes half an hour."""
ERROR = 0.0489
"""What docs/metrics.md promises of percentiles."""
ZONE = "Europe/Amsterdam"
Moment = dt.datetime
MEASURES = {
    "queue_wait_p85": "queue_wait", "handling_p85": "handling", "cycle_p50": "cycle",
    "cycle_p85": "cycle", "cycle_p95": "cycle", "lead_p50": "lead", "lead_p85": "lead",
    "lead_p95": "lead", "touch_p50": "touch",
}  # fmt: skip


@pytest.fixture
def tasks(
    db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Seen]:
    """The real log's first cases as the product replayed them, and a desk of today."""
    if not LOG.exists():
        pytest.skip(f"The real log is not beside the repository: {LOG}.")
    # All is written in one transaction, whose entries every pass takes again.
    monkeypatch.setattr(rollups, "ENTRIES", 10_000_000)
    monkeypatch.setattr(casting, "INITIATORS", 3)
    monkeypatch.setattr(casting, "PER_QUEUE", 3)
    settings.DATA_DIR = tmp_path
    rollups.catch_up()
    do_all_kinds(make_desk(sla="PT8H", warn="75%", grid="grid", proposal="proposal"))
    rollups.catch_up()
    cast.set_stage()
    out = io.StringIO()
    words = ["--definition", "travel-declaration", "--json", "--processes", "1"]
    call_command("replay_log", str(LOG), *words, "--limit", CASES, stdout=out)
    assert json.loads(out.getvalue())["stuck"] == 0
    rollups.catch_up()
    return see_all()


def test_every_figure_and_panel_is_as_counted_by_hand(tasks: list[Seen]) -> None:
    assert len(tasks) > 70
    now = database_now()
    ends = sorted(task.ended for task in tasks if task.ended)
    old = [moment for moment in ends if moment.year < 2020]
    periods = [
        Period(old[0] - dt.timedelta(days=400), old[-1], ZONE),
        Period(
            old[len(old) // 4],
            old[len(old) // 2] + dt.timedelta(minutes=7),
            ZONE,
            "business",
        ),
        Period.of_days(30, now=now, zone=ZONE),
    ]
    scopes = [
        Scope(), Scope(queue="supervisors"), Scope(task_class="B", queue="desk"),
        Scope(definition="travel-declaration"), Scope(step="review", team="/"),
        Scope(allowed=frozenset({"desk", "administration"})),
    ]  # fmt: skip
    compared = 0
    for scope, period in itertools.product(scopes, periods):
        mine = [task for task in tasks if _fits(task, scope)]
        compared += _compare_figures(mine, scope, period, now=now)
        _compare_flow(mine, scope, period, now=now)
        _compare_split(mine, scope, period)
        _compare_scatter(mine, scope, period)
    for scope in scopes:
        mine = [task for task in tasks if _fits(task, scope)]
        _compare_now(mine, scope, now=now)
        _compare_weeks(mine, scope, now=old[-1] + dt.timedelta(days=9))
    assert compared == len(scopes) * len(periods) * (len(FIGURES) - 2)


def _fits(task: Seen, scope: Scope) -> bool:
    row = task.row
    wanted = [
        (scope.queue, row["queue"]), (scope.task_class, row["priority_class"]),
        (scope.definition, row["definition_key"]), (scope.step, row["node_id"]),
        (scope.team, row["team"]),
    ]  # fmt: skip
    return all(word is None or word == has for word, has in wanted) and (
        scope.allowed is None or row["queue"] in scope.allowed
    )


def _compare_figures(
    tasks: Sequence[Seen], scope: Scope, period: Period, *, now: Moment
) -> int:
    since, until = period.since, period.until
    closed = [task for task in tasks if within(task.ended, since, until)]
    measured = [
        getattr(task, period.hours) for task in closed if task.row["decided_by"]
    ]
    counted = _count(tasks, closed, measured, period=period, now=now)
    keys = [*counted, *MEASURES]
    read = metrics.read_figures(keys, scope=scope, period=period, now=now)
    for key, wanted in counted.items():
        value = read[key].value
        where = (key, scope, period, value, wanted)
        assert (value is None) == (wanted is None), where
        # Each duration is kept in whole milliseconds.
        lost = len(measured) * 0.001 / max(0.001, sum(m["lead"] for m in measured))
        off = (
            max(1e-4, 2 * lost) if key in {"paused_share", "flow_efficiency"} else 1e-9
        )
        assert wanted is None or abs(float(value or 0) - wanted) <= off, where
    for key, name in MEASURES.items():
        spans = [found[name] for found in measured if name in found]
        _close(read[key].value, exact(spans, int(key[-2:])), where=(key, scope, period))
        assert read[key].count == len(spans)
    return len(keys)


def _count(
    tasks: Sequence[Seen],
    closed: Sequence[Seen],
    measured: Sequence[dict[str, float]],
    *,
    period: Period,
    now: Moment,
) -> dict[str, float | None]:
    """Return the figures that are counts and shares."""
    since, until = period.since, period.until
    decided = [task for task in closed if task.row["decided_by"] == "PEOPLE"]
    live = [task for task in tasks if task.ended is None]
    breached = [task for task in live if task.breached]
    soon = [
        task for task in live
        if task.row["state"] in {"OPEN", "CLAIMED"} and not task.breached
        and task.row["due_at"] and now < task.row["due_at"] <= now + dt.timedelta(hours=4)
    ]  # fmt: skip

    def share(above: float, below: float) -> float | None:
        return above / below if below else None

    return {
        "breached_open": len(breached),
        "due_soon": len(soon),
        "arrivals": tally(
            tasks, lambda task: within(task.row["opened_at"], since, until)
        ),
        "throughput": len(closed),
        "wip": len(live),
        "breach_rate": share(tally(closed, lambda task: task.breached), len(closed)),
        "rework_rate": share(tally(closed, lambda task: task.reworked), len(closed)),
        "reassignment_rate": share(
            sum(task.reassigned for task in closed), len(closed)
        ),
        "first_pass_yield": share(
            tally(decided, lambda task: task.first_pass), len(decided)
        ),
        "overturn_rate": share(
            tally(closed, lambda task: task.overturned),
            tally(closed, lambda task: task.suggested),
        ),
        "paused_share": share(
            sum(m["paused"] for m in measured), sum(m["whole"] for m in measured)
        ),
        "flow_efficiency": share(
            sum(m.get("touch", 0) for m in measured), sum(m["lead"] for m in measured)
        ),
    }


def _close(value: object, wanted: float | None, *, where: object) -> None:
    assert (value is None) == (wanted is None), (where, value, wanted)
    if wanted is not None:
        allowed = max(0.51, ERROR * wanted)
        assert abs(float(str(value)) - wanted) <= allowed, (where, value, wanted)


def _compare_flow(
    tasks: Sequence[Seen], scope: Scope, period: Period, *, now: Moment
) -> None:
    zone = ZoneInfo(ZONE)

    def by_day(moments: Iterable[Moment | None]) -> Counter[dt.date]:
        return Counter(one.astimezone(zone).date() for one in moments if one)

    opened = sorted(task.row["opened_at"] for task in tasks)
    ended = sorted(task.ended for task in tasks if task.ended)
    of_days = [
        by_day(opened), by_day(task.begun for task in tasks), by_day(ended),
        by_day(task.breached for task in tasks),
    ]  # fmt: skip
    for point in metrics.read_flow(scope, period, now=now):
        if (
            point.start < period.since
            or point.start + dt.timedelta(days=2) > period.until
        ):
            continue  # the first and the last day are cut by the period
        day = point.start.astimezone(zone).date()
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, zone)
        open_then = bisect_left(opened, end) - bisect_left(ended, end)
        wanted = (*(counted[day] for counted in of_days), open_then)
        found = (
            point.arrivals,
            point.first_claims,
            point.closed,
            point.breached,
            point.wip,
        )
        assert found == wanted, (scope, day)
    last = metrics.read_cumulative(scope, period, now=now)[-1]
    gone = tally(tasks, lambda task: task.ended and task.ended < period.since)
    assert (
        last.arrived == tally(tasks, lambda t: t.row["opened_at"] < period.until) - gone
    )
    assert (
        last.begun == tally(tasks, lambda t: t.begun and t.begun < period.until) - gone
    )
    assert last.closed == tally(
        tasks, lambda t: within(t.ended, period.since, period.until)
    )


def _compare_split(tasks: Sequence[Seen], scope: Scope, period: Period) -> None:
    mine = [
        t
        for t in tasks
        if within(t.ended, period.since, period.until) and t.row["decided_by"]
    ]
    split = metrics.read_split(scope, period)
    assert split.tasks == len(mine)
    for row in split.rows:
        spans = [
            found[row.key]
            for task in mine
            if row.key in (found := getattr(task, period.hours))
        ]
        assert abs(row.seconds - sum(spans)) <= 1 + len(spans) / 1000, (
            row.key,
            scope,
            period,
        )
        for percent, value in ((50, row.p50), (85, row.p85), (95, row.p95)):
            _close(
                value, exact(spans, percent), where=(row.key, percent, scope, period)
            )
    reasons = Counter(why for task in mine for why in task.pauses)
    assert {
        row.reason: row.tasks for row in split.pauses
    } == reasons or period.hours == "business"


def _compare_scatter(tasks: Sequence[Seen], scope: Scope, period: Period) -> None:
    mine = {
        task.row["id"]: (
            round(getattr(task, period.hours)["cycle"], 2),
            bool(task.breached),
        )
        for task in tasks
        if within(task.ended, period.since, period.until) and "cycle" in task.wall
    }
    points = metrics.read_scatter(scope, period, limit=1_000_000).points
    found = {point.task: (point.seconds, point.is_late) for point in points}
    assert found.keys() == mine.keys()
    for task, (seconds, late) in found.items():
        assert late is mine[task][1]
        assert abs(seconds - mine[task][0]) < 0.02


def _compare_now(tasks: Sequence[Seen], scope: Scope, *, now: Moment) -> None:
    live = [task for task in tasks if task.ended is None]
    states = {
        (row.state, row.task_class): row.tasks for row in metrics.read_states(scope)
    }
    assert states == Counter((t.row["state"], t.row["priority_class"]) for t in live)
    for one in metrics.read_aging(scope, now=now):
        mine = [t for t in live if t.row["priority_class"] == one.task_class]
        ages = [(now - task.row["opened_at"]).total_seconds() for task in mine]
        assert one.tasks == len(mine)
        for band in one.bands:
            most = band.most or math.inf
            assert band.tasks == sum(band.least <= age < most for age in ages)
        monday = now.date() - dt.timedelta(days=now.weekday())
        end = dt.datetime.combine(monday, dt.time.min, dt.UTC)
        whole = _whole(tasks, one.task_class, end - dt.timedelta(days=60), end)
        _close(one.sle_seconds, exact(whole, 85), where=("sle", one.task_class))
        assert one.sample == len(whole)
        if one.sle_seconds is not None:
            assert one.over_sle == sum(age > one.sle_seconds for age in ages)
    _compare_forecast(tasks, scope, now=now)
    burn = metrics.read_burn(scope, now=now, zone=ZONE)
    month = now.astimezone(ZoneInfo(ZONE)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    past = now - dt.timedelta(days=28)
    past = past.replace(minute=0, second=0, microsecond=0)
    closings = tally(tasks, lambda task: task.ended and task.ended >= past)
    breaches = tally(tasks, lambda task: task.breached and task.breached >= month)
    allowed = 0.05 * closings * len(burn.days) / 28
    assert burn.breaches == breaches
    assert burn.used == (pytest.approx(breaches / allowed) if allowed else None)


def _whole(
    tasks: Sequence[Seen], name: str, since: Moment, until: Moment
) -> list[float]:
    return [
        task.wall["whole"]
        for task in tasks
        if "whole" in task.wall and within(task.ended, since, until)
        and name in {"", task.row["priority_class"]}
    ]  # fmt: skip


def _compare_forecast(tasks: Sequence[Seen], scope: Scope, *, now: Moment) -> None:
    """Sum the chances task by task; the curve is walked edge by edge."""
    zone = ZoneInfo(ZONE)
    midnight = dt.datetime.combine(
        now.astimezone(zone).date() + dt.timedelta(days=1), dt.time.min, zone
    )
    live = [task for task in tasks if task.ended is None]
    due = [
        task for task in live
        if task.row["state"] in {"OPEN", "CLAIMED"} and not task.breached
        and task.row["due_at"] and now < task.row["due_at"] <= midnight
    ]  # fmt: skip
    expected = 0.0
    since = (now - dt.timedelta(days=60)).replace(minute=0, second=0, microsecond=0)
    for task in due:
        name = task.row["priority_class"]
        if len(_whole(tasks, name, since, now)) < 20:
            name = ""
        still = _curve(_whole(tasks, name, since, now), list(_ages(live, name, now)))
        age = (now - task.row["opened_at"]).total_seconds()
        later = (task.row["due_at"] - task.row["opened_at"]).total_seconds()
        expected += still(later) / still(age) if still(age) else 1.0
    forecast = metrics.read_forecast(scope, now=now, zone=ZONE)
    assert forecast.due_today == len(due)
    assert forecast.expected == pytest.approx(expected, rel=0.02, abs=0.01)


def _ages(live: Sequence[Seen], name: str, now: Moment) -> Iterator[float]:
    for task in live:
        if name in {"", task.row["priority_class"]}:
            hour = task.row["opened_at"].replace(minute=0, second=0, microsecond=0)
            yield (now - hour).total_seconds()


def _curve(
    ended: Sequence[float], open_ages: Sequence[float]
) -> Callable[[float], float]:
    """Return Kaplan and Meier's curve with everything moved up to the next edge."""

    def place(seconds: float) -> int:
        edge = 0
        while 1.1**edge < seconds * (1 - 1e-10):
            edge += 1
        return edge

    ends, censored = Counter(map(place, ended)), Counter(map(place, open_ages))
    shares = {-1: 1.0}
    for edge in range(max(ends, default=-1) + 1):
        risk = sum(n for at, n in (*ends.items(), *censored.items()) if at >= edge)
        shares[edge] = shares[edge - 1] * (1 - ends[edge] / risk if risk else 1)

    def still(seconds: float) -> float:
        edge = place(seconds)
        if edge not in shares:
            return shares[max(shares)]
        low, high = (1.1 ** (edge - 1) if edge else 0.0), 1.1**edge
        part = (seconds - low) / (high - low)
        return shares[edge - 1] + (shares[edge] - shares[edge - 1]) * part

    return still


def _compare_weeks(tasks: Sequence[Seen], scope: Scope, *, now: Moment) -> None:
    monday = dt.datetime.combine(
        now.date() - dt.timedelta(days=now.weekday()), dt.time.min, dt.UTC
    )
    weeks: dict[dt.date, list[float]] = {}
    for task in tasks:
        if (
            task.ended
            and monday - dt.timedelta(weeks=60) <= task.ended < monday
            and "cycle" in task.wall
        ):
            week = task.ended.date() - dt.timedelta(days=task.ended.weekday())
            weeks.setdefault(week, []).append(task.wall["cycle"])
    chart = metrics.read_xmr("cycle_p85", scope, now=now, weeks=60)
    assert [point.start for point in chart.points] == sorted(weeks)
    for point in chart.points:
        _close(point.value, exact(weeks[point.start], 85), where=(scope, point.start))
        assert point.count == len(weeks[point.start])
    values = [point.value for point in chart.points]
    if len(values) >= 8:
        moves = [abs(b - a) for a, b in itertools.pairwise(values)]
        mean = sum(values) / len(values)
        upper = mean + 2.66 * sum(moves) / len(moves)
        assert chart.mean == pytest.approx(mean)
        assert chart.upper == pytest.approx(upper)
        outside = {p.start for p in chart.points if p.value > upper}
        assert outside == {
            p.start
            for p in chart.points
            if "outside the limits" in p.signals and p.value > mean
        }
