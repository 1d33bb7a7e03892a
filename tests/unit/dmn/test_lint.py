"""What the linter finds in decision tables."""

from tests.unit.dmn.models import (
    ITEMS,
    KNOWLEDGE,
    decision,
    grid,
    input_data,
    literal,
    read,
    table,
)
from workflows.core.dmn import Finding, lint


def codes(logic: str) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in lint(grid(logic))]


def test_lint_finds_what_no_rule_covers() -> None:
    assert lint(grid()) == [
        Finding("GAP", "warning", "t", "'grid': no rule matches (impact: another text)")
    ]
    whole = [("-", '"low"', "1"), ("-", 'not("low")', "2")]
    assert codes(table(["confidence", "impact"], whole)) == []


def test_lint_finds_overlaps_under_unique() -> None:
    rules = [("< 5", "-", "1"), (">= 4", "-", "2")]
    (finding,) = lint(grid(table(["confidence", "impact"], rules)))
    assert finding.code == "OVERLAP"
    assert "rules 1 and 2 both match (confidence: 4" in finding.message
    assert codes(table(["confidence", "impact"], rules, policy="FIRST")) == []


def test_lint_finds_rules_that_never_count() -> None:
    rules = [
        ("< 5", "-", "1"),
        ("< 3", "-", "2"),
        (">= 5", "-", "3"),
        ("(7..7)", "-", "4"),
    ]
    logic = table(["confidence", "impact"], rules, policy="FIRST")
    assert codes(logic) == [("UNREACHABLE", "warning"), ("MASKED", "warning")]


def test_lint_leaves_cells_it_cannot_read_alone() -> None:
    rules = [("< confidence * 2", "-", "1"), ("? > 3", "-", "2")]
    assert codes(table(["confidence", "impact"], rules)) == []


def test_lint_finds_names_that_nothing_provides() -> None:
    rules = [("-", "-", "review")]
    (finding,) = lint(grid(table(["confidence", "impact"], rules)))
    assert finding.code == "UNKNOWN_NAME"
    assert "'grid' reads 'review'" in finding.message
    model = read(
        input_data("list"),
        KNOWLEDGE,
        decision(
            "d",
            literal(
                "for i in list[price > 1] return {a: i, b: a + rate(i)}.b + count(list)"
            ),
            needs=["in_list", "bkm_rate"],
        ),
    )
    assert lint(model) == []


def test_lint_knows_the_allowed_values() -> None:
    rules = [("< 0.5", '"low"', "1"), ("[0.5..1]", '"low"', "2"), ("-", '"high"', "3")]
    model = read(
        ITEMS,
        input_data("confidence", "number"),
        input_data("impact", "tLevel"),
        decision(
            "grid",
            table(
                ["confidence", "impact"],
                rules,
                allowed="[0..1]",
                types=["number", "tLevel"],
            ),
            needs=["in_confidence", "in_impact"],
        ),
    )
    assert lint(model) == []


def test_lint_joins_gaps_and_reads_booleans() -> None:
    rules = [("true", "1", "1"), ("false", "-", "2")]
    (finding,) = lint(grid(table(["confidence = 1", "impact"], rules)))
    assert (
        finding.message
        == "'grid': no rule matches (confidence = 1: true, impact: < 1 or > 1)"
    )
    assert codes(table(["confidence"], [("true", "1")])) == [("GAP", "warning")]


def test_lint_says_when_a_table_is_too_large() -> None:
    inputs = [f"confidence + {number}" for number in range(18)]
    rules = [
        (*(f"{rule}" if rule == column else "-" for column in range(18)), "1")
        for rule in range(18)
    ]
    assert codes(table(inputs, rules, policy="ANY")) == [("UNCHECKED", "info")]
