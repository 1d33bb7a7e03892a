"""Public BPMN models: each is read, or refused with located sentences; none crashes."""

from pathlib import Path

import pytest

from workflows.bpmn import read_bpmn
from workflows.core.bpmn.linter import lint_process
from workflows.core.bpmn.problems import BpmnError, Problem

FOLDER = Path(__file__).parents[3].parent / "shared" / "conformance"
MODELS = sorted(
    path
    for folder in ("bpmn_miwg", "bpmn_models")
    for path in (FOLDER / folder).rglob("*.bpmn*")
)

pytestmark = pytest.mark.skipif(
    not MODELS, reason="the public models are not beside this repository"
)


def _problems(path: Path) -> tuple[Problem, ...]:
    """Return why a model is refused; nothing where it is read and lints."""
    try:
        processes = read_bpmn(path.read_bytes(), source=path.name)
    except BpmnError as error:
        return error.problems
    assert processes
    for process in processes:
        assert process.starts() or process.entries()
        lint_process(process)
    return ()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_public_model_is_read_or_refused_with_places(path: Path) -> None:
    lines = path.read_bytes().count(b"\n") + 1
    for problem in _problems(path):
        assert problem.source == path.name
        assert 1 <= problem.line <= lines
        assert problem.element
        assert problem.message.strip()


def test_models_of_the_executed_kinds_are_read() -> None:
    read = [path for path in MODELS if not _problems(path)]
    # The others are drawings only, name code of other engines, or break the standard.
    assert len(read) >= 65
