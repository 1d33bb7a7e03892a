"""Parse, export, parse: the same elements, ids, flows and diagram; no word is lost."""

from pathlib import Path

import pytest
from lxml import etree

from tests.conformance.bpmn.models import (
    BPMN,
    DI,
    ENGINE,
    MIWG,
    MODELS,
    canonical,
    diagrams,
    name_of,
    needs_models,
    tree,
)
from tests.conformance.bpmn.refusals import REFUSED
from tests.unit.bpmn.test_writer import bare
from workflows.bpmn import export_bpmn, read_bpmn
from workflows.core.bpmn.completion import name_flows
from workflows.core.bpmn.graph import Process
from workflows.core.bpmn.problems import BpmnError
from workflows.core.bpmn.writer import write_process
from workflows.xml import parse_xml

pytestmark = needs_models

LINES = {"sequenceFlow", "association", "messageFlow"}


def _is_drawn(root: etree._Element) -> bool:
    return next(root.iter(f"{{{DI}}}BPMNShape"), None) is not None


def _processes(data: bytes, path: Path) -> list[Process] | list[str]:
    """Return what the reader makes of a file: processes, or its sentences."""
    try:
        return [bare(one) for one in read_bpmn(data, source=path.name)]
    except BpmnError as error:
        return [f"{one.element}: {one.message}" for one in error.problems]


def _without_additions(exported: bytes, original: bytes) -> etree._Element:
    """Return an exported tree without the ids and diagram that export may add."""
    root, before = tree(exported), tree(original)
    names = set(name_flows(parse_xml(original, source="m")).values())
    for one in root.iter(*(f"{{{BPMN}}}{line}" for line in LINES)):
        if one.get("id") in names:
            del one.attrib["id"]
    if not _is_drawn(before):
        for one in root.findall(f"{{{DI}}}BPMNDiagram"):
            # The text after an element hangs on it and stays.
            if one.get("id", "").endswith("_diagram"):
                _drop(root, one)
    return root


def _drop(parent: etree._Element, child: etree._Element) -> None:
    before = child.getprevious()
    tail = (child.tail or "").removeprefix("\n")
    parent.remove(child)
    if before is not None:
        before.tail = (before.tail or "") + tail


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_everything_else_is_canonically_equal(path: Path) -> None:
    original = path.read_bytes()
    exported = export_bpmn(original, source=path.name)
    assert canonical(_without_additions(exported, original)) == canonical(
        tree(original)
    )


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_the_reader_finds_the_same_in_the_exported_file(path: Path) -> None:
    original = path.read_bytes()
    exported = export_bpmn(original, source=path.name)
    assert _processes(exported, path) == _processes(original, path)


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_exporting_again_changes_nothing(path: Path) -> None:
    once = export_bpmn(path.read_bytes(), source=path.name)
    assert export_bpmn(once, source=path.name) == once


@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_given_diagrams_stay_and_missing_ones_are_drawn_whole(path: Path) -> None:
    original, exported = (
        tree(path.read_bytes()),
        export_bpmn(path.read_bytes(), source=path.name),
    )
    if _is_drawn(original):
        assert diagrams(tree(exported)) == diagrams(original)
        return
    drawn = {one.get("bpmnElement") for one in tree(exported).iter(f"{{{DI}}}*")}
    flows = {one.get("id") for one in tree(exported).iter(f"{{{BPMN}}}sequenceFlow")}
    assert None not in flows
    assert flows <= drawn


@pytest.mark.parametrize(
    "path", [one for one in MODELS if name_of(one) not in REFUSED], ids=name_of
)
def test_processes_written_anew_are_read_back_equal(path: Path) -> None:
    for one in read_bpmn(path.read_bytes(), source=path.name):
        (again,) = read_bpmn(write_process(one).encode(), source=path.name)
        assert bare(again) == bare(one)


def test_the_folders_are_whole() -> None:
    assert (len(MIWG), len(ENGINE)) == (10, 85)
