"""What other parts plug into the engine: who takes human steps, who fires timers.

No engine here: the engine asks this module whose work a step or a timer is.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from workflows.core.actors import Actor
from workflows.core.bpmn.graph import Node
from workflows.core.chain import Draft
from workflows.core.commitments import Path
from workflows.core.engine.state import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanRequest:
    """A step that asks for a person's work.

    `variables` are the step's input mapping applied, or else all variables of the
    instance. `occurred_at` is the business time of a replayed fact. `personal` says
    which of the variables are, and `secret` is behind their commitments.
    """

    instance_id: UUID
    step_id: int
    node: Node
    process_id: str
    definition_id: int
    definition_key: str
    definition_version: str
    variables: Mapping[str, object]
    initiator: str
    business_key: str
    occurred_at: dt.datetime | None = None
    personal: Sequence[Path] = ()
    secret: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanOpened:
    """What became of a request: `output` None waits for people, else it is done.

    `evaluations` are the decision tables that were asked on the way.
    """

    step_id: int
    output: Mapping[str, object] | None
    drafts: list[Draft] = field(default_factory=list)
    evaluations: Sequence[Evaluation] = ()


class HumanKind(Protocol):
    """Who turns human steps into tasks."""

    def open_many(
        self, *, requests: Sequence[HumanRequest], now: dt.datetime
    ) -> list[HumanOpened]:
        """Decide on each request, in order; write nothing yet."""

    def write_opened(
        self,
        *,
        opened: Sequence[HumanOpened],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        """Write all that was opened, also what was decided at once.

        `audit_seqs` is by step id, of the step's last entry.
        """

    def cancel_many(
        self,
        *,
        step_ids: Sequence[int],
        audit_seqs: Mapping[int, int],
        now: dt.datetime,
    ) -> None:
        """Withdraw the tasks of steps that the engine canceled."""


class NothingRegistered(LookupError):
    """The engine met a kind of work that no installed application registered."""


_human: list[HumanKind] = []


def set_human_kind(kind: HumanKind) -> None:
    """Say who turns human steps into tasks; the last word counts."""
    _human[:] = [kind]


def human_kind() -> HumanKind:
    """Return who turns human steps into tasks. Raises NothingRegistered."""
    if not _human:
        raise NothingRegistered(
            "No application takes human steps; call set_human_kind"
            " in a handlers module of an installed application."
        )
    return _human[0]


# --- clocks of whole instances ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedInstance:
    """An instance whose process has a goal (`cs:sla`), as it begins or ends.

    `words` are the process's own attributes. `occurred_at` is the business time of a
    replayed fact.
    """

    instance_id: UUID
    words: Mapping[str, str]
    occurred_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTurn:
    """What becomes of one instance's clock, and the entries that tell of it."""

    instance_id: UUID
    drafts: list[Draft] = field(default_factory=list)


class InstanceClocks(Protocol):
    """Who keeps the clocks of whole instances. Never asked where no process has one."""

    def plan_many(
        self,
        *,
        begun: Sequence[TimedInstance],
        ended: Sequence[TimedInstance],
        now: dt.datetime,
    ) -> list[ClockTurn]:
        """Rule on clocks that start and end; write nothing yet."""

    def write_many(
        self,
        *,
        turns: Sequence[ClockTurn],
        audit_seqs: Mapping[UUID, int],
        now: dt.datetime,
    ) -> None:
        """Write what was ruled; `audit_seqs` are the last entries of the instances."""

    def hold(self, *, instance_id: UUID, actor: Actor) -> None:
        """Halt all clocks of an instance that was just suspended."""

    def let_go(self, *, instance_id: UUID, actor: Actor) -> None:
        """Let the clocks go on of an instance that was just resumed."""


_clocks: list[InstanceClocks] = []


def set_instance_clocks(clocks: InstanceClocks) -> None:
    """Say who keeps the clocks of instances; the last word counts."""
    _clocks[:] = [clocks]


def instance_clocks() -> InstanceClocks | None:
    """Return who keeps the clocks of instances, None where nobody does."""
    return _clocks[0] if _clocks else None


