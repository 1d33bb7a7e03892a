"""Every example of docs/bpmn.md is read: the manual shows nothing that is refused."""

import re
from pathlib import Path

import pytest

from tests.unit.bpmn.models import read
from workflows.core.bpmn.graph import EventKind, NodeKind

MANUAL = Path(__file__).parents[3] / "docs" / "bpmn.md"
EXAMPLES = re.findall(
    r"^```xml\n(.*?)^```", MANUAL.read_text(), re.DOTALL | re.MULTILINE
)
ROOT = re.compile(r"^<(?:message|signal|error|escalation)\b[^>]*/>\n", re.MULTILINE)


def parts(example: str) -> tuple[str, str]:
    """Return an example's body, and what stands beside the process in a file."""
    return ROOT.sub("", example), "".join(ROOT.findall(example))


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_of_the_manual_is_read(example: str) -> None:
    body, roots = parts(example)
    assert read(body, roots=roots).nodes


def test_manual_shows_every_kind_of_node_and_event() -> None:
    processes = [read(body, roots=roots) for body, roots in map(parts, EXAMPLES)]
    nodes = [node for process in processes for node in process.nodes.values()]
    assert {node.kind for node in nodes} == set(NodeKind)
    assert {node.event for node in nodes} == set(EventKind)
