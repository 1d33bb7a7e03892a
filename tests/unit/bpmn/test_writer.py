"""What is written is read back the same; what no file could hold is refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.unit.bpmn.drawn_processes import processes
from workflows.bpmn import read_bpmn
from workflows.core.bpmn.graph import Flow, Node, NodeKind, Process
from workflows.core.bpmn.writer import write_process


def bare(process: Process) -> Process:
    """Return a process without the places it was read from."""
    return replace(
        process,
        source="",
        nodes={name: replace(one, line=0) for name, one in process.nodes.items()},
        flows={name: replace(one, line=0) for name, one in process.flows.items()},
    )


@given(processes())
@settings(max_examples=60, deadline=None)
def test_written_process_is_read_back_equal(process: Process) -> None:
    (read,) = read_bpmn(write_process(process).encode(), source="p.bpmn")
    assert bare(read) == process


def test_fields_without_attributes_of_their_own_are_written_as_attributes() -> None:
    task = Node(
        id="t",
        kind=NodeKind.SERVICE_TASK,
        handler="test.double",
        timeout_seconds=90.5,
        flows_in=("f",),
        flows_out=("g",),
    )
    process = Process(
        id="p",
        name="",
        nodes={
            "s": Node(id="s", kind=NodeKind.START_EVENT, flows_out=("f",)),
            "t": task,
            "e": Node(id="e", kind=NodeKind.END_EVENT, flows_in=("g",)),
        },
        flows={"f": Flow("f", "s", "t"), "g": Flow("g", "t", "e")},
    )
    (read,) = read_bpmn(write_process(process).encode(), source="p.bpmn")
    found = read.nodes["t"]
    assert (found.handler, found.timeout_seconds) == ("test.double", 90.5)


def test_ids_given_by_the_writer_avoid_those_of_the_process() -> None:
    ends = {
        "error_1": Node(id="error_1", kind=NodeKind.START_EVENT, flows_out=("lanes",)),
        "e": Node(id="e", kind=NodeKind.END_EVENT, flows_in=("lanes",), lane="lane_1"),
    }
    process = Process("p", "", ends, {"lanes": Flow("lanes", "error_1", "e")})
    (read,) = read_bpmn(write_process(process).encode(), source="p.bpmn")
    assert bare(read) == process


def test_character_that_xml_cannot_hold_is_refused() -> None:
    start = Node(id="s", kind=NodeKind.START_EVENT, name="a\x00b")
    with pytest.raises(ValueError, match="cannot hold"):
        write_process(Process("p", "", {"s": start}, {}))


def test_orders_of_flows_that_exclude_each_other_are_refused() -> None:
    nodes = {
        "a": Node(id="a", kind=NodeKind.TASK, flows_out=("f", "g")),
        "b": Node(id="b", kind=NodeKind.TASK, flows_in=("g", "f")),
    }
    flows = {"f": Flow("f", "a", "b"), "g": Flow("g", "a", "b")}
    with pytest.raises(ValueError, match="exclude each other"):
        write_process(Process("p", "", nodes, flows))
