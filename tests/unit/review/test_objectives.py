"""Error budgets, burn windows, responses, and grids that are stricter. Pure."""

import copy
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.figures.objectives import (
    RULES,
    Burn,
    Count,
    ObjectiveRules,
    Response,
    find_budget,
    find_rate,
    is_burnt,
    judge,
    judge_budget,
    read_objectives,
    read_response,
    window_start,
)
from review.core.policies.grid_strictness import is_stricter

FAST, MIDDLE, SLOW = RULES
numbers = st.integers(0, 500)
counts = st.builds(Count, numbers, numbers)
shares = st.decimals("0.5", "0.999", places=3)
leasts = st.integers(2, 50)


@given(counts, shares)
def test_budget_is_what_is_allowed_less_what_is_late(
    count: Count, share: Decimal
) -> None:
    budget = find_budget(count, share=share)
    assert budget.left + count.bad == budget.allowed
    assert 0 <= budget.allowed <= count.total
    reached = budget.reached
    # Within budget, and reaching the objective, are the same thing.
    assert (budget.left >= 0) == (reached is None or reached >= share)


@given(counts, shares, leasts)
def test_one_more_late_task_never_leaves_more(
    count: Count, share: Decimal, least: int
) -> None:
    worse = Count(count.good, count.bad + 1)
    before, after = find_budget(count, share=share), find_budget(worse, share=share)
    assert after.left < before.left
    assert is_burnt(after, least=least) >= is_burnt(before, least=least)


@given(counts, shares)
def test_rate_of_one_burns_the_budget_evenly(count: Count, share: Decimal) -> None:
    rate = find_rate(count, share=share)
    if rate is None:
        assert count.total == 0
    else:
        assert (rate > 1) == (find_budget(count, share=share).left < 0)


@given(
    rule=st.sampled_from(RULES), long=counts, short=counts, share=shares, least=leasts
)
def test_nothing_is_said_of_few_tasks_and_never_of_one_late_task(
    *, rule: Any, long: Count, short: Count, share: Decimal, least: int
) -> None:
    said = judge(rule, long=long, short=short, share=share, least=least)
    if long.total < least:
        assert said is None
    if long.bad <= 1:
        assert said is not True
    if said is True:
        for count in (long, short):
            rate = find_rate(count, share=share)
            assert rate is not None
            assert rate >= rule.factor
    if said is False:
        assert (find_rate(long, share=share) or 0) < rule.clear


@given(
    rule=st.sampled_from(RULES), long=counts, short=counts, share=shares, least=leasts
)
def test_what_burns_is_not_over_with_one_more_late_task(
    *, rule: Any, long: Count, short: Count, share: Decimal, least: int
) -> None:
    worse = Count(long.good, long.bad + 1), Count(short.good, short.bad + 1)
    said = judge(rule, long=long, short=short, share=share, least=least)
    if said is True:
        again = judge(rule, long=worse[0], short=worse[1], share=share, least=least)
        assert again is True


@pytest.mark.parametrize(
    ("rule", "long", "short", "said"),
    [
        # 95 % in time: 14.4 times the even rate is 72 % late.
        (FAST, Count(3, 9), Count(0, 2), True),
        (FAST, Count(3, 9), Count(2, 0), None),  # it has stopped, and may come again
        (FAST, Count(3, 7), Count(0, 2), None),  # 70 %: not enough, not over
        (FAST, Count(7, 3), Count(1, 1), False),
        (FAST, Count(0, 3), Count(0, 1), None),  # three late tasks of three
        (FAST, Count(0, 0), Count(0, 0), None),  # a night
        (MIDDLE, Count(14, 6), Count(1, 1), True),
        (SLOW, Count(190, 10), Count(19, 1), True),
        (SLOW, Count(196, 4), Count(20, 0), False),
    ],
)
def test_burn_windows_by_example(
    rule: Any, long: Count, short: Count, said: bool | None
) -> None:
    share = Decimal("0.95")
    assert judge(rule, long=long, short=short, share=share, least=10) is said


