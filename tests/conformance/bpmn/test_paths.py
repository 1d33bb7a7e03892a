"""Foreign models run along paths that were written from the models."""

from __future__ import annotations

from collections import Counter
from pathlib import Path as File

import pytest

from tests.conformance.bpmn.follow import follow
from tests.conformance.bpmn.path import ACTIVE, Path
from tests.conformance.bpmn.paths import MIWG, MODELS
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError

SHARED = File(__file__).parents[4] / "shared" / "conformance"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the conformance material does not lie beside this copy"
)


def title(path: Path) -> str:
    """Name a test by its model and what happens in it."""
    words = "-".join(word.partition(":")[2] for word in path.does)
    return f"{path.file.split('/')[-1].split('.bpmn')[0]}-{words or 'alone'}"


def wanted(path: Path) -> Counter[str]:
    """Return how often each node must complete."""
    counts: Counter[str] = Counter()
    for word in path.nodes.split(";") if path.names else path.nodes.split():
        name, _, times = word.partition("*")
        counts[name] += int(times or 1)
    return counts


def read(folder: str, path: Path, *, runnable: bool = False) -> list[Process]:
    found = []
    for name in (path.file, *path.also):
        data = (SHARED / folder / name).read_bytes()
        if runnable:
            data = data.replace(b'isExecutable="false"', b'isExecutable="true"')
        found.extend(read_bpmn(data, source=name))
    return found


@pytest.mark.parametrize("path", MODELS, ids=title)
def test_model_takes_its_path(path: Path) -> None:
    processes = read("bpmn_models", path)
    main = path.main or processes[0].id
    came = follow(processes, main=main, variables=path.start, does=path.does)
    assert came.completed == wanted(path)
    assert came.state == path.state
    assert came.incidents == ((path.incident,) if path.incident else ())
    assert bool(came.waiting) == (path.state == ACTIVE)


@pytest.mark.parametrize("path", MIWG, ids=title)
def test_reference_model_takes_its_path(path: Path) -> None:
    processes = read("bpmn_miwg", path, runnable=True)
    main = path.main or processes[0].id
    came = follow(processes, main=main, variables=path.start, does=path.does)
    names = {node.id: node.name for one in processes for node in one.nodes.values()}
    named = Counter({
        names[node].strip(): times for node, times in came.completed.items()
    })
    assert (named, came.state) == (wanted(path), path.state)


def test_every_model_that_is_read_has_a_path() -> None:
    files = {path.file for path in MODELS}
    missing = []
    for model in sorted((SHARED / "bpmn_models").glob("*/*.bpmn*")):
        name = f"{model.parent.name}/{model.name}"
        try:
            read_bpmn(model.read_bytes(), source=name)
        except BpmnError:
            continue
        if name not in files:
            missing.append(name)
    assert missing == []
