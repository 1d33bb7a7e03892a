"""Numbers of addresses: those that the database can hold, and nothing else."""

import pytest

from review.views.numbers import read_number


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
