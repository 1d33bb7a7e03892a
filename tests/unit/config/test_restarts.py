"""How often, and how soon, a dead child is started again."""

from config.local.restarts import DEATHS_GIVEN_UP, WINDOW_SECONDS, Restarts


def after(*deaths: float) -> Restarts:
    restarts = Restarts()
    for death in deaths:
        restarts = restarts.after_death(at=death)
    return restarts


def test_delay_doubles_up_to_a_cap() -> None:
    delays = [after(*range(count)).delay_seconds for count in range(1, 7)]
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_quick_deaths_are_given_up() -> None:
    assert not after(*range(DEATHS_GIVEN_UP - 1)).is_given_up
    assert after(*range(DEATHS_GIVEN_UP)).is_given_up


def test_old_deaths_are_forgotten() -> None:
    rare = after(*(n * WINDOW_SECONDS for n in range(20)))
    assert not rare.is_given_up
    assert rare.delay_seconds == 0.5
