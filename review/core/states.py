"""The words of people's work: roles, controls, states, stages, decisions. No rules here."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; a reviewer's and a manager's role may be for one queue."""

    REVIEWER = "REVIEWER"
    MANAGER = "MANAGER"
    AUDITOR = "AUDITOR"
    PROCESS_OWNER = "PROCESS_OWNER"
    ADMINISTRATOR = "ADMINISTRATOR"


class Control(StrEnum):
    """What the grid asks for: nobody, one person, two persons, or a stop."""

    AUTO = "AUTO"
    REVIEW = "REVIEW"
    DUAL = "DUAL"
    BLOCK = "BLOCK"


class TaskState(StrEnum):
    """Where a task is. CLAIMED with a lapsed lease counts as free."""

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    DECIDED = "DECIDED"
    CANCELED = "CANCELED"


class Stage(StrEnum):
    """Whose turn it is within a round."""

    FIRST = "FIRST"
    SECOND = "SECOND"
    ADJUDICATION = "ADJUDICATION"


class PriorityClass(StrEnum):
    """A before B before C; first come, first served within a class."""

    A = "A"
    B = "B"
    C = "C"


class Decision(StrEnum):
    """What one person says."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    EDIT_AND_APPROVE = "EDIT_AND_APPROVE"


class Outcome(StrEnum):
    """What the verdicts, or the grid alone, make of a task."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    BLOCKED = "BLOCKED"


class DecidedBy(StrEnum):
    """Whether persons or the grid made the outcome; kept apart for good."""

    PEOPLE = "PEOPLE"
    AUTO = "AUTO"


LIVE_TASK_STATES = frozenset({TaskState.OPEN, TaskState.CLAIMED})
