"""The entry point of benchmarks: names and lines; no benchmark is run."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import __main__ as benchmarks


def test_unknown_name_is_told_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert benchmarks.main(["steps,nonsense"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("No benchmark nonsense; there are: ")
    assert "steps" in told


def test_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    benchmarks.emit({"bench": "b", "subject": "s", "value": 1, "unit": "x/s"})
    benchmarks.emit({"bench": "b", "vs": "other", "ratio": 2.5})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["bench"] for line in lines] == ["b", "b"]


def test_incomplete_line_is_refused() -> None:
    with pytest.raises(ValueError, match="A result needs"):
        benchmarks.emit({"bench": "b", "value": 1})