# --- timers that other parts fire ------------------------------------------------


class TimerRow(Protocol):
    """A due timer as the one who fires it sees it."""

    @property
    def id(self) -> int: ...
    @property
    def instance_id(self) -> UUID | None: ...
    @property
    def step_id(self) -> int | None: ...
    @property
    def node_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def due_at(self) -> dt.datetime: ...


class FireTimer(Protocol):
    """Do what is due, inside the caller's transaction, the instance row locked."""

    def __call__(self, timer: TimerRow, *, now: dt.datetime) -> None: ...


_timer_kinds: dict[str, FireTimer] = {}
_sleeping: set[str] = set()


def register_timer_kind(kind: str, fire: FireTimer, *, sleeps: bool = False) -> None:
    """Say who fires timers of a kind, e.g. `review.sla`; the last word counts.

    With `sleeps` they wait while their instance is suspended.
    """
    _timer_kinds[kind] = fire
    if sleeps:
        _sleeping.add(kind)


def list_sleeping_kinds() -> list[str]:
    """Return the kinds whose timers wait while their instance is suspended."""
    return sorted(_sleeping)


def timer_kind(kind: str) -> FireTimer:
    """Return who fires timers of this kind. Raises NothingRegistered."""
    try:
        return _timer_kinds[kind]
    except KeyError:
        known = ", ".join(sorted(_timer_kinds)) or "none"
        raise NothingRegistered(
            f"No application fires timers of kind {kind!r}; registered: {known}."
        ) from None


# --- what other parts do in each sweep -------------------------------------------


class Sweep(Protocol):
    """Look for what is due by the clock and do it, in transactions of its own.

    Called by every sweeper, any number of them at once: what is done must be taken
    with a lock or a conditional update.
    """

    def __call__(self) -> None: ...


_sweeps: dict[str, Sweep] = {}


def register_sweep(name: str, do: Sweep) -> None:
    """Say what each sweep does besides the engine's work; the last word of a name counts."""
    _sweeps[name] = do


def list_sweeps() -> list[Sweep]:
    """Return what other parts do in each sweep, in the order they were registered."""
    return list(_sweeps.values())


# --- watching --------------------------------------------------------------------


class Watch(Protocol):
    """Hear which instances a transaction changed, just before it commits."""

    def __call__(self, instance_ids: Sequence[UUID]) -> None: ...


_watch: list[Watch] = []


def set_watch(watch: Watch) -> None:
    """Say who hears of changed instances; the last word counts."""
    _watch[:] = [watch]


def tell_watch(instance_ids: Sequence[UUID]) -> None:
    """Tell who hears of changed instances, if anybody does."""
    for watch in _watch:
        watch(instance_ids)


# --- notices ---------------------------------------------------------------------


class Carrier(Protocol):
    """Who sends notices out, in a `notify` job or, where no broker is, in the sweep."""

    def drain(self, *, seconds: float) -> int:
        """Send what is due for at most about so long; return how many went out."""


_carrier: list[Carrier] = []


def set_carrier(carrier: Carrier) -> None:
    """Say who sends notices out; the last word counts."""
    _carrier[:] = [carrier]


def carrier() -> Carrier:
    """Return who sends notices out. Raises NothingRegistered."""
    if not _carrier:
        raise NothingRegistered("No application sends notices; call set_carrier.")
    return _carrier[0]


# --- bundles of evidence ---------------------------------------------------------


class Bundler(Protocol):
    """Who builds what auditors take away, in a `bundles` job or in the sweep."""

    def drain(self, *, seconds: float) -> int:
        """Build what is due for about so long; return how many were finished."""


_bundler: list[Bundler] = []


def set_bundler(bundler: Bundler) -> None:
    """Say who builds bundles of evidence; the last word counts."""
    _bundler[:] = [bundler]


def bundler() -> Bundler:
    """Return who builds bundles of evidence. Raises NothingRegistered."""
    if not _bundler:
        raise NothingRegistered("No application builds bundles; call set_bundler.")
    return _bundler[0]
