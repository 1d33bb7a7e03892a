"""The examples of docs/feel.md give what the page says."""

import re
from pathlib import Path

import pytest

from tests.unit.dmn.models import decision, definitions, input_data, table
from workflows.core.dmn import lint, read_dmn
from workflows.core.feel import compile_expression, text_of
from workflows.core.feel.convert import quoted
from workflows.core.feel.functions import BUILT_INS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "feel.md").read_text("utf-8")
INPUT = {
    "amount": 120,
    "customer": {"full name": "Ada", "country": "FR"},
    "lines": [{"price": 20}, {"price": 5}],
}


def _examples() -> list[tuple[str, str]]:
    blocks = re.findall(r"```feel\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line]
    return [
        (text.strip(), value.strip()) for text, value in (x.split("→") for x in lines)
    ]


def _grid() -> list[tuple[str, ...]]:
    section = PAGE.split("## 6. The review grid")[1].split("How it is read")[0]
    return [
        tuple(re.findall(r"`([^`]*)`", line))
        for line in section.splitlines()
        if re.match(r"\| \d", line)
    ]


@pytest.mark.parametrize(("text", "expected"), _examples())
def test_example_of_the_page(text: str, expected: str) -> None:
    assert quoted(compile_expression(text).value(INPUT)) == expected


def test_every_function_is_on_the_page() -> None:
    words = re.sub(r"\s+", " ", PAGE)
    assert [name for name in BUILT_INS if name not in words] == []


@pytest.mark.parametrize(
    ("confidence", "impact", "outcome"),
    [
        (0.97, "low", "auto"),
        (0.7, "low", "review"),
        (0.9, "medium", "review"),
        (0.89, "medium", "dual"),
        (0.99, "high", "dual"),
        (0.5, "high", "block"),
        (None, "low", "review"),
        (0.8, "unheard of", "dual"),
    ],
)
def test_grid_of_the_page(confidence: object, impact: str, outcome: str) -> None:
    logic = table(["confidence", "impact"], _grid())
    needs = ["in_confidence", "in_impact"]
    inputs = input_data("confidence", "number") + input_data("impact", "string")
    model = read_dmn(definitions(inputs + decision("grid", logic, needs=needs)))
    assert lint(model) == []
    found = model.evaluate("grid", {"confidence": confidence, "impact": impact})
    assert text_of(found.value) == outcome
