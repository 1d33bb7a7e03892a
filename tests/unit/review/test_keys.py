"""Keys and their conflicts; what softens pictures."""

import pytest

from review.core.keys import (
    ACTIONS,
    BY_NAME,
    find_conflicts,
    is_key,
    is_single,
    map_keys,
    read_keys,
)
from review.core.tasks.wellness import THUMBNAILS, WORDS, Wellness


def test_the_defaults_are_keys_of_their_own() -> None:
    assert find_conflicts({}) == []
    assert [action.key for action in ACTIONS if not is_key(action.key)] == []
    assert len({action.key for action in ACTIONS}) == len(ACTIONS) == len(BY_NAME)


@pytest.mark.parametrize(
    "text", ["q", "Shift+Q", "F2", "Control+b", "g q", "é", "+", "ArrowUp"]
)
def test_what_a_key_may_be(text: str) -> None:
    assert is_key(text)


@pytest.mark.parametrize(
    "text", ["", "Q", " ", "Tab", "Control+s", "g q x", "Control+b q", "Meta", "ab"]
)
def test_what_no_key_is(text: str) -> None:
    assert not is_key(text)


def test_conflicts_name_both_actions_and_their_key() -> None:
    (only,) = find_conflicts({"approve": "r"})
    assert (only[0].name, only[1].name, only[2]) == ("approve", "reject", "r")


def test_a_key_that_begins_a_sequence_takes_the_sequence_too() -> None:
    found = {second.name for _, second, key in find_conflicts({"undo": "g"}) if key}
    assert {"go-queues", "go-mine"} <= found


def test_screens_that_never_meet_may_share_a_key() -> None:
    assert find_conflicts({"try": "a"}) == []


def test_a_map_leaves_out_what_is_unknown_broken_or_the_default() -> None:
    kept = {"approve": "y", "gone": "q", "reject": 7, "undo": "Tab", "edit": "e"}
    assert read_keys(kept) == {"approve": "y", "edit": "e"}
    assert map_keys(kept) == {"a": "y"}


def test_chords_are_no_single_keys() -> None:
    assert is_single("g q")
    assert not is_single("Control+Enter")


def test_the_organisation_says_the_defaults_of_wellness() -> None:
    assert Wellness.of_words([]) == Wellness()
    strict = Wellness.of_words(["strong-blur", "greyscale", "small"])
    assert (strict.blur, strict.greyscale, strict.mute) == (3, True, False)
    assert strict.thumbnails == "small"
    assert set(THUMBNAILS) <= set(WORDS)


def test_a_person_keeps_only_what_differs_from_the_organisation() -> None:
    house = Wellness.of_words(["blur", "greyscale", "mute"])
    mine = house.override({"blur": 0, "thumbnails": "huge", "gone": True})
    assert (mine.blur, mine.greyscale, mine.thumbnails) == (0, True, "medium")
    assert house.differences(mine) == {"blur": 0}
    assert house.differences(house) == {}
