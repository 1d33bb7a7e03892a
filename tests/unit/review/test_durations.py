"""Where a task's time went: every part is counted once, and the parts are the whole."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from review.core.clocks.durations import Halt, Happening, Hold, Turn, find_holds, split

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def at(minutes: int) -> dt.datetime:
    return NOON + minutes * MINUTE


def wall(since: dt.datetime, until: dt.datetime) -> dt.timedelta:
    return until - since


def test_holds_end_by_an_act_by_loss_or_by_the_lease() -> None:
    happenings = [
        Happening(Turn.TAKEN, at(5), "alice"),
        Happening(Turn.ACTED, at(9)),
        Happening(Turn.TAKEN, at(20), "bob"),
        # Nobody heard of bob again; carol takes it when his lease is long over.
        Happening(Turn.LOST, at(90)),
        Happening(Turn.TAKEN, at(90), "carol"),
        Happening(Turn.ACTED, at(95), "nobody who holds it"),
    ]
    assert find_holds(happenings, ended_at=at(100), lease=10 * MINUTE) == [
        Hold(at(5), at(9), acted=True),
        Hold(at(20), at(30), acted=False),
        Hold(at(90), at(100), acted=True),
    ]


def test_time_is_split_as_the_screens_define_it() -> None:
    times = split(
        opened_at=at(0),
        ended_at=at(100),
        holds=[
            Hold(at(10), at(30), acted=True),
            Hold(at(40), at(50), acted=False),
            Hold(at(90), at(100), acted=True),
        ],
        halts=[Halt(at(25), at(35), "help"), Halt(at(60), at(80), "information")],
        measure=wall,
    )
    assert times.lead == 100 * MINUTE
    assert times.queue == 10 * MINUTE
    assert times.handling == (15 + 10 + 10) * MINUTE
    assert times.touch == (15 + 10) * MINUTE
    assert times.paused == 30 * MINUTE
    assert times.paused_by == {"help": 10 * MINUTE, "information": 20 * MINUTE}
    assert times.waiting == (100 - 35 - 30) * MINUTE
    assert times.cycle == (90 - 30) * MINUTE
    assert times.efficiency == 0.25


stretches = st.tuples(st.integers(-20, 130), st.integers(0, 60))


@settings(max_examples=100, deadline=None)
@given(
    held=st.lists(st.tuples(stretches, st.booleans()), max_size=6),
    halted=st.lists(stretches, max_size=5),
)
def test_parts_are_the_whole_whatever_overlaps(
    held: list[tuple[tuple[int, int], bool]], halted: list[tuple[int, int]]
) -> None:
    times = split(
        opened_at=at(0),
        ended_at=at(100),
        holds=[Hold(at(s), at(s + n), acted) for (s, n), acted in held],
        halts=[Halt(at(s), at(s + n), "help") for s, n in halted],
        measure=wall,
    )
    # Minute by minute, by hand.
    paused = {m for m in range(100) if any(s <= m < s + n for s, n in halted)}
    handled = {
        m
        for m in range(100)
        if m not in paused and any(s <= m < s + n for (s, n), _ in held)
    }
    assert times.paused == len(paused) * MINUTE
    assert times.handling == len(handled) * MINUTE
    assert times.waiting == (100 - len(paused) - len(handled)) * MINUTE
    assert times.touch <= times.handling
