"""The models of the decision benchmark; no library is needed to make them."""

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"
IMPACTS = ("low", "medium", "high", "critical")
# Lower end, upper end (exclusive) and the cell in FEEL; None is no end.
BANDS: tuple[tuple[str | None, str | None, str], ...] = (
    (None, "0.5", "< 0.5"),
    ("0.5", "0.7", "[0.5..0.7)"),
    ("0.7", "0.85", "[0.7..0.85)"),
    ("0.85", "0.95", "[0.85..0.95)"),
    ("0.95", None, ">= 0.95"),
)
OUTCOMES = ("block", "dual", "review", "review", "auto")
INPUTS = [
    (confidence, impact)
    for confidence in ("0.31", "0.5", "0.69", "0.849", "0.9", "0.99")
    for impact in IMPACTS
]


def _element(tag: str, text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<{tag}><text>{escaped}</text></{tag}>"


def _rule(number: int, cells: tuple[str, ...], output: str) -> str:
    inputs = "".join(_element("inputEntry", cell) for cell in cells)
    return f'<rule id="r{number}">{inputs}{_element("outputEntry", output)}</rule>'


def _input(name: str, kind: str) -> str:
    return (
        f'<inputData id="{name}" name="{name}">'
        f'<variable name="{name}" typeRef="{kind}"/></inputData>'
    )


def _needs(inputs: dict[str, str]) -> str:
    return "".join(
        f'<informationRequirement><{tag} href="#{key}"/></informationRequirement>'
        for key, tag in inputs.items()
    )


def _clauses(names: dict[str, str]) -> str:
    return "".join(
        f'<input><inputExpression typeRef="{kind}"><text>{name}</text>'
        "</inputExpression></input>"
        for name, kind in names.items()
    )


def _document(body: str) -> bytes:
    return (
        f'<definitions xmlns="{NAMESPACE}" name="bench" namespace="urn:bench">'
        f"{body}</definitions>"
    ).encode()


def grid() -> bytes:
    """Twenty rules over two inputs: confidence bands by impact."""
    rules = [
        _rule(len(BANDS) * place + band, (cell, f'"{impact}"'), f'"{OUTCOMES[band]}"')
        for place, impact in enumerate(IMPACTS)
        for band, (_, _, cell) in enumerate(BANDS)
    ]
    kinds = {"confidence": "number", "impact": "string"}
    return _document(
        _input("confidence", "number")
        + _input("impact", "string")
        + '<decision id="grid" name="grid"><variable name="grid" typeRef="string"/>'
        + _needs({"confidence": "requiredInput", "impact": "requiredInput"})
        + f'<decisionTable hitPolicy="UNIQUE">{_clauses(kinds)}<output/>'
        + "".join(rules)
        + "</decisionTable></decision>"
    )


def long_table(rows: int) -> bytes:
    """A rate table: one narrow band of amounts per row, and a word."""
    rules = [
        _rule(row, (f"[{row * 10}..{row * 10 + 10})", f'"w{row % 10}"'), str(row))
        for row in range(rows)
    ]
    kinds = {"amount": "number", "word": "string"}
    return _document(
        _input("amount", "number")
        + _input("word", "string")
        + '<decision id="rate" name="rate"><variable name="rate" typeRef="number"/>'
        + _needs({"amount": "requiredInput", "word": "requiredInput"})
        + f'<decisionTable hitPolicy="UNIQUE">{_clauses(kinds)}<output/>'
        + "".join(rules)
        + "</decisionTable></decision>"
    )


def graph(size: int) -> bytes:
    """A chain of decisions: tables and expressions by turns, each on the one before."""
    parts = [_input("amount", "number")]
    before, tag = "amount", "requiredInput"
    for number in range(size):
        name = f"d{number}"
        if number % 2:
            logic = _element("literalExpression", f"({before} + {number}) * 1.5 - 1")
        else:
            rules = (
                _rule(1, ("< 100",), f"{before} + 1")
                + _rule(2, ("[100..1000)",), f"{before} / 2")
                + _rule(3, (">= 1000",), "999")
            )
            clauses = _clauses({before: "number"})
            logic = (
                f'<decisionTable hitPolicy="UNIQUE">{clauses}<output/>'
                f"{rules}</decisionTable>"
            )
        parts.append(
            f'<decision id="{name}" name="{name}">'
            f'<variable name="{name}" typeRef="number"/>'
            f"{_needs({before: tag})}{logic}</decision>"
        )
        before, tag = name, "requiredDecision"
    return _document("".join(parts))
