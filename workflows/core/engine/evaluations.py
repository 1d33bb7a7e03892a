"""From a decision's explanation to the rows that hit counts are made of."""

from collections.abc import Mapping

from workflows.core.canonical import digest, dumps
from workflows.core.engine.state import Evaluation

MAX_NAME = 200
"""Names are kept this long; the reader of counts cuts them likewise."""
MAX_EVALUATIONS = 500
"""Of one step: a table called in a long loop is not counted to its end."""

MAX_BYTES = 20_000
"""Longer explanations keep only the matched rules: an audit entry has a size limit."""


def read_evaluations(step_id: int, explanation: object) -> list[Evaluation]:
    """Return one evaluation for each table in an explanation, in their order.

    `explanation` is as `workflows.core.dmn.Explanation.to_json` gives it; none where
    nothing was decided.
    """
    if not isinstance(explanation, Mapping):
        return []
    return [
        Evaluation(
            step_id=step_id,
            decision=str(table["decision"])[:MAX_NAME],
            table_id=str(table["element"])[:MAX_NAME],
            matched=tuple(table["matched"]),
        )
        for table in explanation["tables"][:MAX_EVALUATIONS]
    ]


def fit_explanation(explanation: dict[str, object]) -> dict[str, object]:
    """Keep an explanation small enough for an audit entry.

    The verdict of every cell of a very large table can be computed again from the
    inputs and the table, which stays deployed; the matched rules are always kept.
    """
    if len(dumps(explanation)) <= MAX_BYTES:
        return explanation
    tables = explanation["tables"]
    if not isinstance(tables, list):
        return {}
    return {
        "inputs": digest(explanation["inputs"]),
        "tables": [
            {
                "decision": table["decision"],
                "element": table["element"],
                "matched": table["matched"][:1000],
            }
            for table in tables[:50]
        ],
        "shortened": True,
    }
