"""Which cases somebody asked for: one, those of a query, those of a sample. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, get_args
from uuid import UUID

Kind = Literal["case", "query", "sample"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class UnreadableSelection(ValueError):
    """A stored selection that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for, as it can be stored and asked again.

    A `query` names its cases by `facets` (see core/evidence/facets.py) and has no `cases`: they
    are found when it is resolved. `case` and `sample` list theirs, in their order; the
    facets of a sample name its plan.
    """

    kind: Kind
    title: str
    facets: Mapping[str, str] = field(default_factory=dict)
    cases: tuple[UUID, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the selection as JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "facets": dict(self.facets),
            "cases": [str(case) for case in self.cases],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read what `to_json` returned. Raises UnreadableSelection."""
        try:
            kind, title = told["kind"], str(told["title"])
            facets = {str(name): str(value) for name, value in told["facets"].items()}
            cases = tuple(UUID(str(case)) for case in told["cases"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableSelection(f"This is no selection: {error}") from error
        if kind not in KINDS:
            raise UnreadableSelection(f"There is no selection of the kind {kind!r}.")
        return cls(kind=kind, title=title, facets=facets, cases=cases)
