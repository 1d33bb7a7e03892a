"""The control tests of a working paper and what may be noted under them. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Result(StrEnum):
    """What an auditor notes under a test; the last four are of re-performance."""

    OK = "OK"
    EXCEPTION = "EXCEPTION"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    BLOCKED = "BLOCKED"
    UNDECIDED = "UNDECIDED"


class OrderState(StrEnum):
    """Where tests over many cases stand that workers run."""

    WAITING = "WAITING"
    TESTING = "TESTING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


UNDER_WAY: Final = (OrderState.WAITING, OrderState.TESTING)
MOST_ATTEMPTS: Final = 5
"""Workers that may die or fail over one order without finishing any further part."""

TICKS: Final = (Result.OK, Result.EXCEPTION, Result.NOT_APPLICABLE)
JUDGEMENTS: Final = (
    Result.APPROVED,
    Result.REJECTED,
    Result.BLOCKED,
    Result.UNDECIDED,
)
REPERFORMANCE: Final = "reperformance"


@dataclass(frozen=True, slots=True)
class Control:
    """One control test: its name in addresses and rows, and what it asks."""

    code: str
    name: str
    asks: str


CONTROLS: Final = (
    Control(
        "dual_control",
        "Dual control held",
        "Two different natural persons judged, where the grid or the quorum asked so.",
    ),
    Control(
        "clock",
        "Clock right",
        "The clock started, paused and stopped as the events say; a breach is marked"
        " where the decision came after the due moment, and only there.",
    ),
    Control(
        "rationale",
        "Rationale present",
        "Where a reason or words were asked for, they are there and speak of this case.",
    ),
    Control(
        "self_approval",
        "No self-approval",
        "Nobody judged what he had started, nor for whom he counts as one person.",
    ),
    Control(
        "policy",
        "Policy in force",
        "The version the case was judged by was in force when it was opened.",
    ),
    Control(
        "evidence",
        "Evidence seen",
        "What the verdict names as shown is the case's, and its sources were there.",
    ),
)
BY_CODE: Final = {control.code: control for control in CONTROLS}


def tick_of(key: str) -> Result | None:
    """Return what a key stands for: 1 ok, 2 exception, 3 not applicable."""
    return dict(zip("123", TICKS, strict=True)).get(key)


def compare(own: Result, decided: str | None) -> bool | None:
    """Tell whether the auditor's own decision is the one that was made.

    None where nothing was decided, or the auditor would not decide.
    """
    if own is Result.UNDECIDED or not decided:
        return None
    return own.value == decided
