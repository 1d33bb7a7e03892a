"""What of an explanation is counted."""

from workflows.core.canonical import digest, dumps
from workflows.core.engine.evaluations import (
    MAX_BYTES,
    MAX_EVALUATIONS,
    MAX_NAME,
    fit_explanation,
    read_evaluations,
)
from workflows.core.engine.state import Evaluation


def test_each_table_is_one_evaluation() -> None:
    tables = [
        {"decision": "risk", "element": "t1", "matched": [2]},
        {"decision": "grid", "element": "t2", "matched": []},
    ]
    assert read_evaluations(7, {"inputs": {}, "tables": tables}) == [
        Evaluation(step_id=7, decision="risk", table_id="t1", matched=(2,)),
        Evaluation(step_id=7, decision="grid", table_id="t2", matched=()),
    ]


def test_nothing_explained_is_nothing_counted() -> None:
    assert read_evaluations(7, None) == []


def test_long_names_and_long_loops_are_cut() -> None:
    row = {"decision": "d" * 999, "element": "t" * 999, "matched": [1]}
    found = read_evaluations(7, {"tables": [row] * (MAX_EVALUATIONS + 1)})
    assert len(found) == MAX_EVALUATIONS
    assert {(len(one.decision), len(one.table_id)) for one in found} == {
        (MAX_NAME, MAX_NAME)
    }


def test_explanation_too_long_for_an_entry_keeps_its_matched_rules() -> None:
    table = {"decision": "Grid", "element": "t", "matched": [7], "cells": ["TF"]}
    short: dict[str, object] = {"inputs": {"amount": 5}, "tables": [table]}
    assert fit_explanation(short) is short
    long: dict[str, object] = {"inputs": {"letter": "x" * MAX_BYTES}, "tables": [table]}
    fitted = fit_explanation(long)
    assert len(dumps(fitted)) < MAX_BYTES
    assert fitted["tables"] == [{"decision": "Grid", "element": "t", "matched": [7]}]
    assert fitted["inputs"] == digest(long["inputs"])
