"""DMN models as people read them: columns, rules, texts, and what needs what.

What decides is compiled in workflows.core.dmn; here nothing is evaluated.
"""

from workflows.core.outline.compare import (
    Comparison,
    Side,
    compare_tables,
    tell_changes,
)
from workflows.core.outline.logic import (
    InputColumn,
    Logic,
    Need,
    Outline,
    OutputColumn,
    Rule,
    Table,
)
from workflows.core.outline.order import list_needed
from workflows.core.outline.questions import Question, list_questions, read_answer
from workflows.core.outline.reader import read_outline

__all__ = [
    "Comparison",
    "InputColumn",
    "Logic",
    "Need",
    "Outline",
    "OutputColumn",
    "Question",
    "Rule",
    "Side",
    "Table",
    "compare_tables",
    "list_needed",
    "list_questions",
    "read_answer",
    "read_outline",
    "tell_changes",
]
