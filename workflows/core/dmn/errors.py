"""What is wrong with a model, and where."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One problem: the source's name, line (from 1), the element's id, a sentence."""

    source: str
    line: int
    element: str
    message: str

    def __str__(self) -> str:
        """`grid.dmn:12 (rule3): ...`."""
        place = f"{self.source or 'model'}:{self.line}"
        return (
            f"{place} ({self.element}): {self.message}"
            if self.element
            else (f"{place}: {self.message}")
        )


class DmnError(ValueError):
    """A model that cannot be deployed; `problems` names every place."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep the problems beside the text of all."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