def test_budget_is_well_again_only_when_a_tenth_of_it_is_left() -> None:
    share = Decimal("0.95")

    def said(good: int, bad: int) -> bool | None:
        return judge_budget(find_budget(Count(good, bad), share=share), least=10)

    assert said(93, 7) is True
    assert said(95, 5) is None
    assert said(104, 5) is None
    assert said(110, 5) is False
    assert said(2, 1) is None
    assert said(0, 0) is None


def test_window_is_28_days_or_the_month_of_the_zone() -> None:
    now = dt.datetime(2026, 3, 1, 0, 30, tzinfo=dt.UTC)
    east = dt.timezone(dt.timedelta(hours=2))
    west = dt.timezone(-dt.timedelta(hours=2))
    assert window_start("28d", now=now, zone=dt.UTC) == now - dt.timedelta(days=28)
    assert window_start("month", now=now, zone=east) == dt.datetime(
        2026, 2, 28, 22, tzinfo=dt.UTC
    )
    assert window_start("month", now=now, zone=west) == dt.datetime(
        2026, 2, 1, 2, tzinfo=dt.UTC
    )


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("", Response()),
        ("propose grid 3", Response(grid=3)),
        ("switch grid 3", Response(grid=3, switches=True)),
        (
            "slow loans to 20 an hour; propose grid 3",
            Response(grid=3, process="loans", per_hour=20),
        ),
        ("slow loans", None),
        ("burn it", None),
    ],
)
def test_response_is_read(text: str, response: Response | None) -> None:
    assert read_response(text) == response


def test_body_is_checked_tidied_and_read() -> None:
    rules = ObjectiveRules()
    row = {"name": "in-time", "share": "95.0 %", "within": "PT8H", "class": ""}
    assert rules.check({"rows": [row]}) == []
    body: dict[str, Any] = rules.normalize({"rows": [row]})
    assert body == {"rows": [{"name": "in-time", "within": "PT8H", "share": "95"}]}
    (read,) = read_objectives(body)
    assert (read.share, read.window, read.least) == (Decimal("0.95"), "28d", 10)
    assert rules.takes_two(body)
    wrong = {
        "name": "In time", "share": "100", "within": "P1M", "class": "D", "step": "x",
        "window": "7d", "least": "1", "burnt": "?",
    }  # fmt: skip
    found = {fault.place[2] for fault in rules.check({"rows": [wrong]})}
    assert found == {
        "name", "share", "within", "class", "process", "window", "least", "burnt",
    }  # fmt: skip
    assert rules.check({"rows": [row, row]})[0].place == ("rows", 1, "name")
    unsound: list[object] = [[], {"rows": 3}, {"rows": [3]}]
    assert all(rules.check(body) for body in unsound)


def test_measure_keeps_its_name_across_shares_and_windows() -> None:
    one, other = (
        read_objectives({"rows": [{"name": name, "share": share, **more}]})[0].measure
        for name, share, more in (("a", "95", {}), ("b", "99", {"window": "month"}))
    )
    assert one.key == other.key
    timed = read_objectives({"rows": [{"name": "a", "share": "95", "within": "PT8H"}]})
    assert timed[0].measure.key != one.key


controls = st.sampled_from(["auto", "review", "dual", "block"])
grids = st.lists(controls, min_size=1, max_size=5).map(
    lambda words: {
        "inputs": [],
        "rows": [
            {"impact": f"> {n}", "tests": [], "control": word}
            for n, word in enumerate(words)
        ],
    }
)


@given(grids, st.lists(controls, min_size=1, max_size=5))
def test_stricter_grid_lets_no_row_pass_more_easily(
    old: dict[str, Any], words: list[str]
) -> None:
    new = copy.deepcopy(old)
    for row, word in zip(new["rows"], words, strict=False):
        row["control"] = word
    rank = {"auto": 0, "review": 1, "dual": 2}
    pairs = [
        (a["control"], b["control"])
        for a, b in zip(old["rows"], new["rows"], strict=True)
    ]
    expected = all(
        a == b if "block" in (a, b) else rank[b] >= rank[a] for a, b in pairs
    )
    assert is_stricter(old, new) == expected
    assert is_stricter(old, old)
    assert not is_stricter(old, {**new, "rows": new["rows"] + new["rows"][:1]})


def test_burn_words_are_all_ruled() -> None:
    assert {rule.burn for rule in RULES} | {Burn.BURNT} == set(Burn)
