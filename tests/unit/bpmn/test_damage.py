"""Damaged models: read or refused with places, and what is read can be planned."""

import functools
import itertools
import re
from collections.abc import Iterator

import pytest

from tests.unit.bpmn.models import model
from tests.unit.bpmn.test_manual import EXAMPLES, parts
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError, Problem
from workflows.core.engine.plan import build_plan

ATTRIBUTE = re.compile(r' (?!xmlns)[\w:]+="[^"]*"')
EMPTY_ELEMENT = re.compile(r"<[\w:]+[^<>]*/>")
TEXT = re.compile(r">[^<>\s][^<>]*<")
MIXTURES = 12


def damaged(example: str) -> Iterator[str]:
    """Yield an example with each attribute, empty element and text gone, and mixtures."""
    for pattern, put in ((ATTRIBUTE, ""), (EMPTY_ELEMENT, ""), (TEXT, "><")):
        for found in pattern.finditer(example):
            yield example[: found.start()] + put + example[found.end() :]
    values = ATTRIBUTE.findall(example)
    for step in range(1, min(len(values), MIXTURES)):
        # Every attribute in turn takes the value of one that stands further on.
        others = itertools.cycle(values[step:])
        yield ATTRIBUTE.sub(functools.partial(_mixed, others), example)


def _mixed(others: Iterator[str], found: re.Match[str]) -> str:
    return found[0].partition("=")[0] + "=" + next(others).partition("=")[2]


def _read(example: str) -> tuple[list[Process], tuple[Problem, ...]]:
    body, roots = parts(example)
    try:
        return read_bpmn(model(body, roots=roots), source="p.bpmn"), ()
    except BpmnError as error:
        return [], error.problems


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_damaged_example_is_refused_with_places_or_can_be_planned(example: str) -> None:
    for one in damaged(example):
        processes, problems = _read(one)
        for problem in problems:
            assert problem.message, one
            assert problem.element, one
        for process in processes:
            plan = build_plan(process, handlers={}, decisions={})
            assert plan.nodes.keys() == process.nodes.keys()
