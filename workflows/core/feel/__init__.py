"""FEEL, the expression language of DMN 1.5: conditions, mappings, timers, cells.

Values: number `Decimal`, string `str`, boolean `bool`, null `None`, list `list`,
context `dict`, and the temporal and range kinds of this package. `to_feel` and
`from_feel` cross the border. A text is compiled once and cached; only compiling raises
(`FeelSyntaxError`), evaluating gives null and messages instead.
"""

from workflows.core.feel.convert import from_feel, text_of, to_feel
from workflows.core.feel.errors import FeelSyntaxError
from workflows.core.feel.expressions import (
    Expression,
    Result,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from workflows.core.feel.limits import DEFAULT_LIMITS, Limits
from workflows.core.feel.names import names_in

__all__ = [
    "DEFAULT_LIMITS",
    "Expression",
    "FeelSyntaxError",
    "Limits",
    "Result",
    "UnaryTests",
    "compile_expression",
    "compile_unary_tests",
    "from_feel",
    "names_in",
    "text_of",
    "to_feel",
]
