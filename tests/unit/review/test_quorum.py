"""Quorums: what judgements make of a task, and who may give one."""

import itertools
from collections.abc import Collection
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.states import VOTES, Control, Decision, Outcome, Stage
from review.core.tasks.coverage import Lack, Voter, find_gap
from review.core.verdicts.quorum import (
    Judgement,
    Objection,
    Plan,
    Tally,
    count_free_seats,
    find_objection,
    list_excluded,
    make_plan,
    read_plan,
    tally,
)
from workflows.core.bpmn.quorum_words import QuorumKind, read_quorum

YES, NO, EDIT = Decision.APPROVE, Decision.REJECT, Decision.EDIT_AND_APPROVE
APPROVED, REJECTED = Outcome.APPROVED, Outcome.REJECTED
FIRST, SECOND, DISPUTE = Stage.FIRST, Stage.SECOND, Stage.ADJUDICATION


def plan(
    word: str, *, control: Control = Control.REVIEW, amount: int | None = None
) -> Plan:
    impact = None if amount is None else Decimal(amount)
    return make_plan(word=read_quorum(word), control=control, impact=impact)


def count(
    text: str,
    *,
    word: str = "dual",
    amount: int | None = None,
    reject_ends: bool = False,
    initiator: str = "person:99",
) -> Tally:
    """Count votes such as "y n y"; "y5000" is a yes of somebody with that authority."""
    words = {"y": YES, "n": NO, "e": EDIT}
    judgements = [
        Judgement(
            number,
            words[one[0]],
            1,
            authority=Decimal(one[1:]) if one[1:] else None,
        )
        for number, one in enumerate(text.split(), 1)
    ]
    return tally(
        plan=plan(word, amount=amount),
        judgements=judgements,
        current_round=1,
        initiator=initiator,
        reject_ends=reject_ends,
    )


@pytest.mark.parametrize(
    ("word", "votes", "outcome", "stage"),
    [
        ("one", "", None, FIRST),
        ("one", "y", APPROVED, FIRST),
        ("one", "e", APPROVED, FIRST),
        ("one", "n", REJECTED, FIRST),
        ("dual", "", None, FIRST),
        ("dual", "y", None, SECOND),
        ("dual", "n", None, SECOND),
        ("dual", "e", None, SECOND),
        ("dual", "y y", APPROVED, SECOND),
        ("dual", "e y", APPROVED, SECOND),
        ("dual", "n n", REJECTED, SECOND),
        ("dual", "y n", None, DISPUTE),
        ("dual", "n y", None, DISPUTE),
        ("dual", "y n y", APPROVED, DISPUTE),
        ("dual", "n y n", REJECTED, DISPUTE),
        ("2 of 3", "y n", None, SECOND),
        ("2 of 3", "y n y", APPROVED, SECOND),
        ("2 of 3", "n y n", REJECTED, SECOND),
        ("2 of 3", "n n", REJECTED, SECOND),
        ("1 of 3", "n", None, SECOND),
        ("1 of 3", "n n y", APPROVED, SECOND),
        ("1 of 3", "n n n", REJECTED, SECOND),
        ("3 of 4", "y y n n", None, DISPUTE),
        ("3 of 4", "y n n n", REJECTED, SECOND),
        ("3 of 4", "y y n n y", APPROVED, DISPUTE),
        ("unanimous 3", "y y", None, SECOND),
        ("unanimous 3", "y y y", APPROVED, SECOND),
        ("unanimous 3", "n n", None, SECOND),
        ("unanimous 3", "n n n", REJECTED, SECOND),
        ("unanimous 3", "y n", None, DISPUTE),
        ("unanimous 3", "y n n", REJECTED, DISPUTE),
    ],
)
def test_counted_quorums(
    word: str, votes: str, outcome: Outcome | None, stage: Stage
) -> None:
    found = count(votes, word=word)
    assert (found.outcome, found.stage) == (outcome, stage)


@pytest.mark.parametrize(
    ("votes", "outcome", "stage"),
    [
        ("y10000", APPROVED, FIRST),
        ("y4000", None, SECOND),
        ("y", None, SECOND),
        ("y4000 y6000", APPROVED, SECOND),
        ("y4000 y5999", None, SECOND),
        ("y4000 y y6000", APPROVED, SECOND),
        ("n", REJECTED, FIRST),
        ("y4000 n", None, DISPUTE),
        ("y4000 n y", None, DISPUTE),
        ("y4000 n y6000", APPROVED, DISPUTE),
        ("y4000 n n", REJECTED, DISPUTE),
    ],
)
def test_weighted_quorum_of_ten_thousand(
    votes: str, outcome: Outcome | None, stage: Stage
) -> None:
    found = count(votes, word="weighted", amount=10_000)
    assert (found.outcome, found.stage) == (outcome, stage)


