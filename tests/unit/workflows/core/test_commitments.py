"""Commitments: digests stay, values come and go, paths lead where they say."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.canonical import digest
from workflows.core.commitments import (
    SALT_BYTES,
    Opening,
    PathError,
    commit,
    commit_at,
    commit_patch,
    derive_salt,
    find_commitments,
    find_values,
    open_content,
    parse_path,
    read_stand_in,
    salts_of,
    stand_in,
)
from workflows.core.payloads import Values

SECRET = bytes(range(32))
SALTS = salts_of(SECRET)

_NAMES = st.sampled_from(["a", "b", "c/d", "e~f", "0"])
_LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)
_CONTENTS = st.dictionaries(_NAMES, _TREES, max_size=4)
_PART = st.sampled_from(["a", "b", "c/d", "e~f", "0", "*"])
_PATHS = st.lists(
    st.builds(lambda name, more: (name, *more), _NAMES, st.lists(_PART, max_size=2)),
    max_size=4,
)


def _openings(openings: list[Opening]) -> dict[str, Any]:
    return {one.committed: one.value for one in openings}


def test_commit_is_the_hash_of_salt_and_canonical_json() -> None:
    expected = hashlib.sha256(SECRET + b'{"a":1,"b":"\xc3\xa9"}').hexdigest()
    assert commit(SECRET, {"b": "é", "a": 1}) == expected


def test_commit_refuses_a_salt_of_another_length() -> None:
    with pytest.raises(ValueError, match=str(SALT_BYTES)):
        commit(b"short", "value")


@given(_CONTENTS, _PATHS)
def test_opening_all_gives_the_content_back(
    content: dict[str, Any], paths: list[tuple[str, ...]]
) -> None:
    before = json.dumps(content, sort_keys=True)
    committed, openings = commit_at(content, paths, SALTS)
    assert json.dumps(content, sort_keys=True) == before
    assert open_content(committed, _openings(openings)) == content
    assert all(commit(one.salt, one.value) == one.committed for one in openings)


@given(_CONTENTS, _PATHS)
def test_commitments_found_are_those_that_were_made(
    content: dict[str, Any], paths: list[tuple[str, ...]]
) -> None:
    committed, openings = commit_at(content, paths, SALTS)
    made = sorted((one.place, one.committed) for one in openings)
    assert sorted(find_commitments(committed)) == made
    assert sorted(place for place, _ in find_values(content, paths)) == [
        place for place, _ in made
    ]


@given(_CONTENTS, _PATHS, _LEAVES)
def test_same_secret_gives_the_same_digest_and_another_does_not(
    content: dict[str, Any], paths: list[tuple[str, ...]], other: object
) -> None:
    first, openings = commit_at(content, paths, SALTS)
    again, _ = commit_at(content, reversed(paths), SALTS)
    assert digest(first) == digest(again)
    elsewhere, _ = commit_at(content, paths, salts_of(bytes(32)))
    assert (digest(first) == digest(elsewhere)) == (not openings)


@given(_CONTENTS, _PATHS, st.text(min_size=5, max_size=9, alphabet="xyz"))
def test_no_value_under_a_path_is_left(
    content: dict[str, Any], paths: list[tuple[str, ...]], secret: str
) -> None:
    content["a"] = {"b": [secret, {"a": secret}]}
    committed, _ = commit_at(content, [*paths, ("a",)], SALTS)
    assert secret not in json.dumps(committed)


def test_equal_values_in_two_places_do_not_show_as_equal() -> None:
    committed, _ = commit_at({"a": "x", "b": "x"}, [("a",), ("b",)], SALTS)
    assert committed["a"] != committed["b"]
    assert derive_salt(SECRET, "/a", "x") != derive_salt(SECRET, "/a", "y")


def test_wildcards_lead_into_lists_and_objects() -> None:
    content = {
        "guarantors": [{"name": "Ada", "share": 1}, {"name": "Bo", "share": 2}],
        "contacts": {"home": {"mail": "a@x"}, "work": {"mail": "b@x"}},
        "amount": 5,
    }
    paths = [parse_path("guarantors.*.name"), parse_path("contacts.*.mail")]
    committed, openings = commit_at(content, paths, SALTS)
    assert sorted(one.place for one in openings) == [
        "/contacts/home/mail",
        "/contacts/work/mail",
        "/guarantors/0/name",
        "/guarantors/1/name",
    ]
    assert committed["guarantors"][1]["share"] == 2
    assert committed["amount"] == 5


def test_variable_kept_apart_is_committed_to_as_a_whole() -> None:
    values = Values({"application": {"name": "Ada", "text": "x" * 100}}, limit=50)
    committed, (opening,) = commit_at(values, [("application", "name")], SALTS)
    assert read_stand_in(committed["application"]) == opening.committed
    assert opening.place == "/application"
    assert set(opening.value) == {"$payload", "size"}


def test_value_that_looks_like_a_commitment_is_committed_to() -> None:
    forged = stand_in("0" * 64)
    committed, (opening,) = commit_at({"a": forged}, [("a",)], SALTS)
    assert opening.value == forged
    assert committed["a"] != forged


@given(st.sampled_from(["Ada", 7, None, {"x": [1]}]))
def test_patch_has_the_commitments_of_the_contents_it_leads_to(value: object) -> None:
    paths = [parse_path("applicant.name"), parse_path("list.*.name")]
    patch: list[dict[str, Any]] = [
        {"op": "test", "path": "/applicant/name", "value": "before"},
        {"op": "replace", "path": "/applicant/name", "value": value},
        {"op": "replace", "path": "/list/0", "value": {"name": value, "n": 1}},
        {"op": "replace", "path": "/amount", "value": 3},
    ]
    made, openings = commit_patch(patch, paths, SALTS)
    content = {"applicant": {"name": value}, "list": [{"name": value}], "amount": 3}
    committed, _ = commit_at(content, paths, SALTS)
    assert made[1]["value"] == committed["applicant"]["name"]
    assert made[2]["value"] == {**committed["list"][0], "n": 1}
    assert made[0]["value"] != made[1]["value"]
    assert made[3] == patch[3]
    assert len(openings) == 3


@pytest.mark.parametrize("text", ["", "a..b", ".", "*", "*.name", "a."])
def test_path_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(PathError):
        parse_path(text)
