"""The demonstration packages are sound and drawn completely."""

from pathlib import Path

import pytest

import review.demo.handlers  # noqa: F401  registers the handlers
from workflows.core.bpmn.graph import NodeKind
from workflows.operations.packages import Contents, load_package, read_package
from workflows.xml import parse_xml

FOLDER = Path(__file__).parents[3] / "review" / "demo" / "packages"
NAMES = ["invoice-extraction", "loan-approval", "travel-declaration"]
DI = "http://www.omg.org/spec/BPMN/20100524/DI"


def contents(name: str) -> Contents:
    return read_package(load_package(FOLDER / name))


@pytest.mark.parametrize("name", NAMES)
def test_package_is_sound_without_findings(name: str) -> None:
    found = contents(name)
    assert found.manifest.key == name
    assert found.findings == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_node_and_flow_is_drawn(name: str) -> None:
    root = parse_xml((FOLDER / name / f"{name}.bpmn").read_bytes(), source=name)
    drawn = {
        element.get("bpmnElement")
        for element in root.walk()
        if element.namespace == DI and element.get("bpmnElement")
    }
    process = contents(name).processes[name]
    assert {*process.nodes, *process.flows} <= drawn


@pytest.mark.parametrize("name", NAMES)
def test_every_user_task_names_queue_form_and_title(name: str) -> None:
    for node in contents(name).processes[name].nodes.values():
        if node.kind is NodeKind.USER_TASK:
            assert {"queue", "form", "title"} <= node.properties.keys(), node.id


def test_loan_has_twelve_activities() -> None:
    kinds = {
        NodeKind.SERVICE_TASK,
        NodeKind.USER_TASK,
        NodeKind.SCRIPT_TASK,
        NodeKind.BUSINESS_RULE_TASK,
    }
    nodes = contents("loan-approval").processes["loan-approval"].nodes.values()
    assert len([node for node in nodes if node.kind in kinds]) == 12


CELLS = [
    ("APPROVE", "0.95", "20000", "auto"),
    ("APPROVE", "0.9499", "20000", "review"),
    ("APPROVE", "0.95", "20000.01", "review"),
    ("APPROVE", "0.99", "100000.01", "dual"),
    ("APPROVE", "0.8", "100000", "review"),
    ("APPROVE", "0.79", "100000", "dual"),
    ("APPROVE", "0.5", "500000", "dual"),
    ("APPROVE", "0.4999", "500000", "block"),
    ("REJECT", "0.99", "100", "review"),
    ("REJECT", "0.99", "200000", "dual"),
]


@pytest.mark.parametrize(("proposal", "confidence", "impact", "control"), CELLS)
def test_loan_grid_answers_in_every_cell(
    proposal: str, confidence: str, impact: str, control: str
) -> None:
    from decimal import Decimal  # noqa: PLC0415

    decide = contents("loan-approval").decisions["credit-grid"]
    decided = decide({
        "score": {"decision": proposal},
        "confidence": Decimal(confidence),
        "impact": Decimal(impact),
    })
    assert (decided.value, decided.messages) == (control, ())


@pytest.mark.parametrize(
    ("complete", "answer"), [(True, "COMPLETE"), (False, "MISSING"), (None, "MISSING")]
)
def test_receipts_are_missing_unless_somebody_says_they_are_there(
    complete: bool | None,
    answer: str,
) -> None:
    decide = contents("travel-declaration").decisions["receipts"]
    assert decide({"receipts_complete": complete}).value == answer