def test_one_rejection_ends_where_the_step_says_so() -> None:
    assert count("n", reject_ends=True).outcome is REJECTED
    assert count("y n", reject_ends=True).outcome is REJECTED
    assert count("y", reject_ends=True).outcome is None


def test_what_does_not_count() -> None:
    def after(*judgements: Judgement, initiator: str = "", turn: int = 1) -> int:
        return tally(
            plan=plan("dual"),
            judgements=judgements,
            current_round=turn,
            initiator=initiator,
        ).votes

    one, other = Judgement(1, YES, 1), Judgement(2, YES, 1)
    assert after(one, other) == 2
    assert after(one, one) == 1
    assert after(one, other, initiator="person:1") == 1
    assert after(one, other, initiator="token:1") == 2
    assert after(one, Judgement(2, EDIT, 2), turn=2) == 1
    for word in set(Decision) - VOTES:
        assert after(one, Judgement(2, word, 1)) == 1
    # A delegate's vote is his giver's too, whoever of them was first.
    for_one = Judgement(3, YES, 1, on_behalf_of=1)
    assert after(one, for_one) == after(for_one, one) == 1
    assert after(for_one, Judgement(4, YES, 1, on_behalf_of=1)) == 1
    assert after(for_one, initiator="person:1") == 0


def test_grid_raises_one_person_to_two_and_lowers_nothing() -> None:
    dual = Control.DUAL
    assert plan("one", control=dual) == plan("dual")
    assert (
        plan("1 of 3", control=dual).needed,
        plan("1 of 3", control=dual).of,
    ) == (2, 3)
    assert plan("unanimous 3", control=dual) == plan("unanimous 3")
    alone = plan("weighted", control=dual, amount=10)
    assert (alone.kind, alone.needed) == (QuorumKind.WEIGHTED, 2)
    assert plan("weighted").kind is QuorumKind.DUAL  # nobody knows the amount


def test_pinned_plan_comes_back() -> None:
    for word in ("one", "dual parallel", "2 of 3 open", "weighted parallel open"):
        made = plan(word, amount=12)
        pinned = {k: v for k, v in made.to_json().items() if v is not None}
        assert read_plan(pinned, control=Control.REVIEW) == made
    assert read_plan(None, control=Control.DUAL) == plan("dual")
    assert read_plan({}, control=Control.REVIEW) == plan("one")


def test_seats() -> None:
    def free(word: str, votes: str, held: int, amount: int | None = None) -> int:
        standing = count(votes, word=word, amount=amount)
        return count_free_seats(plan(word, amount=amount), standing=standing, held=held)

    assert free("2 of 3", "", 0) == 1
    assert free("2 of 3", "", 1) == 0
    assert free("2 of 3 parallel", "", 0) == 3
    assert free("2 of 3 parallel", "y", 1) == 1
    assert free("2 of 3 parallel", "y n", 1) == 0
    assert free("dual parallel", "y n", 0) == 1  # the adjudicator's, alone
    assert free("dual parallel", "y n", 1) == 0
    assert free("dual parallel", "y y", 0) == 0
    assert free("weighted parallel", "y1 y1", 1, amount=10) == 2


@pytest.mark.parametrize(
    ("person", "others", "turn", "expected"),
    [
        (7, (), 1, Objection.INITIATOR),
        (1, (), 1, Objection.ALREADY_JUDGED),
        (4, (), 1, Objection.ALREADY_JUDGED),  # somebody voted in his place
        (1, (), 2, None),
        (2, (), 1, None),
        (2, (7,), 1, Objection.COUNTS_AS_INITIATOR),
        (2, (7,), 2, Objection.COUNTS_AS_INITIATOR),
        (2, (1,), 1, Objection.COUNTS_AS_JUDGE),
        (2, (1,), 2, None),
    ],
)
def test_objections(
    person: int, others: tuple[int, ...], turn: int, expected: Objection | None
) -> None:
    judged = [Judgement(1, YES, 1), Judgement(3, NO, 1, on_behalf_of=4)]
    asked = Judgement(2, Decision.REQUEST_INFORMATION, 1)
    found = find_objection(
        persons={person, *others},
        person_id=person,
        initiator="person:7",
        judgements=[*judged, asked],
        current_round=turn,
    )
    assert found is expected


