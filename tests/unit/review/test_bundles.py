"""Which bytes of a bundle a download asks for (RFC 9110, section 14.1.2)."""

import pytest

from review.core.evidence.bundles import RangeRefused, read_range

HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-4", (0, 4)),
        ("bytes=5-", (5, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-30", (0, 9)),
        ("bytes=0-99", (0, 9)),
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-4", None),
        ("bytes=a-4", None),
        ("", None),
        (f"bytes=0-{HUGE}", None),
        (f"bytes=-{HUGE}", None),
    ],
)
def test_a_range_is_read_or_passed_over(
    header: str, found: tuple[int, int] | None
) -> None:
    assert read_range(header, size=10) == found


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0", "bytes=-"])
def test_a_range_beyond_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeRefused):
        read_range(header, size=10)
