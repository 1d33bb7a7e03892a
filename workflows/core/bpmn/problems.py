"""What is wrong with a model, and where. No reading here."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a model: where it is and what to do about it.

    `source` is the file, `line` counts from 1 (0: the whole file), `element` is
    the id of the BPMN element, or its name where it has none.
    """

    source: str
    line: int
    element: str
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}"
        return f"{place}: {self.element}: {self.message}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a model that runs but deserves a look; `code` names the rule.

    `severity` is `error` where the case will fail that comes there, `warning` where it
    may, `advice` where the model could be better.
    """

    code: str
    source: str
    line: int
    element: str
    message: str
    severity: str = "warning"

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}"
        told = f"{place}: {self.element}: {self.message} [{self.code}]"
        return f"{self.severity}: {told}"

    def as_dict(self) -> dict[str, str | int]:
        """Return the finding as JSON values."""
        return asdict(self)


class BpmnError(Exception):
    """A model that is refused, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Problems:
    """Collects the problems of one file, so that all are told at once."""

    source: str
    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, *, element: str, line: int) -> None:
        """Note one problem."""
        self.found.append(
            Problem(source=self.source, line=line, element=element, message=message)
        )

    def raise_if_any(self) -> None:
        """Raise BpmnError with all problems, in the order of lines."""
        if self.found:
            unique = dict.fromkeys(self.found)
            raise BpmnError(tuple(sorted(unique, key=lambda one: one.line)))
