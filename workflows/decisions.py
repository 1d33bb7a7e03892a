"""The decisions of a package's DMN file, each ready to be asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workflows.core.bpmn.problems import Finding, Problem
from workflows.core.dmn import Decided, DmnError, Model, lint, read_dmn


class DecisionError(Exception):
    """A DMN file that is refused, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Decide:
    """One decision of a model. Called with variables by name it never raises."""

    model: Model
    target: str

    def __call__(self, variables: Mapping[str, object]) -> Decided:
        """Return value, messages and the explanation an auditor reads."""
        return self.model.evaluate(self.target, variables, explain=True)


def read_decisions(data: bytes, *, source: str) -> dict[str, Decide]:
    """Return the decisions of a file, each under its id and under its name.

    Raises DecisionError with every problem found, each with file, line and element.
    """
    try:
        model = read_dmn(data, source=source)
    except DmnError as error:
        problems = tuple(
            Problem(
                source=one.source,
                line=one.line,
                element=one.element or "<definitions>",
                message=one.message,
            )
            for one in error.problems
        )
        raise DecisionError(problems) from error
    return {name: Decide(model=model, target=name) for name in model.decisions}


def lint_decisions(decisions: Iterable[object]) -> Iterator[Finding]:
    """Give what the linter says of the tables behind decisions, file by file."""
    models = {
        one.model.source: one.model for one in decisions if isinstance(one, Decide)
    }
    for source, model in sorted(models.items()):
        for found in lint(model):
            yield Finding(
                code=found.code,
                source=source,
                line=0,
                element=found.element,
                message=found.message,
                severity="advice" if found.severity == "info" else found.severity,
            )
