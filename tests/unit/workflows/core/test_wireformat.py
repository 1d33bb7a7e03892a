"""Binary fields say what psycopg says of the same values."""

import datetime as dt
from uuid import UUID

import pytest
from psycopg.adapt import PyFormat, Transformer
from psycopg.postgres import types
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int2, Int4, Int8

from workflows.core import wireformat as wire

MOMENT = dt.datetime(2026, 1, 5, 9, 30, 0, 123456, tzinfo=dt.UTC)
EARLY = dt.datetime(1969, 12, 31, 23, 0, 0, 1, tzinfo=dt.UTC)
ID = UUID("01890000-0000-7000-8000-000000000001")


def _driver(value: object) -> bytes:
    dumper = Transformer().get_dumper(value, PyFormat.BINARY)
    data = dumper.dump(value)
    assert data is not None
    return len(data).to_bytes(4, "big") + bytes(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (wire.text("Zürich \\ tab\t"), "Zürich \\ tab\t"),
        (wire.word("a1"), "a1"),
        (wire.EMPTY, ""),
        (wire.int2(2, -7), Int2(-7)),
        (wire.int4(4, 70_000), Int4(70_000)),
        (wire.int8(8, 2**40), Int8(2**40)),
        (wire.int8_or_null(5), Int8(5)),
        (wire.uuid(ID), ID),
        (wire.binary(b"\x00\xff"), b"\x00\xff"),
        (wire.moment(MOMENT), MOMENT),
        (wire.moment_or_null(EARLY), EARLY),
        (wire.json('{"a": 1}'), Jsonb({"a": 1})),
        (wire.JSON_EMPTY, Jsonb({})),
        (wire.TRUE, True),
        (wire.FALSE, False),
    ],
)
def test_field_is_what_the_driver_sends(field: bytes, value: object) -> None:
    assert field == _driver(value)


def test_missing_value_has_length_minus_one() -> None:
    assert wire.moment_or_null(None) == wire.int8_or_null(None) == wire.NULL
    assert int.from_bytes(wire.NULL, "big", signed=True) == -1


def test_array_is_what_the_driver_sends() -> None:
    oid = types["text"].oid
    ours = wire.array(oid, [wire.text("a"), wire.NULL])
    assert len(ours).to_bytes(4, "big") + ours == _driver(["a", None])


def test_number_too_large_for_its_column_is_refused() -> None:
    with pytest.raises(Exception, match="format requires"):
        wire.int2(2, 40_000)
