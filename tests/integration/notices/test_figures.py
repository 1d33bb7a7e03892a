"""Figures by mail: once a day or week, never in quiet hours, also after a crash."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from review.core.notices.notices import (
    Digest,
    Notice,
    Quiet,
    Schedule,
    Wishes,
    find_mail_moment,
    find_report_moment,
    find_reported,
)
from review.models import Notification, NotificationPreference
from review.operations.figures import reporting
from review.operations.notices import delivering, inbox
from tests.factories.desk import World
from tests.factories.outside import MailOffice
from workflows.store import database_now

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = dt.datetime(2026, 3, 25, 9, tzinfo=AMSTERDAM)  # a Wednesday


def test_figures_come_on_their_day_by_the_wall_clock() -> None:
    def following(schedule: Schedule, at: dt.time, after: dt.datetime) -> str:
        found = find_report_moment(schedule, at=at, zone=AMSTERDAM, after=after)
        assert found is not None
        return f"{found.astimezone(AMSTERDAM):%a %d %H:%M}"

    seven = dt.time(7)
    assert following(Schedule.DAILY, seven, NOW) == "Thu 26 07:00"
    assert following(Schedule.DAILY, dt.time(10), NOW) == "Wed 25 10:00"
    assert following(Schedule.WEEKLY, seven, NOW) == "Mon 30 07:00"
    monday = dt.datetime(2026, 3, 23, 7, tzinfo=AMSTERDAM)
    assert following(Schedule.WEEKLY, seven, monday) == "Mon 30 07:00"
    before = monday - dt.timedelta(minutes=1)
    assert following(Schedule.WEEKLY, seven, before) == "Mon 23 07:00"
    assert (
        find_report_moment(Schedule.NEVER, at=seven, zone=AMSTERDAM, after=NOW) is None
    )
    day = find_reported(Schedule.DAILY, zone=AMSTERDAM, now=NOW)
    assert [f"{each:%a %d}" for each in day] == ["Tue 24", "Wed 25"]
    week = find_reported(Schedule.WEEKLY, zone=AMSTERDAM, now=NOW)
    assert [f"{each:%a %d}" for each in week] == ["Mon 16", "Mon 23"]


def test_figures_wait_for_the_end_of_quiet_hours_but_for_no_digest() -> None:
    wishes = Wishes(digest=Digest.DAILY, digest_at=dt.time(18), zone=AMSTERDAM)
    assert find_mail_moment(Notice.FIGURES, wishes=wishes, now=NOW) == NOW
    quiet = Wishes(quiet=Quiet(dt.time(8), dt.time(12)), zone=AMSTERDAM)
    due = find_mail_moment(Notice.FIGURES, wishes=quiet, now=NOW)
    assert due == NOW.replace(hour=12)


def choose(world: World, schedule: str, **words: str) -> int:
    """Let carol choose how often figures come; return the answer's status."""
    given = {"digest": "INSTANT", "digest_at": "08:00", "figures_at": "07:00"}
    answer = world.browser("carol").post(
        reverse("notification-settings"), {**given, "figures": schedule, **words}
    )
    return answer.status_code


def fall_due() -> None:
    NotificationPreference.objects.update(
        figures_due_at=database_now() - dt.timedelta(minutes=1)
    )


def test_figures_are_mailed_once_a_period_also_after_a_crash(
    world: World, office: MailOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.open_task()
    carol = world.people["carol"]
    type(carol).objects.filter(pk=carol.pk).update(email="carol@example.com")
    assert choose(world, "DAILY") == 302
    reporting.sweep()
    assert not Notification.objects.exists()  # not due yet
    fall_due()

    def crash(**_: object) -> int:
        raise RuntimeError("the machine stops")

    with monkeypatch.context() as patch:
        patch.setattr(reporting, "tell", crash)
        with pytest.raises(RuntimeError):
            reporting.sweep()
    reporting.sweep()
    fall_due()  # restored from a backup, say: the same day is due again
    reporting.sweep()
    assert Notification.objects.count() == 1
    assert NotificationPreference.objects.get().figures_due_at > database_now()  # type: ignore[operator]
    assert delivering.drain(seconds=30) == 1
    (letter,) = office.taken
    plain, marked = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert marked is not None
    text, html = plain.get_content(), marked.get_content()
    assert letter["Subject"].startswith("Figures of ")
    assert "https://review.example.com/dashboard/?period=custom&since=" in text
    assert "Work in progress" in text
    assert "<table" in html
    assert "<img" not in html
    assert "Credit desk" in html  # carol manages two queues: one row for each
    # What cases are about is not mailed.
    assert "Noor Visser" not in text + html


def test_figures_come_no_more_to_who_chose_never_or_may_not_see_them(
    world: World,
) -> None:
    assert choose(world, "WEEKLY") == 302
    assert choose(world, "NEVER") == 302
    assert NotificationPreference.objects.get().figures_due_at is None
    alice = world.people["alice"]
    page = world.browser("alice").get(reverse("notification-settings"))
    assert "Figures of my queues" not in page.content.decode()
    inbox.change_wishes(
        person_id=alice.pk,
        channels={},
        digest=Digest.INSTANT,
        digest_at=dt.time(8),
        urgent_passes=True,
        quiet=None,
        figures=Schedule.DAILY,
    )
    fall_due_of = NotificationPreference.objects.filter(person=alice)
    fall_due_of.update(figures_due_at=database_now() - dt.timedelta(minutes=1))
    reporting.sweep()
    assert not Notification.objects.exists()
    assert fall_due_of.get().figures_due_at > database_now()  # type: ignore[operator]
