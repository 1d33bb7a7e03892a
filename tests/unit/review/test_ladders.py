"""The words of ladders, and where their steps lie."""

import datetime as dt

import pytest

from review.core.clocks.goals import ClockError
from review.core.clocks.ladders import find_next, list_due, place_steps
from workflows.core.calendars import AROUND_THE_CLOCK, read_calendar
from workflows.core.ladders import (
    Act,
    LadderError,
    check_for_instances,
    read_ladder,
)

HOUR = dt.timedelta(hours=1)
OFFICE = read_calendar(
    zone="UTC", hours={str(day): [["09:00", "17:00"]] for day in range(5)}
)


def placed(words: str, *, warn: str = "") -> list[tuple[str, float]]:
    steps = place_steps(
        words=words, warn=warn, goal=8 * HOUR, calendar=AROUND_THE_CLOCK
    )
    return [(step.words, step.elapsed / HOUR) for step in steps]


def test_rungs_are_read_with_their_acts() -> None:
    first, second, third = read_ladder(
        "50%: notify managers; PT1H: raise A, widen ; +P1D: escalate board-2, reject;"
    )
    assert first.acts == (Act("notify", "managers"),)
    assert second.acts == (Act("raise", "A"), Act("widen"))
    assert third.acts == (Act("escalate", "board-2"), Act("reject"))
    assert (second.when.before, third.when.after) == ("PT1H", "P1D")
    assert read_ladder("") == ()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("notify", "is no rung"),
        ("75%:", "is no rung"),
        ("soon: notify", "is no moment of a clock"),
        ("0%: notify", "no share from above"),
        ("1001%: notify", "no share from above"),
        ("P1M: notify", "without years or months"),
        ("75%: shout", "nothing a rung does; it may notify"),
        ("75%: approve", "never approves"),
        ("75%: notify everybody", "does not take"),
        ("75%: raise C", "does not take"),
        ("75%: notify, notify", "twice"),
        ("75%: reject", "earliest when the time is over"),
        ("PT1H: return", "earliest when the time is over"),
        ("100%: reject, escalate", "nothing can follow reject"),
        ("75%: notify; 75%: raise", "at one moment"),
        (";".join(f"{n}%: notify" for n in range(1, 15)), "at most 12"),
    ],
)
def test_words_nobody_can_read_are_quoted(words: str, says: str) -> None:
    with pytest.raises(LadderError, match=says):
        read_ladder(words)


def test_whole_processes_take_no_acts_of_single_tasks() -> None:
    check_for_instances(read_ladder("50%: notify; 100%: raise, escalate"))
    with pytest.raises(LadderError, match="cannot widen; it may escalate, notify"):
        check_for_instances(read_ladder("100%: widen"))


def test_steps_lie_in_the_order_they_are_due() -> None:
    assert placed("+PT4H: reject; 100%: escalate, notify; 25%: raise") == [
        ("25%: warn", 2.0),
        ("25%: raise", 2.0),
        ("100%: breach", 8.0),
        ("100%: escalate", 8.0),
        ("100%: notify", 8.0),
        ("+PT4H: reject", 12.0),
    ]


def test_warning_is_the_word_else_the_first_rung_else_three_quarters() -> None:
    assert placed("100%: escalate")[0] == ("75%: warn", 6.0)
    assert placed("100%: escalate", warn="PT1H")[0] == ("PT1H: warn", 7.0)
    assert placed("", warn="0.5")[0] == ("0.5: warn", 4.0)


def test_durations_are_business_time_of_the_calendar() -> None:
    steps = place_steps(
        words="PT2H: notify; +P1D: escalate",
        warn="50%",
        goal=20 * HOUR,
        calendar=OFFICE,
    )
    assert [step.elapsed / HOUR for step in steps] == [10, 18, 20, 28]
    with pytest.raises(ClockError):
        place_steps(words="", warn="soon", goal=HOUR, calendar=OFFICE)


def test_due_and_next_leave_out_what_was_done() -> None:
    steps = place_steps(
        words="50%: notify; 100%: escalate",
        warn="75%",
        goal=8 * HOUR,
        calendar=AROUND_THE_CLOCK,
    )
    due = list_due(steps, elapsed=6 * HOUR, done=frozenset({0}))
    assert [step.words for step in due] == ["75%: warn"]
    following = find_next(steps, elapsed=6 * HOUR, done=frozenset({0}))
    assert following is not None
    assert following.words == "100%: breach"
    assert find_next(steps, elapsed=9 * HOUR, done=frozenset()) is None
