"""Timers and clocks over a change of summer time: what they wait for, and what came.

`summer begin CHANGE` starts cases around a change, `summer compare CHANGE` prints what
became of them. What is expected is reckoned here from what the clocks on the wall show,
second by second and minute by minute, by the zone's rules in the standard library.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import django

django.setup()

from review.models import ClockRecord, Task  # noqa: E402
from review.operations import queues  # noqa: E402
from tests.factories.processes import TESTER, chain, deploy, process  # noqa: E402
from tests.factories.tasks import AT_ONCE  # noqa: E402
from workflows.models import AuditEntry, Instance, Timer  # noqa: E402
from workflows.operations import instances  # noqa: E402
from workflows.operations.instances import Start  # noqa: E402
from workflows.store import database_now  # noqa: E402

Told = dict[str, Any]
Spans = tuple[tuple[str, str], ...]

ZONE: Final = ZoneInfo("Europe/Berlin")
SECOND: Final = dt.timedelta(seconds=1)
SETTLED: Final = dt.timedelta(seconds=10)
MINUTE: Final = dt.timedelta(minutes=1)
LADDER: Final = "50%: notify; 100%: notify; +PT15S: notify"
AFTER: Final = dt.timedelta(seconds=15)
ALARM: Final = process(
    '<startEvent id="s"/><intermediateCatchEvent id="alarm"><timerEventDefinition>'
    "<timeDate>= moment</timeDate></timerEventDefinition>"
    '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "alarm", "e")
)
# In FEEL a moment of a zone is a value; the engine reads the text it becomes.
FEEL_ALARM: Final = ALARM.replace("= moment", "= date and time(moment)")
TWICE: Final = process(
    '<startEvent id="s"/><userTask id="look" cs:queue="round"/>'
    '<boundaryEvent id="again" attachedToRef="look" cancelActivity="false">'
    "<timerEventDefinition><timeCycle>R4/PT30S</timeCycle></timerEventDefinition>"
    '</boundaryEvent><endEvent id="e"/><endEvent id="f"/>'
    + chain("s", "look", "e")
    + chain("again", "f")
)
CALENDARS: Final[dict[str, dict[int, Spans]]] = {
    "round": dict.fromkeys(range(7), (("00:00", "24:00"),)),
    # Closed for two minutes of the wall, and for the hour that comes or goes.
    "night": dict.fromkeys(range(7), (("00:00", "01:59"), ("03:01", "24:00"))),
    "office": dict.fromkeys(range(5), (("09:00", "12:30"), ("13:15", "17:00"))),
}
GOALS: Final = ("PT50S", "PT90S", "PT8H", "P1D", "P1W")
EACH: Final = 4


# --- the cases ------------------------------------------------------------------------


def begin(change: dt.datetime) -> None:
    """Make the desks and start everything, shortly before a change."""
    for key, hours in CALENDARS.items():
        calendar = queues.define_calendar(
            key=key,
            name=key,
            zone=ZONE.key,
            hours={str(day): spans for day, spans in hours.items()},
            actor=TESTER,
        )
        queues.define_queue(
            key=key, name=key, calendar=calendar, actor=TESTER, rules=AT_ONCE
        )
    for kind, model in (("alarm", ALARM), ("feel", FEEL_ALARM)):
        words = [{"moment": word} for word in list_words(change)]
        _start(deploy(model, key=kind), words)
    _start(deploy(TWICE, key="twice"), [{}] * EACH)
    for key in CALENDARS:
        for goal in GOALS:
            step = (
                f'<userTask id="look" cs:queue="{key}" cs:sla="{goal}"'
                f' cs:ladder="{LADDER}"/>'
            )
            body = f'<startEvent id="s"/>{step}<endEvent id="e"/>'
            model = process(body + chain("s", "look", "e"))
            _start(deploy(model, key=f"{key}-{goal.lower()}"), [{}] * EACH)


def _start(definition_id: int, variables: list[dict[str, str]]) -> None:
    starts = [Start(variables=one, initiator=TESTER) for one in variables]
    instances.start_and_advance(definition_id=definition_id, starts=starts)


def list_words(change: dt.datetime) -> list[str]:
    """Return moments around a change, by the wall and by offset, skipped ones too."""
    found = []
    for second in range(-30, 75, 5):
        wall = (change + second * SECOND).astimezone(ZONE)
        found += [wall.isoformat(), f"{wall:%Y-%m-%dT%H:%M:%S}@{ZONE.key}"]
    day = change.astimezone(ZONE).date()
    found += [f"{day}T02:{minute:02}:30@{ZONE.key}" for minute in range(0, 60, 7)]
    return found


# --- what is expected -----------------------------------------------------------------


def read_wall(word: str, change: dt.datetime) -> dt.datetime:
    """Return when the wall first shows a time, or the change that skipped it."""
    wall, _, zone = word.partition("@")
    if not zone:
        return dt.datetime.fromisoformat(word).astimezone(dt.UTC)
    looked_for = dt.datetime.fromisoformat(wall)
    at = change - dt.timedelta(hours=4)
    while at < change + dt.timedelta(hours=4):
        if at.astimezone(ZONE).replace(tzinfo=None) == looked_for:
            return at
        at += SECOND
    return change


def list_working(hours: dict[int, Spans], start: dt.datetime) -> Iterator[dt.datetime]:
    """Yield each minute from `start` on that the wall says is one of work."""
    at = start.replace(second=0, microsecond=0)
    while True:
        wall = at.astimezone(ZONE)
        time = f"{wall:%H:%M}"
        if any(since <= time < to for since, to in hours.get(wall.weekday(), ())):
            yield at
        at += MINUTE


def add_working(
    hours: dict[int, Spans], start: dt.datetime, span: dt.timedelta
) -> dt.datetime:
    """Return the moment by which so much time of work has passed."""
    left = span
    for minute in list_working(hours, start):
        begins = max(minute, start)
        has = minute + MINUTE - begins
        if left <= has:
            return begins + left
        left -= has
    raise AssertionError("The minutes have no end.")


def read_goal(goal: str, hours: dict[int, Spans]) -> dt.timedelta:
    """Return a goal's time of work: a day is the longest of the week, a week all."""
    days = [
        sum((_minutes(to) - _minutes(since) for since, to in spans), dt.timedelta())
        for spans in hours.values()
    ]
    match goal:
        case "P1D":
            return max(days)
        case "P1W":
            return sum(days, dt.timedelta())
        case "PT8H":
            return dt.timedelta(hours=8)
        case _:
            return dt.timedelta(seconds=int(goal[2:-1]))


