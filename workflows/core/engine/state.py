"""The working copy of an instance while it advances, and what comes out of it.

Rows here are values in memory; `workflows.store` loads and saves them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from workflows.core.bpmn.graph import Node
from workflows.core.chain import Draft, Head
from workflows.core.commitments import Opening
from workflows.core.engine.plan import PlanNode
from workflows.core.states import InstanceState, StepState


@dataclass(slots=True)
class InstanceRow:
    """One instance as loaded under its row lock.

    `data` is what the engine keeps of the instance's top scope, as `StepRow.data` is
    for the scopes below it.
    """

    id: UUID
    definition_id: int
    process_id: str
    state: InstanceState
    business_key: str
    variables: dict[str, Any]
    initiator: str
    parent_instance_id: UUID | None
    parent_step_id: int | None
    depth: int
    version: int
    head: Head
    data: dict[str, Any] = field(default_factory=dict)
    data_changed: bool = False
    end_node_id: str = ""
    ended_at: dt.datetime | None = None
    variables_changed: bool = False
    started_at: dt.datetime | None = None
    occurred_at: dt.datetime | None = None
    new: bool = False
    secret: bytes = b""
    """Behind the commitments of personal values; empty where the process has none."""
    secret_is_new: bool = False
    subject: str = ""


@dataclass(slots=True)
class StepRow:
    """One live step, or one that this advance made."""

    id: int
    scope_id: int | None
    node_id: str
    kind: str
    name: str
    state: StepState
    attempt: int
    data: dict[str, Any]
    error: str
    external: bool
    run_at: dt.datetime | None
    lease_token: int
    lease_until: dt.datetime | None
    worker: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    new: bool = False
    changed: bool = False
    noted: bool = False


class Token(NamedTuple):
    """A token on its way to a node of a scope, by a flow or by none."""

    planned: PlanNode
    scope_id: int | None
    flow_id: str
    data: Mapping[str, Any] | None


def new_step(token: Token, *, step_id: int, now: dt.datetime) -> StepRow:
    """Return the step that a token becomes at its node."""
    node = token.planned.node
    data = dict(token.data) if token.data else {}
    if token.flow_id:
        data["flow"] = token.flow_id
    return StepRow(
        id=step_id,
        scope_id=token.scope_id,
        node_id=node.id,
        kind=token.planned.kind,
        name=node.name,
        state=StepState.READY,
        attempt=0,
        data=data,
        error="",
        external=False,
        run_at=None,
        lease_token=0,
        lease_until=None,
        worker="",
        started_at=now,
        ended_at=None,
        new=True,
    )


@dataclass(frozen=True, slots=True)
class TimerArm:
    """A timer to write; without a step it is that of an event sub-process at the top."""

    step_id: int | None
    node_id: str
    kind: str
    due_at: dt.datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChildStart:
    """A called process to start; its instance tells this step when it ends."""

    step_id: int
    called: str
    version: str
    variables: Mapping[str, object]
    binding: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """A stimulus for another instance."""

    instance_id: UUID
    kind: str
    step_id: int | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A wish to receive a message or a signal.

    `step_id` is the step that waits: a catch event, a receive task, the host of a
    boundary event, an event-based gateway, or the sub-process that holds an event
    sub-process; None is the top of the instance. `node_id` is the event that is then
    triggered. `key` is empty for signals. `once` ends with the first that comes.
    """

    step_id: int | None
    node_id: str
    kind: str
    name: str
    key: str
    once: bool


@dataclass(frozen=True, slots=True)
class MessageThrow:
    """A message for whoever waits for its name and key, kept `ttl_seconds` if nobody."""

    step_id: int
    name: str
    key: str
    message_id: str
    variables: Mapping[str, object]
    ttl_seconds: float


@dataclass(frozen=True, slots=True)
class SignalThrow:
    """A signal for all who wait for its name at this moment."""

    step_id: int
    name: str
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class IncidentOpen:
    """A step that ran out of retries."""

    step_id: int
    code: str
    message: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Call:
    """A handler to run inside the transaction; its result is heard by this run."""

    step: StepRow
    handler: str
    version: str
    inputs: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Human:
    """A step that asks for a person's work."""

    step: StepRow
    node: Node
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A decision table that a step asked; `matched` are its rules, from 1."""

    step_id: int
    decision: str
    table_id: str
    matched: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A stop of automatic decisions, as the engine must know it.

    It holds steps that call one of the `handlers`, with `decisions` every step that
    asks a decision table, and with `everything` every automatic task, in these
    definitions (None: in all), until a moment.
    """

    stop: int
    until: dt.datetime
    handlers: frozenset[str] = frozenset()
    definitions: frozenset[int] | None = None
    decisions: bool = False
    everything: bool = False


def no_holds() -> Sequence[Hold]:
    """Return that nothing is stopped."""
    return ()


@dataclass(frozen=True, slots=True)
class Diverted:
    """A step that a stop kept from deciding; `fell` says that its fallback took over."""

    step_id: int
    node_id: str
    stop: int
    fell: bool = False


@dataclass(slots=True)
class Changes:
    """Everything one advance wants written or done.

    `timers_off` and `unsubscribed` are (step id, node id); an empty node id means all
    of that step, a step id of None the top of the instance.
    """

    drafts: list[Draft] = field(default_factory=list)
    timers: list[TimerArm] = field(default_factory=list)
    timers_off: list[tuple[int | None, str]] = field(default_factory=list)
    subscribed: list[Subscribe] = field(default_factory=list)
    unsubscribed: list[tuple[int | None, str]] = field(default_factory=list)
    messages: list[MessageThrow] = field(default_factory=list)
    signals: list[SignalThrow] = field(default_factory=list)
    children: list[ChildStart] = field(default_factory=list)
    tells: list[Tell] = field(default_factory=list)
    incidents: list[IncidentOpen] = field(default_factory=list)
    incidents_off: list[int] = field(default_factory=list)
    humans_off: list[int] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    diverted: list[Diverted] = field(default_factory=list)