@pytest.mark.parametrize(
    ("initiator", "excluded"),
    [("person:7", [1, 7, 8]), ("token:7", [1, 8]), ("", [1, 8]), ("person:x", [1, 8])],
)
def test_excluded_are_initiator_and_judges(initiator: str, excluded: list[int]) -> None:
    judged = [Judgement(1, YES, 2, on_behalf_of=8), Judgement(3, YES, 1)]
    assert (
        list_excluded(initiator=initiator, judgements=judged, current_round=2)
        == excluded
    )


@pytest.mark.parametrize(
    "word",
    ["two", "0 of 3", "4 of 3", "1 of 1", "2 of 16", "unanimous 1", "unanimous",
     "dual soon", "dualparallel", "one parallel", "one open", "2 of 3 of 4"],
)  # fmt: skip
def test_word_nobody_understands(word: str) -> None:
    with pytest.raises(ValueError, match=r"^'"):
        read_quorum(word)


def test_words() -> None:
    assert read_quorum("") == read_quorum("one")
    found = read_quorum("  2  of 3   parallel open ")
    assert (found.kind, found.needed, found.of) == (QuorumKind.N_OF_M, 2, 3)
    assert found.parallel
    assert found.open


WORDS = st.sampled_from(["dual", "2 of 3", "1 of 3", "3 of 4", "3 of 5", "unanimous 3"])
VOTE = st.sampled_from(sorted(VOTES))
RANK = {REJECTED: 0, None: 1, APPROVED: 2}


@given(
    WORDS,
    st.lists(
        st.builds(
            Judgement,
            person_id=st.integers(1, 5),
            decision=st.sampled_from(Decision),
            round=st.integers(1, 2),
            on_behalf_of=st.none() | st.integers(1, 5),
        ),
        max_size=9,
    ),
    st.integers(1, 5),
)
def test_no_outcome_of_fewer_natural_persons_than_asked(
    word: str, judgements: list[Judgement], initiator: int
) -> None:
    asked = plan(word)
    found = tally(
        plan=asked,
        judgements=judgements,
        current_round=1,
        initiator=f"person:{initiator}",
    )
    counted = [
        one
        for one in judgements
        if one.round == 1 and one.decision in VOTES and initiator not in one.persons
    ]
    persons = {one.person_id for one in counted}
    if found.outcome is not None:
        assert len(persons) >= min(asked.needed, asked.refusals)
    assert found.votes <= len(persons)


@given(WORDS, st.lists(VOTE, max_size=7), st.permutations(range(1, 8)))
def test_who_the_reviewers_are_does_not_matter(
    word: str, votes: list[Decision], names: list[int]
) -> None:
    found = {
        tally(
            plan=plan(word),
            judgements=[Judgement(n, one, 1) for n, one in zip(who, votes)],  # noqa: B905
            current_round=1,
            initiator="",
        )
        for who in (names, sorted(names))
    }
    assert len(found) == 1


@given(WORDS, st.lists(VOTE, max_size=5))
def test_order_does_not_matter_before_a_dispute(
    word: str, votes: list[Decision]
) -> None:
    votes = votes[: plan(word).of]
    found = {
        tally(
            plan=plan(word),
            judgements=[Judgement(n, one, 1) for n, one in enumerate(order)],
            current_round=1,
            initiator="",
        ).outcome
        for order in itertools.permutations(votes)
    }
    decided = found - {None}
    assert len(decided) <= 1


@given(
    WORDS | st.just("weighted"),
    st.lists(st.tuples(VOTE, st.integers(0, 12)), max_size=7),
    st.integers(0, 6),
)
def test_approving_instead_of_rejecting_never_harms(
    word: str, votes: list[tuple[Decision, int]], place: int
) -> None:
    def rank(given_votes: list[tuple[Decision, int]]) -> int:
        judgements = [
            Judgement(n, one, 1, authority=Decimal(limit))
            for n, (one, limit) in enumerate(given_votes)
        ]
        return RANK[
            tally(
                plan=plan(word, amount=10),
                judgements=judgements,
                current_round=1,
                initiator="",
            ).outcome
        ]

    better = [
        (YES, limit) if n == place else (one, limit)
        for n, (one, limit) in enumerate(votes)
    ]
    assert rank(better) >= rank(votes)


