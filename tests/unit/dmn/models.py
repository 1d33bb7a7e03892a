"""Small models for tests, written as tables of texts."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from workflows.core.dmn import Model, read_dmn

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(body: str, *, name: str = "m", namespace: str = "urn:m") -> bytes:
    """A whole document around its elements."""
    return (
        f'<definitions xmlns="{NAMESPACE}" name="{name}" namespace="{namespace}">'
        f"{body}</definitions>"
    ).encode()


def input_data(name: str, kind: str = "Any") -> str:
    """An input with the id `in_NAME`."""
    return (
        f'<inputData id="in_{name}" name="{name}">'
        f'<variable name="{name}" typeRef="{kind}"/></inputData>'
    )


def decision(
    name: str, logic: str, *, needs: Iterable[str] = (), kind: str = "Any"
) -> str:
    """A decision with the id `d_NAME`; needs are ids, `bkm_` ones are knowledge."""
    required = "".join(_requirement(need) for need in needs)
    return (
        f'<decision id="d_{name}" name="{name}">'
        f'<variable name="{name}" typeRef="{kind}"/>{required}{logic}</decision>'
    )


def _requirement(need: str) -> str:
    if need.startswith("bkm_"):
        return (
            f'<knowledgeRequirement><requiredKnowledge href="#{need}"/>'
            "</knowledgeRequirement>"
        )
    tag = "requiredInput" if need.startswith("in_") else "requiredDecision"
    return f'<informationRequirement><{tag} href="#{need}"/></informationRequirement>'


def literal(text: str) -> str:
    """A literal expression."""
    return f"<literalExpression><text>{escape(text)}</text></literalExpression>"


def table(
    inputs: Sequence[str],
    rules: Sequence[Sequence[str]],
    *,
    policy: str = "UNIQUE",
    outputs: Sequence[str] = ("",),
    aggregation: str = "",
    values: str = "",
    default: str = "",
    types: Sequence[str] = (),
    allowed: str = "",
) -> str:
    """A table; each rule is its input cells and then its output texts."""
    extra = f' aggregation="{aggregation}"' if aggregation else ""
    parts = [f'<decisionTable id="t" hitPolicy="{policy}"{extra}>']
    for place, text in enumerate(inputs):
        kind = f' typeRef="{types[place]}"' if place < len(types) else ""
        inner = f"<inputExpression{kind}><text>{escape(text)}</text></inputExpression>"
        if allowed and place == 0:
            inner += f"<inputValues><text>{escape(allowed)}</text></inputValues>"
        parts.append(f"<input>{inner}</input>")
    for output in outputs:
        inner = (
            f"<outputValues><text>{escape(values)}</text></outputValues>"
            if values
            else ""
        )
        if default:
            inner += (
                "<defaultOutputEntry><text>"
                f"{escape(default)}</text></defaultOutputEntry>"
            )
        parts.append(f"<output name={quoteattr(output)}>{inner}</output>")
    for number, cells in enumerate(rules, 1):
        parts.append(_rule(number, cells, len(inputs)))
    return "".join([*parts, "</decisionTable>"])


def _rule(number: int, cells: Sequence[str], inputs: int) -> str:
    entries = "".join(
        f"<{tag}><text>{escape(cell)}</text></{tag}>"
        for place, cell in enumerate(cells)
        for tag in ["inputEntry" if place < inputs else "outputEntry"]
    )
    return f'<rule id="r{number}">{entries}</rule>'


GRID = table(
    ["confidence", "impact"],
    [
        (">= 0.9", '"low"', '"auto"'),
        ("< 0.9", '"low"', '"review"'),
        ("-", '"high"', '"dual"'),
    ],
)


KNOWLEDGE = (
    '<businessKnowledgeModel id="bkm_rate" name="rate"><variable name="rate"/>'
    '<encapsulatedLogic><formalParameter name="amount" typeRef="number"/>'
    + literal("if amount > 100 then 0.05 else 0.1")
    + "</encapsulatedLogic></businessKnowledgeModel>"
)


ITEMS = (
    '<itemDefinition name="tLevel"><typeRef>string</typeRef><allowedValues>'
    '<text>"low", "high"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tCase"><itemComponent name="level"><typeRef>tLevel</typeRef>'
    '</itemComponent><itemComponent name="opened on"><typeRef>date</typeRef>'
    "</itemComponent></itemDefinition>"
    '<itemDefinition name="tCases" isCollection="true"><typeRef>tCase</typeRef>'
    "</itemDefinition>"
)


def read(*parts: str, **more: object) -> Model:
    return read_dmn(definitions("".join(parts)), **more)  # type: ignore[arg-type]


def grid(logic: str = GRID) -> Model:
    needs = ["in_confidence", "in_impact"]
    inputs = input_data("confidence", "number") + input_data("impact", "string")
    return read(inputs, decision("grid", logic, needs=needs, kind="string"))
