"""Quorum rules of queues: which row counts, and that they only ever raise."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.policies.quorum_policy import (
    Ask,
    QuorumPolicy,
    read_quorum_rules,
    settle_plan,
)
from review.core.policies.quorum_strictness import (
    describe_plan,
    find_margin,
    is_as_strict,
    raise_plan,
)
from review.core.states import Control, Decision, Outcome, Stage
from review.core.verdicts.quorum import Judgement, Plan, make_plan, tally
from workflows.core.bpmn.quorum_words import read_quorum

CONTROLS = st.sampled_from([Control.REVIEW, Control.DUAL])
COUNTED = st.integers(2, 9).flatmap(
    lambda of: st.integers(1, of).map(lambda n: f"{n} of {of}")
)
KINDS = st.one_of(
    st.sampled_from(["one", "dual", "weighted"]),
    COUNTED,
    st.integers(2, 9).map(lambda of: f"unanimous {of}"),
)
WORDS = st.tuples(KINDS, st.sampled_from(["", " open", " parallel"])).map(
    lambda pair: pair[0] if pair[0] == "one" else "".join(pair)
)
IMPACT = Decimal(5000)


def plan(word: str, control: Control = Control.REVIEW) -> Plan:
    return make_plan(word=read_quorum(word), control=control, impact=IMPACT)


PLANS = st.builds(plan, WORDS, CONTROLS)


@given(PLANS, PLANS, PLANS)
def test_strictness_is_an_order_with_a_least_plan_above_any_two(
    a: Plan, b: Plan, c: Plan
) -> None:
    assert is_as_strict(a, a)
    if is_as_strict(a, b) and is_as_strict(b, c):
        assert is_as_strict(a, c)
    both = raise_plan(a, b)
    assert is_as_strict(both, a)
    assert is_as_strict(both, b)
    if is_as_strict(c, a) and is_as_strict(c, b):
        assert is_as_strict(c, both)
    again = raise_plan(b, a)
    assert is_as_strict(both, again)
    assert is_as_strict(again, both)
    assert 1 <= both.needed <= both.of <= 15


@given(PLANS, PLANS, st.lists(st.booleans(), max_size=12))
def test_what_a_raised_plan_approves_has_the_persons_the_other_asks_for(
    step: Plan, rules: Plan, votes: list[bool]
) -> None:
    raised = raise_plan(step, rules)
    for seen in range(len(votes) + 1):
        found = tally(
            plan=raised,
            judgements=[
                Judgement(
                    number,
                    Decision.APPROVE if vote else Decision.REJECT,
                    1,
                    authority=IMPACT,
                )
                for number, vote in enumerate(votes[:seen], 1)
            ],
            current_round=1,
            initiator="person:99",
        )
        if found.outcome is None:
            continue
        if found.outcome is Outcome.APPROVED and found.stage is not Stage.ADJUDICATION:
            for other in (step, rules):
                assert found.approvals >= other.needed
                assert found.approvals - found.rejections >= find_margin(other)
        return


@given(WORDS, CONTROLS, st.lists(WORDS, min_size=1, max_size=3))
def test_rules_never_lower_what_step_and_grid_ask(
    word: str, control: Control, asked: list[str]
) -> None:
    rules = read_quorum_rules({"rows": [{"quorum": one} for one in asked]})
    answer = rules.answer(Ask("B", "loans", "check", IMPACT))
    found = settle_plan(
        word=read_quorum(word), control=control, impact=IMPACT, answer=answer
    )
    assert is_as_strict(found.plan, plan(word, control))
    assert found.without == plan(word, control)


@pytest.mark.parametrize(
    ("step", "asked", "control", "said"),
    [
        ("", "1 of 3", Control.REVIEW, "1 of 3"),
        ("", "2 of 3 parallel", Control.REVIEW, "2 of 3 parallel"),
        ("", "1 of 3", Control.DUAL, "2 of 3"),
        ("one", "1 of 3", Control.REVIEW, "one"),
        ("one", "2 of 3", Control.REVIEW, "2 of 3"),
        ("dual", "2 of 3", Control.REVIEW, "dual"),
        ("2 of 3", "dual", Control.REVIEW, "dual"),
        ("dual", "3 of 5", Control.REVIEW, "3 of 4"),
        ("unanimous 3", "3 of 5", Control.REVIEW, "unanimous 3"),
        ("unanimous 3", "4 of 5", Control.REVIEW, "4 of 5"),
        ("dual", "weighted", Control.REVIEW, "weighted by 2"),
        ("weighted", "unanimous 3", Control.REVIEW, "weighted by 3"),
        ("dual open", "2 of 3", Control.REVIEW, "dual"),
    ],
)
def test_rules_meet_the_step(
    step: str, asked: str, control: Control, said: str
) -> None:
    rules = read_quorum_rules({"rows": [{"quorum": asked}]})
    found = settle_plan(
        word=read_quorum(step) if step else None,
        control=control,
        impact=IMPACT,
        answer=rules.answer(Ask("B", "loans", "check", IMPACT)),
    )
    assert describe_plan(found.plan) == said


ROWS: dict[str, Any] = {
    "rows": [
        {"class": "A", "quorum": "dual"},
        {"process": "loans", "step": "check", "impact": ">= 10000", "quorum": "2 of 3"},
        {"impact": ">= 50000", "quorum": "unanimous 3"},
        {"process": "loans", "quorum": "one"},
    ]
}


@pytest.mark.parametrize(
    ("ask", "rows"),
    [
        (Ask("A", "other", "x", None), (1,)),
        (Ask("B", "loans", "check", Decimal(10000)), (2,)),
        (Ask("B", "loans", "other", Decimal(60000)), (3,)),
        (Ask("B", "loans", "check", Decimal(1)), (4,)),
        (Ask("B", "other", "check", Decimal(1)), None),
        (Ask("B", "loans", "check", None), (2, 3, 4)),
        (Ask("B", "other", "check", None), (3,)),
    ],
)
def test_first_row_that_matches_answers(ask: Ask, rows: tuple[int, ...] | None) -> None:
    answer = read_quorum_rules(ROWS).answer(ask)
    assert (answer.rows if answer else None) == rows


def test_unknown_impact_is_thought_to_be_the_worst() -> None:
    answer = read_quorum_rules(ROWS).answer(Ask("B", "loans", "check", None))
    assert answer is not None
    assert describe_plan(answer.make_plan(None)) == "unanimous 3"


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        ({"quorum": ""}, ("rows", 0, "quorum"), "say how many"),
        ({"quorum": "3 of 2"}, ("rows", 0, "quorum"), "from 1 to the second"),
        ({"quorum": "dual", "impact": "> x"}, ("rows", 0, "impact"), "alone, not 'x'"),
        ({"quorum": "dual", "impact": ">>"}, ("rows", 0, "impact"), "Impact"),
        ({"quorum": "dual", "class": "D"}, ("rows", 0, "class"), "A, B or C"),
        ({"quorum": "dual", "step": "a"}, ("rows", 0, "process"), "name the process"),
        ({"quorum": "dual", "who": "me"}, ("rows", 0), "nobody knows"),
    ],
)
def test_faults_name_their_cell(
    row: dict[str, str], place: tuple[object, ...], said: str
) -> None:
    faults = QuorumPolicy().check({"rows": [row]})
    assert [fault.place for fault in faults] == [place]
    assert said in faults[0].message


def test_row_below_one_that_takes_its_cases_is_refused() -> None:
    rows = [{"quorum": "dual"}, {"process": "loans", "quorum": "2 of 3"}]
    faults = QuorumPolicy().check({"rows": rows})
    assert [fault.place for fault in faults] == [("rows", 1)]
    assert not QuorumPolicy().check(ROWS)
    spaced = {"rows": [{"quorum": " 2  of 3 ", "impact": "-", "note": ""}]}
    assert QuorumPolicy().normalize(spaced) == {"rows": [{"quorum": "2 of 3"}]}
