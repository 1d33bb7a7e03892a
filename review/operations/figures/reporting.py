"""Mail managers the figures of their queues, each day or week, as they chose.

1. `report_next` locks one person whose figures are due, reads them, keeps a notice with
   their tables and moves the person's next moment on, in one transaction;
2. `delivering` mails the notice, never in quiet hours.

A crash in 1 leaves all as it was: the next sweep does it. The notice's key names the
period, so one of a period is kept once whoever reports, how often ever. A site that was
down for days reports the last period alone.
"""

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from review.core.figures import charts
from review.core.figures.figures import BY_KEY
from review.core.notices.letters import Table
from review.core.notices.notices import (
    Notice,
    Schedule,
    find_report_moment,
    find_reported,
)
from review.core.states import Role
from review.dashboards import metrics
from review.dashboards.metrics import Period, Reading, Scope
from review.dashboards.sql import read_row, read_rows
from review.operations.notices.letters import whole_url
from review.operations.notices.notifying import tell
from review.permissions import Rights, can_see_dashboard, get_rights
from workflows.driver import fetch
from workflows.store import database_now

MOST_AT_ONCE: Final = 20
MOST_QUEUES: Final = 12
NOW: Final = ("breached_open", "due_soon", "expected_breaches", "wip")
OVER: Final = (
    "arrivals",
    "throughput",
    "breach_rate",
    "lead_p50",
    "lead_p85",
    "first_pass_yield",
    "rework_rate",
    "overturn_rate",
)
OF_QUEUES: Final = ("breached_open", "wip", "arrivals", "throughput", "lead_p85")

_DUE: Final = """
    SELECT c.person_id, c.figures, c.figures_at, COALESCE(l.zone, 'UTC') AS zone
    FROM review_notificationpreference c
    LEFT JOIN review_preference l ON l.person_id = c.person_id
    WHERE c.figures_due_at <= clock_timestamp()
    ORDER BY c.figures_due_at LIMIT 1 FOR UPDATE OF c SKIP LOCKED
"""
_QUEUES: Final = """
    SELECT key, name FROM review_queue
    WHERE %(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[])
    ORDER BY name, id
"""
_MOVE_ON: Final = """
    UPDATE review_notificationpreference SET figures_due_at = %s WHERE person_id = %s
    RETURNING person_id
"""


def sweep() -> None:
    """Report to whoever's figures are due, so many at most."""
    for _ in range(MOST_AT_ONCE):
        if not report_next():
            return


@transaction.atomic
def report_next() -> bool:
    """Keep the figures of one person who is due as a notice; False where nobody is."""
    due = read_row(_DUE, {})
    if due is None:
        return False
    schedule, zone, now = Schedule(due.figures), ZoneInfo(due.zone), database_now()
    rights = get_rights(due.person_id)
    if can_see_dashboard(rights):
        _report(rights, schedule, zone=zone, now=now)
    following = find_report_moment(schedule, at=due.figures_at, zone=zone, after=now)
    fetch(_MOVE_ON, [following, due.person_id])
    return True


def _report(
    rights: Rights, schedule: Schedule, *, zone: ZoneInfo, now: dt.datetime
) -> None:
    since, until = find_reported(schedule, zone=zone, now=now)
    period = Period(since, until, zone.key)
    queues = _list_queues(rights)
    allowed = None if queues is None else frozenset(row.key for row in queues)
    scope = Scope(allowed=allowed)
    words = f"period=custom&since={since.date()}&until={until.date() - dt.timedelta(days=1)}"
    url = f"{reverse('dashboard')}?{words}"
    read = metrics.read_figures((*NOW, *OVER), scope=scope, period=period, now=now)
    before = metrics.read_figures(OVER, scope=scope, period=period.before, now=now)
    length = "week" if schedule is Schedule.WEEKLY else "day"
    tell(
        persons=[rights.person_id],
        kind=Notice.FIGURES,
        title=_title(read, since, until, length=length),
        text=f"Figures of {length} {since:%-d %b %Y}, beside the {length} before."
        f" Tasks to act on: {whole_url(reverse('dashboard'))}",
        url=url,
        key=f"figures:{schedule.value}:{since.date()}",
        tables=[
            _table_now(read),
            _table_over(read, before, length=length),
            *_table_of_queues(queues, period=period, now=now),
        ],
    )


def _list_queues(rights: Rights) -> list[Any] | None:
    """Return the queues of a manager, None for who oversees all of them."""
    if rights.holds_anywhere(Role.AUDITOR, Role.PROCESS_OWNER, Role.ADMINISTRATOR):
        return None
    managed = rights.list_queue_ids(Role.MANAGER)
    return None if managed is None else read_rows(_QUEUES, {"ids": list(managed)})


def _title(
    read: dict[str, Reading], since: dt.datetime, until: dt.datetime, *, length: str
) -> str:
    last = until - dt.timedelta(days=1)
    span = f"{since:%-d %b}" if length == "day" else f"{since:%-d %b} to {last:%-d %b}"
    late = read["breached_open"].value or 0
    return f"Figures of {span}: {late:,} breached now"


def _say(key: str, reading: Reading) -> str:
    if reading.value is None:
        return "-"
    return charts.name_value(float(reading.value), BY_KEY[key].unit)


def _table_now(read: dict[str, Reading]) -> Table:
    rows = tuple((BY_KEY[key].title, _say(key, read[key])) for key in NOW)
    return Table("Now", ("Figure", "Value"), rows)


def _table_over(
    read: dict[str, Reading], before: dict[str, Reading], *, length: str
) -> Table:
    return Table(
        f"The {length}",
        ("Figure", "Value", f"{length.capitalize()} before"),
        tuple(
            (BY_KEY[key].title, _say(key, read[key]), _say(key, before[key]))
            for key in OVER
        ),
    )


def _table_of_queues(
    queues: list[Any] | None, *, period: Period, now: dt.datetime
) -> list[Table]:
    """Return one row for each queue, of the first of them; none where there is one."""
    known = read_rows(_QUEUES, {"ids": None}) if queues is None else queues
    if len(known) < 2:
        return []
    rows = []
    for queue in known[:MOST_QUEUES]:
        read = metrics.read_figures(
            OF_QUEUES, scope=Scope(queue=queue.key), period=period, now=now
        )
        rows.append((queue.name, *(_say(key, read[key]) for key in OF_QUEUES)))
    heads = ("Queue", *(BY_KEY[key].title for key in OF_QUEUES))
    return [Table("Queue by queue", heads, tuple(rows))]
