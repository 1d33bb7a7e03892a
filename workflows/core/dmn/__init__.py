"""DMN 1.1 to 1.5: decision tables and the graphs of decisions that use them.

`read_dmn` compiles a model once, at deploy; `Model.evaluate` decides. Pure: imported
models and the present moment are passed in.
"""

from workflows.core.dmn.errors import DmnError, Problem
from workflows.core.dmn.explain import Explanation
from workflows.core.dmn.lint import Finding, lint
from workflows.core.dmn.model import Decided, Model
from workflows.core.dmn.reader import read_dmn

__all__ = [
    "Decided",
    "DmnError",
    "Explanation",
    "Finding",
    "Model",
    "Problem",
    "lint",
    "read_dmn",
]
