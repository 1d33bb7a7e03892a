"""Promises 8 to 12 at a small share; `make chaos` runs them at full size."""

import pytest

from tests.faults import crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_people_at_the_same_moment() -> None:
    """One test of all five: what they take is mostly making the crowd's database."""
    runs = {
        "four-eyes": crowd.four_eyes(20),
        "one-owner": crowd.one_owner(6, persons=12),
        "as-seen": crowd.as_seen(3),
        "rights-gone": crowd.rights_gone(4),
        "same-verdict": crowd.repeats(2, times=8),
    }
    assert {name: told for name, told in runs.items() if not told["kept"]} == {}
    said = runs["four-eyes"]["said"]
    # They did race: the refusals that only four eyes give were given.
    assert said["four-eyes-initiator"] > 0
    assert said["four-eyes-already-judged"] > 0
