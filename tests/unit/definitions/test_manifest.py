"""`package.toml`: read whole, or refused with every problem."""

import pytest

from workflows.core.manifest import ManifestError, read_manifest

GOOD = b"""
[package]
key = "travel-declaration"
version = "1.2.0"
name = "Travel"
owner = "Finance"
process = "main"
[settings]
limit = 200
nested = {a = ["b", true]}
"""


def test_manifest_is_read() -> None:
    manifest = read_manifest(GOOD)
    assert (manifest.key, str(manifest.version)) == ("travel-declaration", "1.2.0")
    assert (manifest.process, manifest.description) == ("main", "")
    assert manifest.settings == {"limit": 200, "nested": {"a": ["b", True]}}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"[package]", b"[pakage]", "has no table [package]"),
        (b'owner = "Finance"', b"", "owner is missing"),
        (b'owner = "Finance"', b"owner = 5", "owner must be text"),
        (b'"1.2.0"', b'"1.2"', "not a semantic version"),
        (b'"1.2.0"', b'"1.2.0+build"', "build metadata"),
        (b'"travel-declaration"', b'"Travel Declaration"', "lower-case words"),
        (b"process =", b'color = "red"\nprocess =', "unknown key 'color'"),
        (b"[settings]", b"[options]", "unknown table or key 'options'"),
        (b"limit = 200", b"limit = 2026-01-05", "write dates as text"),
        (b"limit = 200", b"limit = nan", "numbers"),
        (b"[package]", b"[package", "is no TOML"),
        (b'name = "Travel"', b'name = "' + b"x" * 201 + b'"', "longer than 200"),
        (b"Travel", b"\xff", "is no TOML"),
    ],
)
def test_bad_manifest_is_refused(old: bytes, new: bytes, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(GOOD.replace(old, new, 1))
    assert words in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(b"[package]\nkey = 'a'\n")
    assert len(caught.value.problems) == 4
