"""What a stop covers, how long it lasts, who may let it end. Pure."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.core.stops import (
    LONGEST,
    Automatic,
    StopKind,
    Target,
    covers,
    find_fault,
    find_objection,
    find_row,
    name_models,
)

CASE = Automatic(
    queues=frozenset({"credit"}),
    definition="loan",
    version="2.0.0",
    grid=7,
    row=2,
    models=frozenset({"scorer", "scorer 3.1"}),
)
words = st.sampled_from(["", "credit", "loan", "scorer", "2.0.0", "other"])
numbers = st.none() | st.integers(1, 9)
targets = st.builds(
    Target,
    kind=st.sampled_from(StopKind),
    name=words,
    version=words,
    queue=words,
    grid=numbers,
    row=numbers,
)
cases = st.builds(
    Automatic,
    queues=st.frozensets(words, min_size=1),
    definition=words,
    version=words,
    grid=numbers,
    row=numbers,
    models=st.frozensets(words),
)


@pytest.mark.parametrize(
    ("target", "is_covered"),
    [
        (Target(kind=StopKind.MODEL, name="scorer"), True),
        (Target(kind=StopKind.MODEL, name="scorer 3.1"), True),
        (Target(kind=StopKind.MODEL, name="scorer 3.0"), False),
        (Target(kind=StopKind.DEFINITION, name="loan"), True),
        (Target(kind=StopKind.DEFINITION, name="loan", version="2.0.0"), True),
        (Target(kind=StopKind.DEFINITION, name="loan", version="1.0.0"), False),
        (Target(kind=StopKind.CELL, queue="credit"), True),
        (Target(kind=StopKind.CELL, queue="other"), False),
        (Target(kind=StopKind.CELL, queue="credit", grid=7, row=2), True),
        (Target(kind=StopKind.CELL, queue="credit", grid=7, row=3), False),
        # Another version came into force since: which row became of it, nobody said.
        (Target(kind=StopKind.CELL, queue="credit", grid=6, row=3), True),
    ],
)
def test_stop_covers_what_it_names(target: Target, is_covered: bool) -> None:
    assert covers(target, CASE) is is_covered


def test_row_leaves_grids_of_steps_alone_and_the_whole_queue_does_not() -> None:
    own = dataclasses.replace(CASE, grid=None)
    row = Target(kind=StopKind.CELL, queue="credit", grid=7, row=2)
    assert not covers(row, own)
    assert covers(Target(kind=StopKind.CELL, queue="credit"), own)


@given(targets, cases)
def test_stop_of_all_covers_whatever_one_of_a_part_covers(
    target: Target, case: Automatic
) -> None:
    whole = dataclasses.replace(target, version="", grid=None, row=None)
    if covers(target, case):
        assert covers(whole, case)


@given(targets, cases, st.frozensets(words), st.frozensets(words))
def test_more_models_and_queues_are_never_covered_less(
    target: Target, case: Automatic, models: frozenset[str], queues: frozenset[str]
) -> None:
    more = dataclasses.replace(
        case, models=case.models | models, queues=case.queues | queues
    )
    assert covers(target, more) >= covers(target, case)


@given(st.timedeltas(dt.timedelta(days=-9), dt.timedelta(days=9)))
def test_stop_lasts_at_most_a_week(lasting: dt.timedelta) -> None:
    assert (find_fault(lasting=lasting) == "") == (dt.timedelta() < lasting <= LONGEST)


@given(st.none() | st.integers(1, 4), st.frozensets(st.integers(1, 4)), st.booleans())
def test_nobody_lifts_what_he_or_his_stand_in_asked_to_lift(
    asked_by: int | None, persons: frozenset[int], is_over: bool
) -> None:
    said = find_objection(asked_by=asked_by, persons=persons, is_over=is_over)
    may = asked_by is not None and asked_by not in persons and not is_over
    assert (said == "") == may


def test_models_and_rows_are_read_from_what_a_case_keeps() -> None:
    proposal = {"model": "scorer", "model_version": "3.1", "decision": "APPROVE"}
    assert name_models(proposal) == {"scorer", "3.1"}
    assert name_models({"model": 3, "model_version": ""}) == frozenset()
    assert name_models("scorer") == frozenset()
    assert find_row({"tables": [{"matched": [4, 5]}]}) == 4
    assert find_row({"tables": [{"matched": []}]}) is None
    assert find_row({"tables": []}) is None
    assert find_row(None) is None
