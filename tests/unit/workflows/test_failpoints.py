"""Failpoints: armed in the test environment only, by names that exist."""

import re
from pathlib import Path

import pytest

from workflows.failpoints import POINTS, BadFailpoint, read_armed

TEST = {"COUNTERSIGN_ENV": "test"}
ROOT = Path(__file__).resolve().parents[3]


def test_failpoints_are_read_in_the_test_environment_only() -> None:
    wish = {"FAILPOINTS": "call.after=self,parent timer.fire=both"}
    armed = {"call.after": ("self", "parent"), "timer.fire": ("both",)}
    assert read_armed({**TEST, **wish}) == armed
    assert read_armed({"COUNTERSIGN_ENV": "production", **wish}) == {}
    assert read_armed(TEST) == {}


@pytest.mark.parametrize("word", ["nowhere=self", "call.after=us", "call.after"])
def test_failpoint_that_does_not_exist_is_refused(word: str) -> None:
    with pytest.raises(BadFailpoint, match="arms no failpoint"):
        read_armed({**TEST, "FAILPOINTS": word})


def test_every_failpoint_stands_in_the_code() -> None:
    found = {
        name
        for folder in ("workflows", "review")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'failpoints\.reach\("([a-z.]+)"\)', path.read_text())
    }
    assert found == set(POINTS)
