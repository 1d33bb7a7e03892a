"""Policies: what a version is, what each kind must be able to do, who may act.

Nothing is stored or looked up here. What a grid says stands in grid_table.py, what
routing rules say in routing.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple, Protocol

from review.core.states import PolicyState

MAX_BYTES = 200_000
"""A body is read whole by every process that opens tasks."""
MAX_LINES = 100
"""More rows than that nobody reads."""


class Fault(NamedTuple):
    """What is wrong with a body: where (names and places from 0), and a sentence."""

    place: tuple[str | int, ...]
    message: str


class Line(NamedTuple):
    """One line of a body as lists and differences show it: a name, and its cells."""

    name: str
    cells: tuple[str, ...]


class PolicyRules(Protocol):
    """What a kind of policy must be able to do; all of it is pure."""

    def check(self, body: object) -> Sequence[Fault]:
        """Return every fault of a body; none means that it can be in force."""
        ...

    def normalize(self, body: object) -> dict[str, Any]:
        """Return a sound body in the one form that is stored and digested."""
        ...

    def takes_two(self, body: Mapping[str, Any]) -> str:
        """Return why even a first version takes a second person, "" where it does not."""
        ...

    def list_heads(self, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the heads of the columns of `list_lines`."""
        ...

    def list_lines(self, body: Mapping[str, Any]) -> Sequence[Line]:
        """Return a body's lines in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference of two versions: same, added, removed or changed.

    `number` and `was` are places from 1 in the newer and the older version; `marks`
    tells for each cell whether it changed, `old` what a changed line said before.
    """

    kind: str
    cells: tuple[str, ...]
    number: int | None = None
    was: int | None = None
    marks: tuple[bool, ...] = ()
    old: tuple[str, ...] = ()


def find_objection(*, state: PolicyState, author_id: int | None, person_id: int) -> str:
    """Return why a person may not approve or decline a version, or "".

    Four eyes: whoever proposed a change never settles it.
    """
    if state is not PolicyState.PROPOSED:
        return "This version has been settled already."
    if author_id is not None and author_id == person_id:
        return (
            "You proposed this yourself, so a second person must decide on it;"
            " another account of yours does not make you another person."
        )
    return ""


def compare_lines(old: Sequence[Line], new: Sequence[Line]) -> list[Change]:
    """Compare two versions line by line, in the newer one's order.

    Equal lines are paired first (longest common run), then lines left over between two
    pairs are taken for the same line changed, in their order.
    """
    matcher = SequenceMatcher(
        None, [one.cells for one in old], [one.cells for one in new], autojunk=False
    )
    found: list[Change] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            found += [
                Change("same", new[c + n].cells, number=c + n + 1, was=a + n + 1)
                for n in range(b - a)
            ]
            continue
        both = min(b - a, d - c)
        found += [
            _changed(old[a + n], new[c + n], was=a + n + 1, number=c + n + 1)
            for n in range(both)
        ]
        found += [
            Change("removed", old[n].cells, was=n + 1) for n in range(a + both, b)
        ]
        found += [
            Change("added", new[n].cells, number=n + 1) for n in range(c + both, d)
        ]
    return found


def _changed(old: Line, new: Line, *, was: int, number: int) -> Change:
    width = max(len(old.cells), len(new.cells))
    left = old.cells + ("",) * (width - len(old.cells))
    right = new.cells + ("",) * (width - len(new.cells))
    marks = tuple(a != b for a, b in zip(left, right, strict=True))
    return Change("changed", right, number=number, was=was, marks=marks, old=left)


def describe_changes(changes: Sequence[Change], *, what: str = "row") -> str:
    """Return the difference in one sentence: "1 row changed, 2 rows added."."""
    counts = [
        (sum(1 for one in changes if one.kind == kind), kind)
        for kind in ("changed", "added", "removed")
    ]
    said = [
        f"{count} {what}{'' if count == 1 else 's'} {kind}"
        for count, kind in counts
        if count
    ]
    return f"{', '.join(said)}." if said else "Nothing differs."
