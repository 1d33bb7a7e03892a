"""What stands where content was erased, what is looked for, and what opens it."""

import hashlib
from typing import Any

import pytest

from review.core.evidence.erasing import (
    MOST_NAMED,
    WORDS,
    blank_words,
    holds_words,
    in_parts,
    is_erased,
    marker,
    read_marker,
    readable,
)
from review.evidence.openings import canonical, check_disclosures, check_erased
from workflows.core.canonical import dumps
from workflows.core.commitments import commit, stand_in

SALT = bytes(range(32))


def test_marker_names_the_digest_and_nothing_else_is_one() -> None:
    digest = "a" * 64
    assert read_marker(marker(digest)) == digest
    assert is_erased(marker(digest))
    assert is_erased(stand_in(digest))
    for other in (None, {}, {"$erased": "short"}, {"$erased": digest, "x": 1}, digest):
        assert read_marker(other) == ""


def test_pages_read_words_where_values_were() -> None:
    content = {"name": stand_in("b" * 64), "list": [stand_in("c" * 64), 5]}
    assert readable(content) == {"name": WORDS, "list": [WORDS, 5]}
    assert readable(marker("d" * 64)) == {"content": WORDS}


def test_needles_are_found_and_blanked_in_keys_texts_and_numbers() -> None:
    needles = frozenset({"Ada Lovelace", "1815"})
    for content in ({"a": ["x Ada Lovelace y"]}, {"Ada Lovelace": 1}, [{"n": 1815}]):
        assert holds_words(content, needles)
        assert not holds_words(blank_words(content, needles), needles)
    assert not holds_words({"a": ["Ada", 18, None, True]}, needles)


def test_names_are_cut_into_entries_that_fit() -> None:
    names = [str(number) for number in range(MOST_NAMED + 1)]
    assert [len(part) for part in in_parts(names)] == [MOST_NAMED, 1]
    assert in_parts([]) == [()]


@pytest.mark.parametrize(
    "value", ["é\n\u2028", 12, None, True, {"b": [1, {"a": "x"}], "": 0}, [], -5]
)
def test_verifier_writes_values_as_the_product_does(value: object) -> None:
    assert canonical(value) == dumps(value)


def row(value: object, /, **changes: Any) -> dict[str, Any]:
    made = {
        "committed": commit(SALT, value),
        "salt": SALT.hex(),
        "value": value,
        "what": "a name",
    }
    return {**made, **changes}


def test_opened_values_are_checked_and_closed_ones_counted() -> None:
    contents = [{"name": stand_in(commit(SALT, "Ada"))}, [stand_in("f" * 64)]]
    erased = {"kind": "content.erased", "detail": {"commitments": ["f" * 64]}}
    *found, last = check_disclosures([row("Ada")], contents, [erased])
    assert [good for _, good, _ in found] == [True]
    assert last == (
        "commitments",
        True,
        "2 stand in the bundle, 1 are open, 0 are withheld, 1 content erased",
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (row("Bob"), "stands nowhere"),
        (row("Ada", value="Bob"), "not the value"),
        (row("Ada", salt="00" * 32), "not the value"),
        (row("Ada", salt="00"), "no salt"),
    ],
)
def test_wrong_opening_is_told(wrong: dict[str, Any], words: str) -> None:
    contents = [{"name": stand_in(commit(SALT, "Ada"))}]
    first, *_ = check_disclosures([wrong], contents)
    assert first[1] is False
    assert words in first[2]


def test_value_that_was_erased_and_is_open_again_is_told() -> None:
    contents = [{"name": stand_in(commit(SALT, "Ada"))}]
    erased = {
        "kind": "content.pruned",
        "detail": {"commitments": [commit(SALT, "Ada")]},
    }
    *_, last = check_disclosures([row("Ada")], contents, [erased])
    assert last[1] is False


def test_content_that_is_gone_needs_an_entry_that_says_so() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    case = {"contents_erased": [{"sha256": digest, "what": "shown"}]}
    named = {"kind": "task.opened", "detail": {"shown": digest}}
    erased = {"kind": "content.erased", "detail": {"contents": [digest]}}
    for entries, good in (([named, erased], True), ([named], False), ([erased], False)):
        assert [found[1] for found in check_erased(case, entries)] == [good]
