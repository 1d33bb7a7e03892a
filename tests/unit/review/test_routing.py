"""Ranks, lanes, rules, exclusions and assignment: tables, and laws that hold for all."""

import datetime as dt
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.states import Assignment, PriorityClass
from review.core.tasks.assigning import Candidate, choose, explain_nobody, give
from review.core.tasks.exclusions import Someone, find_conflicts
from review.core.tasks.routing import (
    Lack,
    Place,
    Taker,
    Wip,
    age,
    explain_lack,
    find_lack,
    rank,
)
from review.core.tasks.rules import (
    Exclusion,
    Route,
    Ruleset,
    Words,
    find_problems,
    read_rules,
    route,
)

T0 = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
A, B, C = PriorityClass
PUSHES = [mode for mode in Assignment if mode is not Assignment.PULL]

classes = st.sampled_from(PriorityClass)
waits = st.integers(0, 100_000).map(lambda seconds: dt.timedelta(seconds=seconds))
agings = st.integers(60, 50_000).map(lambda seconds: dt.timedelta(seconds=seconds))


def candidate(number: int, **facts: object) -> Candidate:
    taker = facts.pop("taker", Taker())
    assert isinstance(taker, Taker)
    return Candidate(person_id=number, name=f"P{number}", taker=taker, **facts)  # type: ignore[arg-type]


# --- ranks and ages ---------------------------------------------------------------


@given(classes, classes, waits, agings)
def test_rank_puts_class_before_class_and_first_come_first_within(
    one: PriorityClass, other: PriorityClass, later: dt.timedelta, aging: dt.timedelta
) -> None:
    first = rank(priority=one, opened_at=T0, aging=aging)
    second = rank(priority=other, opened_at=T0 + later, aging=aging)
    if one.value <= other.value and later:
        assert first < second


@given(classes, agings)
def test_rank_starves_nobody(priority: PriorityClass, aging: dt.timedelta) -> None:
    waiting = rank(priority=priority, opened_at=T0, aging=aging)
    fresh = rank(priority=A, opened_at=T0 + 2 * aging + HOUR, aging=aging)
    assert waiting < fresh


@given(classes, waits, agings)
def test_aged_task_ranks_as_the_class_it_is_said_to_rank_with(
    priority: PriorityClass, waited: dt.timedelta, aging: dt.timedelta
) -> None:
    now = T0 + waited
    aged = age(priority=priority, opened_at=T0, aging=aging, now=now)
    own = rank(priority=priority, opened_at=T0, aging=aging)
    assert own <= rank(priority=aged.ranks_with, opened_at=now, aging=aging)
    if aged.since is not None:
        assert own == rank(priority=aged.ranks_with, opened_at=aged.since, aging=aging)
        assert aged.ranks_with.value < priority.value


@pytest.mark.parametrize(
    ("priority", "waited", "ranks_with", "since"),
    [
        (A, 9 * HOUR, A, None),
        (B, 3 * HOUR, B, None),
        (B, 4 * HOUR, A, T0 + 4 * HOUR),
        (C, 5 * HOUR, B, T0 + 4 * HOUR),
        (C, 30 * HOUR, A, T0 + 8 * HOUR),
    ],
)
def test_age_names_the_class_and_the_moment(
    priority: PriorityClass,
    waited: dt.timedelta,
    ranks_with: PriorityClass,
    since: dt.datetime | None,
) -> None:
    aged = age(priority=priority, opened_at=T0, aging=4 * HOUR, now=T0 + waited)
    assert (aged.ranks_with, aged.since) == (ranks_with, since)


# --- lanes and limits -------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "lack"),
    [
        (Place(1), None),
        (Place(1, "north"), None),
        (Place(1, "south"), Lack.REGION),
        (Place(1, "", "fraud", 3), None),
        (Place(1, "", "fraud", 4), Lack.LEVEL),
        (Place(1, "north", "law", 1), Lack.SKILL),
    ],
)
def test_lane_asks_for_region_and_level(place: Place, lack: Lack | None) -> None:
    taker = Taker(frozenset({"north"}), {"fraud": 3})
    assert find_lack(taker, place) is lack
    assert bool(explain_lack(taker, place)) is (lack is not None)


def test_person_without_regions_takes_those_of_all() -> None:
    assert find_lack(Taker(), Place(1, "anywhere")) is None


@pytest.mark.parametrize(
    ("held", "limit", "full"), [(0, 1, False), (1, 1, True), (9, None, False)]
)
def test_limit_is_reached_at_its_figure(
    held: int, limit: int | None, *, full: bool
) -> None:
    assert Wip(held, limit).is_full is full


