"""JSON as people see and edit it."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from review.views.formats import dump_json

NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_json_that_is_handed_in_unchanged_is_unchanged(value: object) -> None:
    assert json.loads(dump_json(value), parse_float=Decimal) == value


def test_decimals_are_shown_as_numbers() -> None:
    assert dump_json({"rate": Decimal("3.50")}) == '{\n  "rate": 3.5\n}'
