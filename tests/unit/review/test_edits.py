"""Field edits become patches that say what stood there before."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.tasks.edits import EditError, apply_patch, list_changed, make_patch

PAYLOAD: dict[str, Any] = {
    "amount": 500,
    "paid": True,
    "fields": {"total": {"value": Decimal("1.50")}, "a/b": 1},
    "lines": [{"text": "Train"}, {"text": "Hotel"}],
}


def edit(**edits: object) -> dict[str, Any]:
    patch = make_patch(payload=PAYLOAD, edits=edits)
    return apply_patch(payload=PAYLOAD, patch=patch)


def test_replacing_tests_the_old_value_first() -> None:
    patch = make_patch(payload=PAYLOAD, edits={"/fields/total/value": 2})
    assert patch == [
        {"op": "test", "path": "/fields/total/value", "value": Decimal("1.50")},
        {"op": "replace", "path": "/fields/total/value", "value": 2},
    ]
    assert list_changed(patch) == ["/fields/total/value"]


def test_given_payload_stays_as_it_was() -> None:
    changed = edit(**{"/lines/1/text": "Taxi", "/amount": 1})
    assert changed["lines"] == [{"text": "Train"}, {"text": "Taxi"}]
    assert PAYLOAD["lines"][1] == {"text": "Hotel"}
    assert PAYLOAD["amount"] == 500


def test_new_field_is_added() -> None:
    patch = make_patch(payload=PAYLOAD, edits={"/fields/net": 3})
    assert patch == [{"op": "add", "path": "/fields/net", "value": 3}]


def test_escaped_names_are_found() -> None:
    assert edit(**{"/fields/a~1b": 2})["fields"]["a/b"] == 2


def test_equal_values_are_no_change_but_true_is_not_1() -> None:
    same = {"/amount": 500, "/fields/total/value": Decimal("1.5")}
    assert make_patch(payload=PAYLOAD, edits=same) == []
    assert edit(**{"/paid": 1})["paid"] == 1
    assert make_patch(payload=PAYLOAD, edits={"/paid": 1}) != []


@pytest.mark.parametrize(
    "pointer",
    [
        "amount",
        "",
        "/nobody/knows",
        "/amount/deeper",
        "/lines/2",
        "/lines/-",
        "/lines/x/y",
    ],
)
def test_pointers_that_lead_nowhere_are_refused(pointer: str) -> None:
    with pytest.raises(EditError, match=r"has no field|must be named"):
        make_patch(payload=PAYLOAD, edits={pointer: 1})


def test_patch_refuses_another_payload() -> None:
    patch = make_patch(payload=PAYLOAD, edits={"/amount": 1})
    with pytest.raises(EditError, match="has changed meanwhile"):
        apply_patch(payload={**PAYLOAD, "amount": 501}, patch=patch)


def test_unknown_operation_is_refused() -> None:
    with pytest.raises(EditError, match="not among"):
        apply_patch(payload=PAYLOAD, patch=[{"op": "remove", "path": "/amount"}])


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))


@given(
    st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=4),
    st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
)
def test_applying_a_patch_gives_the_edited_values(
    payload: dict[str, Any], edits: dict[str, Any]
) -> None:
    pointers = {
        "/" + name.replace("~", "~0").replace("/", "~1"): value
        for name, value in edits.items()
    }
    patch = make_patch(payload=payload, edits=pointers)
    assert apply_patch(payload=payload, patch=patch) == {**payload, **edits}
