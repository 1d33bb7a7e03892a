"""How many people work takes and what one more would do: known values, and laws."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from review.core.figures.staffing import (
    BUSY_SHARE,
    add_person,
    find_load,
    find_needed,
    find_waiting,
)

loads = st.floats(0.01, 40)
chances = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 50)), max_size=10)
hours = st.floats(0.5, 100)


@pytest.mark.parametrize(
    ("load", "people", "chance"),
    # One person: the chance is the load. Two: a*a/(2+a). Ten at eight: any table of C.
    [(0.5, 1, 0.5), (1.0, 2, 1 / 3), (8.0, 10, 0.4092), (0.0, 3, 0.0), (2.0, 2, 1.0)],
)
def test_waiting_is_erlangs(load: float, people: int, chance: float) -> None:
    assert find_waiting(load, people=people) == pytest.approx(chance, abs=5e-5)


@given(loads, st.integers(1, 60))
def test_one_more_person_never_lets_more_wait(load: float, people: int) -> None:
    now, then = (find_waiting(load, people=many) for many in (people, people + 1))
    assert 0 <= then <= now <= 1
    assert find_waiting(load, people=people + 0.9) == now


@given(loads)
def test_needed_people_keep_the_share_that_is_theirs(load: float) -> None:
    needed = find_needed(load)
    assert needed * BUSY_SHARE >= load - 1e-6
    assert (needed - 1) * BUSY_SHARE < load


def test_load_is_littles() -> None:
    assert find_load(arrivals_per_hour=12, mean_seconds=600) == 2
    assert find_needed(find_load(arrivals_per_hour=12, mean_seconds=600)) == 3
    assert find_needed(0) == 0


@given(chances, hours, hours, st.floats(0, 100))
def test_more_hours_save_something_and_no_more_than_they_can(
    found: list[tuple[float, int]], there: float, added: float, most: float
) -> None:
    told = add_person(found, person_hours=there, added_hours=added, most_done=most)
    assert told.before == pytest.approx(math.fsum(c * n for c, n in found))
    assert -1e-9 <= told.saved <= min(told.before, most) + 1e-9


@given(chances, hours, hours)
def test_the_second_one_more_saves_no_more_than_the_first(
    found: list[tuple[float, int]], there: float, added: float
) -> None:
    one, two = (
        add_person(found, person_hours=there, added_hours=each, most_done=math.inf)
        for each in (added, 2 * added)
    )
    assert two.saved >= one.saved - 1e-9
    assert two.saved - one.saved <= one.saved + 1e-9


@given(chances, hours)
def test_nothing_is_promised_without_hours_or_anybody_to_compare(
    found: list[tuple[float, int]], some: float
) -> None:
    assume(found)
    for there, added in ((0.0, some), (some, 0.0)):
        told = add_person(found, person_hours=there, added_hours=added, most_done=9)
        assert told.saved == 0


def test_twice_the_hours_square_the_chance() -> None:
    told = add_person([(0.5, 4)], person_hours=3, added_hours=3, most_done=9)
    assert (told.before, told.after, told.saved) == (2.0, 1.0, 1.0)
