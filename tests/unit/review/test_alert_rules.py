"""What an alert rule says: kept, read back, compared in words; secrets stay unsaid."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from review.core.figures.alert_rules import (
    list_lines,
    read_bounds,
    tell_webhook,
    write_body,
)
from review.core.figures.alerting import Bounds, Comparison
from review.core.figures.figures import FIGURES
from review.core.policies.policies import compare_lines

values = st.decimals(-1000, 1000, places=3)
bounds = st.builds(
    Bounds,
    st.sampled_from(Comparison),
    values,
    values,
    st.integers(0, 604_800).map(lambda seconds: dt.timedelta(seconds=seconds)),
)
bodies = st.builds(
    write_body,
    name=st.text(min_size=1, max_size=20),
    figure=st.sampled_from([one.key for one in FIGURES]),
    queue=st.sampled_from(["", "desk"]),
    scope=st.dictionaries(st.sampled_from(["class", "step"]), st.text(max_size=5)),
    bounds=bounds,
    period=st.integers(300, 90 * 86_400).map(lambda s: dt.timedelta(seconds=s)),
    note=st.text(max_size=20),
    webhook=st.sampled_from([
        {},
        {"url": "https://hooks.example.com/T0/hush", "secret": "ops"},
        {"url": "https://hooks.example.com/T1/hush", "secret": ""},
    ]),
)


@given(bounds)
def test_bounds_are_read_back_as_they_were_written(one: Bounds) -> None:
    body = write_body(
        name="A", figure="wip", queue="", scope={}, bounds=one, note="",
        period=dt.timedelta(days=1), webhook={},
    )  # fmt: skip
    assert read_bounds(body) == one


@given(bodies, bodies)
def test_difference_is_empty_for_the_same_rule_alone(one: dict, other: dict) -> None:  # type: ignore[type-arg]
    assert {line.kind for line in compare_lines(list_lines(one), list_lines(one))} == {
        "same"
    }
    differs = {line.kind for line in compare_lines(list_lines(one), list_lines(other))}
    assert (differs == {"same"}) == (list_lines(one) == list_lines(other))
    assert "hush" not in str(list_lines(one))


def test_receiver_is_told_by_host_and_mark_and_another_address_by_another() -> None:
    first = tell_webhook({"url": "https://hooks.example.com/a", "secret": "ops"})
    other = tell_webhook({"url": "https://hooks.example.com/b", "secret": ""})
    assert first.startswith("hooks.example.com (address ")
    assert first.endswith("signed with ops")
    assert other.endswith("not signed")
    assert first.split()[2] != other.split()[2]
    assert tell_webhook({}) == ""
    assert Decimal("0.05") == read_bounds({
        "comparison": "ABOVE", "threshold": "0.050000", "clear": "0", "lasting_seconds": 0,
    }).threshold  # fmt: skip
