"""Timers and the clocks around them: only the database's counts, and not if it jumps."""

import dataclasses
import datetime as dt
import time

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from tests.factories.processes import TESTER, chain, package, process
from workflows import sweeper
from workflows.core.clockwatch import Reading, find_jump
from workflows.models import AuditEntry, Instance, Timer
from workflows.operations import clock_watch, definitions, instances, timers
from workflows.operations.clock_watch import Watch
from workflows.operations.instances import Start

NOON = dt.datetime(2026, 3, 29, 0, 59, 30, tzinfo=dt.UTC)


def reading(database: float, steady: float, *, slow: float = 0.0) -> Reading:
    moment = NOON + dt.timedelta(seconds=database)
    return Reading(database=moment, before=steady, after=steady + slow)


@pytest.mark.parametrize(
    ("ran", "went", "jump"),
    [(1, 1, None), (3600, 3659, None), (1, 3601, 3600), (1, -3599, -3600)],
)
def test_jump_is_what_no_time_explains(
    ran: float, went: float, jump: float | None
) -> None:
    found = find_jump(reading(0, 100), reading(went, 100 + ran))
    assert found == (None if jump is None else dt.timedelta(seconds=jump))


def test_slow_answer_is_no_jump() -> None:
    assert not reading(0, 0, slow=11).is_sharp
    assert reading(0, 0, slow=9).is_sharp


@pytest.mark.django_db
def test_jump_holds_timers_until_somebody_accepts_the_clock() -> None:
    readings = iter([
        reading(0, 0),
        reading(1, 1),
        reading(3602, 2),
        reading(3603, 3),
        reading(3604, 4),
        reading(3605, 5),
    ])
    watch = Watch(read=lambda: next(readings))
    assert [watch.may_fire() for _ in range(4)] == [True, True, False, False]
    entry = AuditEntry.objects.get(kind="clock.jumped")
    assert '"seconds":3600' in entry.entry
    # One that starts later holds too: what is kept decides, not what it saw.
    assert Watch(read=lambda: reading(9, 9)).may_fire() is False
    with pytest.raises(CommandError, match="Give a reason"):
        call_command("accept_clock", reason=" ")
    call_command("accept_clock", reason="The server's zone was mended.")
    assert watch.may_fire() is True
    with pytest.raises(CommandError, match="timers are not held"):
        call_command("accept_clock", reason="Again.")


@pytest.mark.django_db
def test_sweep_fires_no_timer_while_the_clock_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arm(minutes=-1)
    now = clock_watch.read_clocks()
    earlier = dataclasses.replace(now, database=now.database - dt.timedelta(hours=2))
    monkeypatch.setattr(sweeper, "_WATCH", Watch(last=earlier))
    assert sweeper.sweep().timers == 0
    assert Timer.objects.filter(state="ARMED").count() == 1
    clock_watch.accept(actor=TESTER, reason="It is right now.")
    assert sweeper.sweep().timers == 1


@pytest.mark.django_db
def test_jump_between_the_look_and_the_firing_fires_no_timer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arm(minutes=-1)
    now = clock_watch.read_clocks()
    before = dataclasses.replace(now, database=now.database - dt.timedelta(hours=1))
    monkeypatch.setattr(sweeper, "_WATCH", Watch(read=lambda: before))
    assert sweeper.sweep().timers == 0  # the watch saw nothing, yet the clock is past
    monkeypatch.setattr(sweeper, "_WATCH", Watch())
    assert sweeper.sweep().timers == 1


def arm(*, minutes: float) -> Instance:
    """Start an instance whose timer is due in so many minutes."""
    body = process(
        '<startEvent id="s"/><intermediateCatchEvent id="wait"><timerEventDefinition>'
        "<timeDuration>PT1H</timeDuration></timerEventDefinition>"
        '</intermediateCatchEvent><endEvent id="e"/>' + chain("s", "wait", "e")
    )
    found = definitions.deploy(files=package(body), actor=TESTER)
    (instance_id,) = instances.start_and_advance(
        definition_id=found.definition_id,
        starts=[Start(variables={}, initiator=TESTER)],
    )
    Timer.objects.filter(state="ARMED").update(
        due_at=F("due_at") + dt.timedelta(minutes=minutes - 60)
    )
    return Instance.objects.get(id=instance_id)


@pytest.mark.django_db
@pytest.mark.parametrize("skew", [-3600, 3600])
def test_skewed_clock_of_the_application_fires_nothing_early_or_late(
    skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = arm(minutes=-1)
    # Reading the application's clock any other way is banned by the linter.
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + skew)
    assert timers.fire_due() == 1
    late.refresh_from_db()
    assert late.state == "COMPLETED"
    early = arm(minutes=30)
    assert timers.fire_due() == 0
    early.refresh_from_db()
    assert early.state == "ACTIVE"
