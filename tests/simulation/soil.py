"""What a tree may be grown of, and where. How it is grown: growing.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workflows.core.bpmn.graph import NodeKind


class Kind(StrEnum):
    """The constructs that a tree may be grown of."""

    TASK = "task"
    SERIES = "series"
    FORK = "fork"
    SCOPE = "scope"
    CALL = "call"
    CATCH = "catch"
    STOP = "stop"
    TIMED = "timed"
    ERROR = "error"
    MESSAGE = "message"
    SIGNAL = "signal"
    RACE = "race"
    LINK = "link"
    LOOP = "loop"
    ESCALATION = "escalation"
    AD_HOC = "ad-hoc"
    SAGA = "saga"
    INSET = "inset"
    COMPLEX = "complex"
    CONDITION = "condition"
    POLICY = "policy"


ALL = frozenset(Kind)

GATEWAYS = (
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
)
TASKS = (
    NodeKind.MANUAL_TASK,
    NodeKind.SCRIPT_TASK,
    NodeKind.SCRIPT_TASK,
    NodeKind.USER_TASK,
    NodeKind.USER_TASK,
    NodeKind.SERVICE_TASK,
    NodeKind.SERVICE_TASK,
)


@dataclass(frozen=True, slots=True)
class Soil:
    """Where a block grows: what the blocks around it allow.

    `codes` are errors that an end event may throw here, for at most one of the paths
    that run side by side; `caught` those of them that somebody in the same process
    catches (a service's error that nobody catches there is an incident, not an end);
    `ends` whether the scope may be terminated here; `looped` whether the place is
    inside something that repeats.
    """

    depth: int = 0
    codes: tuple[str, ...] = ()
    caught: tuple[str, ...] = ()
    ends: bool = False
    looped: bool = False

    def deeper(self, **changes: object) -> Soil:
        return replace(self, depth=self.depth + 1, **changes)  # type: ignore[arg-type]

    def quiet(self) -> Soil:
        """Return the soil of a path that must end by itself."""
        return replace(self, codes=(), caught=(), ends=False)


def kinds_of(names: Sequence[str]) -> frozenset[Kind]:
    """Read kinds by their names."""
    return frozenset(Kind(name) for name in names)
