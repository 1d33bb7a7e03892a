"""What an instance can hear. Plain values; their JSON form is `Stimulus.data`."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workflows.core.actors import ENGINE, Actor
from workflows.core.chain import Draft


class StimulusKind(StrEnum):
    """Names of the stimuli that are kept as rows."""

    START = "START"
    CHILD_ENDED = "CHILD_ENDED"
    CHILD_FAILED = "CHILD_FAILED"
    CHILD_ESCALATED = "CHILD_ESCALATED"
    RECEIVED = "RECEIVED"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Start:
    """Begin where the process does, at the start of a message, or at a named node.

    The node may be a start event, or what an event that begins an instance leads to: a
    receive task, or a target of an event-based gateway.
    """

    message: str = ""
    node_id: str = ""
    signal: str = ""


@dataclass(frozen=True, slots=True)
class Go:
    """Do the work of a READY step: a retry that is due, or work left over."""

    step_id: int


@dataclass(frozen=True, slots=True)
class Done:
    """A step's work is done. `drafts` are written before the engine's own entry."""

    step_id: int
    output: Mapping[str, Any]
    actor: Actor = ENGINE
    drafts: Sequence[Draft] = field(default_factory=tuple)
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A step's work failed technically. `jitter` in [0, 1) is drawn by the caller."""

    step_id: int
    code: str
    message: str
    jitter: float
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A step's work ended in a BPMN error with a code."""

    step_id: int
    code: str
    message: str
    actor: Actor = ENGINE
    drafts: Sequence[Draft] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of this step is due; None is the top of the instance."""

    step_id: int | None
    node_id: str
    due_at: dt.datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """A message or signal that was correlated with a subscription of this step."""

    step_id: int | None
    node_id: str
    name: str
    variables: Mapping[str, Any]
    actor: Actor = ENGINE
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escalated:
    """A called process escalated; the step that called it goes on."""

    step_id: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message for whatever in the instance waits for its name."""

    name: str
    variables: Mapping[str, Any]
    actor: Actor


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the instance: at once, or after all that was done has been taken back.

    `reason` is what a person typed, `because` what the engine says in its place.
    """

    reason: str
    actor: Actor
    compensate: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True)
class Activate:
    """Begin activities of an ad-hoc sub-process, on a person's word."""

    step_id: int
    nodes: Sequence[str]
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Try a step in an incident again, on a person's word."""

    step_id: int
    actor: Actor
    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)


Stimulus = (
    Start
    | Go
    | Done
    | Failed
    | Fault
    | TimerFired
    | Received
    | Escalated
    | Message
    | Activate
    | Cancel
    | Retry
)