# --- rules ------------------------------------------------------------------------

CASE = {"amount": 20_000, "country": "BE", "vendor": {"email": "v@example.org"}}


def routed(*rules: dict[str, object], **words: str) -> Route:
    ruleset = read_rules({"rules": list(rules)}, version="7")
    return route(words=Words(**words), ruleset=ruleset, variables=CASE)


@pytest.mark.parametrize(
    ("words", "rules", "expected"),
    [
        ({}, [], ("", "", 0, None, "")),
        ({"region": "north"}, [], ("north", "", 0, None, "")),
        ({"region": "=country"}, [], ("BE", "", 0, None, "")),
        ({"skill": "fraud"}, [], ("", "fraud", 1, None, "")),
        ({"skill": "fraud", "level": "if amount > 1 then 4 else 2"}, [],
         ("", "fraud", 4, None, "")),
        ({"level": "3"}, [], ("", "", 0, None, "")),
        ({}, [{"when": "amount > 10000", "class": "A"}], ("", "", 0, A, "")),
        ({}, [{"when": "amount < 10000", "class": "A"}], ("", "", 0, None, "")),
        ({"region": "north"}, [{"when": "-", "region": "south"}],
         ("south", "", 0, None, "")),
        ({}, [{"when": 'country = "BE"', "skill": "law", "level": 2},
              {"when": "true", "skill": "fraud", "queue": "big"}],
         ("", "law", 2, None, "big")),
    ],
)  # fmt: skip
def test_route_takes_the_first_rule_that_sets_a_word_over_the_steps_own(
    words: dict[str, str],
    rules: list[dict[str, object]],
    expected: tuple[object, ...],
) -> None:
    found = routed(*rules, **words)
    assert (
        found.region, found.skill, found.level, found.priority, found.queue,
    ) == expected  # fmt: skip
    assert found.problems == ()


def test_route_says_which_rule_matched_on_what() -> None:
    rule: dict[str, object] = {
        "name": "Big",
        "when": "amount > 10000",
        "class": "A",
        "skill": "law",
    }
    (match,) = routed(rule).matches
    assert match.to_json() == {
        "by": "Big",
        "when": "amount > 10000",
        "set": {"class": "A", "skill": "law"},
    }


def test_decision_of_the_definition_routes_before_the_rules() -> None:
    found = route(
        words=Words(region="north"),
        ruleset=Ruleset(),
        variables=CASE,
        answer={"region": "south", "level": 3, "skill": "law", "class": None},
    )
    assert (found.region, found.skill, found.level) == ("south", "law", 3)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ({"region": "=nowhere.at.all"}, "region is nothing here"),
        ({"region": "=1 +"}, "1 +"),
        ({"region": "=[1]"}, "is no word of up to 40 letters"),
        ({"skill": "law", "level": "=9"}, "does not go from 1 to 5"),
    ],
)
def test_words_that_mean_nothing_leave_a_sentence_and_the_default_lane(
    words: dict[str, str], part: str
) -> None:
    found = routed(**words)
    assert found.region == ""
    assert any(part in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (None, "Routing rules are"),
        ({"rules": [{"when": "amount >"}]}, "Rule 1: it sets nothing"),
        ({"rules": [{"when": "amount >", "class": "A"}]}, "Rule 1: when:"),
        ({"rules": [{"class": "D"}]}, "none of A, B and C"),
        ({"rules": [{"skill": "x", "level": 6}]}, "level goes from 1 to 5"),
        ({"rules": [{"colour": "x"}]}, "nobody knows the word 'colour'"),
        ({"rules": [{"class": "A"}, "no"]}, "Rule 2: it is no object"),
        ({"rules": [{"class": "A"}] * 201}, "too many"),
    ],
)
def test_rules_that_nobody_could_follow_are_refused(body: object, part: str) -> None:
    assert any(part in problem for problem in find_problems(body))
    with pytest.raises(ValueError, match=r"\w"):
        read_rules(body)


# --- conflicts of interest --------------------------------------------------------

ANN = Someone(1, "Ann", "ann@example.org", ("north",), {"law": 2})
BEN = Someone(2, "Ben", "v@example.org")


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("person.email = vendor.email", [2]),
        ("=person.email = payload.vendor.email", [2]),
        ('list contains(person.regions, "north")', [1]),
        ("person.skills.law >= 2", [1]),
        ("person.id = 99", []),
    ],
)
def test_conflict_excludes_whom_its_condition_names(
    text: str, excluded: Sequence[int]
) -> None:
    found = find_conflicts(
        [Exclusion("the step", text)], people=[ANN, BEN], payload=CASE
    )
    assert sorted(found.excluded) == excluded
    assert all(text.removeprefix("=") in why for why in found.excluded.values())


