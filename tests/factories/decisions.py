"""Small DMN files for tests: columns and rows of text become a decision table."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

_HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    ' id="model" name="model" namespace="urn:test:decisions">'
)


def dmn(*elements: str) -> bytes:
    """Return a DMN file around inputs and decisions."""
    return f"{_HEAD}{''.join(elements)}</definitions>".encode()


def input_data(name: str, *, kind: str = "") -> str:
    """Return an input; its id is its name."""
    reference = f" typeRef={quoteattr(kind)}" if kind else ""
    return (
        f"<inputData id={quoteattr(name)} name={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}{reference}/></inputData>"
    )


def table(
    *,
    inputs: Mapping[str, str],
    rules: Sequence[Sequence[str]],
    hit_policy: str = "UNIQUE",
    table_id: str = "table",
    output: str = "answer",
) -> str:
    """Return a table: `inputs` are types by expression, the last cell is the output."""
    columns = "".join(
        f"<input><inputExpression typeRef={quoteattr(kind)}>"
        f"<text>{escape(text)}</text></inputExpression></input>"
        for text, kind in inputs.items()
    )
    rows = "".join(_rule(f"{table_id}-{n}", cells) for n, cells in enumerate(rules, 1))
    return (
        f'<decisionTable id="{table_id}" hitPolicy="{hit_policy}">{columns}'
        f'<output name="{output}"/>{rows}</decisionTable>'
    )


def literal(text: str) -> str:
    """Return a literal expression."""
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def decision(
    name: str,
    logic: str,
    *,
    inputs: Sequence[str] = (),
    decisions: Sequence[str] = (),
) -> str:
    """Return a decision with what it needs; its id is its name."""
    needs = [*(("requiredInput", one) for one in inputs)]
    needs += [("requiredDecision", one) for one in decisions]
    required = "".join(
        f'<informationRequirement><{tag} href="#{one}"/></informationRequirement>'
        for tag, one in needs
    )
    return (
        f"<decision id={quoteattr(name)} name={quoteattr(name)}>"
        f"<variable name={quoteattr(name)}/>{required}{logic}</decision>"
    )


def _rule(rule_id: str, cells: Sequence[str]) -> str:
    *tests, result = (f"<text>{escape(cell)}</text>" for cell in cells)
    entries = "".join(f"<inputEntry>{cell}</inputEntry>" for cell in tests)
    return f'<rule id="{rule_id}">{entries}<outputEntry>{result}</outputEntry></rule>'
