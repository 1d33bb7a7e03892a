"""The words for where instances, steps, timers and incidents are. No transitions here."""

from enum import StrEnum


class InstanceState(StrEnum):
    """Where one run of a definition is."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"


class StepState(StrEnum):
    """Where one activation of a BPMN node is.

    READY: work the engine still has to do (a handler to call, now or at `run_at`).
    RUNNING: claimed by a worker under a lease, outside any transaction.
    WAITING: a person, a timer, a child instance, a message or other tokens must come.
    INCIDENT: out of retries; a person must act.
    The others are final.
    """

    READY = "READY"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    INCIDENT = "INCIDENT"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    SKIPPED = "SKIPPED"


class TimerState(StrEnum):
    """Where a row with a due moment is."""

    ARMED = "ARMED"
    FIRED = "FIRED"
    CANCELED = "CANCELED"


class IncidentState(StrEnum):
    """Where a step that ran out of retries is, seen from the desk."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class Resolution(StrEnum):
    """How a person ended an incident."""

    RETRIED = "RETRIED"
    INPUT_EDITED = "INPUT_EDITED"
    BY_HAND = "BY_HAND"
    SUPERSEDED = "SUPERSEDED"


FINAL_STEP_STATES = frozenset({
    StepState.COMPLETED,
    StepState.CANCELED,
    StepState.SKIPPED,
})
LIVE_STEP_STATES = frozenset(StepState) - FINAL_STEP_STATES
FINAL_INSTANCE_STATES = frozenset({
    InstanceState.COMPLETED,
    InstanceState.CANCELED,
    InstanceState.FAILED,
})