@given(WORDS | st.just("weighted"), st.lists(VOTE, max_size=4))
def test_there_is_always_a_vote_that_leads_on(word: str, votes: list[Decision]) -> None:
    """It ends after one person more than asked for; with authority, at any time."""
    asked = plan(word, amount=10)
    judgements = [Judgement(n, one, 1) for n, one in enumerate(votes)]

    def then(*more: Judgement) -> Tally:
        return tally(
            plan=asked,
            judgements=[*judgements, *more],
            current_round=1,
            initiator="",
        )

    if word == "weighted":
        assert then(Judgement(50, YES, 1, authority=Decimal(10))).outcome is not None
        return
    left = max(0, asked.of + 1 - len(votes))
    for last in itertools.product((YES, NO), repeat=min(left, 6)):
        ends = [Judgement(50 + n, one, 1) for n, one in enumerate(last)]
        assert then(*ends).outcome is not None


# --- can those who are left approve it --------------------------------------------

weights = st.sampled_from([None, *map(Decimal, (1000, 3000, 9000))])
pairings = st.sets(st.tuples(st.integers(11, 15), st.integers(11, 15)), max_size=4)


def voters(
    *authorities: Decimal | int | None, pairs: Collection[tuple[int, int]] = ()
) -> list[Voter]:
    """Return persons from 11 on who have these authorities."""
    return [
        Voter(
            number,
            None if amount is None else Decimal(amount),
            frozenset(
                ({a, b} - {number}).pop()
                for a, b in pairs
                if number in {a, b} and a != b
            ),
        )
        for number, amount in enumerate(authorities, 11)
    ]


@pytest.mark.parametrize(
    ("word", "cast", "left", "said"),
    [
        ("one", "", [], "Nobody is left who may judge it and has law 2."),
        ("one", "", [None], ""),
        ("dual", "", [None], "It takes 2 more persons, and only 1 is"),
        ("dual", "y", [None], ""),
        ("dual", "y", [], "Nobody is left"),
        ("dual", "y n", [None], ""),
        ("unanimous 4", "y", [None, None], "It takes 3 more persons"),
        ("weighted", "", [1000, 3000], "over 5,000.00 more, and those"),
        ("weighted", "", [1000, 4000], ""),
        ("weighted", "y3000", [1000, None], "reach 1,000.00"),
        ("weighted", "y3000", [2000], ""),
        ("weighted", "y3000 n", [1000, 1000], "reach 1,000.00"),
    ],
)
def test_gap_says_what_those_who_are_left_lack(
    word: str, cast: str, left: list[int | None], said: str
) -> None:
    gap = find_gap(
        plan=plan(word, amount=5000),
        standing=count(cast, word=word, amount=5000),
        voters=voters(*left),
    )
    assert bool(gap) is bool(said)
    assert said in (gap.explain(queue="desk", asks="law 2") if gap else "")


def test_gap_counts_a_stand_in_and_his_giver_once() -> None:
    both = voters(3000, 4000, pairs={(11, 12)})
    gap = find_gap(
        plan=plan("weighted", amount=5000),
        standing=count("", word="weighted", amount=5000),
        voters=both,
    )
    assert gap is not None
    assert (gap.lack, gap.reached) == (Lack.AUTHORITY, Decimal(4000))


@given(
    st.sampled_from(["one", "dual", "2 of 3", "unanimous 3", "weighted"]),
    st.lists(weights, max_size=4),
    pairings,
)
def test_gap_is_told_only_where_no_choice_of_persons_approves(
    word: str, left: list[Decimal | None], pairs: set[tuple[int, int]]
) -> None:
    asked = plan(word, amount=5000)
    those = voters(*left, pairs=pairs)
    can = any(
        tally(
            plan=asked,
            judgements=[
                Judgement(one.person_id, YES, 1, authority=one.authority)
                for one in chosen
            ],
            current_round=1,
            initiator="",
        ).outcome
        is APPROVED
        for size in range(len(those) + 1)
        for chosen in itertools.combinations(those, size)
        if not any(one.person_id in two.partners for one in chosen for two in chosen)
    )
    gap = find_gap(plan=asked, standing=count("", word=word, amount=5000), voters=those)
    assert not (can and gap)
    if not pairs:
        assert can is (gap is None)
