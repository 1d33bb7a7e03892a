"""Every figure and panel answers, for everything and for narrowed scopes."""

import dataclasses

from review.core.figures.figures import FIGURES
from review.dashboards import metrics
from review.dashboards.metrics import Hours, Period, Scope
from review.operations.figures import rollups
from tests.factories.tasks import Desk
from tests.integration.metrics.work import do_all_kinds
from workflows.store import database_now

HOURS: tuple[Hours, ...] = ("wall", "business")
SCOPES = (
    Scope(),
    Scope(queue="desk", task_class="B", step="review", team="/"),
    Scope(allowed=frozenset({"desk"})),
    Scope(queue="elsewhere"),
)


def test_every_panel_answers_in_every_scope(desk: Desk) -> None:
    do_all_kinds(desk)
    rollups.catch_up()
    now = database_now()
    for scope, days, hours in (
        (scope, days, hours) for scope in SCOPES for days in (1, 30) for hours in HOURS
    ):
        period = dataclasses.replace(Period.of_days(days, now=now), hours=hours)
        keys = [figure.key for figure in FIGURES]
        read = metrics.read_figures(keys, scope=scope, period=period, now=now)
        is_empty = scope.queue == "elsewhere"
        assert (read["arrivals"].count == 0) is is_empty
        assert (read["cycle_p85"].value is None) is is_empty
        flow = metrics.read_flow(scope, period, now=now)
        assert sum(point.arrivals for point in flow) == read["arrivals"].count
        assert flow[-1].wip == read["wip"].count
        layers = metrics.read_cumulative(scope, period, now=now)
        assert layers[-1].arrived - layers[-1].closed == read["wip"].count
        states = metrics.read_states(scope)
        assert sum(row.tasks for row in states) == read["wip"].count
        aging = metrics.read_aging(scope, now=now)
        assert sum(one.tasks for one in aging) == read["wip"].count
        assert sum(b.tasks for one in aging for b in one.bands) == read["wip"].count
        scatter = metrics.read_scatter(scope, period, limit=4)
        assert len(scatter.points) <= 4
        assert scatter.total == read["cycle_p85"].count
        every = metrics.read_scatter(scope, period)
        assert len(every.points) == every.total
        forecast = metrics.read_forecast(scope, now=now)
        assert forecast.low <= forecast.expected <= forecast.high
        soon = metrics.read_due_soon(scope, now=now, hours=9)
        chances = metrics.add_chances(scope, soon, now=now)
        assert len(chances) == (0 if is_empty else read["wip"].count - 2)
        assert all(0 <= one.chance <= 1 for one in chances)
        assert metrics.read_breached(scope, now=now) == []
        assert len(metrics.read_burn(scope, now=now).days) >= 28
        assert metrics.read_xmr("cycle_p85", scope, now=now).is_calm
        assert metrics.read_xmr("overturn", scope, now=now).signals
        assert metrics.read_split(scope, period).tasks == read["lead_p85"].count
        assert len(metrics.read_quality(scope, period)) == 5
