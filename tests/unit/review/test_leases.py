"""When a task is free, and when a shown token holds."""

import datetime as dt

import pytest

from review.core.states import TaskState
from review.core.tasks.leases import LeaseProblem, find_lease_problem, is_free

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=5)


def problem(**changes: object) -> LeaseProblem | None:
    facts: dict[str, object] = {
        "state": TaskState.CLAIMED,
        "claimed_by": 1,
        "lease_token": 3,
        "lease_until": LATER,
        "person_id": 1,
        "token": 3,
        "now": NOW,
        **changes,
    }
    return find_lease_problem(**facts)  # type: ignore[arg-type]


def test_own_token_before_its_end_holds() -> None:
    assert problem() is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": TaskState.OPEN, "lease_until": None}, LeaseProblem.NOT_CLAIMED),
        ({"claimed_by": 2}, LeaseProblem.TAKEN),
        ({"token": 2}, LeaseProblem.RENEWED),
        ({"lease_until": NOW}, LeaseProblem.LAPSED),
    ],
)
def test_what_is_wrong_with_a_lease_is_named(
    changes: dict[str, object], expected: LeaseProblem
) -> None:
    assert problem(**changes) is expected


@pytest.mark.parametrize(
    ("state", "until", "free"),
    [
        (TaskState.OPEN, None, True),
        (TaskState.CLAIMED, LATER, False),
        (TaskState.CLAIMED, NOW, True),
        (TaskState.DECIDED, None, False),
        (TaskState.CANCELED, None, False),
    ],
)
def test_free_is_open_or_lapsed(
    state: TaskState, until: dt.datetime | None, free: bool
) -> None:
    assert is_free(state=state, lease_until=until, now=NOW) is free


def test_a_lease_holds_or_the_task_is_free_never_both() -> None:
    for until in (NOW - dt.timedelta(seconds=1), NOW, LATER):
        holds = problem(lease_until=until) is None
        assert holds is not is_free(state=TaskState.CLAIMED, lease_until=until, now=NOW)
