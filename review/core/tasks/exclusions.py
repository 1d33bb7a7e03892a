"""Conflicts of interest: FEEL on a person and a case. No storage, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from review.core.tasks.rules import Exclusion
from workflows.core.feel import FeelSyntaxError, compile_expression


@dataclass(frozen=True, slots=True)
class Someone:
    """A natural person as the conditions see him, under the name `person`."""

    id: int
    name: str
    email: str = ""
    regions: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)

    def to_feel(self) -> dict[str, object]:
        """Return the person as a context; skills are a context of levels by name."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "regions": list(self.regions),
            "skills": dict(self.skills),
        }


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Who may not judge a case, by id with the sentence why; and what went wrong."""

    excluded: Mapping[int, str]
    problems: tuple[str, ...] = ()


def find_conflicts(
    exclusions: Sequence[Exclusion],
    *,
    people: Iterable[Someone],
    payload: Mapping[str, object],
) -> Conflicts:
    """Return which of these people have a conflict of interest in a case.

    A condition reads `person` (id, name, email, regions, skills), `payload`, and the
    payload's own names. Only a plain true excludes; one that cannot be evaluated
    leaves a sentence and excludes nobody: a task must not lose all its people to a
    slip of the pen.
    """
    excluded: dict[int, str] = {}
    problems: list[str] = []
    compiled = []
    for one in exclusions:
        text = one.text.removeprefix("=").strip()
        try:
            compiled.append((one, text, compile_expression(text)))
        except FeelSyntaxError as error:
            problems.append(f"{one.by}: exclude: {text}: {error}")
    for person in people if compiled else ():
        scope = {**payload, "payload": payload, "person": person.to_feel()}
        for one, text, expression in compiled:
            result = expression.evaluate(scope)
            if result.value is True:
                excluded.setdefault(person.id, explain(one.by, text))
            elif result.value is not False:
                told = result.messages[0] if result.messages else "no yes or no"
                problems.append(f"{one.by}: exclude: {text}: {told}")
    return Conflicts(excluded=excluded, problems=tuple(dict.fromkeys(problems)))


def explain(by: str, text: str) -> str:
    """Return the sentence that an excluded person and an auditor read."""
    return f"Conflict of interest by {by}: {text}"