@pytest.mark.parametrize("text", ["person.email =", "person.nobody > 3", "1 + 1"])
def test_condition_that_says_nothing_excludes_nobody_and_is_told(text: str) -> None:
    found = find_conflicts([Exclusion("Big", text)], people=[ANN], payload=CASE)
    assert not found.excluded
    assert found.problems


# --- giving work out --------------------------------------------------------------

people = st.lists(
    st.builds(
        candidate,
        st.integers(1, 30),
        is_here=st.booleans(),
        load=st.integers(0, 5),
        limit=st.none() | st.integers(1, 5),
        queue_load=st.integers(0, 3),
        queue_limit=st.none() | st.integers(1, 3),
        turn=st.integers(0, 9),
        taker=st.builds(
            Taker,
            st.frozensets(st.sampled_from(["north", "south"])),
            st.dictionaries(st.just("law"), st.integers(1, 5)),
        ),
    ),
    max_size=8,
    unique_by=lambda one: one.person_id,
)
places = st.sampled_from([Place(1), Place(1, "north"), Place(1, "", "law", 3)])


@given(
    mode=st.sampled_from(Assignment),
    those=people,
    place=places,
    excluded=st.sets(st.integers(1, 30)),
    knows=st.lists(st.integers(1, 30), max_size=3),
)
def test_nobody_absent_full_barred_or_unable_gets_work(
    *,
    mode: Assignment,
    those: list[Candidate],
    place: Place,
    excluded: set[int],
    knows: list[int],
) -> None:
    chosen = choose(mode, those, place=place, excluded=excluded, knows=knows)
    able = {
        one.person_id
        for one in those
        if one.is_here
        and one.has_room
        and one.person_id not in excluded
        and find_lack(one.taker, place) is None
    }
    if mode is Assignment.PULL or not able:
        assert chosen is None
        return
    assert chosen is not None
    assert chosen.person_id in able
    first = next((one for one in knows if one in able), None)
    assert first in {None, chosen.person_id}


@given(st.sampled_from(PUSHES), people, places, st.randoms())
def test_choice_does_not_depend_on_the_order_of_people(
    mode: Assignment, those: list[Candidate], place: Place, random: Random
) -> None:
    shuffled = list(those)
    random.shuffle(shuffled)
    assert choose(mode, those, place=place) == choose(mode, shuffled, place=place)


@given(
    st.sampled_from([Assignment.ROUND_ROBIN, Assignment.LEAST_LOADED]),
    st.integers(1, 6),
    st.integers(0, 40),
)
def test_work_is_given_out_fairly_to_within_one(
    mode: Assignment, persons: int, tasks: int
) -> None:
    those = [candidate(number) for number in range(1, persons + 1)]
    got = dict.fromkeys(range(1, persons + 1), 0)
    for _ in range(tasks):
        chosen = choose(mode, those, place=Place(1))
        assert chosen is not None
        got[chosen.person_id] += 1
        those = give(those, chosen.person_id)
    assert max(got.values()) - min(got.values()) <= 1


def test_skill_match_takes_the_best_level_then_the_least_to_do() -> None:
    those = [
        candidate(1, taker=Taker(skills={"law": 3}), load=0),
        candidate(2, taker=Taker(skills={"law": 5}), load=4),
        candidate(3, taker=Taker(skills={"law": 5}), load=2),
        candidate(4, load=0),
    ]
    chosen = choose(Assignment.SKILL_MATCH, those, place=Place(1, "", "law", 2))
    assert chosen is not None
    assert (chosen.person_id, chosen.why) == (
        3,
        "P3 knows it best (law 5), with 2 to do.",
    )


def test_nobody_to_give_work_to_is_explained_by_what_keeps_each() -> None:
    law = Taker(skills={"law": 3})
    those = [
        candidate(1, taker=law),
        candidate(2, taker=law),
        candidate(3),
        candidate(4, taker=law, is_here=False),
        candidate(5, taker=law, load=2, limit=2),
        candidate(6, taker=law, is_here=False),
    ]
    told = explain_nobody(those, place=Place(1, "", "law", 2), excluded=[1], had=[2])
    assert told == (
        "Nobody can take it now: of 6 reviewers 1 may not judge it, 1 just had it,"
        " 1 without law 2, 2 not here now, 1 with no room for more."
    )
    assert explain_nobody([], place=Place(1)) == "Nobody reviews this queue."
