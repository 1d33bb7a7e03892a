"""Stops of automatic decisions: what one covers, how long it may last. Pure.

A stop is placed by one person and lasts until a moment that is at most seven days away.
While it covers a case, nothing about that case is decided without people.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

LONGEST: Final = dt.timedelta(days=7)


class StopKind(StrEnum):
    """What is stopped: a model, cells of a queue's grid, or a definition."""

    MODEL = "MODEL"
    CELL = "CELL"
    DEFINITION = "DEFINITION"


class DiversionKind(StrEnum):
    """What became of a decision that a stop kept from being made without people."""

    REVIEW = "REVIEW"
    HELD = "HELD"
    FALLBACK = "FALLBACK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a stop is about.

    `name` is a model's (a handler, a connector, or what a proposal names as its model
    or model version) or a definition's key, `version` one version of that definition
    ("" for all); with `everything` its automatic steps that decide nothing wait, too. A
    cell is a queue, and of its grid all rows or one row of one version.
    """

    kind: StopKind
    name: str = ""
    version: str = ""
    queue: str = ""
    grid: int | None = None
    row: int | None = None
    everything: bool = False

    def describe(self) -> str:
        """Return what is stopped, as a sentence's subject."""
        match self.kind:
            case StopKind.MODEL:
                return f"the model {self.name}"
            case StopKind.DEFINITION:
                version = self.version or "in all versions"
                more = ", every automatic step" if self.everything else ""
                return f"the process {self.name} {version}{more}"
            case StopKind.CELL:
                row = f"row {self.row} of" if self.row else "all rows of"
                return f"{row} the grid of {self.queue}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """A case that is about to be decided without people.

    `queues` are the one whose grid was asked and the one the case goes to; `grid` is
    the policy that answered (None: a decision of the definition), `row` which row did;
    `models` are the names of all models that had, or may have, a say.
    """

    queues: frozenset[str]
    definition: str
    version: str
    grid: int | None = None
    row: int | None = None
    models: frozenset[str] = frozenset()


def covers(target: Target, case: Automatic) -> bool:
    """Tell whether a stop keeps a case from being decided without people.

    A row is stopped in the version it was pressed on. Under any other version of the
    queue's grid every row is: which row became of it, nobody has said.
    """
    match target.kind:
        case StopKind.MODEL:
            return target.name in case.models
        case StopKind.DEFINITION:
            same = target.name == case.definition
            return same and target.version in {"", case.version}
        case StopKind.CELL:
            if target.queue not in case.queues:
                return False
            if target.row is None:
                return True
            if case.grid is None:
                return False
            return case.grid != target.grid or case.row == target.row


def find_row(explanation: object) -> int | None:
    """Return which row of a grid answered, from 1, by an evaluation's explanation."""
    if not isinstance(explanation, dict):
        return None
    tables: Any = explanation.get("tables") or []
    matched = tables[0].get("matched") if tables else None
    return int(matched[0]) if matched else None


def name_models(proposal: object) -> frozenset[str]:
    """Return the names a proposal gives its model: the model's and its version's."""
    if not isinstance(proposal, dict):
        return frozenset()
    words = (proposal.get("model_version"), proposal.get("model"))
    return frozenset(word for word in words if isinstance(word, str) and word)


def find_fault(*, lasting: dt.timedelta) -> str:
    """Return why a stop cannot last so long, or ""."""
    if lasting <= dt.timedelta():
        return "A stop needs an end that lies ahead."
    if lasting > LONGEST:
        return f"A stop lasts {LONGEST.days} days at most; it can be extended then."
    return ""


def find_objection(
    *, asked_by: int | None, persons: frozenset[int], is_over: bool
) -> str:
    """Return why a person may not let a stop end before its time, or "".

    Four eyes: who asked for it, or stands in for who did, never agrees to it. `persons`
    are all who count as one natural person with whoever agrees.
    """
    if is_over:
        return "This stop is over already."
    if asked_by is None:
        return "Nobody has asked to lift this stop yet."
    if asked_by in persons:
        return (
            "You asked for this yourself, so a second person must agree;"
            " another account of yours does not make you another person."
        )
    return ""
