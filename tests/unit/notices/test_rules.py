"""Laws of who is told when, for every zone, preference and moment Hypothesis tries."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.notices.deliveries import GIVE_UP_AFTER, LONGEST_WAIT, plan_retry
from review.core.notices.letters import Line, write_post, write_subject, write_text
from review.core.notices.notices import (
    KINDS,
    Channel,
    ChatKind,
    DeliveryState,
    Digest,
    Notice,
    Quiet,
    Told,
    Wishes,
    find_mail_moment,
    list_groups,
    plan_mails,
    read_channels,
)

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
ZONES = st.sampled_from([
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca",
]).map(ZoneInfo)  # fmt: skip
TIMES = st.times(min_value=dt.time(0), max_value=dt.time(23, 59)).map(
    lambda time: time.replace(second=0, microsecond=0)
)
MOMENTS = st.datetimes(
    min_value=dt.datetime(2024, 1, 1),  # noqa: DTZ001  the zone is the next argument
    max_value=dt.datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
QUIET = st.builds(Quiet, TIMES, TIMES).filter(lambda quiet: quiet.start != quiet.end)
CHANNELS = st.frozensets(st.sampled_from(Channel))
WISHES = st.builds(
    Wishes,
    channels=st.dictionaries(st.sampled_from(Notice), CHANNELS),
    quiet=st.none() | QUIET,
    urgent_passes=st.booleans(),
    digest=st.sampled_from(Digest),
    digest_at=TIMES,
    zone=ZONES,
)


@given(kind=st.sampled_from(Notice), wishes=WISHES, now=MOMENTS)
def test_no_mail_is_due_inside_quiet_hours_or_in_the_past(
    kind: Notice, wishes: Wishes, now: dt.datetime
) -> None:
    due = find_mail_moment(kind, wishes=wishes, now=now)
    assert (due is not None) is wishes.wants(kind, Channel.EMAIL)
    if due is None:
        return
    passes = KINDS[kind].is_urgent and wishes.urgent_passes
    assert now <= due <= now + dt.timedelta(days=3)
    assert due.utcoffset() == dt.timedelta(0)
    if passes:
        assert due == now
    elif wishes.quiet:
        assert not wishes.quiet.covers(due.astimezone(wishes.zone).time())


@given(kind=st.sampled_from(Notice), wishes=WISHES, now=MOMENTS)
def test_a_moment_that_is_due_stays_due_when_asked_again(
    kind: Notice, wishes: Wishes, now: dt.datetime
) -> None:
    instant = Wishes(
        channels=wishes.channels, quiet=wishes.quiet, zone=wishes.zone,
        urgent_passes=wishes.urgent_passes,
    )  # fmt: skip
    due = find_mail_moment(kind, wishes=instant, now=now)
    if due is not None:
        assert find_mail_moment(kind, wishes=instant, now=due) == due


@given(
    kinds=st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(Notice)), min_size=1, max_size=30
    ),
    wishes=st.dictionaries(st.integers(1, 3), WISHES),
    now=MOMENTS,
)
def test_mails_collect_every_wanted_notice_exactly_once(
    kinds: list[tuple[int, Notice]], wishes: dict[int, Wishes], now: dt.datetime
) -> None:
    told = [Told(number, *each) for number, each in enumerate(kinds)]
    mails = plan_mails(told, wishes=wishes, now=now)
    carried = [each for mail in mails for each in mail.notice_ids]
    wanted = [
        each.id
        for each in told
        if wishes.get(each.person_id, Wishes()).wants(each.kind, Channel.EMAIL)
    ]
    assert sorted(carried) == wanted
    assert len({(mail.person_id, mail.due_at) for mail in mails}) == len(mails)
    assert all(
        told[each].person_id == mail.person_id
        for mail in mails
        for each in mail.notice_ids
    )


@pytest.mark.parametrize(
    ("digest", "quiet", "now", "due"),
    [
        (Digest.INSTANT, None, "2026-01-05T09:00:00+01:00", "2026-01-05T09:00:00+01:00"),
        (Digest.HOURLY, None, "2026-01-05T09:00:00+01:00", "2026-01-05T10:00:00+01:00"),
        (Digest.DAILY, None, "2026-01-05T07:59:00+01:00", "2026-01-05T08:00:00+01:00"),
        (Digest.DAILY, None, "2026-01-05T08:00:00+01:00", "2026-01-06T08:00:00+01:00"),
        # The hour before the clocks go forward is followed by 3 o'clock.
        (Digest.INSTANT, (1, 3), "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        # An end that the clocks skip is the moment as far after the skip.
        (Digest.INSTANT, (1, 2), "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        (Digest.INSTANT, (22, 6), "2026-01-05T23:00:00+01:00", "2026-01-06T06:00:00+01:00"),
        (Digest.INSTANT, (22, 6), "2026-01-05T05:59:00+01:00", "2026-01-05T06:00:00+01:00"),
        (Digest.INSTANT, (22, 6), "2026-01-05T06:00:00+01:00", "2026-01-05T06:00:00+01:00"),
        (Digest.DAILY, (22, 9), "2026-01-05T12:00:00+01:00", "2026-01-06T09:00:00+01:00"),
    ],
)  # fmt: skip
def test_mail_moment_in_berlin(
    digest: Digest, quiet: tuple[int, int] | None, now: str, due: str
) -> None:
    wishes = Wishes(
        quiet=Quiet(*(dt.time(hour) for hour in quiet)) if quiet else None,
        digest=digest,
        zone=ZoneInfo("Europe/Berlin"),
    )
    found = find_mail_moment(
        Notice.HANDED_OVER, wishes=wishes, now=dt.datetime.fromisoformat(now)
    )
    assert found == dt.datetime.fromisoformat(due)


@given(
    attempts=st.integers(1, 500),
    jitter=st.floats(0, 1, exclude_max=True),
    age=st.timedeltas(min_value=dt.timedelta(0), max_value=dt.timedelta(days=9)),
)
def test_retries_wait_longer_and_end_after_five_days(
    attempts: int, jitter: float, age: dt.timedelta
) -> None:
    found = plan_retry(attempts=attempts, due_at=NOW - age, now=NOW, jitter=jitter)
    if age >= GIVE_UP_AFTER:
        assert found.state is DeliveryState.DEAD
        return
    assert found.state is DeliveryState.WAITING
    assert dt.timedelta(seconds=15) <= found.next_at - NOW <= LONGEST_WAIT
    asked = plan_retry(
        attempts=1, due_at=NOW, now=NOW, jitter=jitter, at_least=dt.timedelta(hours=1)
    )
    assert asked.next_at >= NOW + dt.timedelta(hours=1)


def test_every_kind_has_its_words_and_its_place() -> None:
    assert set(KINDS) == set(Notice)
    assert sorted(kind for _, kinds in list_groups() for kind in kinds) == sorted(
        Notice
    )
    assert read_channels({"STUCK": ["EMAIL", "PIGEON"], "GONE": []}) == {
        Notice.STUCK: frozenset({Channel.EMAIL})
    }


def _lines(*titles: str) -> list[Line]:
    return [
        Line("STUCK", title, "Its lease lapsed.", f"https://x.test/tasks/{n}/", NOW)
        for n, title in enumerate(titles)
    ]


def test_posts_carry_titles_and_links_as_plain_text() -> None:
    lines = _lines("<!channel> A|B & [x](http://evil)", "Two")
    slack, teams, plain = (
        write_post(kind, lines, room="desk", delivery_key="d-1").decode()
        for kind in ChatKind
    )
    assert "&lt;!channel&gt; A¦B &amp;" in slack
    assert "<https://x.test/tasks/0/|" in slack
    assert '"type": "TextRun", "text": "<!channel>' in teams
    assert '"TextBlock"' not in teams
    assert '"id": "d-1"' in plain
    assert not any("lease" in body for body in (slack, teams, plain))


def test_mail_says_how_many_more_there_are() -> None:
    lines = _lines(*(f"Case {n}\nBcc: x" for n in range(52)))
    assert write_subject(lines[:1]) == "Case 0 Bcc: x"
    assert write_subject(lines) == "Case 0 Bcc: x and 51 more"
    assert len(write_subject(_lines("x" * 300))) == 150
    text = write_text(lines, settings_url="https://s/", list_url="https://l/")
    assert "2 more: https://l/" in text
    assert "https://s/" in text
