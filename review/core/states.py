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
    """Where a task is. CLAIMED with a lapsed lease counts as free.

    WAITING: parked until somebody outside answers or a colleague helps; its clock
    stands. SETTLING: a verdict stands, but its effects are held while it can be undone.
    """

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    WAITING = "WAITING"
    SETTLING = "SETTLING"
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
    """What one person says. Only the first three are votes; see VOTES."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    EDIT_AND_APPROVE = "EDIT_AND_APPROVE"
    REQUEST_INFORMATION = "REQUEST_INFORMATION"
    ESCALATE = "ESCALATE"
    ABSTAIN = "ABSTAIN"


class Reveal(StrEnum):
    """When a reviewer sees what the model suggests (Bucinca 2021)."""

    ASSIST = "ASSIST"
    ON_REQUEST = "ON_REQUEST"
    VERDICT_FIRST = "VERDICT_FIRST"


class Assignment(StrEnum):
    """How a queue's work finds its people: they pull it, or it is pushed to one."""

    PULL = "PULL"
    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_LOADED = "LEAST_LOADED"
    SKILL_MATCH = "SKILL_MATCH"


class Signature(StrEnum):
    """What a person shows again when handing in a verdict (21 CFR 11.200)."""

    NONE = "NONE"
    PASSWORD = "PASSWORD"  # noqa: S105  (a word, no secret)


class Parking(StrEnum):
    """What a WAITING task waits for."""

    INFORMATION = "INFORMATION"
    HELP = "HELP"


class PolicyKind(StrEnum):
    """What a versioned policy rules: one subject of a queue, or a calendar."""

    GRID = "GRID"
    ROUTING = "ROUTING"
    OBJECTIVES = "OBJECTIVES"
    QUORUM = "QUORUM"
    REASONS = "REASONS"
    CLOCKS = "CLOCKS"
    LADDER = "LADDER"
    CALENDAR = "CALENDAR"


class PolicyState(StrEnum):
    """Where a version of a policy is; APPROVED ones come into force at their moment."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    IN_FORCE = "IN_FORCE"
    SUPERSEDED = "SUPERSEDED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class Outcome(StrEnum):
    """What the verdicts, the grid alone or the clock make of a task.

    RETURNED: the clock gave the case back to who handed it in; nobody judged it.
    """

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    BLOCKED = "BLOCKED"
    RETURNED = "RETURNED"


class DecidedBy(StrEnum):
    """Whether persons, the grid or a clock made the outcome; kept apart for good."""

    PEOPLE = "PEOPLE"
    AUTO = "AUTO"
    CLOCK = "CLOCK"


class ClockEventKind(StrEnum):
    """The turns of a clock. RESUME after a STOP goes on where it was stopped."""

    START = "START"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    STOP = "STOP"
    RESET = "RESET"


class InstanceClockState(StrEnum):
    """Whether the clock of a whole instance runs."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


LIVE_TASK_STATES = frozenset({TaskState.OPEN, TaskState.CLAIMED, TaskState.WAITING})
"""The states in which a task still needs somebody."""

VOTES = frozenset({Decision.APPROVE, Decision.REJECT, Decision.EDIT_AND_APPROVE})
"""The decisions a quorum counts."""
