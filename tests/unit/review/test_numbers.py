"""Numbers of addresses, and of files: what is held, and what a spreadsheet would run."""

import pytest

from review.views.numbers import read_number, write_cell


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("0042", 42),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("9" * 5000, None),
        ("-1", None),
        ("1.0", None),
        (" 1", None),
        ("²", None),
        ("٣", None),
        ("", None),
    ],
)
def test_a_number_is_read_or_none(text: str, number: int | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["-5", "-0.0192", "-12.50", "5", "", "a-b", "2026-01-05"]
)
def test_a_cell_of_a_file_stays_as_it_is(text: str) -> None:
    assert write_cell(text) == text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49", "-1+1", "-A1", "-", "--5", "-5\n=1", "@SUM(A1)", "\t=1", "\r=1"],
)
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(text: str) -> None:
    assert write_cell(text) == f"'{text}"