def _minutes(time: str) -> dt.timedelta:
    return dt.timedelta(hours=int(time[:2]), minutes=int(time[3:]))


# --- what came ------------------------------------------------------------------------


def compare(change: dt.datetime) -> Told:
    """Return how many moments are as they should be, and what fired."""
    right: Counter[str] = Counter()
    wrong: list[str] = []

    def check(kind: str, found: object, expected: object, what: str) -> None:
        right[kind] += found == expected
        if found != expected:
            wrong.append(f"{what}: {found} is not {expected}")

    now = database_now()
    alarms = Timer.objects.filter(node_id="alarm").select_related("instance")
    for timer in alarms:
        assert timer.instance is not None
        word = timer.instance.variables["moment"]
        check("moments", timer.due_at, read_wall(word, change), word)
    check("moments", len(alarms), 2 * len(list_words(change)), "all of them")
    for instance in Instance.objects.filter(definition__key="twice"):
        rounds = Timer.objects.filter(instance=instance).order_by("due_at")
        starts = [instance.started_at + 30 * n * SECOND for n in range(1, 5)]
        check("cycles", [each.due_at for each in rounds], starts, "a cycle")
    for task in Task.objects.filter(due_at__isnull=False).select_related("instance"):
        key, _, goal = task.instance.definition.key.partition("-")
        hours, span = CALENDARS[key], read_goal(goal.upper(), CALENDARS[key])
        due = add_working(hours, task.opened_at, span)
        check("goals", task.due_at, due, f"{key} {goal}")
        lies = {
            when: add_working(hours, task.opened_at, elapsed)
            for when, elapsed in (
                ("50%", span / 2),
                ("100%", span),
                ("+PT15S", span + AFTER),
            )
        }
        reached = set()
        for record in ClockRecord.objects.filter(task=task):
            when = record.words.partition(":")[0]
            reached.add(when)
            what = f"{key} {goal} {record.words}"
            check("rungs", record.reached_at, lies[when], what)
        past = {when for when, lay in lies.items() if lay < now - SETTLED}
        check("ladders", reached, past, f"{key} {goal}")
    return {"right": dict(right), "wrong": wrong[:10], **_tell_fired()}


def _tell_fired() -> Told:
    fired = list(Timer.objects.filter(state="FIRED").select_related("instance"))
    late = [
        # What was past when it was armed can only fire from then on.
        (one.fired_at - max(one.due_at, one.instance.started_at)).total_seconds()
        for one in fired
        if one.fired_at is not None and one.instance is not None
    ]
    entries = AuditEntry.objects.filter(kind="timer.fired").count()
    return {
        "fired": len(fired),
        "entries": entries,
        "early": sum(one < 0 for one in late),
        "latest_seconds": round(max(late), 1),
        "armed_for_later": Timer.objects.filter(state="ARMED").count(),
    }


if __name__ == "__main__":
    moment = dt.datetime.fromisoformat(sys.argv[2])
    if sys.argv[1] == "begin":
        begin(moment)
    else:
        sys.stdout.write(json.dumps(compare(moment)) + "\n")
