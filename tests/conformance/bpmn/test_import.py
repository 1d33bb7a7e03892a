"""Every public model is imported, or refused where it stands and for the stated reason."""

from pathlib import Path

import pytest

from tests.conformance.bpmn.models import MODELS, name_of, needs_models
from tests.conformance.bpmn.refusals import REFUSED
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.linter import lint_process
from workflows.core.bpmn.problems import BpmnError

pytestmark = needs_models


@pytest.mark.parametrize(
    "path", [one for one in MODELS if name_of(one) not in REFUSED], ids=name_of
)
def test_model_is_imported_and_linted(path: Path) -> None:
    for process in read_bpmn(path.read_bytes(), source=path.name):
        assert process.nodes
        for flow in process.flows.values():
            assert {flow.source, flow.target} <= set(process.nodes)
        assert all(finding.source == path.name for finding in lint_process(process))


@pytest.mark.parametrize(
    "path", [one for one in MODELS if name_of(one) in REFUSED], ids=name_of
)
def test_model_is_refused_for_the_stated_reasons(path: Path) -> None:
    with pytest.raises(BpmnError) as caught:
        read_bpmn(path.read_bytes(), source=path.name)
    expected = REFUSED[name_of(path)]
    problems = caught.value.problems
    assert [one.element for one in problems] == [element for element, _ in expected]
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for problem, (element, reason) in zip(problems, expected, strict=True):
        assert reason in problem.message
        # The line is where the element stands, or what it holds.
        head = "\n".join(lines[: problem.line + 12])
        assert element in head


def test_every_refusal_of_the_table_is_of_a_model() -> None:
    assert set(REFUSED) <= {name_of(path) for path in MODELS}
