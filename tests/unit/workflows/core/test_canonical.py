"""Canonical JSON against the values printed in RFC 8785 and against json itself."""

import hashlib
import json
import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.canonical import (
    MAX_DEPTH,
    CanonicalError,
    _make_encoder,
    digest,
    dumps,
    format_decimal,
    format_float,
)

# RFC 8785, appendix B: IEEE 754 bits and their ECMAScript text.
APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B.items())
def test_float_is_written_as_in_appendix_b(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert format_float(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_float_without_json_form_is_refused(value: float) -> None:
    with pytest.raises(CanonicalError, match="no JSON form"):
        dumps({"confidence": value})


def test_sample_of_section_3_2_2() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert dumps(value) == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf16_units_as_in_section_3_2_3() -> None:
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(dumps(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
        (Decimal(100), "100"),
        (Decimal("0.000000123"), "0.000000123"),
        (Decimal("12345678901234567890123456789012345.6780"),
         "12345678901234567890123456789012345.678"),
    ],
)  # fmt: skip
def test_decimal_is_exact_and_shortest(value: Decimal, text: str) -> None:
    assert format_decimal(value) == text
    assert dumps([value]) == f"[{text}]"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+500", "1E-500"])
def test_decimal_without_plain_form_is_refused(value: str) -> None:
    with pytest.raises(CanonicalError):
        format_decimal(Decimal(value))


@pytest.mark.parametrize(
    "value",
    [
        {1: "key"},
        {"set": {1}},
        {"bytes": b"x"},
        "\ud800",
        {"\udfff": 1},
        pytest.param(10**5000, id="digits"),
        pytest.param([10**5000, Decimal(1)], id="digits-beside-decimal"),
    ],
)
def test_value_without_json_form_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        dumps(value)


@pytest.mark.parametrize("leaf", [1, 1.5])
def test_nesting_beyond_the_limit_is_refused(leaf: object) -> None:
    value = leaf
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(CanonicalError, match="nested deeper"):
        dumps(value)


@given(json_values)
def test_quick_and_plain_path_agree(value: object) -> None:
    # A Decimal beside the value forces the path that knows all types.
    try:
        quick = dumps([value])
    except CanonicalError:
        with pytest.raises(CanonicalError):
            dumps([value, Decimal(1)])
        return
    assert dumps([value, Decimal(1)]) == quick[:-1] + ",1]"
    assert json.loads(quick) == [value]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_reads_back_as_itself(value: float) -> None:
    assert float(format_float(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_decimal_reads_back_as_itself(value: Decimal) -> None:
    assert Decimal(format_decimal(value)) == value


def test_digest_is_sha256_of_the_canonical_bytes() -> None:
    expected = hashlib.sha256('{"a":1,"b":"\u00e9"}'.encode()).hexdigest()
    assert digest({"b": "\u00e9", "a": 1}) == expected


@pytest.mark.parametrize("value", [None, True, 7, "x", "\U0001f600", 1.5, Decimal(2)])
def test_single_value_reads_back(value: object) -> None:
    assert json.loads(dumps(value)) == value


def test_interpreter_without_c_encoder_writes_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert (
        _make_encoder()({"b": ["\u00e9", None], "a": 1})
        == '{"a":1,"b":["\u00e9",null]}'
    )
