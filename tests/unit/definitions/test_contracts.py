"""Semantic versions, ranges and digests of contracts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.contracts import (
    Version,
    VersionError,
    VersionRange,
    contract_digest,
)

# The order that clause 11 of Semantic Versioning 2.0.0 gives as its example, extended.
ORDERED = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "10.0.0",
]


def test_versions_follow_the_standards_order() -> None:
    versions = [Version.parse(text) for text in ORDERED]
    assert sorted(versions) == versions
    for low, high in itertools.pairwise(versions):
        assert low < high
        assert low.order_key < high.order_key


@given(st.lists(st.integers(0, 99_999_999), min_size=3, max_size=3))
def test_version_survives_its_text(numbers: list[int]) -> None:
    text = ".".join(map(str, numbers))
    assert str(Version.parse(text)) == text
    assert len(Version.parse(text).order_key) <= 100


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "v1.2.3", "1.2.3-a_b", "1.2.3 "],
)
def test_text_that_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionError, match=r"version|pre-release"):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", "0.9.9 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0 10.0.0"),
        ("*", "0.9.9 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0 10.0.0"),
        ("1", "1.0.0 1.0.1 1.2.0 1.10.0"),
        ("1.0", "1.0.0 1.0.1"),
        ("1.0.1", "1.0.1"),
        (">=1.2,<2", "1.2.0 1.10.0"),
        ("<=1.0", "0.9.9 1.0.0 1.0.1"),
        (">1", "2.0.0 10.0.0"),
        ("<1", "0.9.9"),
        (
            ">=1.0.0-beta,<1.0.1",
            "1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
        ),
    ],
)
def test_range_allows_exactly_these(text: str, allowed: str) -> None:
    wanted = VersionRange.parse(text)
    found = [one for one in ORDERED if wanted.allows(Version.parse(one))]
    assert found == allowed.split()


@pytest.mark.parametrize("text", ["latest", "1.x", "^1", "1,", ">=", "1.2-rc"])
def test_text_that_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(VersionError):
        VersionRange.parse(text)


def test_best_is_the_highest_within() -> None:
    versions = [Version.parse(text) for text in ORDERED]
    assert VersionRange.parse("1").best(versions) == Version.parse("1.10.0")
    assert VersionRange.parse("3").best(versions) is None


def test_digest_sees_every_change_and_no_order() -> None:
    one = {"a": 1, "b": {"c": "é"}}
    assert contract_digest(one) == contract_digest({"b": {"c": "é"}, "a": 1})
    assert contract_digest(one) != contract_digest({"a": 1, "b": {"c": "e"}})
