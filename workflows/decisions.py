"""Bytes of a DMN file to decisions: the XML shell around the pure DMN model."""

from collections.abc import Mapping

from workflows.core.bpmn.problems import Problem
from workflows.core.engine.plan import Decide
from workflows.xml import MarkupError, parse_xml


class DecisionError(Exception):
    """A DMN file that is refused, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read_decisions(data: bytes, *, source: str) -> dict[str, Decide]:
    """Return the decisions of a file, each under its id and under its name.

    Raises DecisionError with every problem found, each with file, line and element.
    """
    try:
        root = parse_xml(data, source=source)
    except MarkupError as error:
        problem = Problem(
            source=source, line=error.line, element="<xml>", message=error.message
        )
        raise DecisionError((problem,)) from error

    def not_yet(_: Mapping[str, object]) -> object:  # INTERIM
        raise NotImplementedError

    names: dict[str, Decide] = {}
    for decision in root.each("decision"):
        names[decision.get("id")] = not_yet  # type: ignore[assignment]
        names[decision.get("name")] = not_yet  # type: ignore[assignment]
    return names
