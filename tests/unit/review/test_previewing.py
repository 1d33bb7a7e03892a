"""What moving cases costs and risks, and what differs between two versions."""

import pytest

from review.core.policies.lane_preview import LaneName, Routing, Sent, preview_lanes
from review.core.policies.policies import (
    Line,
    compare_lines,
    describe_changes,
    find_objection,
)
from review.core.policies.previewing import Case, preview, wilson
from review.core.policies.routing_policy import RoutingRules
from review.core.states import Control, PolicyState, PriorityClass
from review.views.policies.lane_preview import describe_lanes
from review.views.policies.policy_preview import describe_preview

AUTO, REVIEW, DUAL = Control.AUTO, Control.REVIEW, Control.DUAL


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (Wilson score): the published examples.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    found = wilson(hits, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.share == hits / n


def test_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0, 0)


def test_people_per_day_follow_from_judgements_and_their_median() -> None:
    # 600 cases in review, judged once for 30 minutes; half of them would pass.
    cases = [
        Case(
            REVIEW, AUTO if n % 2 else REVIEW, REVIEW, 1, 1800.0, overturned=n % 20 == 1
        )
        for n in range(600)
    ]
    found = preview(cases, weeks=2, total=600)
    assert found.moved == 300
    assert found.minutes == 30
    # 600 half hours in 10 days of 6 hours: 5 people; then 2.5.
    assert found.people_before == pytest.approx(5)
    assert found.people_a_day == pytest.approx(-2.5)
    error = found.moves[REVIEW, AUTO].error
    assert error is not None
    assert (error.n, error.share) == (300, 0.1)
    told = describe_preview(found)
    assert told["said"] == (
        "This moves 300 items from review to auto;"
        " people needed per day \N{MINUS SIGN}2.5."
    )
    assert told["moves"][0]["error"] == (
        "People rejected or changed 10.0 % (7.1 to 13.9 %) of the 300 they judged."
    )


def test_sample_is_scaled_up_and_says_so() -> None:
    cases = [Case(REVIEW, DUAL, REVIEW, 1, 600.0)] * 50
    cases += [Case(DUAL, DUAL, DUAL, 3, 1800.0)] * 50
    found = preview(cases, weeks=4, total=1000)
    assert found.scale == 10
    # A dual case took three judgements here, and so would those that become dual.
    assert found.per_case[DUAL] == 3
    assert found.people_after == pytest.approx(2 * 3 * 500 * 600 / (20 * 6 * 3600))
    told = describe_preview(found)
    assert told["said"].startswith("This moves 500 items from review to dual")
    assert told["sample"].startswith("100 of 1,000 tasks were replayed (10 %")


def test_too_little_is_called_too_little() -> None:
    few = preview([Case(REVIEW, AUTO, REVIEW, 1, 60.0)] * 29, weeks=2, total=29)
    assert few.moves[REVIEW, AUTO].error is None
    told = describe_preview(few)
    assert "not enough data" in told["said"]
    assert told["moves"][0]["error"].startswith("Not enough data: 29 judged")
    unseen = describe_preview(preview([Case(AUTO, REVIEW)], weeks=2, total=1))
    assert unseen["moves"][0]["error"].startswith("Nobody judged these")
    empty = describe_preview(preview([], weeks=2, total=0))
    assert (empty["is_empty"], empty["said"]) == (True, "")
    same = describe_preview(preview([Case(AUTO, AUTO)], weeks=2, total=1))
    assert same["said"].startswith("This moves no item")


def lines(*texts: str) -> list[Line]:
    return [Line(f"Row {n}", tuple(text.split())) for n, text in enumerate(texts, 1)]


def test_versions_are_compared_row_by_row() -> None:
    old, new = lines("a 1", "b 2", "c 3"), lines("a 1", "b 9", "c 3", "d 4")
    found = compare_lines(old, new)
    assert [(one.kind, one.was, one.number) for one in found] == [
        ("same", 1, 1),
        ("changed", 2, 2),
        ("same", 3, 3),
        ("added", None, 4),
    ]
    assert (found[1].old, found[1].marks) == (("b", "2"), (False, True))
    assert describe_changes(found) == "1 row changed, 1 row added."
    gone = compare_lines(old, lines("c 3"))
    assert describe_changes(gone, what="rule") == "2 rules removed."
    assert describe_changes(compare_lines(old, old)) == "Nothing differs."


def test_nobody_settles_what_he_proposed() -> None:
    waiting = PolicyState.PROPOSED
    assert find_objection(state=waiting, author_id=1, person_id=2) == ""
    assert "yourself" in find_objection(state=waiting, author_id=1, person_id=1)
    settled = find_objection(state=PolicyState.IN_FORCE, author_id=1, person_id=2)
    assert "settled already" in settled


def test_routing_rules_are_one_kind_among_policies() -> None:
    rules = RoutingRules()
    body = {"rules": [{"name": " Large ", "when": "amount > 500", "class": "A"}]}
    assert rules.check(body) == []
    stored = rules.normalize({"rules": [{**body["rules"][0], "region": ""}]})
    assert stored == {
        "rules": [{"name": "Large", "when": "amount > 500", "class": "A"}]
    }
    [line] = rules.list_lines(stored)
    assert line.cells[:3] == ("Large", "amount > 500", "A")
    [fault] = rules.check({"rules": [{"when": "amount >", "class": "A"}]})
    assert fault.place == ("rows", 0, "when")
    [fault] = rules.check({"rules": [{"class": "A"}, {}]})
    assert fault.place == ("rows", 1)
    assert rules.check([])[0].place == ("rows",)


def test_lanes_tell_moves_people_and_who_can_take_them() -> None:
    north, law = LaneName("desk", "north"), LaneName("desk", "north", "law", 2)
    other = LaneName("big")
    cases = [
        Routing(Sent(north), Sent(law if n < 150 else north), REVIEW, 1, 1800.0)
        for n in range(600)
    ] + [
        Routing(
            Sent(north), Sent(other, PriorityClass.A, "amount: null"), DUAL, 2, 3600.0
        )
        for n in range(30)
    ]
    found = preview_lanes(
        cases,
        weeks=2,
        total=1260,
        count_takers={north: 4, law: 0, other: 1}.__getitem__,
    )
    assert found.moves == {(north, law): 150, (north, other): 30}
    figures = {one.lane: one for one in found.lanes}
    # 1,200 half hours and 60 cases that take two of them, in 10 days of 6 hours.
    assert figures[north].people_before == pytest.approx(1320 / 120)
    assert figures[law].people_after == pytest.approx(300 / 120)
    assert [one.lane for one in found.lanes if one.is_unserved] == [law]
    told = describe_lanes(found, queue="desk")
    assert told["said"] == (
        "This moves 360 items (29 %) to another lane. 60 items get another class."
    )
    assert told["unserved"] == [
        "Nobody can take north, law 2: 300 items would wait there."
    ]
    assert told["moves"][1] == {"from": "north", "to": "big", "count": "60"}
    assert told["problems"] == ["In 60 cases: amount: null"]
    assert told["lanes"][0]["people_after"] == "7.5"
