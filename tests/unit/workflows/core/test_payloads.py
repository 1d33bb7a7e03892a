"""Large variables: what is folded, what is stored, when content is read."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.core.canonical import digest, dumps
from workflows.core.payloads import (
    Payload,
    UnknownPayload,
    Values,
    holds_references,
    may_exceed,
    no_payloads,
)

BIG = "x" * 200
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$payload", "$value", "size", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


class Reading:
    """Contents by digest, with a note of what was read."""

    def __init__(self, contents: dict[str, str]) -> None:
        self.contents = contents
        self.asked: list[str] = []

    def __call__(self, name: str) -> Any:
        self.asked.append(name)
        return json.loads(self.contents[name], parse_float=Decimal)


def test_large_value_is_folded_and_still_read_whole() -> None:
    values = Values({"doc": BIG, "amount": 1000}, limit=100)
    assert values.payloads() == {Payload(digest(BIG), 202)}
    assert values["doc"] == BIG
    assert values.written == {digest(BIG): dumps(BIG)}


def test_stored_form_names_the_digest_only() -> None:
    values = Values({"doc": BIG, "amount": 1000}, limit=100)
    assert json.loads(dumps(values)) == {
        "doc": {"$payload": digest(BIG), "size": 202},
        "amount": 1000,
    }


def test_folded_mapping_inside_another_is_written_folded() -> None:
    values = Values({"doc": BIG}, limit=100)
    assert json.loads(dumps({"variables": values})) == {
        "variables": {"doc": {"$payload": digest(BIG), "size": 202}}
    }


def test_reading_one_name_leaves_the_others_unread() -> None:
    written = Values({"doc": BIG, "other": BIG + "y", "amount": 1000}, limit=100)
    read = Reading(written.written)
    values = Values.from_stored(written.folded(), read=read, limit=100)
    assert values["amount"] == 1000
    assert "doc" in values
    assert read.asked == []
    assert (values["doc"], values.get("doc")) == (BIG, BIG)
    assert read.asked == [digest(BIG)]


def test_plain_copy_holds_contents() -> None:
    written = Values({"doc": BIG}, limit=100)
    values = Values.from_stored(written.folded(), read=Reading(written.written))
    assert dict(values) == {**values} == {"doc": BIG}


def test_update_from_values_takes_references_unread() -> None:
    written = Values({"doc": BIG}, limit=100)
    read = Reading(written.written)
    values = Values.from_stored(written.folded(), read=read)
    taken = Values(values, read=read)
    assert taken.folded() == written.folded()
    assert read.asked == []


def test_reference_without_content_says_so() -> None:
    values = Values.from_stored(
        {"doc": {"$payload": "0" * 64, "size": 9}}, read=no_payloads
    )
    with pytest.raises(UnknownPayload, match="no payload 000"):
        values["doc"]


def test_deeply_nested_value_is_weighed() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    assert may_exceed(value, 1000)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.integers(0, 60))
def test_stored_form_reads_back_whatever_it_holds(
    variables: dict[str, Any], limit: int
) -> None:
    values = Values(variables, limit=limit)
    text = dumps(values)
    if values.payloads():
        assert holds_references(text)
    back = Values.from_stored(json.loads(text), read=Reading(values.written))
    assert dict(back) == variables
    if not holds_references(text):
        assert json.loads(text) == variables


@given(JSON)
def test_weight_is_never_below_the_bytes(value: Any) -> None:
    size = len(dumps(value).encode())
    assert may_exceed(value, size - 1)
